"""Holds manifests and compose files against the schemas of those who read them: `validate.py kubernetes|compose FILE...`.

Prints what is wrong as JSON: a list of sentences for each file.
"""

import json
import re
import sys

# The release whose objects are meant; those used here have not changed for long.
KUBERNETES = "1.37"


def in_one_line(error):
    return " ".join(str(error).split())


def kubernetes(text):
    import kubernetes_validate
    import yaml
    from cloudcoil.models.prometheus_operator import v1 as operator

    manifests = [manifest for manifest in yaml.load_all(text, yaml.CSafeLoader) if manifest]
    if not manifests:
        yield "there is nothing in it"
    for manifest in manifests:
        try:
            if manifest["apiVersion"] == "monitoring.coreos.com/v1":
                # Unknown keys would be dropped in silence.
                getattr(operator, manifest["kind"]).model_validate(manifest, extra="forbid")
            else:
                kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except Exception as error:  # Every checker has errors of its own.
            yield f"{manifest.get('kind')} {manifest.get('metadata', {}).get('name')}: {in_one_line(error)}"


def compose(text):
    import compose_spec

    # Compose fills variables in before it looks at anything; here, all of them by their defaults.
    text = text.replace("${HOME}", "/home/me")
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    try:
        compose_spec.PyCompose.from_yaml(text).validate()
    except Exception as error:
        yield in_one_line(error)


def main():
    kind, *paths = sys.argv[1:]
    check = {"kubernetes": kubernetes, "compose": compose}[kind]
    json.dump([list(check(open(path, encoding="utf-8").read())) for path in paths], sys.stdout)


if __name__ == "__main__":
    main()
