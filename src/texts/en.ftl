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
login-variable-not-set = refers to { $variable }, which is set neither here, nor in OpenClaw's .env, nor in a gateway's service that was found
variable-named = the variable { $name }
variable-unnamed = a variable by a name that may be a pasted key, so it is not shown
remedy-variable = Set it in OpenClaw's .env, then restart its gateway
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

## Why a login cannot be renewed from here

not-renewable-static = an API key or token
not-renewable-no_refresh_token = no refresh token
not-renewable-unsupported = the provider offers no renewal
not-renewable-external = belongs to another program
not-renewable-database = in a database that only OpenClaw writes
not-renewable-other_agent = in a database that says it is another agent's
not-renewable-other_owner = in a database of another user, whose programs alone write it
not-renewable-other_namespace = in a database that a process of another PID namespace has open, such as a container's
not-renewable-databases_off = in a database; `refresh.databases` is "off"
not-renewable-not_imported = not imported by OpenClaw yet
not-renewable-disabled = disabled in the configuration
not-renewable-fenced = OpenClaw is renewing it
not-renewable-gone = no longer in the store

## What `refresh` reports

refresh-due = due: would be renewed now
refresh-due-but = due, but { $outcome }
refresh-not-due = not due for another { $left }
refresh-waiting = failed before; next attempt in { $wait }
refresh-not-here = cannot be renewed from here ({ $reason })
refresh-renewed = renewed, { $validity }
refresh-fresh = fresh, { $validity }
refresh-adopted = fresh in another store, { $validity }
refresh-valid = valid
refresh-valid-until = valid for { $left }, until { $at }
refresh-not-renewable = cannot be renewed from here ({ $reason }), { $status }
refresh-stopped = not started: asked to stop
refresh-superseded = renewed, but the profile was changed meanwhile: that change stays, and the renewed login is kept (see `authwatch doctor`)
refresh-contended = another process is renewing it: try later
refresh-not-stored = renewed, but not stored: the new login is in a recovery file; run `authwatch refresh` again
refresh-failed = not renewed ({ $reason }): try later
refresh-failed-wait = not renewed ({ $reason }): try again in { $wait }
refresh-needs-sign-in = { $reason }; run `{ $command }`
refresh-other-account = the provider answered for another account; nothing was overwritten
refresh-misconfigured = not renewed ({ $reason }): see [refresh.providers.{ $provider }] in the configuration
recovery-stored = stored
recovery-superseded = superseded by a newer login; kept
recovery-later = cannot be stored yet: { $problem }

## Everything that is not a login

provider-missing = a configured model needs this provider, but no login exists
provider-variable-not-set = openclaw.json takes the key of this provider from { $variable }, which nothing that can be seen from here sets
remedy-variable-restart = Set it in OpenClaw's .env, then restart the gateway with `{ $command }`
key-mistake-placeholder = the key in { $place } is a placeholder or a redacted copy: the provider refuses it
key-mistake-wrapped = the key in { $place } has an unclosed quote, a prompt, or other text around it: the provider refuses it
key-mistake-split = a space splits the key in { $place }: the provider refuses it
key-place-process = { $variable } in the environment
key-place-dotenv = { $variable } in OpenClaw's .env
key-place-configuration = { $variable } in openclaw.json
key-place-service = { $variable } of the gateway's service
key-place-provider = `models.providers` of openclaw.json for { $provider }
remedy-key-file = Correct it, then restart the gateway with `{ $command }`
remedy-key-service = Correct it in the gateway's unit or the file that the unit reads, then restart it
remedy-key-process = Correct it where the shell gets it from, then start a new shell
provider-unknown = a configured model needs this provider; its login shows once the store can be read
store-unreadable = the store cannot be read: { $problem }
store-migration-incomplete = migration incomplete: { $logins } not imported from { $file }
store-refused = migration incomplete: OpenClaw does not use the store while this file of an earlier release is there: { $file }
store-leftover = { $file } is left over; OpenClaw no longer reads it
configuration-refused = this release of OpenClaw refuses its configuration: { $what }
configuration-unusable = OpenClaw's configuration cannot be used: { $problem }
recovery-waiting = the renewed login could not be stored and waits in a recovery file
recovery-remedy = The token in the store is already used. Make the store writable again (space, permissions), then run the command
remedy-set-up = Step 1: the command shows which profile is used instead. Step 2: finish the setup with `{ $command }`
remedy-order = Step 1: the command shows which profile is used instead. Step 2: to use another one first, run `{ $command }`
remedy-secrets = Step 1: the command shows which secrets are missing. Step 2: add them to OpenClaw's `.env`, then run `{ $command }`
remedy-stuck = A restarted gateway finishes the renewal or gives up. If the problem stays, run `{ $command }`
configuration-effect-fatal = OpenClaw does not start with it
configuration-effect-unknown = OpenClaw may be able to read it
configuration-consequence = Until it is fixed, agents are found by their directories alone, and every login counts as used
configuration-restart = After the fix, restart the gateway with `{ $command }`
entry-ignored = OpenClaw ignores this entry ({ $reason })

