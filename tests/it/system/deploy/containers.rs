//! What `deploy/container` and `deploy/kubernetes` say is what those who read it understand, and what it runs runs.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::deploy_tools::{output, tool};
use crate::support::home::Home;
use crate::support::project::{list, root, yaml};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a kustomization comes to, as text and as objects.
fn render(kustomization: &str) -> (String, Vec<Value>) {
    let mut command = tool("kubectl");
    command.arg("kustomize").arg(root().join("deploy/kubernetes").join(kustomization));
    let text = output(command);
    let documents = yaml_serde::Deserializer::from_str(&text);
    let objects = documents.map(|document| Value::deserialize(document).unwrap()).collect();
    (text, objects)
}

fn object<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let is = |object: &&Value| {
        object["kind"] == kind && object["metadata"]["name"].as_str().is_some_and(|is| is.starts_with(name))
    };
    objects.iter().find(is).unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn words(value: &Value) -> Vec<String> {
    list(value).iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// What the validator finds wrong with each text. All at once: it takes longer to start than to look.
fn validate(kind: &str, texts: &[String]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut command = tool("python");
    command.arg(root().join("tests/deploy/validate.py")).arg(kind);
    for (number, text) in texts.iter().enumerate() {
        let file = dir.path().join(number.to_string());
        fs::write(&file, text).unwrap();
        command.arg(file);
    }
    let found: Vec<Vec<String>> = serde_json::from_str(&output(command)).unwrap();
    assert_eq!(found.len(), texts.len());
    found.iter().map(|problems| problems.join("\n")).collect()
}

/// The validator takes the texts, and is no stamp: of the last one, with a word changed, it says what is wrong.
fn assert_valid(kind: &str, texts: &[String], mistakes: &[(&str, &str, &str)]) {
    let last = texts.last().unwrap();
    let mut all = texts.to_vec();
    for (right, wrong, _) in mistakes {
        assert!(last.contains(right), "{right}");
        all.push(last.replacen(right, wrong, 1));
    }
    let found = validate(kind, &all);
    for said in &found[..texts.len()] {
        assert_eq!(said, "");
    }
    for (said, (_, wrong, expected)) in found[texts.len()..].iter().zip(mistakes) {
        assert!(said.contains(expected), "{wrong}: {said}");
    }
}

#[test]
fn the_manifests_are_what_kubernetes_and_the_operator_take() {
    let of_all = ["ConfigMap", "NetworkPolicy", "PodMonitor", "PrometheusRule"];
    let mut texts = Vec::new();
    for (kustomization, kinds) in
        [("example", &["Deployment", "PersistentVolumeClaim"][..]), ("daemonset", &["DaemonSet"])]
    {
        let (text, objects) = render(kustomization);
        texts.push(text);
        let found: BTreeSet<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
        assert_eq!(found, of_all.iter().chain(kinds).copied().collect(), "{kustomization}");
    }
    let mistakes = [
        ("runAsNonRoot: true", "runAsNonRoots: true", "runAsNonRoots"),
        ("containerPort: 10979", "containerPort: web", "'web' is not"),
        ("podMetricsEndpoints:", "podMetricEndpoints:", "podMetricEndpoints"),
        ("path: /metrics", "pth: /metrics", "pth"),
        ("keep_firing_for: 10m", "keepFiringFor: 10m", "keepFiringFor"),
        ("kind: DaemonSet", "kind: DemonSet", "DemonSet"),
    ];
    assert_valid("kubernetes", &texts, &mistakes);
}

#[test]
fn rules_and_dashboards_are_those_of_their_folders() {
    let dir = tempfile::tempdir().unwrap();
    let mut shellcheck = Command::new("shellcheck");
    shellcheck.arg(root().join("deploy/kubernetes/generate"));
    output(shellcheck);
    let fresh = dir.path().join("rules.yaml");
    let mut generate = Command::new(root().join("deploy/kubernetes/generate"));
    generate.arg(&fresh);
    output(generate);
    assert_eq!(
        fs::read_to_string(fresh).unwrap(),
        read("deploy/kubernetes/monitoring/prometheusrule.yaml"),
        "run deploy/kubernetes/generate"
    );
    let (_, objects) = render("monitoring");
    for name in ["recording", "alerts"] {
        let rule = object(&objects, "PrometheusRule", &format!("authwatch-{name}"));
        let source = root().join(format!("deploy/prometheus/rules/authwatch.{name}.yml"));
        assert_eq!(rule["spec"], yaml(&source), "{name}");
        let file = dir.path().join(format!("{name}.json"));
        fs::write(&file, rule["spec"].to_string()).unwrap();
        let mut check = Command::new("promtool");
        check.args(["check", "rules"]).arg(&file);
        output(check);
    }
    for name in ["host", "fleet"] {
        let map = object(&objects, "ConfigMap", &format!("authwatch-dashboard-{name}"));
        assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
        let file = format!("authwatch-{name}.json");
        assert_eq!(map["data"][&file].as_str().unwrap(), read(&format!("dashboards/{file}")));
    }
}

/// Everything below that says `key`.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get(key));
            object.values().for_each(|value| all(value, key, found));
        }
        Value::Array(array) => array.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}

