#!/usr/bin/env bats
# The command channel: a message of authwatch's as notifications.

setup() {
    load phone
    phone
    asks '# nothing'
}

change() {
    jq -cn --arg incident "$1" --arg change "$2" --arg profile "${3:-xai:default}" '{incident: $incident, change: $change, of: "profile",
        agent: "main", profile: $profile, provider: "xai", condition: "expired", severity: "critical", meaning: "has ended and does not renew automatically",
        command: "openclaw models auth --agent main paste-token --provider xai", ends: "2026-11-24T10:00:00.000+00:00", opened: "2026-11-24T10:00:00Z"}'
}

message() {
    printf '%s\n' "$@" | jq -cs '{version: 1, id: "m", title: "t", text: "x", changes: .}'
}

@test "each incident is a notification under its own id, and a recovery takes it away" {
    message "$(change 0123456789abcdef new)" "$(change fedcba9876543210 new)" | AUTHWATCH_URL=https://host.example/ authwatch_phone notify
    [ "$(calls termux-notification | jq -r '.arguments | .[index("--id") + 1]' | sort | xargs)" = 'authwatch-incident-0123456789abcdef authwatch-incident-fedcba9876543210' ] || fail "other ids"
    [ "$(option termux-notification --title)" = 'xai:default of main has ended' ]
    [ "$(option termux-notification --content)" = 'has ended and does not renew automatically
since 2026-11-24 10:00
$ openclaw models auth --agent main paste-token --provider xai' ] || fail "another text"
    [ "$(option termux-notification --button3)" = 'Open page' ]
    dash -c "$(option termux-notification --button3-action)"
    [ "$(calls termux-open-url | jq -r '.arguments[0]')" = https://host.example/ ] || fail "not opened"
    forget_calls
    message "$(change 0123456789abcdef still)" | authwatch_phone notify
    [ "$(option termux-notification --id)" = authwatch-incident-0123456789abcdef ] || fail "not replaced"
    message "$(change 0123456789abcdef mended)" | authwatch_phone notify
    [ "$(calls termux-notification-remove | jq -r '.arguments[0]')" = authwatch-incident-0123456789abcdef ] || fail "not taken away"
    # A look does not take away what the channel shows.
    forget_calls
    at_phone main '{}'
    authwatch_phone check
    [ "$(calls termux-notification-remove | wc -l)" -eq 0 ]
}

@test "recoveries and news in one message are all shown" {
    message "$(change 00000000000000a1 mended)" "$(change 00000000000000a2 new)" "$(change 00000000000000a3 mended)" | authwatch_phone notify
    [ "$(calls termux-notification-remove | wc -l)" -eq 2 ] || fail "a recovery is lost"
    [ "$(calls termux-notification | wc -l)" -eq 1 ] || fail "news is lost"
}

@test "hostile words in a message are shown, not run" {
    evil=$'$(touch HACKED)`touch HACKED`\'"\n\e[31m\xe2\x80\xae'
    message "$(change 00000000000000aa new "$evil")" | AUTHWATCH_TITLE="$evil" authwatch_phone notify
    title=$(option termux-notification --title)
    [[ "$title" == *'$(touch HACKED)`touch HACKED`'* && "$title" == *"of main has ended" ]] || fail "$title"
    [[ "$title" != *$'\e'* && "$title" != *$'\n'* && "$title" != *$'\xe2\x80\xae'* ]] || fail "obeyed: $title"
    for action in $(calls termux-notification | jq -r '.arguments as $a | $a | to_entries[] | select(.value | endswith("action")) | $a[.key + 1] | @base64'); do
        [[ "$(base64 -d <<<"$action")" =~ ^\'[^\']+\'\ (sign-in|copy|open)\ incident-00000000000000aa$ ]] || fail "an action"
    done
    # The name of an incident is no path.
    run authwatch_phone notify <<<"$(message "$(change '../../../evil' new)")"
    [ "$status" -ne 0 ]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name 'evil*' -o -iname HACKED)" ] || fail "a path was taken"
}

@test "a message without changes is its words, under one id" {
    for body in one two; do
        AUTHWATCH_SEVERITY=info AUTHWATCH_TITLE='authwatch can reach you' AUTHWATCH_BODY=$body authwatch_phone notify \
            <<<'{"version":1,"test":true,"changes":[]}'
    done
    [ "$(calls termux-notification | jq -r '.arguments | .[index("--id") + 1]' | sort -u)" = authwatch-message ]
    [ "$(option termux-notification --content)" = two ]
    run authwatch_phone notify </dev/null
    [ "$status" -eq 64 ]
}
