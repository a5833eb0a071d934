# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_authwatch_global_optspecs
    string join \n state-dir= config= log-level= log-format= color= h/help V/version
end

function __fish_authwatch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_authwatch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_authwatch_using_subcommand
    set -l cmd (__fish_authwatch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c authwatch -n "__fish_authwatch_needs_command" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_needs_command" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_needs_command" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_needs_command" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_needs_command" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "status" -d 'Show every agent\'s logins, and what to do about the bad ones'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "watch" -d 'Run the monitor: check, renew, and serve the status page and metrics'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "refresh" -d 'Renew the logins that are due, under OpenClaw\'s own locks'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "probe" -d 'Check a running daemon\'s health'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "doctor" -d 'Diagnose OpenClaw auth problems and fix the safe ones'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "auth" -d 'Store keys and tokens, sign in and out, and order profiles (JSON stores)'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "explain" -d 'Explain an error message, and the command that fixes it'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "models" -d 'The same commands under the names OpenClaw\'s documentation uses'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "notify" -d 'Test, review, and mute notifications'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "config" -d 'authwatch\'s own configuration'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c authwatch -n "__fish_authwatch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l agent -d 'Only this agent (repeatable)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l provider -d 'Only this provider (repeatable)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l format -d 'How to print' -r -f -a "table\t'For people: what needs you first, fits a phone'
json\t'For programs: the whole snapshot'
plain\t'For scripts: one tab-separated line a profile'
openclaw\t'The keys that scripts read from `openclaw models status --json`; one agent'
nagios\t'A Nagios plugin\'s line, with its own exit codes'"
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l at -d 'Judge as of another time: RFC 3339, +36h, or Unix milliseconds' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l warn -d 'Call a token expiring this long before its end [default: 24h; 5m for what renews automatically]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l semantics -d 'Exit and judge by authwatch\'s own rules for this OpenClaw release, instead of as the release in use' -r -f -a "2026.4\t'OpenClaw 2026.4 and 2026.5'
2026.9\t'OpenClaw 2026.9'"
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l openclaw-version -d 'The OpenClaw release the state directory belongs to [default: found out]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l scope -d 'What counts towards the exit code [default: what counts for the OpenClaw release in use]' -r -f -a "all\t'Every token and OAuth profile'
in-use\t'Only what the configured models use'"
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l check -d 'Exit as `openclaw models status --check` does: 1 expired or missing, 2 expiring'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l needs-person -d 'Exit with 1 if something critical needs a person, 2 if a warning does; what renews automatically does not'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l problems -d 'Show only what needs a person'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l json -d 'The same as --format json'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l watch -d 'Draw the report again every 2 seconds, until Ctrl-C'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -l demo -d 'Report on built-in demo data, laid out in a temporary directory'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand status" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l at -d 'With --once: judge as of another time, and renew nothing (RFC 3339, +36h, Unix milliseconds)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l listen -d 'Where to serve the page and the metrics [default: 127.0.0.1:10979]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l interval -d 'How often to check, besides after changes on disk [default: 1m]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l textfile -d 'Write a file for `node_exporter`\'s textfile collector' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l once -d 'Run one check, and exit with 1 if something critical needs a person, 2 if a warning does'
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l demo -d 'Watch built-in demo data, with a token endpoint of its own'
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l no-refresh -d 'Only watch; renew nothing'
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -l insecure-listen -d 'Serve other machines without TLS and authentication'
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand watch" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l agent -d 'Only this agent\'s logins (repeatable)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l profile -d 'Only this profile (repeatable)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l force -d 'Renew what is not due, too; a refused login still needs a sign-in'
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -l dry-run -d 'Show what would be done, and change nothing'
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand refresh" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -l timeout -d 'How long an answer may take' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand probe" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l agent -d 'Only what concerns this agent (repeatable)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l fix -d 'Fix what is safe to fix; asks before each change, and keeps what undoes it'
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l yes -d 'Make every change without asking, as OpenClaw\'s does: implies --fix'
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l non-interactive -d 'Never ask; with --fix, make only the changes that touch no credential'
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l json -d 'Print JSON'
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -l online -d 'Ask a provider\'s token endpoint for the time, and compare'
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "list" -d 'List an agent\'s profiles'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "paste-token" -d 'Store a token: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "paste-api-key" -d 'Store an API key: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "setup-token" -d 'Make a setup-token with Claude Code, and store it'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "login" -d 'Sign in through a browser, on this machine or another'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "logout" -d 'Remove a profile from the store; a backup is kept'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "order" -d 'Which of a provider\'s profiles is used first'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "import" -d 'Take over the logins of `auth.json` and `credentials/oauth.json`, as OpenClaw\'s first use does'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and not __fish_seen_subcommand_from list paste-token paste-api-key setup-token login logout order import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l provider -d 'Only this provider\'s' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l agent -d 'The agent [default: the configured default agent]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l provider -d 'Whose token or key it is' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l profile-id -d 'The profile to store it under [default: PROVIDER:manual]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l agent -d 'The agent [default: the configured default agent]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l expires-in -d 'When the token expires, from now [default: unknown]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -s y -l yes -d 'Replace a credential of another kind without asking'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-token" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l provider -d 'Whose token or key it is' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l profile-id -d 'The profile to store it under [default: PROVIDER:manual]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l agent -d 'The agent [default: the configured default agent]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -s y -l yes -d 'Replace a credential of another kind without asking'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from paste-api-key" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l provider -d 'Whose token it is; only Anthropic has setup-tokens' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l profile-id -d 'The profile to store it under [default: anthropic:manual]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l expires-in -d 'When the token ends, from now [default: 365d if it is made here and now]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l agent -d 'The agent [default: the configured default agent]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -s y -l yes -d 'Replace a credential of another kind without asking'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from setup-token" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l provider -d 'The provider to sign in to' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l profile-id -d 'The profile to store the login under [default: the account\'s own, else PROVIDER:default]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l agent -d 'The agent [default: the configured default agent]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l timeout -d 'How long to wait for the answer' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -l no-browser -d 'Open no browser: show the address, and take what is pasted'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -s y -l yes -d 'Replace another account\'s login, or a credential of another kind, without asking'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from login" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -l agent -d 'The agent [default: the configured default agent]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -s y -l yes -d 'Do not ask'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from logout" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -f -a "get" -d 'Show the order, which profile would be used now, and why not those before it'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -f -a "set" -d 'Set the order'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -f -a "clear" -d 'Go back to the configuration\'s order, or to OpenClaw\'s own'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from order" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -l agent -d 'The agent [default: the configured default agent]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from import" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "list" -d 'List an agent\'s profiles'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "paste-token" -d 'Store a token: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "paste-api-key" -d 'Store an API key: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "setup-token" -d 'Make a setup-token with Claude Code, and store it'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "login" -d 'Sign in through a browser, on this machine or another'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "logout" -d 'Remove a profile from the store; a backup is kept'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "order" -d 'Which of a provider\'s profiles is used first'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "import" -d 'Take over the logins of `auth.json` and `credentials/oauth.json`, as OpenClaw\'s first use does'
complete -c authwatch -n "__fish_authwatch_using_subcommand auth; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -l json -d 'Print JSON'
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand explain" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -f -a "status" -d 'Show every agent\'s logins, and what to do about the bad ones'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -f -a "auth" -d 'Store keys and tokens, sign in and out, and order profiles (JSON stores)'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and not __fish_seen_subcommand_from status auth help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l agent -d 'Only this agent (repeatable)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l provider -d 'Only this provider (repeatable)' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l format -d 'How to print' -r -f -a "table\t'For people: what needs you first, fits a phone'
json\t'For programs: the whole snapshot'
plain\t'For scripts: one tab-separated line a profile'
openclaw\t'The keys that scripts read from `openclaw models status --json`; one agent'
nagios\t'A Nagios plugin\'s line, with its own exit codes'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l at -d 'Judge as of another time: RFC 3339, +36h, or Unix milliseconds' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l warn -d 'Call a token expiring this long before its end [default: 24h; 5m for what renews automatically]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l semantics -d 'Exit and judge by authwatch\'s own rules for this OpenClaw release, instead of as the release in use' -r -f -a "2026.4\t'OpenClaw 2026.4 and 2026.5'
2026.9\t'OpenClaw 2026.9'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l openclaw-version -d 'The OpenClaw release the state directory belongs to [default: found out]' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l scope -d 'What counts towards the exit code [default: what counts for the OpenClaw release in use]' -r -f -a "all\t'Every token and OAuth profile'
in-use\t'Only what the configured models use'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l check -d 'Exit as `openclaw models status --check` does: 1 expired or missing, 2 expiring'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l needs-person -d 'Exit with 1 if something critical needs a person, 2 if a warning does; what renews automatically does not'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l problems -d 'Show only what needs a person'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l json -d 'The same as --format json'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l watch -d 'Draw the report again every 2 seconds, until Ctrl-C'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -l demo -d 'Report on built-in demo data, laid out in a temporary directory'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from status" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "list" -d 'List an agent\'s profiles'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "paste-token" -d 'Store a token: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "paste-api-key" -d 'Store an API key: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "setup-token" -d 'Make a setup-token with Claude Code, and store it'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "login" -d 'Sign in through a browser, on this machine or another'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "logout" -d 'Remove a profile from the store; a backup is kept'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "order" -d 'Which of a provider\'s profiles is used first'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "import" -d 'Take over the logins of `auth.json` and `credentials/oauth.json`, as OpenClaw\'s first use does'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show every agent\'s logins, and what to do about the bad ones'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from help" -f -a "auth" -d 'Store keys and tokens, sign in and out, and order profiles (JSON stores)'
complete -c authwatch -n "__fish_authwatch_using_subcommand models; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -f -a "test" -d 'Send a test message, and show the answer'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -f -a "history" -d 'Show what was delivered, what failed, and what is waiting'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -f -a "mute" -d 'Mute a profile for a while'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and not __fish_seen_subcommand_from test history mute help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from test" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from test" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from test" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from test" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -l json -d 'As JSON'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from history" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l agent -d 'Only at this agent' -r
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l end -d 'Unmute it now'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -l list -d 'Show what is muted'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from mute" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "test" -d 'Send a test message, and show the answer'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show what was delivered, what failed, and what is waiting'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "mute" -d 'Mute a profile for a while'
complete -c authwatch -n "__fish_authwatch_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -f -a "init" -d 'Write a commented configuration file, unless there is one'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -f -a "show" -d 'Print the effective configuration'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -f -a "check" -d 'Check the configuration'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and not __fish_seen_subcommand_from init show check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from init" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from init" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from init" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from init" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from init" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from init" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from show" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from show" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from check" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from check" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from check" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "init" -d 'Write a commented configuration file, unless there is one'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the effective configuration'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the configuration'
complete -c authwatch -n "__fish_authwatch_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand completions" -l state-dir -d 'OpenClaw\'s state directory [default: as OpenClaw finds it, usually ~/.openclaw]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand completions" -l config -d 'authwatch\'s own configuration [default: ~/.config/authwatch/config.toml, if it is there]' -r -F
complete -c authwatch -n "__fish_authwatch_using_subcommand completions" -l log-level -d 'The least severe log lines to show on stderr' -r -f -a "off\t'Nothing at all'
error\t'A stage is lost'
warn\t'The operator should act'
info\t'Something changed'
debug\t'What others can trigger'
trace\t'Everything'"
complete -c authwatch -n "__fish_authwatch_using_subcommand completions" -l log-format -d 'How log lines look' -r -f -a "text\t'For people and the journal'
json\t'One JSON object a line'"
complete -c authwatch -n "__fish_authwatch_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c authwatch -n "__fish_authwatch_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c authwatch -n "__fish_authwatch_using_subcommand completions" -s V -l version -d 'Print version'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "status" -d 'Show every agent\'s logins, and what to do about the bad ones'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "watch" -d 'Run the monitor: check, renew, and serve the status page and metrics'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "refresh" -d 'Renew the logins that are due, under OpenClaw\'s own locks'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "probe" -d 'Check a running daemon\'s health'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "doctor" -d 'Diagnose OpenClaw auth problems and fix the safe ones'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "auth" -d 'Store keys and tokens, sign in and out, and order profiles (JSON stores)'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "explain" -d 'Explain an error message, and the command that fixes it'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "models" -d 'The same commands under the names OpenClaw\'s documentation uses'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "notify" -d 'Test, review, and mute notifications'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "config" -d 'authwatch\'s own configuration'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and not __fish_seen_subcommand_from status watch refresh probe doctor auth explain models notify config completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "list" -d 'List an agent\'s profiles'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "paste-token" -d 'Store a token: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "paste-api-key" -d 'Store an API key: hidden prompt, or standard input'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "setup-token" -d 'Make a setup-token with Claude Code, and store it'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "login" -d 'Sign in through a browser, on this machine or another'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "logout" -d 'Remove a profile from the store; a backup is kept'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "order" -d 'Which of a provider\'s profiles is used first'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from auth" -f -a "import" -d 'Take over the logins of `auth.json` and `credentials/oauth.json`, as OpenClaw\'s first use does'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from models" -f -a "status" -d 'Show every agent\'s logins, and what to do about the bad ones'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from models" -f -a "auth" -d 'Store keys and tokens, sign in and out, and order profiles (JSON stores)'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from notify" -f -a "test" -d 'Send a test message, and show the answer'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from notify" -f -a "history" -d 'Show what was delivered, what failed, and what is waiting'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from notify" -f -a "mute" -d 'Mute a profile for a while'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "init" -d 'Write a commented configuration file, unless there is one'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print the effective configuration'
complete -c authwatch -n "__fish_authwatch_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the configuration'
