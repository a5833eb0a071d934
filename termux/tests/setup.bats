#!/usr/bin/env bats
# setup: what is put where, twice, and taken away again.

setup() {
    load phone
    phone
}

everything() {
    (cd "$HOME" && find . -type f -exec sha256sum {} + | sort -k 2)
}

@test "it puts everything in place, and nothing twice" {
    mkdir -p "$HOME/bin"
    PREFIX=$BATS_TEST_TMPDIR/usr
    mkdir -p "$PREFIX/bin" && ln -s "$(command -v sh)" "$PREFIX/bin/sh"
    export PREFIX
    "$TERMUX/setup" --host me@server.example
    for file in .termux/boot/authwatch .shortcuts/authwatch-sign-in .shortcuts/tasks/authwatch-status .local/share/authwatch/termux/job; do
        [ -x "$HOME/$file" ] || fail "no $file"
        [ "$(head -n 1 "$HOME/$file")" = "#!$PREFIX/bin/sh" ] || fail "another shell in $file"
    done
    grep -qx 'host = me@server.example' "$HOME/.config/authwatch/termux.conf"
    [ "$(option termux-job-scheduler --script)" = "$HOME/.local/share/authwatch/termux/job" ] || fail "another job"
    before=$(everything)
    run "$TERMUX/setup" --host me@server.example
    [ "$status" -eq 0 ]
    [[ "$output" != *'written   '* ]] || fail "$output"
    [ "$(everything)" = "$before" ] || fail "something has changed"
    # What was installed runs: the job asks the host, the widget shows a toast.
    at_host main "{\"xai:default\":$(token xai 3)}"
    "$HOME/.local/share/authwatch/termux/job"
    [ "$(option termux-notification --title)" = 'xai:default of main ends soon' ] || fail "nothing shown"
    "$HOME/.shortcuts/tasks/authwatch-status"
    [[ "$(calls termux-toast | jq -r '.arguments[-1]')" == *'1 expiring'* ]]
    "$HOME/.termux/boot/authwatch"
    [ "$(calls termux-job-scheduler | wc -l)" -eq 3 ]
}

@test "uninstalling leaves the home as it was, but for the configuration" {
    echo mine >"$HOME/.profile"
    mkdir -p "$HOME/.shortcuts"
    echo mine >"$HOME/.shortcuts/another"
    before=$(everything)
    "$TERMUX/setup" --host me@server.example
    at_host main "{\"xai:default\":$(token xai 3)}"
    "$HOME/.local/share/authwatch/termux/job"
    id=$(option termux-notification --id)
    forget_calls
    "$TERMUX/setup" --uninstall
    [ "$(calls termux-job-scheduler | jq -c .arguments)" = '["--cancel","--job-id","10979"]' ] || fail "the job goes on"
    [ "$(calls termux-notification-remove | jq -r '.arguments[0]')" = "$id" ] || fail "the notification stays"
    [ -e "$HOME/.config/authwatch/termux.conf" ]
    rm -r "$HOME/.config"
    [ "$(everything)" = "$before" ] || fail "left behind: $(everything)"
    "$TERMUX/setup" --uninstall
}

@test "what was edited stays, on the way in and on the way out" {
    "$TERMUX/setup" --host me@server.example
    echo '# mine' >>"$HOME/.shortcuts/authwatch-sign-in"
    echo '# mine' >>"$HOME/.config/authwatch/termux.conf"
    run "$TERMUX/setup" --host other
    [[ "$output" == *'edited     .shortcuts/authwatch-sign-in: left as it is'* ]] || fail "$output"
    grep -q '# mine' "$HOME/.config/authwatch/termux.conf"
    ! grep -q other "$HOME/.config/authwatch/termux.conf" || fail "it was written over"
    "$TERMUX/setup" --uninstall
    grep -q '# mine' "$HOME/.shortcuts/authwatch-sign-in" || fail "it is gone"
    [ ! -e "$HOME/.termux/boot/authwatch" ]
    # A file of somebody else's is not taken over either.
    mkdir -p "$HOME/.termux/boot"
    echo mine >"$HOME/.termux/boot/authwatch"
    "$TERMUX/setup" --host me@server.example
    [ "$(cat "$HOME/.termux/boot/authwatch")" = mine ]
}

@test "a newer version replaces what nobody has edited" {
    cp -r "$TERMUX" "$BATS_TEST_TMPDIR/older"
    echo '# older' >>"$BATS_TEST_TMPDIR/older/boot/authwatch"
    "$BATS_TEST_TMPDIR/older/setup" --host me@server.example
    grep -q '# older' "$HOME/.termux/boot/authwatch"
    run "$TERMUX/setup" --host me@server.example
    [[ "$output" == *'written    .termux/boot/authwatch'* ]] || fail "$output"
    ! grep -q '# older' "$HOME/.termux/boot/authwatch" || fail "the older one is still there"
}

@test "a dry run does nothing" {
    "$TERMUX/setup" --dry-run --host me@server.example
    [ -z "$(everything)" ] || fail "$(everything)"
    [ ! -s "$CALLS" ] || fail "did something"
    "$TERMUX/setup" --host me@server.example
    before=$(everything)
    forget_calls
    "$TERMUX/setup" --uninstall --dry-run
    [ "$(everything)" = "$before" ] || fail "something has changed"
    [ ! -s "$CALLS" ] || fail "did something"
}

@test "on the phone itself authwatch stays in order, whatever is configured" {
    run "$TERMUX/setup"
    [ "$status" -eq 0 ] || fail "$output"
    # Either authwatch took the channel, or the person is told what to write; never a configuration that is refused.
    "$AUTHWATCH" config check
    grep -q authwatch-phone "$HOME/.config/authwatch/config.toml" || [[ "$output" == *'[notify.command.phone]'* ]] || fail "$output"
    at_phone main '{}'
    "$HOME/.local/share/authwatch/termux/job"
    echo '# mine' >"$HOME/.config/authwatch/config.toml"
    run "$TERMUX/setup"
    [[ "$output" == *"run = [\"$HOME/.local/share/authwatch/termux/authwatch-phone\", \"notify\"]"* ]] || fail "$output"
    [ "$(cat "$HOME/.config/authwatch/config.toml")" = '# mine' ]
}

@test "what is missing is named with the way to get it" {
    rm "$STAND_INS/termux-notification"
    run "$TERMUX/setup" --host x
    [ "$status" -eq 69 ]
    [[ "$output" == *'pkg install termux-api'* ]]
    for wrong in '--host' '--nonsense' '--host -oProxyCommand=x'; do
        # shellcheck disable=SC2086
        run "$TERMUX/setup" $wrong
        [ "$status" -eq 64 ] || fail "took $wrong"
    done
}