## What to do about a file that cannot be read

unreadable-mark = The command copies the file and removes the mark, and nothing else. Check it with `authwatch status`. Until then keep OpenClaw's own doctor from repairing anything: it archives such a file without importing its logins
unreadable-encoding = Copy the file with the command, then save it as UTF-8 without a byte order mark. Check it with `authwatch status`. Until then keep OpenClaw's own doctor from repairing anything: it archives such a file without importing its logins
unreadable-syntax = Copy the file with the command, then correct that place in an editor. Check it with `authwatch status`. Until then keep OpenClaw's own doctor from repairing anything: it archives such a file without importing its logins
unreadable-shape = Copy the file with the command, then put the logins back under `profiles` in an editor, as in {"{"}"version": 1, "profiles": {"{"}…{"}"}{"}"}. Check it with `authwatch status`. Until then keep OpenClaw's own doctor from repairing anything: it archives such a file without importing its logins
unreadable-database = Stop OpenClaw, copy the file with the command, and with it those beside it that end in -wal and -shm; then put a good copy in its place, or recover it with `.recover` of sqlite3. Check it with `authwatch status`. Then start OpenClaw again
unreadable-row = Stop OpenClaw, copy the file with the command, then correct that document with sqlite3: it is in `auth_profile_store`, or in `config_machine_state` under `authProfiles.store`. Check it with `authwatch status`. Then start OpenClaw again
unreadable-permission = Step 1: the command shows its owner and mode. Step 2: let the user that runs OpenClaw read it, with chown or chmod
unreadable-newer = It is newer than this authwatch: update authwatch
unreadable-file = Step 1: the command shows what is there. Step 2: put a good copy in its place

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
for-models = for { $models }
key-from-process = key of { $provider } from the environment
key-from-dotenv = key of { $provider } from .env
key-from-configuration = key of { $provider } from openclaw.json
key-from-not_needed = needs no key
key-from-service = key of { $provider } from the gateway's service
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
state-malformed = Cannot work
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
check-note-because = `--check` exits with { $code }, as OpenClaw's own check does:{ $causes }

## Doctor: what it finds. Each text is `finding-` and the code of the finding, some with a variant

