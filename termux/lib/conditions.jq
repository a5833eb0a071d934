# What in a report is worth a notification, one object each: the rules by which authwatch's own messages are written.
# One login is one condition, told where it is kept. A renewable token that merely lapses is nobody's alarm for an hour.

def grace: -3600000;
def command($verb; $agent; $provider):
  "openclaw models auth \($verb) --provider \($provider | @sh) --agent \($agent | @sh)";
def signing_in($type; $agent; $provider):
  if $type == "oauth" then command("login"; $agent; $provider)
  elif $type == "token" and $provider == "anthropic" then command("setup-token"; $agent; $provider)
  elif $type == "token" then command("paste-token"; $agent; $provider)
  else command("paste-api-key"; $agent; $provider) end;

# Who is signed in to, rather than given a key.
def is_login: IN("anthropic", "chutes", "github-copilot", "google-antigravity", "google-gemini-cli", "minimax-portal",
  "openai-codex", "qwen-portal", "xai");

# Where nothing says what is used, everything counts as used.
(.scope == "all" and ([.agents[] | .missingProvidersInUse[], (.profiles[] | select(.inUse))] | length == 0)) as $all_in_use
| .agents[] | .id as $agent
| (
    .profiles[]
    | select(.inherited | not)
    | select(.login != "external")
    | (if .inUse or $all_in_use then "critical" else "warning" end) as $broken
    | (.login | IN("renewable", "refreshing", "blocked")) as $renews
    | (
        if .login == "dead" then ["dead", $broken]
        elif $renews and .status == "expired" and (.remainingMs // 0) < grace then ["lapsed", $broken]
        elif $renews then empty
        elif .status == "missing" then ["missing", $broken]
        elif .status == "expired" then ["expired", $broken]
        elif .status == "expiring" then ["expiring", "warning"]
        else empty end
      ) as [$condition, $severity]
    | {of: "profile", profile: .profileId, provider, condition: $condition, severity: $severity}
      + {ends: (if .expiresAt then .expiresAt / 1000 | floor | todate else null end)}
      + {command: (if $condition == "lapsed" then "authwatch refresh --agent \($agent | @sh) --profile \(.profileId | @sh)"
                   else signing_in(.type; $agent; .provider) end)}
  ),
  (
    .missingProvidersInUse[]
    | {of: "provider", profile: null, provider: ., condition: "provider_missing", severity: "critical"}
      + {ends: null, command: command(if is_login then "login" else "paste-api-key" end; $agent; .)}
  ),
  (
    .store.error // empty
    # A writer holds a database for seconds.
    | select(.reason != "locked")
    | {of: "store", profile: null, provider: null, condition: "store_unreadable", severity: "critical"}
      + {ends: null, command: "authwatch doctor"}
  )
| {agent: $agent} + .