/// The pod a kustomization makes, and authwatch's container in it.
fn pod(objects: &[Value], kind: &str) -> (Value, Value) {
    let is = |object: &&Value| object["kind"] == kind;
    let pod = objects.iter().find(is).unwrap()["spec"]["template"].clone();
    let is_ours = |container: &&Value| container["name"] == "authwatch";
    let container = list(&pod["spec"]["containers"]).iter().find(is_ours).unwrap().clone();
    (pod, container)
}

#[test]
fn pods_may_do_little_and_what_belongs_together_has_one_name() {
    for (kustomization, kind) in [("example", "Deployment"), ("daemonset", "DaemonSet")] {
        let (text, objects) = render(kustomization);
        let (pod, container) = pod(&objects, kind);
        let security = &container["securityContext"];
        assert_eq!(
            (
                &security["runAsNonRoot"],
                &security["readOnlyRootFilesystem"],
                &security["allowPrivilegeEscalation"]
            ),
            (&json!(true), &json!(true), &json!(false))
        );
        assert_eq!(
            (&security["runAsUser"], &security["capabilities"]["drop"]),
            (&json!(1000), &json!(["ALL"]))
        );
        assert!(
            !text.contains("insecure") && !text.contains("hostPID") && !text.contains("privileged"),
            "{kustomization}"
        );

        // Whoever cannot see OpenClaw's processes must not judge its locks.
        let config = config_map(&objects).unwrap();
        let shares = pod["spec"]["shareProcessNamespace"] == true;
        assert!(shares || config.contains("enabled = false"), "{kustomization}");

        // Every volume that is mounted exists, and the generated map is the one that is mounted.
        let volumes: BTreeSet<&str> =
            list(&pod["spec"]["volumes"]).iter().map(|volume| volume["name"].as_str().unwrap()).collect();
        for mount in list(&container["volumeMounts"]) {
            assert!(volumes.contains(mount["name"].as_str().unwrap()), "{mount}");
        }
        let mut maps = Vec::new();
        all(&pod, "configMap", &mut maps);
        let map = maps[0]["name"].as_str().unwrap();
        assert!(objects.iter().any(|object| object["metadata"]["name"] == map), "{map}");

        // The monitor finds the pod, by a port it has and with the Secret it mounts; the policy opens that port.
        let monitor = object(&objects, "PodMonitor", "authwatch");
        let label = pod["metadata"]["labels"]["authwatch"].as_str().unwrap();
        let expression = &monitor["spec"]["selector"]["matchExpressions"][0];
        assert!(words(&expression["values"]).iter().any(|value| value == label));
        let endpoint = &monitor["spec"]["podMetricsEndpoints"][0];
        let port = &container["ports"][0];
        assert_eq!(endpoint["port"], port["name"]);
        let mut secrets = Vec::new();
        all(&pod, "secret", &mut secrets);
        assert_eq!(endpoint["authorization"]["credentials"]["name"], secrets[0]["secretName"]);
        let policy = object(&objects, "NetworkPolicy", "authwatch");
        assert_eq!(policy["spec"]["podSelector"]["matchLabels"]["authwatch"], label);
        assert_eq!(policy["spec"]["ingress"][0]["ports"][0]["port"], port["containerPort"]);
    }
    // Where a pod is OpenClaw's, the policy leaves every other port as it was.
    let (_, objects) = render("example");
    let rules = &object(&objects, "NetworkPolicy", "authwatch")["spec"]["ingress"];
    let open = |protocol: &str, number: u64| {
        list(&rules[1]["ports"]).iter().any(|port| {
            port["protocol"] == protocol
                && (port["port"].as_u64().unwrap()..=port["endPort"].as_u64().unwrap()).contains(&number)
        })
    };
    assert!(rules[1].get("from").is_none());
    assert!(open("TCP", 18_789) && open("TCP", 1) && open("TCP", 65_535) && open("UDP", 10_979));
    assert!(!open("TCP", 10_979));
}