finding-state-file-broken = { $problem }. OpenClaw continues without it: the order of profiles and all cooldowns are lost
finding-store-mode-all = its mode is { $mode }: everybody on this machine can access the credentials in it
finding-store-mode-group = its mode is { $mode }: its group can access the credentials in it
finding-directory-open = its mode is { $mode }: everybody on this machine can replace the store in it
finding-store-owner = it belongs to user { $user }, but OpenClaw's state directory belongs to user { $owner }: OpenClaw cannot store what it renews
finding-store-symlink = it is a link to { $target }: OpenClaw and authwatch write through it
finding-store-linked-twice = it links to { $target }, as the store of `{ $agent }` does. Locks are named after the links, so both can write at once and lose a login
finding-entry-rejected = OpenClaw drops this entry when it loads the store: { $reason }. Copy the store with the command, then correct the entry or remove it
finding-entry-mistyped = its `type` is oauth, but it holds only a `token`, which OpenClaw does not read there. Its type should be token: set it up again as one
finding-expires-in-seconds = its `expires` is in seconds, but OpenClaw expects milliseconds: the login seems to have expired in 1970
finding-expires-invalid = its `expires` is not a valid time, so nobody knows when the login expires: set it up again
finding-token-cut = a line break or a space splits it, as when it is copied from a narrow terminal: the provider refuses it
finding-token-pasted-text = something was pasted along with it (a prompt, quotes, the name of a variable, white space): the provider refuses it
finding-token-placeholder = holds a placeholder or a redacted copy in the place of a key: the provider refuses it
finding-token-short = it is shorter than any setup token: its end was lost at a line break. Paste it again, in one line
finding-token-wrong-kind-token = a setup token is stored as an API key: Anthropic accepts it for Claude Code only and refuses everything else
finding-token-wrong-kind-key = an API key is stored as a token: Anthropic refuses it
finding-legacy-not-imported = { $logins } not imported from this file of an early release. OpenClaw up to 2026.5 imports it at its next start, later releases do not; nobody renews it until then
finding-legacy-not-imported-superseded = { $logins } of an early release in this file, but agent main has newer ones with the same names. OpenClaw up to 2026.5 gives this agent the old ones, which no longer work: move the file away, and the agent inherits the login of agent main
finding-import-backup = an import left this copy behind; nothing reads it, and it holds logins in clear text. The store has logins of the same names
finding-import-backup-kept = an import left this copy behind; nothing reads it, and it may hold logins that are nowhere else. Remove it only once you know that they are not needed
finding-import-backup-unique = an import put this file away, and it holds logins that are in no store: { $logins }. Keep it until they are set up again
finding-import-backup-marked = OpenClaw's import put this file away without importing its logins ({ $logins }), because of the byte order mark it begins with. The command puts them back without the mark and imports them
finding-two-owners = it holds logins that all agents would share, and so does { $file }, which OpenClaw reads: it does not see what is stored here
finding-token-shared = the same refresh token is stored for { $others }: the first to renew logs the others out. Sign in once for each
finding-copy-drifted = seems to be an old copy of the login of agent `{ $agent }`: that one was renewed, and this one was not. Its refresh token no longer works
finding-two-accounts = it is for another account than the profile with this name of agent `{ $agent }`. If that is intended, nothing is wrong
finding-two-accounts-more = it is for another account than the profile with this name of agent `{ $agent }`, as are those of { $others }. If that is intended, nothing is wrong
finding-account-mismatch = its access token is for another account than the profile says: two logins were mixed
finding-login-never-renewed = it has no refresh token, so it is never renewed: when it expires, somebody has to sign in again
finding-login-unsupported = authwatch cannot renew logins of its provider: when it expires, OpenClaw renews it, or somebody signs in again
finding-token-old = it has no expiry and was pasted { $age } ago or earlier: setup tokens last for a year
finding-cooldown-stuck = OpenClaw does not use it for another { $left }, longer than it ever would on its own: the clock was wrong, or the file was edited. Sign in again to end that
finding-profile-disabled = OpenClaw has disabled it for another { $left }: { $reason }
finding-provider-without-auth = `{ $provider }`: { $summary }
finding-provider-without-auth-more = `{ $provider }`: { $summary }, here and for { $others }
finding-key-only-in-service = the key of `{ $provider }` is in OpenClaw's service ({ $service }), but not in this shell: the service can use the provider, and `status --check` reports it as missing, as OpenClaw's own check in this shell does
finding-order-names-absent-agent = the agent's order for `{ $provider }` names { $absent }: OpenClaw skips it
finding-order-names-absent-agent-unknown = the agent's order names { $absent }: OpenClaw skips it
finding-order-names-absent-config = `auth.order` for `{ $provider }` names { $absent }: OpenClaw skips it
finding-order-names-absent-config-unknown = `auth.order` names { $absent }: OpenClaw skips it
finding-order-empty = `auth.order` lists nothing for `{ $provider }`: OpenClaw then uses none of its profiles
finding-profile-not-stored = the configuration names this profile, but no store has it: nobody has signed in, or the login was lost
finding-profile-mode-mismatch = its { $field } is `{ $configured }` in the configuration and `{ $stored }` in the store: OpenClaw then ignores the profile
finding-key-unseen-by-service = the key of `{ $provider }` is in this shell's { $variable }, but OpenClaw's service ({ $service }) does not have it: add it to { $file }, then restart the service
finding-provider-retired = the model { $model } is of a provider that OpenClaw 2026.8 and later do not have: the models are those of `openai` there. Its doctor with `--fix` writes the new name
finding-profile-retired = OpenClaw 2026.8 and later do not use this profile: they take the login of the Claude CLI itself. Its doctor with `--fix` removes the profile, and the login stays
finding-key-in-configuration = the key of `{ $provider }` is in openclaw.json in clear text: whatever may read the configuration, agents included, may see it. A reference to a secret (`openclaw secrets configure`) does not have that fault
finding-variable-misspelled = `{ $found }` is set, which OpenClaw does not read, and `{ $known }` is not: the key of `{ $provider }` is expected there
finding-store-misplaced = OpenClaw does not look for a store here, so it does not use the { $logins } in this file. Its place is { $place }
finding-store-misplaced-database = OpenClaw does not look for a database here, so it uses none of the logins in it. Its place is { $place }
finding-other-state-directory = another state directory of OpenClaw's, with logins of its own, which were not looked at
finding-env-malformed = line { $line } is not NAME=VALUE, or a quote in it is not closed: OpenClaw skips it, or reads the quote as a part of the value
finding-env-malformed-more = line { $line } and { $more } more are not NAME=VALUE, or a quote in them is not closed: OpenClaw skips them, or reads the quote as a part of the value
finding-env-unreadable = { $problem }: OpenClaw gets none of the keys in it
finding-config-mode = its mode is { $mode }: everybody on this machine can read the keys in it
finding-env-mode = its mode is { $mode }: everybody on this machine can read the keys in it
finding-lock-stale = a lock from { $age } ago whose process no longer runs: by the rules of every release it may be removed
finding-lock-held = process { $process } has locked it for { $age }: nothing takes that long. If the process hangs, restart it
finding-lock-wedged = a lock from { $age } ago that names process { $pid }, but not when it started. Another process has that ID now, so OpenClaw waits for it forever and does not renew the login
finding-lock-foreign = a lock directory, as OpenClaw used before 2026.2: an early release runs beside the current one, and neither sees all locks of the other
finding-leftover-draft = authwatch was killed while it wrote this file; everything in it is stored elsewhere
finding-leftover-temp = a draft that another program left behind; nothing reads it, and it may hold logins
finding-draft-newer = its writer was stopped before this file replaced the store, and it holds a newer login than the store. If the login in the store is refused, restore this one
finding-draft-newer-renewed = authwatch was killed before it could store a renewed login, and this file has the only copy
finding-rescue-waiting = a login was renewed and could not be stored; this file has the only copy, and the token in the store no longer works
finding-rescue-superseded = a recovery file that is not needed any more: somebody signed in meanwhile
finding-rescue-other-account = a provider renewed a login with tokens of another account, which were not stored: the refresh token of one account is in the profile of another. Sign in to that profile again
finding-own-config = authwatch's own configuration is invalid, so `refresh` and `watch` do not start: { $problem }
finding-own-state = authwatch cannot write to its own state directory here, and renews nothing without it
finding-own-state-nowhere = authwatch has no place for its own state, so it cannot renew: set HOME, XDG_STATE_HOME or STATE_DIRECTORY
finding-own-state-unusable = authwatch's own state cannot be used, so it does not know which logins were refused, and renews nothing: { $problem }
finding-own-state-mode = its mode is { $mode }: others on this machine can read authwatch's own state
finding-old-backups = { $count } copies from before a change are older than { $days } days and hold keys and logins of that time; authwatch removes all but the newest few of each file
finding-secret-file-missing = the configuration names this file, but it cannot be read: { $problem }
finding-secret-file-mode = its mode is { $mode }: others on this machine can read a secret of authwatch
finding-demo-leftover = a demo that was killed left its made-up data here
finding-notify-setting = notifications would not be sent: { $setting }: { $problem }
finding-channel-failing = the channel `{ $channel }` has accepted nothing since { $since }, and { $waiting } waiting: { $problem }
finding-run-overdue = its last run was { $ago } ago: the timer is not active, or every run fails
finding-not-scheduled = authwatch is configured, but nothing was found that runs it: no service, timer, Termux job, or daemon. A crontab cannot be checked
finding-textfile-directory = `watch.textfile` names a file here, but authwatch cannot write to this directory: Prometheus sees nothing
finding-clock-off = this machine's clock is { $off } { $way } { $host }'s: logins expire sooner or later than they seem to
finding-endpoint-unreachable = no token endpoint answers ({ $host }: { $problem }): nothing can be renewed until one does

