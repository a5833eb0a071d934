# What in a report is worth a notification, one object each: the rules by which authwatch's own messages are written.
# One login is one condition, told where it is kept. A renewable token that merely lapses is nobody's alarm for an hour.
# What mends it, and what it means, is in the report (`remedy`, `remedies`).

def grace: -3600000;
# A tenth of the largest threshold, which is a day.
def urgent: 8640000;

# Where nothing says what is used, everything counts as used.
(.scope == "all" and ([.agents[] | .missingProvidersInUse[], (.profiles[] | select(.inUse))] | length == 0)) as $all_in_use
# Who inherits a login may use it where main does not.
| [.agents[] | .profiles[] | select(.inherited and .inUse) | .profileId] as $inherited_in_use
| .agents[] | .id as $agent
| (
    .profiles[]
    | select(.inherited | not)
    | select(.login != "external")
    | (.inUse or $all_in_use or ($agent == "main" and (.profileId | IN($inherited_in_use[])))) as $in_use
    | (if $in_use then "critical" else "warning" end) as $broken
    | (.login | IN("renewable", "refreshing", "blocked")) as $renews
    | (
        if .login == "dead" then ["dead", $broken]
        elif $renews and .status == "expired" and (.remainingMs // 0) < grace then ["lapsed", $broken]
        elif $renews then empty
        elif .status == "missing" then ["missing", $broken]
        elif .status == "expired" then ["expired", $broken]
        elif .status == "expiring" and (.remainingMs // 0) > urgent then ["expiring", "warning"]
        elif .status == "expiring" then ["expiring", $broken]
        else empty end
      ) as [$condition, $severity]
    | {of: "profile", profile: .profileId, provider, condition: $condition, severity: $severity}
      + {ends: (if .expiresAt then .expiresAt / 1000 | floor | todate else null end)}
      # Of what should have been renewed the report says that it renews itself; after an hour somebody has to look why it has not.
      + (if $condition == "lapsed" then {command: "authwatch refresh --agent \($agent | @sh) --profile \(.profileId | @sh)"}
         else .remedy // {} | {meaning, command} end)
  ),
  (
    (.remedies // [])[] | select(.of == "provider")
    | {of: "provider", profile: null, provider, condition: "provider_missing", severity: "critical", ends: null, meaning, command}
  ),
  (
    # A writer holds a database for seconds.
    select(.store.error.reason != "locked") | .store as $store
    | (.remedies // [])[] | select(.of == "store")
    | (if $store.error then "store_unreadable"
       elif $store.stranded.kind == "empty-database" then "store_stranded"
       else empty end) as $condition
    | {of: "store", profile: null, provider: null, condition: $condition, ends: null, meaning, command}
      # What authwatch may not read, OpenClaw may well.
      + {severity: (if $store.error.reason // "parse" | IN("parse", "not-a-file", "too-large") then "critical" else "warning" end)}
  )
| {agent: $agent} + .
