#!/usr/bin/env bats
# What the phone shows, and what it does when it is tapped.

bats_require_minimum_version 1.5.0

setup() {
    load phone
    phone
    asks 'host = me@server.example'
    at_host main "{\"anthropic:manual\":$(token anthropic -5),\"xai:default\":$(token xai 3)}"
}

notifications() {
    calls termux-notification | wc -l
}

key_of() {
    for file in "$HOME"/.local/state/authwatch/termux/incidents/*.json; do
        [ "$(jq -r .profile "$file")" = "$1" ] && basename -s .json "$file"
    done
    return 0
}

@test "a host is asked over ssh, and by nothing but ssh" {
    authwatch_phone check
    [ "$(calls ssh | wc -l)" -eq 1 ]
    [ "$(calls ssh | jq -c '.arguments[-3:]')" = '["--","me@server.example","authwatch '\''status'\'' '\''--json'\''"]' ] || fail "another command"
    calls ssh | jq -e '.arguments | index("BatchMode=yes")' >/dev/null
}

@test "every bad login is a notification with a key, a severity and buttons" {
    authwatch_phone check
    [ "$(notifications)" -eq 2 ] || fail "not two notifications"
    expired=$(key_of anthropic:manual)
    calls termux-notification | jq -se --arg id "authwatch-$expired" 'any(.[].arguments;
        . as $a | def of($name): $a[($a | index($name)) + 1];
        of("--id") == $id
        and of("--title") == "anthropic:manual of main has ended"
        and (of("--content") | contains("on me@server.example") and contains("setup-token --provider anthropic"))
        and of("--priority") == "high" and of("--button1") == "Sign in" and of("--button2") == "Copy command")' >/dev/null || fail "another notification"
    [ "$(calls termux-notification | jq -r 'select(.arguments | contains(["xai:default of main ends soon"])) | .arguments | .[index("--priority") + 1]')" = default ]
}

@test "what is known already is not told again, and told under the same id when it changes" {
    authwatch_phone check
    id=$(key_of xai:default)
    forget_calls
    authwatch_phone check
    [ "$(notifications)" -eq 0 ] || fail "told twice"
    at_host main "{\"anthropic:manual\":$(token anthropic -5),\"xai:default\":$(token xai -1)}"
    authwatch_phone check
    [ "$(notifications)" -eq 1 ] || fail "not told"
    [ "$(option termux-notification --id)" = "authwatch-$id" ] || fail "another id"
    [ "$(option termux-notification --title)" = "xai:default of main has ended" ]
    # A day later it is told again.
    forget_calls
    touch -d '25 hours ago' "$HOME/.local/state/authwatch/termux/incidents/$id.json"
    authwatch_phone check
    [ "$(option termux-notification --id)" = "authwatch-$id" ] || fail "not told again"
}

@test "what is mended takes its notification away" {
    authwatch_phone check
    id=$(key_of anthropic:manual)
    store=$HOST_HOME/.openclaw/agents/main/agent/auth-profiles.json
    jq -c --argjson later "$(hours 500)" '.profiles["anthropic:manual"].expires = $later' "$store" >"$store.new"
    mv "$store.new" "$store"
    forget_calls
    authwatch_phone check
    [ "$(calls termux-notification-remove | jq -r '.arguments[0]')" = "authwatch-$id" ] || fail "not taken away"
    [ "$(notifications)" -eq 0 ]
    [ ! -e "$HOME/.local/state/authwatch/termux/incidents/$id.json" ]
}

@test "a host that cannot be asked is told after three times, keeps what is shown, and is forgotten when it answers" {
    authwatch_phone check
    forget_calls
    for time in 1 2; do
        SSH_FAILS='Connection refused' run authwatch_phone check
        [ "$status" -eq 1 ]
        [ "$(notifications)" -eq 0 ] || fail "told too early: $time"
    done
    SSH_FAILS='Connection refused' run authwatch_phone check
    [ "$(option termux-notification --id)" = authwatch-host ] || fail "not told"
    [[ "$(option termux-notification --content)" == *"me@server.example: ssh: connect to host: Connection refused"* ]]
    SSH_FAILS='Connection refused' run authwatch_phone check
    [ "$(notifications)" -eq 1 ] || fail "told twice"
    [ "$(calls termux-notification-remove | wc -l)" -eq 0 ] || fail "what is not known to be mended was taken away"
    authwatch_phone check
    [ "$(calls termux-notification-remove | jq -r '.arguments[0]')" = authwatch-host ] || fail "not forgotten"
}

@test "a host without authwatch, and one that says something else, are said to be that" {
    AUTHWATCH_PHONE_COMMAND=/nowhere/authwatch run --separate-stderr authwatch_phone check
    [[ "$stderr" == *'there is no `/nowhere/authwatch` there: set `command` in termux.conf'* ]] || fail "$stderr"
    AUTHWATCH_PHONE_COMMAND='echo welcome' run --separate-stderr authwatch_phone check
    [[ "$stderr" == *"what answered is no report of authwatch's"* ]] || fail "$stderr"
}

@test "many bad logins are a few notifications and one for the rest" {
    profiles=
    for number in $(seq 1 15); do
        profiles="$profiles${profiles:+,}\"anthropic:$number\":$(token anthropic -5)"
    done
    at_host main "{$profiles}"
    authwatch_phone check
    [ "$(calls termux-notification | jq -r '.arguments | .[index("--id") + 1]' | sort -u | wc -l)" -eq 13 ] || fail "not 12 and one"
    at_host main '{}'
    forget_calls
    authwatch_phone check
    [ "$(calls termux-notification-remove | jq -r '.arguments[0]' | grep -c authwatch-more)" -eq 1 ]
    [ "$(calls termux-notification-remove | wc -l)" -eq 16 ] || fail "not all taken away"
}

@test "the widget shows a toast with the sum and the worst" {
    authwatch_phone status
    toast=$(calls termux-toast | jq -r '.arguments[-1]')
    [ "$toast" = 'authwatch: 0 valid, 1 expiring, 1 missing
anthropic:manual of main has ended
xai:default of main ends soon' ] || fail "$toast"
    SSH_FAILS='No route to host' run authwatch_phone status
    [ "$status" -eq 1 ]
    [[ "$(calls termux-toast | tail -n 1 | jq -r '.arguments[-1]')" == *"No route to host"* ]]
}

@test "signing in opens the page, takes the token and hands it over on stdin alone" {
    authwatch_phone check
    id=$(key_of anthropic:manual)
    forget_calls
    # Phones break long lines where they are copied.
    DIALOG='{"code":-1,"text":"sk-ant-oat01-SECRET\nREST \n"}' authwatch_phone sign-in "$id"
    [ "$(calls termux-open-url | jq -r '.arguments[0]')" = https://console.anthropic.com/settings/keys ] || fail "another page"
    [ "$(calls authwatch | jq -c .arguments)" = '["auth","paste-token","--provider=anthropic","--agent=main","--profile-id=anthropic:manual"]' ] || fail "other arguments"
    [ "$(calls authwatch | jq -r .stdin)" = sk-ant-oat01-SECRETREST ] || fail "another token"
    [ "$(jq -c .arguments "$CALLS" | grep -c SECRET)" -eq 0 ] || fail "the token stands in arguments"
    ! grep -r SECRET "$HOME" || fail "the token stands in a file"
    [ "$(calls termux-notification-remove | head -n 1 | jq -r '.arguments[0]')" = "authwatch-$id" ] || fail "still shown"
    # And it has looked again: it is not mended here, so that it is shown again.
    [ "$(option termux-notification --id)" = "authwatch-$id" ] || fail "did not look again"
}

@test "a token that was pasted is in the store, and its notification is gone" {
    at_host main "{\"anthropic:manual\":$(token anthropic -5)}"
    authwatch_phone check
    id=$(key_of anthropic:manual)
    forget_calls
    # Nothing stands between the phone and the program at the host.
    ln -sf "$AUTHWATCH" "$STAND_INS/authwatch"
    pasted=sk-ant-oat01-$(printf 'a%.0s' $(seq 90))
    DIALOG=$(jq -cn --arg text "$pasted" '{code: -1, text: $text}') authwatch_phone sign-in "$id"
    [ "$(jq -r '.profiles["anthropic:manual"].token' "$HOST_HOME/.openclaw/agents/main/agent/auth-profiles.json")" = "$pasted" ] || fail "not stored"
    [ "$(calls termux-notification-remove | jq -r '.arguments[0]')" = "authwatch-$id" ] || fail "still shown"
    [ "$(calls termux-notification | wc -l)" -eq 0 ] || fail "shown again"
    [ "$(calls termux-toast | jq -r '.arguments[-1]')" = 'authwatch: signed in' ]
}

@test "a key goes where keys go, and a provider without a login gets one of its own" {
    mkdir -p "$HOST_HOME/.openclaw"
    echo "{agents: {defaults: {model: 'mistral/large'}}}" >"$HOST_HOME/.openclaw/openclaw.json"
    at_host main '{"groq:default":{"type":"api_key","provider":"groq"}}'
    authwatch_phone check
    for id in "$HOME"/.local/state/authwatch/termux/incidents/*.json; do
        DIALOG='{"code":-1,"text":"key"}' authwatch_phone sign-in "$(basename -s .json "$id")"
    done
    [ "$(calls authwatch | jq -c .arguments | sort)" = '["auth","paste-api-key","--provider=groq","--agent=main","--profile-id=groq:default"]
["auth","paste-api-key","--provider=mistral","--agent=main"]' ] || fail "other arguments"
    [ "$(calls termux-open-url | jq -r '.arguments[0]' | sort | xargs)" = 'https://console.groq.com/keys https://console.mistral.ai/api-keys' ]
}

@test "an empty or cancelled dialog changes nothing" {
    authwatch_phone check
    id=$(key_of anthropic:manual)
    forget_calls
    for reply in '{"code":-2,"text":""}' '{"code":-1,"text":"  \n"}' '' 'no JSON'; do
        DIALOG=$reply authwatch_phone sign-in "$id"
    done
    [ "$(calls authwatch | wc -l)" -eq 0 ] || fail "something was handed over"
    [ "$(calls termux-toast | wc -l)" -eq 4 ]
}

@test "a token that cannot be stored is said not to be" {
    authwatch_phone check
    id=$(key_of anthropic:manual)
    forget_calls
    AUTH_CODE=75 DIALOG='{"code":-1,"text":"tok"}' run authwatch_phone sign-in "$id"
    [ "$status" -eq 1 ]
    [[ "$(calls termux-toast | jq -r '.arguments[-1]')" == *"could not be stored"* ]]
    [ "$(calls termux-notification-remove | wc -l)" -eq 0 ] || fail "the notification is gone"
}

@test "without a key the person is asked which one; with one open it is that one" {
    authwatch_phone check
    forget_calls
    # The first dialog chooses, the second takes the token; both get this answer.
    DIALOG='{"code":-1,"index":1,"text":"tok"}' authwatch_phone sign-in
    [ "$(calls termux-dialog | head -n 1 | jq -c '.arguments[-2:]')" = '["-v","anthropic:manual of main has ended,xai:default of main ends soon"]' ] || fail "other choices"
    [ "$(calls authwatch | jq -c .arguments)" = '["auth","paste-token","--provider=xai","--agent=main","--profile-id=xai:default"]' ] || fail "the wrong one"
    at_host main '{}'
    authwatch_phone check
    forget_calls
    authwatch_phone sign-in
    [ "$(calls termux-toast | jq -r '.arguments[-1]')" = 'authwatch: nobody has to sign in' ]
}

@test "a login that is a conversation is copied for the terminal, where there is none" {
    at_host main "{\"xai:default\":{\"type\":\"oauth\",\"provider\":\"xai\",\"access\":\"a\",\"expires\":$(hours -5)}}"
    authwatch_phone check
    authwatch_phone sign-in "$(key_of xai:default)" </dev/null
    [ "$(calls termux-clipboard-set | jq -r .stdin)" = "openclaw models auth --agent main login --provider xai" ] || fail "not copied"
    [ "$(calls termux-dialog | wc -l)" -eq 0 ]
}

@test "in a terminal it is begun at the host" {
    at_host main "{\"xai:default\":{\"type\":\"oauth\",\"provider\":\"xai\",\"access\":\"a\",\"expires\":$(hours -5)}}"
    authwatch_phone check
    script -qec "'$TERMUX/authwatch-phone' sign-in $(key_of xai:default)" /dev/null >/dev/null
    [ "$(calls ssh | jq -c '.arguments' | grep -c '^."-t","--","me@server.example","authwatch ')" -eq 1 ] || fail "no terminal at the host"
    [ "$(calls authwatch | jq -c .arguments)" = '["auth","login","--provider=xai","--agent=main","--profile-id=xai:default"]' ] || fail "other arguments"
}

@test "a notification is as urgent as authwatch's own message would be" {
    urgency() {
        calls termux-notification | jq -r --arg title "$1" 'select(.arguments | contains([$title])) | .arguments | .[index("--priority") + 1]'
    }
    mkdir -p "$HOST_HOME/.openclaw"
    echo "{agents: {defaults: {model: 'groq/x'}, list: [{id: 'main'}, {id: 'bot', model: 'anthropic/x'}]}}" >"$HOST_HOME/.openclaw/openclaw.json"
    # Two hours are less than a tenth of a day; main does not use what bot has from it.
    at_host main "{\"anthropic:manual\":$(token anthropic -5),\"xai:default\":$(token xai 3)}"
    at_host bot "{\"groq:own\":$(token groq 2)}"
    authwatch_phone check
    [ "$(urgency 'anthropic:manual of main has ended')" = high ] || fail "bot uses it"
    [ "$(urgency 'xai:default of main ends soon')" = default ] || fail "nobody uses it"
    echo "{}" >"$HOST_HOME/.openclaw/openclaw.json"
    forget_calls
    at_host bot "{\"groq:own\":$(token groq 2)}"
    authwatch_phone check
    [ "$(urgency 'groq:own of bot ends soon')" = high ] || fail "it ends in two hours"
}

@test "ids that are commands stay ids" {
    evil=$'a\'b"c $(touch HACKED) `touch HACKED` ; touch HACKED # \\ \n,é'
    agent='x$(touch HACKED)'"'"'y'
    profile=$(jq -n --arg id "$evil" --argjson expires "$(hours -5)" '{($id): {type: "token", provider: $id, token: "t", expires: $expires}}')
    at_host main "$profile"
    at_host "$agent" "$profile"
    authwatch_phone check
    [ "$(notifications)" -ge 1 ] || fail "nothing is shown"
    forget_calls
    for file in "$HOME"/.local/state/authwatch/termux/incidents/*.json; do
        id=$(basename -s .json "$file")
        DIALOG='{"code":-1,"text":"tok"}' authwatch_phone sign-in "$id"
        # Exactly what the report says, through a shell at the host.
        expected=$(jq -c '["auth", "paste-token", "--provider=" + .provider, "--agent=" + .agent, "--profile-id=" + .profile]' <<<"$(jq -c . "$file")")
        [ "$(calls authwatch | tail -n 1 | jq -c .arguments)" = "$expected" ] || fail "not $expected"
    done
    [ "$(calls authwatch | wc -l)" -ge 1 ]
    authwatch_phone status
    # Every action is this program, a verb and a key.
    jq -r 'select(.program == "termux-notification") | .arguments as $a | $a | to_entries[] | select(.value | endswith("action")) | $a[.key + 1]' "$CALLS" |
        while IFS= read -r action; do
            [[ "$action" =~ ^\'$TERMUX/authwatch-phone\'\ (sign-in|copy|open)\ [a-z0-9-]+$ ]] || fail "an action: $action"
        done
    [ -z "$(find "$BATS_TEST_TMPDIR" "$PWD" -maxdepth 4 -iname HACKED)" ] || fail "a command in an id was run"
}

@test "a button does what it says when it is run as Termux runs it" {
    authwatch_phone check
    action=$(option termux-notification --button2-action)
    # Another environment, without PATH but for the system's.
    env -i HOME="$HOME" CALLS="$CALLS" PATH="$STAND_INS:/usr/bin:/bin" dash -c "$action"
    [[ "$(calls termux-clipboard-set | jq -r .stdin)" == "authwatch auth "* ]] || fail "not copied"
}

@test "keys that are paths are refused" {
    echo '{"command":"x","url":"https://example.org/"}' >"$HOME/secret.json"
    for key in ../../../../../secret /etc/passwd '$(x)' '' 'a b' A; do
        run authwatch_phone copy "$key"
        [ "$status" -eq 64 ] || fail "took $key"
        run authwatch_phone open "$key"
        [ "$status" -eq 64 ] || fail "took $key"
    done
    [ ! -s "$CALLS" ] || fail "did something"
}

@test "a wrong configuration is said with its line" {
    asks '# me' 'hots = x'
    run authwatch_phone check
    [ "$status" -eq 78 ]
    [[ "$output" == *'line 2: there is no setting `hots`'* ]] || fail "$output"
    for wrong in 'host = -oProxyCommand=x' 'every = soon' 'every = 5' 'daemon = perhaps'; do
        asks "$wrong"
        run authwatch_phone check
        [ "$status" -eq 78 ] || fail "took $wrong"
    done
    asks 'host = $(touch HACKED)' 'page.xai = https://example.org/$(touch HACKED)'
    SSH_FAILS=no run authwatch_phone check
    [ "$(calls ssh | jq -r '.arguments[-2]')" = '$(touch HACKED)' ]
    [ ! -e HACKED ]
    run authwatch_phone nonsense
    [ "$status" -eq 64 ]
}

@test "the environment wins over the file" {
    AUTHWATCH_PHONE_HOST=other authwatch_phone check
    [ "$(calls ssh | jq -r '.arguments[-2]')" = other ]
}

@test "on the phone itself a job is one pass of authwatch" {
    asks '# nothing'
    at_phone main "{\"anthropic:manual\":$(token anthropic -5)}"
    authwatch_phone check
    [ "$(calls ssh | wc -l)" -eq 0 ]
    [ -d "$HOME/.local/state/authwatch" ] || fail "authwatch was not there"
    # A fault of authwatch's own is told, as a host's is.
    mkdir -p "$HOME/.config/authwatch"
    echo 'nonsense = 1' >"$HOME/.config/authwatch/config.toml"
    for _ in 1 2 3; do run authwatch_phone check; done
    [ "$status" -eq 1 ]
    [[ "$(option termux-notification --content)" == *nonsense* ]] || fail "not told"
}

@test "a phone that asked a host before shows its incidents no more" {
    authwatch_phone check
    asks '# nothing'
    at_phone main '{}'
    forget_calls
    authwatch_phone check
    [ "$(calls termux-notification-remove | wc -l)" -eq 2 ] || fail "still shown"
}

@test "the boot script schedules the job, and starts the daemon only if told to" {
    authwatch_phone boot
    [ "$(option termux-job-scheduler --period-ms)" = 900000 ]
    [ "$(option termux-job-scheduler --network)" = any ]
    [ "$(option termux-job-scheduler --persisted)" = true ]
    [ "$(option termux-job-scheduler --script)" = "$TERMUX/job" ]
    asks 'daemon = yes' 'every = 60'
    # It becomes authwatch, which is asked for its version instead of watching for ever.
    stand_in authwatch ':' all
    sed -i 's/^if .*then :$/if false; then :/' "$STAND_INS/authwatch"
    authwatch_phone boot
    [ "$(option termux-job-scheduler --period-ms)" = 3600000 ]
    [ "$(option termux-job-scheduler --network)" = none ]
    [ "$(calls termux-wake-lock | wc -l)" -eq 1 ]
    [ "$(calls authwatch | jq -c .arguments)" = '["watch"]' ] || fail "not started"
}