## Doctor: parts of what it finds

finding-access-left = ; its access token works for another { $left }
finding-failed = ; failed { $times } times in { $span }
finding-unused = ; it expired { $ago } ago, and refresh tokens that are not used expire, too
entry-non-object = it is not an object
entry-invalid-type = its `type` is not api_key, token, or oauth
entry-missing-provider = it names no provider
disabled-billing = the account has run out of credit, or its payment failed
disabled-auth = the provider refuses the login: sign in again
disabled-unexplained = no reason is recorded
absent-profile = `{ $profile }`, which does not exist
absent-profiles = { $count ->
    [one] 1 profile that does not exist
   *[other] { $count } profiles that do not exist
}
other-agents = { $count ->
    [one] 1 other agent
   *[other] { $count } other agents
}
messages = { $count ->
    [one] 1 message is
   *[other] { $count } messages are
}

## Doctor: the report

findings = { $count ->
    [one] 1 finding
   *[other] { $count } findings
}
doctor-fine = no problems found
doctor-counts = { $findings }: { $critical } critical, { $warning } warning, { $info } info
doctor-would = `authwatch doctor --fix` would
doctor-undo = to undo:
doctor-left = still open:
doctor-no-backups = cannot keep backups, so nothing was changed: set HOME or XDG_STATE_HOME
doctor-nothing-to-fix = there is nothing that --fix could fix
doctor-cannot-ask = cannot prompt: standard input is not a terminal. Nothing was changed; --yes makes every change without asking
doctor-not-asked = { $count ->
    [one] 1 change to a credential was not made; --yes makes it without asking
   *[other] { $count } changes to credentials were not made; --yes makes them without asking
}
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
subject-malformed = holds something that cannot work
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

