# Incidents: a file and a notification each, under one key. The file is what the buttons go by, so that nothing of an
# incident's ever stands in a command.
# shellcheck shell=sh

incidents=$state/incidents
# Android shows some fifty notifications of an app and drops the rest; a person reads fewer.
most_shown=12

# jq with what is said of incidents.
describe() {
    jq -L "$here/lib" "$@"
}

# A key that names no file but an incident's.
is_key() {
    case $1 in
    '' | *[!a-z0-9-]*) return 1 ;;
    esac
}

is_open() {
    is_key "$1" && [ -r "$incidents/$1.json" ]
}

# One value of an incident, as text.
field() {
    jq -r ".$1 // \"\"" "$incidents/$2.json"
}

# Shows an incident: the key and its JSON object. Silent where nothing of it has changed for less than a day.
open_incident() {
    is_key "$1" || return 1
    mkdir -p "$incidents"
    file=$incidents/$1.json
    if [ -r "$file" ] && [ "$(cat "$file")" = "$2" ] && [ -z "$(find "$file" -mmin +1440)" ]; then
        return 0
    fi
    printf '%s\n' "$2" >"$incidents/.$1"
    mv "$incidents/.$1" "$file"
    if [ "$(count_open)" -gt "$most_shown" ]; then
        termux-notification --id authwatch-more --group authwatch --icon vpn_key --priority high --alert-once \
            --title "authwatch: more is open than is shown" --content "\`authwatch status\` has all of it."
        return 0
    fi
    # The quotes are jq's, and a shell's.
    eval "set -- $(describe -r --arg key "$1" --arg program "$self" \
        'include "words"; notification($key; $program) | @sh' "$file")"
    termux-notification "$@"
}

# Takes an incident and its notification away.
close_incident() {
    is_key "$1" || return 1
    rm -f "$incidents/$1.json"
    termux-notification-remove "authwatch-$1"
    [ "$(count_open)" -ne "$most_shown" ] || termux-notification-remove authwatch-more
}

count_open() {
    find "$incidents" -name '*.json' 2>/dev/null | wc -l
}

# The keys of all open incidents, worst first.
open_keys() {
    [ "$(count_open)" -eq 0 ] || jq -r '[(if .severity == "critical" then 0 else 1 end), input_filename] | @tsv' \
        "$incidents"/*.json | sort | sed 's|.*/||; s|\.json$||'
}

# A key for what is seen in a report: the same for the same login, whatever becomes of it.
key_of() {
    printf '%s' "$1" | jq -c '[.of, .agent, .provider, .profile]' | sha256sum | cut -c 1-16
}
