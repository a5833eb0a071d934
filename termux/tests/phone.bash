# A phone for every test: a home directory, Termux's programs as stand-ins that record what they are told, an ssh that
# does at a host's home directory what a real one would have its shell do. authwatch is the real one: $AUTHWATCH.

phone() {
    : "${AUTHWATCH:?the authwatch to test with}"
    HOME=$BATS_TEST_TMPDIR/phone
    HOST_HOME=$BATS_TEST_TMPDIR/host
    CALLS=$BATS_TEST_TMPDIR/calls
    STAND_INS=$BATS_TEST_TMPDIR/stand-ins
    TZ=UTC
    mkdir -p "$HOME" "$HOST_HOME" "$STAND_INS"
    : >"$CALLS"
    unset XDG_CONFIG_HOME XDG_STATE_HOME PREFIX OPENCLAW_STATE_DIR OPENCLAW_HOME STATE_DIRECTORY WARN_HOURS NOTIFY_NTFY
    export HOME HOST_HOME CALLS STAND_INS TZ AUTHWATCH
    for name in termux-notification termux-notification-remove termux-toast termux-open-url termux-clipboard-set \
        termux-job-scheduler termux-wake-lock termux-dialog; do
        stand_in "$name" 'case ${0##*/} in termux-dialog) printf "%s" "${DIALOG:-{\"code\":-2\}}" ;; esac'
    done
    # sshd hands the command to the login shell as one line of text.
    stand_in ssh '[ -z "${SSH_FAILS:-}" ] || { echo "ssh: connect to host: $SSH_FAILS" >&2; exit 255; }
for last; do :; done
cd "$HOST_HOME" && HOME=$HOST_HOME exec sh -c "$last"'
    # What writes credentials is recorded; everything else is done by the real program.
    stand_in authwatch '[ "${1:-}" = auth ] && exit "${AUTH_CODE:-0}"
exec "$AUTHWATCH" "$@"' auth
    PATH=$STAND_INS:$PATH
    TERMUX=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
}

# A program that records its arguments and, where it is given some, its standard input; then does something.
stand_in() {
    cat >"$STAND_INS/$1" <<END
#!/bin/sh
record() {
    stdin=\$1
    shift
    jq -cn --arg stdin "\$stdin" --args '{program: "$1", arguments: \$ARGS.positional, stdin: \$stdin}' -- "\$@" >>"\$CALLS"
}
if [ "$1" = authwatch ] && [ "\${1:-}" != auth ]; then :
elif [ -t 0 ]; then record "" "\$@"
else case $1 in
    authwatch | termux-clipboard-set) record "\$(cat)" "\$@" ;;
    # It passes on to the app whatever is there.
    termux-notification-remove) cat >/dev/null; record "" "\$@" ;;
    *) record "" "\$@" ;;
    esac
fi
$2
END
    chmod +x "$STAND_INS/$1"
}

# Writes the profiles of an agent at the host.
at_host() {
    mkdir -p "$HOST_HOME/.openclaw/agents/$1/agent"
    printf '{"version":1,"profiles":%s}' "$2" >"$HOST_HOME/.openclaw/agents/$1/agent/auth-profiles.json"
}

at_phone() {
    HOST_HOME=$HOME at_host "$@"
}

# So many hours from now, Unix milliseconds.
hours() {
    echo $((($(date +%s) + $1 * 3600) * 1000))
}

token() {
    printf '{"type":"token","provider":"%s","token":"t-1","expires":%s}' "$1" "$(hours "$2")"
}

# The calls of a program, one JSON object a line.
calls() {
    jq -c --arg program "$1" 'select(.program == $program)' "$CALLS"
}

# The value behind an option in the last call of a program.
option() {
    calls "$1" | tail -n 1 | jq -r --arg name "$2" '.arguments | .[index($name) + 1]'
}

forget_calls() {
    : >"$CALLS"
}

asks() {
    mkdir -p "$HOME/.config/authwatch"
    printf '%s\n' "$@" >"$HOME/.config/authwatch/termux.conf"
}

authwatch_phone() {
    "$TERMUX/authwatch-phone" "$@"
}

# What a test gets wrong should be seen.
fail() {
    printf '%s\n' "$1" >&2
    cat "$CALLS" >&2
    return 1
}