## The page: parameters may be markup, so no text holds any

page-skip = Skip to the content
page-sections = Sections
page-nav-expirations = Upcoming
page-nav-logins = Logins
page-nav-activity = Activity
page-nav-stores = Stores
page-footer-checked = { " " }· last checked { $at }
page-for-programs = For programs
page-metrics = Metrics
page-json = Report as JSON
page-without-javascript = Without JavaScript, this page shows data from when it was loaded, in the time zone of the machine that runs authwatch.
page-verdict = Verdict
page-checking = Checking…
page-checking-more = The first check of all logins is running. This takes a moment.

## The page: what the script says

page-connection-lost = Connection lost.
page-no-check = No check for more than 5 minutes.
page-data-from = Showing data from { $at }.
page-copied = Copied
page-copied-said = The command was copied.
page-selected = Selected
page-selected-said = The command is selected.

## The page: verdict, tiles, and what needs people

page-less-urgent = { $count ->
    [one] 1 of them is less urgent.
   *[other] { $count } of them are less urgent.
}
page-all-work-now = Nothing critical needs you now.
page-no-login-yet = No agent has a login yet. Set one up with { $command }.
page-next = Next to expire: { $login }, in { $left }.
page-login-at = agent { $agent }: { $name }
page-on-host = { $verdict } on { $host }
page-last-checked = Last checked { $ago } ago, { $at }.
page-renewal-on = Automatic renewal is on.
page-renewal-off = Automatic renewal is off.
page-tile-agents = Agents
page-tile-ok = OK
page-tile-info = Info
page-tile-warning = Warning
page-tile-critical = Critical
page-needs = What needs you
page-needs-more = And { $count } more: { $all }.
page-needs-all = everything that needs attention
page-since = Since { $at }, { $ago } ago.
page-left = { $left } left.
page-unused = No configured model uses it.
page-also-used-by = Also used by { $agents }.
page-copy = Copy
page-copy-label = Copy the command: { $purpose }

## The page: expirations

