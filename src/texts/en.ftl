## Counts

logins = { $count ->
    [one] 1 login
   *[other] { $count } logins
}
agents = { $count ->
    [one] 1 agent
   *[other] { $count } agents
}

problems = { $count ->
    [one] 1 problem
   *[other] { $count } problems
}

## How a login is: fragments, completed by the surface that shows them

login-ok = OK
login-expiring = expires soon; does not renew automatically
login-expired = expired; cannot renew automatically
login-missing = holds no credential
login-missing-end = has no valid expiry time
login-invalid-expires = `expires` is not a valid time
login-malformed-key = holds a command line instead of a key
login-unresolved = refers to a secret that only OpenClaw can resolve
login-not-set-up = saved, but its setup in OpenClaw is not finished
login-renews = renews automatically when next used
login-renewing = being renewed
login-renewal-stuck = a renewal started and did not finish
login-renewal-failing = automatic renewal is failing ({ $cause })
login-region-blocked = cannot be renewed: the provider does not serve this machine's region; use another way out, such as `HTTPS_PROXY`
login-challenged = cannot be renewed: a challenge page blocks the provider, as for some proxies and hosting networks
login-disabled = disabled by OpenClaw until { $until } ({ $reason })
login-disabled-unexplained = disabled by OpenClaw until { $until }
login-cooling-down = cooling down until { $until } ({ $reason })
login-cooling-down-unexplained = cooling down until { $until }
login-external-missing = holds no credential, and belongs to another program: sign in there
login-external = belongs to another program: sign in there

## Why a login needs a sign-in

login-dead-refresh_failed = needs sign-in: OpenClaw's refresh failed for good
login-dead-owned_by_cli = needs sign-in in the program it belongs to
login-dead-invalid_grant = needs sign-in: the provider rejected the refresh token
login-dead-refresh_token_reused = needs sign-in: another program already used its refresh token
login-dead-refresh_token_expired = needs sign-in: its refresh token expired
login-dead-refresh_token_invalidated = needs sign-in: the provider withdrew it, as after a new sign-in or a changed password
login-dead-revoked = needs sign-in: it was revoked
login-dead-sign_in_again = needs sign-in: the provider asks for it
login-dead-region_blocked = needs sign-in from a region that the provider serves
login-dead-challenged = needs sign-in: a challenge page blocks the provider

## Why renewing fails

renewal-rate_limited = too many requests
renewal-request_timeout = the provider timed out
renewal-server_error = the provider's server failed
renewal-bad_answer = no valid answer, as behind a captive portal
renewal-refused = refused for an unknown reason
renewal-region_blocked = region not served
renewal-challenged = challenge page
renewal-dns = DNS error
renewal-connect = no connection
renewal-tls = TLS error
renewal-timeout = timeout
renewal-connection_lost = connection lost
renewal-too_large = the answer is too large
renewal-store_not_writable = the store cannot be written
renewal-store_not_readable = the store cannot be read
renewal-rescued = the new token could not be stored
renewal-backing_off = waiting for the next attempt
renewal-invalid_client = the provider does not know the client ID
renewal-unauthorized_client = the client may not refresh
renewal-invalid_request = the provider rejected the request
renewal-no_client_id = no client ID is configured
renewal-no_client_secret = the client secret cannot be read
renewal-bad_endpoint = the token endpoint must not be used
renewal-other_account = the answer is for another account

## Everything that is not a login

provider-missing = a configured model needs this provider, but no login exists
provider-unknown = a configured model needs this provider; its login shows once the store can be read
store-unreadable = the store cannot be read: { $problem }
store-migration-incomplete = migration incomplete: { $logins } not imported from { $file }
store-leftover = { $file } is left over; OpenClaw no longer reads it
configuration-refused = this release of OpenClaw refuses its configuration: { $what }
configuration-unusable = OpenClaw's configuration cannot be used: { $problem }
recovery-waiting = the renewed login could not be stored and waits in a recovery file
recovery-remedy = The token in the store is already used. Make the store writable again (space, permissions), then run the command
configuration-effect-fatal = OpenClaw does not start with it
configuration-effect-unknown = OpenClaw may be able to read it
configuration-consequence = Until it is fixed, agents are found by their directories alone, and every login counts as used
entry-ignored = OpenClaw ignores this entry ({ $reason })

## The verdict on everything

verdict-fine = All logins are OK
verdict-none = No logins found
verdict-needs = { $count ->
    [one] 1 login needs you
   *[other] { $count } logins need you
}
verdict-problems = { $count ->
    [one] 1 problem needs you
   *[other] { $count } problems need you
}

## What the report for people says besides

checked = checked { $at }
since = since { $since } ({ $ago } ago)
expires-in = expires in { $left } ({ $at })
also-used-by = also used by { $agents }
used-by = used by { $agents }
no-logins = no logins
not-imported = not imported yet
the-store = credential store
openclaw-version = OpenClaw { $version } (rules of { $rules })
openclaw-databases = OpenClaw, release known by its databases (rules of { $rules })
openclaw-assumed = OpenClaw's release is not known (rules of { $rules } assumed)
openclaw-given = OpenClaw (rules of { $rules })
openclaw-configuration = OpenClaw (rules of { $rules })