/// The configuration of authwatch among the objects.
fn config_map(objects: &[Value]) -> Option<&str> {
    objects.iter().find_map(|object| object["data"]["config.toml"].as_str())
}

/// Where a container has things that are elsewhere here.
struct Places {
    home: Home,
    ports: [(String, String); 2],
    token: PathBuf,
}

impl Places {
    fn new() -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (one, other) = (free(), free());
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
        let ports = [("10979".to_owned(), port(&one)), ("10980".to_owned(), port(&other))];
        let home = Home::new().profiles("main", &json!({}));
        home.write("token", "a-long-token\n");
        let token = home.path().join("token");
        Self { home, ports, token }
    }

    /// A text of the container's, with the ports and places it has here.
    fn here(&self, text: &str) -> String {
        let text = self.ports.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
        ["/run/secrets/authwatch/token", "/run/secrets/authwatch-token"]
            .iter()
            .fold(text, |text, place| text.replace(place, self.token.to_str().unwrap()))
    }

    /// Runs what a container runs, with its configuration and probes, as the image sets it up.
    fn run(&self, config: &str, arguments: &[String], probes: &[Vec<String>]) {
        let config = self.here(config);
        assert!(config.contains("0.0.0.0") && config.contains(self.token.to_str().unwrap()), "{config}");
        self.home.write("etc/authwatch/config.toml", config);
        let etc = self.home.path().join("etc");
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let command = |arguments: &[&str]| {
            let mut command = self.home.command(arguments);
            command.env("XDG_CONFIG_HOME", &etc).env("STATE_DIRECTORY", self.home.path().join("state"));
            command
        };
        let mut daemon = command(&arguments);
        daemon.args(["--log-level", "info"]);
        let mut daemon = Daemon::listening(daemon);
        assert_eq!(daemon.address.port().to_string(), self.ports[0].1);
        daemon.address.set_ip([127, 0, 0, 1].into());
        assert!(!probes.is_empty());
        for probe in probes {
            let ([program, arguments @ ..], true) = (&probe[..], probe.len() > 1) else {
                panic!("{probe:?}")
            };
            assert_eq!(program, "/usr/local/bin/authwatch");
            let arguments: Vec<String> = arguments.iter().map(|argument| self.here(argument)).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            daemon.wait("a probe", || command(&arguments).output().unwrap().status.success());
        }
        // Nobody gets in without the token, and Prometheus does with it.
        assert_eq!(daemon.get("/metrics").status, 401);
        assert_eq!(daemon.get("/").status, 401);
        daemon.wait("the first scan", || {
            let scrape = daemon.ask("GET", "/metrics", &["Authorization: Bearer a-long-token"]);
            assert_eq!(scrape.status, 200);
            scrape.text().contains("authwatch_agents 1")
        });
        drop(daemon);
        let first: Vec<String> = probes[0][1..].iter().map(|argument| self.here(argument)).collect();
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        assert_eq!(command(&first).output().unwrap().status.code(), Some(1), "a probe of nothing succeeds");
    }
}

#[test]
fn what_the_pods_run_runs() {
    for (kustomization, kind) in [("example", "Deployment"), ("daemonset", "DaemonSet")] {
        let (_, objects) = render(kustomization);
        let (_, container) = pod(&objects, kind);
        let probes =
            ["livenessProbe", "readinessProbe"].map(|probe| words(&container[probe]["exec"]["command"]));
        let probes: Vec<_> = probes.into_iter().filter(|probe| !probe.is_empty()).collect();
        Places::new().run(config_map(&objects).unwrap(), &words(&container["args"]), &probes);
    }
}

