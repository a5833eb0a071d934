# What termux.conf and the environment say. Values are read, never run.
# shellcheck shell=sh

configuration=${AUTHWATCH_PHONE_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/authwatch/termux.conf}
# What is known of open incidents, one file each.
state=${XDG_STATE_HOME:-$HOME/.local/state}/authwatch/termux

# Says what is wrong with the configuration, and ends.
misconfigured() {
    printf 'authwatch-phone: %s: %s\n' "$configuration" "$1" >&2
    exit 78
}

# The value of a setting in the file; nothing where it is not set. The last line wins.
written() {
    [ -r "$configuration" ] || return 0
    found=
    while IFS='=' read -r name value || [ -n "$name" ]; do
        # Unquoted on purpose: it takes the spaces around a name and a value away.
        name=$(trim "$name")
        [ "$name" = "$1" ] && found=$(trim "$value")
    done <"$configuration"
    printf '%s' "$found"
}

trim() {
    printf '%s' "$1" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//'
}

# Names that are not known are misspelt ones: they must not pass in silence.
check_names() {
    [ -r "$configuration" ] || return 0
    number=0
    while IFS='=' read -r name value || [ -n "$name" ]; do
        number=$((number + 1))
        name=$(trim "$name")
        case $name in
        '' | '#'*) ;;
        host | command | every | daemon | page.*) ;;
        *) misconfigured "line $number: there is no setting \`$name\` (host, command, every, daemon, page.PROVIDER)" ;;
        esac
    done <"$configuration"
}

load_configuration() {
    check_names
    host=${AUTHWATCH_PHONE_HOST-$(written host)}
    authwatch=${AUTHWATCH_PHONE_COMMAND:-$(written command)}
    authwatch=${authwatch:-authwatch}
    every=${AUTHWATCH_PHONE_EVERY:-$(written every)}
    every=${every:-15}
    daemon=$(written daemon)
    daemon=${daemon:-no}
    case $host in
    # ssh would take it for an option.
    -*) misconfigured "host: \`$host\` is no name of a host" ;;
    esac
    case $every in
    *[!0-9]* | ?????*) misconfigured "every: \`$every\` is no number of minutes" ;;
    esac
    # Android runs no job more often.
    [ "$every" -ge 15 ] || misconfigured "every: Android runs jobs every 15 minutes at most, not every $every"
    case $daemon in
    yes | no) ;;
    *) misconfigured "daemon: say yes or no, not \`$daemon\`" ;;
    esac
}

# Where a provider gives out tokens and keys; nothing where that is not known.
page_of() {
    page=$(written "page.$1")
    if [ -z "$page" ]; then
        case $1 in
        anthropic) page=https://console.anthropic.com/settings/keys ;;
        deepseek) page=https://platform.deepseek.com/api_keys ;;
        google) page=https://aistudio.google.com/apikey ;;
        groq) page=https://console.groq.com/keys ;;
        mistral) page=https://console.mistral.ai/api-keys ;;
        openai) page=https://platform.openai.com/api-keys ;;
        openrouter) page=https://openrouter.ai/settings/keys ;;
        xai) page=https://console.x.ai ;;
        esac
    fi
    printf '%s' "$page"
}