page-expirations = Expirations
page-no-expirations = No login has an expiry time.
page-nothing-expires = Nothing expires within 7 days.
page-all-renew = Everything that expires within 7 days renews automatically.
page-people-needed = { $count ->
    [one] 1 login needs you within 7 days.
   *[other] { $count } logins need you within 7 days.
}
page-key-needs = needs you
page-key-renews = renews automatically
page-as-list = As a list
page-expires = { $login } expires in { $left }, { $at }.
page-renews = { $login } renews automatically; its access token expires in { $left }, { $at }.
page-expirations-more = And { $count } more, { $later } of them after more than 7 days.
page-chart-lanes = When logins expire
page-chart-columns = How many logins expire when
page-chart-description = { $expirations }: { $within } within 7 days, { $later } later. { $people } a person, { $renewals } automatically. Each is listed below.
page-chart-expirations = { $count ->
    [one] 1 expiration
   *[other] { $count } expirations
}
page-chart-people = { $count ->
    [one] 1 needs
   *[other] { $count } need
}
page-chart-renewals = { $count ->
    [one] 1 renews
   *[other] { $count } renew
}
page-now = now
page-later = later
page-1-hour = 1 h
page-6-hours = 6 h
page-12-hours = 12 h
page-1-day = 1 day
page-2-days = 2
page-4-days = 4
page-7-days = 7

## The page: the list of logins

page-logins = Agents and logins
page-lines = { $count ->
    [one] 1 line
   *[other] { $count } lines
}
page-that-need-attention = { " " }that need attention
page-for-query = { " " }for “{ $query }”
page-of-pages = , page { $page } of { $pages }
page-none-needs-attention = Nothing here needs attention.
page-no-match = Nothing matches.
page-only-inherited = Only logins inherited from agent main.
page-filter = Filter the logins
page-find = Find
page-find-hint = agent, profile or provider
page-show = Show
page-show-attention = Needs attention
page-show-all = All
page-sort = Sort by
page-sort-agent = Agent
page-sort-left = Time left
page-sort-provider = Provider
page-apply = Apply
page-column-state = State
page-column-login = Login
page-column-left = Time left
page-column-renewal = Renewal
page-default = default
page-own-logins = Command line tools’ own logins
page-observed = observed, never touched
page-api-key = API key
page-oauth = OAuth
page-token = token
page-in-use = in use
page-from-main = from agent main
page-not-imported = not imported yet
page-cooling-down = Cooling down for another { $left }.
page-cooling-down-because = Cooling down ({ $reason }) for another { $left }.
page-disabled = Disabled by OpenClaw for another { $left }.
page-disabled-because = Disabled by OpenClaw ({ $reason }) for another { $left }.
page-expired-ago = expired { $ago } ago
page-no-expiry = no expiry
page-unknown = unknown
page-renewal-manual = manual
page-renewal-not-needed = not needed
page-renewal-automatic = automatic
page-renewal-in-progress = in progress
page-renewal-sign-in-needed = needs sign-in
page-renewal-blocked = blocked by the network
page-renewal-own-program = by its own program
page-renewal-not-supported = not supported
page-renewal-sign-in = sign-in
page-inherited = { $count ->
    [one] 1 login inherited from agent main
   *[other] { $count } logins inherited from agent main
}
page-for-agents = for { $agents }
page-combinations-more = And { $count } other combinations.
page-names-more = { " " }and { $count } more
page-pages = Pages of the list
page-previous = Previous
page-page = Page { $page } of { $pages }
page-next-page = Next

## The page: activity, stores, and notifications

