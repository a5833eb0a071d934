#!/bin/sh
# Prints what CHANGELOG.md says of a version: deploy/release-notes.sh [VERSION], or what is unreleased.
set -eu
version=${1:-Unreleased}
awk -v version="$version" '
	/^## / { inside = ($2 == version || $2 == "[" version "]"); found = found || inside; next }
	inside && (text || NF) { text = text $0 "\n" }
	END {
		if (!found) exit 66
		sub(/\n+$/, "", text)
		print text
	}
' "$(dirname "$0")/../CHANGELOG.md" || {
	code=$?
	echo "release-notes.sh: CHANGELOG.md has no section for \`$version\`" >&2
	exit $code
}
