# Asking authwatch: the one on this phone, or the one on a host, over ssh and nothing else.
# shellcheck shell=sh

# No question takes longer, so that jobs never pile up.
most_seconds=120

# A word for a POSIX shell. The shell at the far end takes the words apart again.
quote() {
    printf "'"
    printf '%s' "$1" | sed "s/'/'\\\\''/g"
    printf "'"
}

# Runs authwatch with these arguments where it is. Standard input goes to it.
ask() {
    if [ -z "$host" ]; then
        timeout "$most_seconds" "$authwatch" "$@"
        return
    fi
    words=$authwatch
    for word in "$@"; do
        words="$words $(quote "$word")"
    done
    # Nobody is there to answer a question of ssh's.
    timeout "$most_seconds" ssh -T -o BatchMode=yes -o ConnectTimeout=10 -- "$host" "$words"
}

# The same with a terminal, for what asks the person.
ask_in_terminal() {
    if [ -z "$host" ]; then
        "$authwatch" "$@"
        return
    fi
    words=$authwatch
    for word in "$@"; do
        words="$words $(quote "$word")"
    done
    ssh -t -- "$host" "$words"
}

# Prints the report; says on stderr why there is none.
report() {
    said=$(mktemp)
    code=0
    answer=$(ask status --json </dev/null 2>"$said") || code=$?
    words=$(head -n 1 "$said")
    rm -f "$said"
    # Taken together: nothing at all would be no failure of jq's.
    if printf '%s' "$answer" | jq -se 'length == 1 and .[0].formatVersion == 1' >/dev/null 2>&1; then
        printf '%s\n' "$answer"
        return 0
    fi
    case $code in
    0) why="what answered is no report of authwatch's" ;;
    124) why="no answer within $most_seconds s" ;;
    127) why="there is no \`$authwatch\` there: set \`command\` in termux.conf" ;;
    *) why=${words:-"authwatch ended with $code"} ;;
    esac
    printf '%s\n' "${host:-this phone}: $why" >&2
    return 1
}