## States in a word or two

state-ok = OK
state-expiring = Expires soon
state-expired = Expired
state-missing = Missing
state-renews = Renews automatically
state-renewing = Renewing
state-renewal_stuck = Renewal stuck
state-renewal_failing = Renewal failing
state-renewal_blocked = Renewal blocked
state-needs_sign_in = Needs sign-in
state-unresolved = Unresolved secret
state-not_set_up = Not set up
state-disabled = Disabled
state-cooling_down = Cooling down
state-external = Other program
state-no_login = No login
state-unreadable = Unreadable
state-migration_incomplete = Migration incomplete
state-leftover = Leftover
state-unusable = Unusable
state-not_stored = Not stored
state-ignored = Ignored

## Where `--check` answers otherwise than the report

check-note-fine = `--check` exits with 0, as OpenClaw's own check does: what is listed above is not part of its answer
check-note-expiring = `--check` exits with 2, as OpenClaw's own check does: a login expires within 24 h, even if it renews automatically
check-note-missing = `--check` exits with { $code }, as OpenClaw's own check does: it counts a login as expired or missing that renews automatically, or that no model uses

# What led to an answer of `--check` other than 0, by the rules of OpenClaw's release. `$name` is a profile, provider, or file.
check-cause-configuration = OpenClaw refuses its configuration: { $name }
check-cause-agent = agent { $agent } is not in OpenClaw's configuration
check-cause-store = agent { $agent }: the store cannot be read: { $name }
check-cause-migration = agent { $agent }: OpenClaw has not imported { $name }
check-cause-expired = agent { $agent }: { $name } counts as expired or missing
check-cause-missing_provider = agent { $agent }: a model needs { $name }, and OpenClaw finds no login for it
check-cause-undecided = agent { $agent }: OpenClaw cannot tell whether { $name } works
check-cause-expiring = agent { $agent }: { $name } expires within 24 h

## Messages: the first line

message-title = { $host }: { $about }
message-title-test = { $host }: test message from authwatch
message-title-empty = { $host }: no changes
message-more = { $about }, and { $count } more
message-about = { $label } { $state }
message-about-renewal = { $label }: { $state }
message-reminder = { $about } (reminder)
message-flapping = { $label } is flapping
message-expires-in = { $label } expires in { $left }
message-resolved = { $label } resolved after { $took }
message-removed = { $label } was removed
message-still-open = { $about }; still open: { $problems }

## Messages: what they are about

label-agent = agent { $agent }
label-agents = agents { $agents }
label-login = agent { $agent }: { $name }
label-store = agent { $agent }: credential store
label-store-alone = credential store
label-recovery = renewed login { $name }
label-channel = notification channel { $name }
label-configuration = OpenClaw configuration

## Messages: how it is, completing a label

subject-needs_sign_in = needs sign-in
subject-missing = holds no credential
subject-unresolved = has an unresolved secret
subject-not_set_up = is not set up
subject-expired = expired
subject-expiring = expires soon
subject-renewal_failing = automatic renewal is failing ({ $cause })
subject-renewal_blocked = automatic renewal is blocked ({ $cause })
subject-renewal_stuck = automatic renewal is stuck
subject-disabled = is disabled by OpenClaw
subject-no_login = has no login
subject-unreadable = cannot be read
subject-migration_incomplete = was not migrated completely
subject-unusable = cannot be used
subject-not_stored = could not be stored
subject-removed = was removed
subject-channel-failing = does not accept messages

## Messages: the body

message-test = This is a test. Notifications about OpenClaw logins that need you arrive here
message-merged = Combines { $count } messages that could not be delivered
message-late = Written { $waited } ago; could not be delivered earlier
message-rest = And { $count } more. Run `authwatch status` to see all of them
message-from = authwatch on { $host }
message-itself = authwatch
message-openclaw = OpenClaw
message-heading-resolved = Resolved
message-heading-open = Still open: { $problems }
message-left = { $left } left, until { $at }
message-since = Since { $at } ({ $ago } ago)
message-also = Also used by { $agents }
message-is-flapping = Its state keeps changing; the next message follows once it is stable for 30 minutes
message-before = Before: { $state } ({ $took })
message-and = { $others }, and { $last }
message-and-two = { $others } and { $last }
note-worse = worse
note-better = improved
note-still = reminder
channel-failing = messages are waiting because it does not accept them: { $problem }
removed-agent = its directory was removed, together with its logins
removed-login = no longer in the store; if nobody removed it on purpose, sign in again

## Messages: how it is after a problem is resolved

resolved-removed = removed from the store
resolved-agent-removed = its agent was removed
resolved-moved = removed from its own store; the login of agent main is used instead
resolved-stored = stored
resolved-channel = accepts messages again, or was removed from the configuration
resolved-configuration = can be used
resolved-provider = has a login, or no model uses it any more
resolved-store = can be read
resolved-back = exists again
resolved = OK