page-activity = Activity
page-no-activity = Nothing has changed since authwatch started.
page-earlier = { $count } earlier
page-ago = { $ago } ago
page-of-agent = agent { $agent }
page-event-renewed = Renewed
page-event-renewal-failed = Renewal failed
page-event-worse = Worse
page-event-better = Better
page-event-new = New
page-event-removed = Removed
page-event-store-broken = Store unreadable
page-event-store-fixed = Store readable again
page-event-openclaw-broken = OpenClaw’s configuration broken
page-event-openclaw-fixed = OpenClaw’s configuration OK
page-event-configuration = Configuration
page-stores = Stores
page-stores-ok = Every store can be read.
page-stores-more = { $count } more with problems
page-stores-fine = { $count ->
    [one] 1 store OK
   *[other] { $count } stores OK
}
page-stores-cut = And { $count } more, all of them in { $report }.
page-stores-report = the report as JSON
page-store-json = JSON
page-store-none = none of its own
page-store-mode = mode { $mode }
page-store-uid = UID { $uid }
page-store-state-error = Its file with order and usage: { $problem }. OpenClaw ignores it.
page-channels = Notifications
page-channels-none = None configured. Set up channels under { $section } in authwatch’s configuration.
page-channel-delivered = last delivered { $ago } ago
page-channel-unused = nothing sent yet
page-channel-waiting = { $count ->
    [one] 1 message waiting
   *[other] { $count } messages waiting
}
page-channel-failing = Failing for { $ago }: { $problem }

## What happened

event-agent-new = a new agent
event-agent-removed = the agent was removed
event-profile-removed = the profile was removed
event-openclaw-fixed = it can be used again
event-store-fixed = the store can be read again
event-changed = { $state }, was { $before }
event-needs-sign-in = { $state }, was { $before }; the login needs sign-in
event-renewed = renewed, valid for { $left }, until { $at }
event-not-renewed = not renewed: { $reason }
event-configuration-read = the configuration was read again
event-configuration-refused = the configuration was refused: { $problem }

## The state of an access token

token-static = valid, no expiry
token-valid-for = valid, { $left } left
token-valid = valid
token-expiring-in = expiring, { $left } left
token-expiring = expiring
token-expired-since = expired { $left } ago
token-expired = expired
token-missing = missing

## One line for systemd and Nagios

status-line = { $agents }: { $valid } valid, { $expiring } expiring, { $missing } missing
nagios-needs = { $problems }: { $critical } critical, { $warning } warning
nagios-providers = { $count ->
    [one] 1 provider in use without a login
   *[other] { $count } providers in use without a login
}
nagios-stores = { $count ->
    [one] 1 store unreadable
   *[other] { $count } stores unreadable
}
nagios-next = next { $login } in { $left }

## Severities, as people read them

severity-critical = critical
severity-warning = warning
severity-info = info

## Messages: besides their text

message-open-page = Open status page
alerts = { $count ->
    [one] 1 alert
   *[other] { $count } alerts
}

## Channels: what is wrong with their settings, completing a setting's name

setting-missing = there is none
setting-no-thresholds = with none, nobody is notified before a login expires
setting-user-in-url = a user and a password in an address are not used: set token_file
setting-token-unprotected = a token would be sent without encryption: use https
setting-invalid-url = invalid address `{ $url }`
setting-tls-none = `none` is for a mail server on this machine only, and `{ $host }` is another
setting-no-recipients = there are no recipients
setting-invalid-mail-address = invalid mail address `{ $address }`: { $error }
setting-no-password = there is a username, but no password_file or password_env
setting-no-username = there is a password, but no username
setting-no-url = there is none: set url, url_file, or url_env
setting-no-chat-id = Telegram needs the ID of a chat
setting-no-gotify-token = Gotify needs the token of an application
setting-hold-too-short = alerts would end before they are sent again: use at least 1m

## Channels: why a message was not delivered, and what a channel answered

delivery-timeout = no answer in time
delivery-no-url = no address is configured
delivery-no-urls = no addresses are configured
delivery-no-topic = no topic is configured
delivery-no-chat-id = no chat_id is configured
delivery-no-command = no program is configured
delivery-invalid-url = invalid address: it must begin with https:// or http://
delivery-invalid-token = the token contains characters that a header cannot have
delivery-redirected = { $answer }: configure the address that it redirects to
delivery-by-members = { $accepted } of { $members } accepted it
delivery-command-timeout = `{ $program }` took longer than { $seconds } s and was stopped
delivery-command-not-run = cannot run `{ $program }`: { $error }
delivery-mail-tls = the server's certificate does not verify, or the server has no TLS: { $problem }
delivery-mail-not-written = cannot write the mail: { $error }
delivery-no-tls = cannot set up TLS: { $error }
delivery-unreadable-certificates = cannot read the certificates in `{ $path }`: { $error }
delivery-to-some = accepted for { $accepted } of { $recipients } recipients; { $failures }
