# What is shown of an incident. Ids come from other people's files: what a screen would obey is left out.

def plain: tostring | gsub("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]"; "?");

def states: {
  dead: "needs a new login", missing: "holds no credential", expired: "has ended", expiring: "ends soon",
  lapsed: "was not renewed", disabled: "is set aside by OpenClaw", provider_missing: "has no login",
  store_unreadable: "cannot be read", store_stranded: "has lost its logins", rescued: "could not be stored",
  gone: "is gone", channel_failing: "takes no messages", config_unreadable: "cannot be used"
};

# One line that says what it is.
def title:
  (if .of == "store" then "the store" elif .of == "agent" then "the agent"
    elif .of == "config" then "OpenClaw's configuration"
    elif .of == "rescue" then "the new login of \(.profile)" else .profile // .provider // .of end) as $name
  | (if (.agent // "") == "" then $name else "\($name) of \(.agent)" end)
    + " " + (states[.condition // ""] // .condition // "has changed")
  | plain;

def local_time: sub("\\.[0-9]+"; "") | sub("\\+00:00$"; "Z") | . as $text
  | try (fromdate | strflocaltime("%Y-%m-%d %H:%M")) catch $text;

# What stands below: what it means, since or until when, where, and the command that mends it.
def text:
  [
    (.meaning // empty),
    ({expiring: "until", expired: "since", lapsed: "since"}[.condition // ""] as $word
      | select($word) | .ends // empty | "\($word) \(local_time)"),
    (.host // empty | "on \(.)"),
    (.command // empty | "$ \(.)")
  ] | map(plain | select(. != "")) | join("\n");

# Whether a new token mends it.
def can_sign_in: (.of == "profile" or .of == "provider") and .provider != null
  and (.condition | IN("lapsed", "disabled", "gone") | not);

# The arguments of authwatch that store a new login in the place of this one.
def signing_in($verb):
  ["auth", $verb, "--provider=" + .provider, "--agent=" + .agent]
    + (if .profile then ["--profile-id=" + .profile] else [] end);

# The arguments of termux-notification. Actions are run by a shell: this program's place and a key, nothing else.
def notification($key; $program):
  ($program | @sh) as $program
  | ["--id", "authwatch-" + $key, "--group", "authwatch", "--icon", "vpn_key"]
    + ["--priority", (if .severity == "critical" then "high" else "default" end)]
    + ["--title", title, "--content", text]
    + (if can_sign_in then "\($program) sign-in \($key)" as $act
        | ["--action", $act, "--button1", "Sign in", "--button1-action", $act] else [] end)
    + (if .command then ["--button2", "Copy command", "--button2-action", "\($program) copy \($key)"] else [] end)
    + (if (.url // "") != "" then ["--button3", "Open page", "--button3-action", "\($program) open \($key)"] else [] end);
