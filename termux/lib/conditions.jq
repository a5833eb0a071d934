# What in a report needs a person, one object each: the report's own assessment, and what it says to do.
# One login is one condition, told where it is kept.

def condition: {
    needs_sign_in: "dead", missing: "missing", unresolved: "missing", not_set_up: "missing", expired: "expired", expiring: "expiring",
    renewal_failing: "lapsed", renewal_blocked: "lapsed", renewal_stuck: "lapsed", disabled: "disabled",
    no_login: "provider_missing", unreadable: "store_unreadable", migration_incomplete: "store_stranded"
  }[.state] // .state;
def assessed: select(.needsPerson) | {condition: condition, severity} + (.remedy // {meaning: .summary} | {meaning, command});

.agents[] | .id as $agent
| (
    .profiles[] | select(.inherited | not)
    | {of: "profile", profile: .profileId, provider, ends: (if .expiresAt then .expiresAt / 1000 | floor | todate else null end)}
      + (.assessment | assessed)
  ),
  (
    (.providerAssessments // [])[]
    | {of: "provider", profile: null, provider, ends: null} + (.assessment | assessed)
  ),
  (
    # A writer holds a database for seconds.
    select(.store.error.reason != "locked") | (.storeAssessment // empty)
    | {of: "store", profile: null, provider: null, ends: null} + assessed
  )
| {agent: $agent} + .