/// What a Dockerfile's instruction says, in JSON.
fn instruction(name: &str) -> Vec<String> {
    let dockerfile = read("deploy/container/Dockerfile");
    let line = dockerfile.lines().rfind(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}"));
    let json = &line[line.find('[').unwrap()..];
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_image_is_written_well_and_runs_what_there_is() {
    let mut hadolint = tool("hadolint");
    hadolint.arg("--no-color").arg(root().join("deploy/container/Dockerfile"));
    assert_eq!(output(hadolint), "");
    let dockerfile = read("deploy/container/Dockerfile");
    let ignore = read("deploy/container/Dockerfile.dockerignore");
    let copied: BTreeSet<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--"))
        .flat_map(|line| line.split(' ').rev().skip(1))
        .collect();
    let sent: BTreeSet<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert_eq!(copied, sent, "what is sent is what is copied");
    for path in &copied {
        assert!(root().join(path).exists(), "{path}");
    }
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        let folder = member.as_str().unwrap().split('/').next().unwrap();
        assert!(copied.contains(folder), "{member} is built as well");
    }
    assert!(dockerfile.contains("\nUSER 1000:1000\n"));
    // The compose file and `docker run --user` let it be run as anybody, who then keeps the state of what is told and refused.
    let state = dockerfile.lines().find(|line| line.ends_with(" /image/var/lib/authwatch \\"));
    assert!(state.is_some_and(|line| line.contains("install -d -m 1777 ")), "{state:?}");
    assert_eq!(instruction("ENTRYPOINT"), ["/usr/local/bin/authwatch"]);
    // The image's own health check, with the compose file's configuration and command.
    let compose = yaml(&root().join("deploy/container/compose.yaml"));
    let command = words(&compose["services"]["authwatch"]["command"]);
    assert!(command.contains(&"--no-refresh".to_owned()), "it cannot see OpenClaw's processes");
    Places::new().run(&read("deploy/container/authwatch.toml"), &command, &[instruction("HEALTHCHECK")]);
}

#[test]
fn the_program_needs_no_library_that_its_image_lacks() {
    let mut ldd = Command::new("ldd");
    ldd.arg(env!("CARGO_BIN_EXE_authwatch"));
    for line in output(ldd).lines() {
        let name = line.trim().split(' ').next().unwrap();
        let is_there =
            ["linux-vdso", "libc.so", "libm.so", "libgcc_s.so", "libdl.so", "libpthread.so", "/lib"]
                .iter()
                .any(|known| name.starts_with(known));
        assert!(is_there, "distroless/cc has no {name}");
    }
}

#[test]
fn the_compose_file_is_one_and_names_files_there_are() {
    let mistakes = [
        ("read_only: true", "readonly: true", "readonly"),
        ("secrets: [grafana-password]", "secrets: [nothing]", "nothing"),
    ];
    assert_valid("compose", &[read("deploy/container/compose.yaml")], &mistakes);
    let compose = yaml(&root().join("deploy/container/compose.yaml"));
    let folder = root().join("deploy/container");
    for (name, service) in compose["services"].as_object().unwrap() {
        let image = service["image"].as_str().unwrap();
        assert!(service.get("build").is_some() || image.contains(':'), "{name} is of no fixed version");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        for port in list(&service["ports"]) {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name} is open to all: {port}");
        }
        for volume in list(&service["volumes"]) {
            let source = volume.as_str().unwrap().split(':').next().unwrap();
            assert!(!source.starts_with('.') || folder.join(source).exists(), "{name}: {source}");
        }
    }
    // Grafana is told of the Prometheus there is, and finds the dashboards where they are mounted.
    let source = yaml(&folder.join("grafana/provisioning/datasources/prometheus.yml"));
    assert_eq!(source["datasources"][0]["url"], "http://prometheus:9090");
    let provider = yaml(&folder.join("grafana/provisioning/dashboards/authwatch.yml"));
    let path = provider["providers"][0]["options"]["path"].as_str().unwrap();
    let mounts = words(&compose["services"]["grafana"]["volumes"]);
    assert!(mounts.contains(&format!("../../dashboards:{path}:ro")), "{mounts:?}");
}

#[test]
fn prometheus_takes_what_the_compose_file_gives_it() {
    let compose = yaml(&root().join("deploy/container/compose.yaml"));
    let dir = tempfile::tempdir().unwrap();
    // Its files where the compose file puts them, below another root.
    for volume in words(&compose["services"]["prometheus"]["volumes"]) {
        let parts: Vec<&str> = volume.split(':').collect();
        let [source, target, "ro"] = parts[..] else { continue };
        let (source, target) = (root().join("deploy/container").join(source), dir.path().join(&target[1..]));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(source).arg(target);
        output(copy);
    }
    let config = dir.path().join("etc/prometheus/prometheus.yml");
    let token = dir.path().join("token");
    fs::write(&token, "t").unwrap();
    let text =
        fs::read_to_string(&config).unwrap().replace("/run/secrets/authwatch-token", token.to_str().unwrap());
    fs::write(&config, text).unwrap();
    let mut check = Command::new("promtool");
    check.args(["check", "config"]).arg(&config);
    let said = output(check);
    for rules in ["authwatch.recording.yml", "authwatch.alerts.yml"] {
        assert!(said.contains(rules), "{said}");
    }
}
