//! Every kind of finding: its code, how bad it is unless the case at hand is milder, and whether `--fix` resolves it. The text of
//! each is `finding-` and its code.

use super::finding::FindingKind;

macro_rules! kinds {
    ($($name:ident = $new:ident($code:literal, $severity:ident);)+) => {
        $(pub(super) const $name: FindingKind = FindingKind::$new($code, crate::model::Severity::$severity);)+

        /// All of them.
        pub(super) const ALL: &[FindingKind] = &[$($name),+];
    };
}

kinds! {
    STORE_UNREADABLE = new("store-unreadable", Critical);
    STORE_BROKEN = new("store-broken", Critical);
    STORE_LOCKED = new("store-locked", Warning);
    STATE_FILE_BROKEN = new("state-file-broken", Warning);
    STORE_MODE = fixable("store-mode", Warning);
    DIRECTORY_OPEN = fixable("directory-open", Warning);
    STORE_OWNER = new("store-owner", Warning);
    STORE_SYMLINK = new("store-symlink", Info);
    STORE_LINKED_TWICE = new("store-linked-twice", Warning);

    STORE_MISPLACED = new("store-misplaced", Warning);
    OTHER_STATE_DIRECTORY = new("other-state-directory", Info);

    LEGACY_NOT_IMPORTED = new("legacy-not-imported", Warning);
    JSON_BESIDE_DATABASE = new("json-beside-database", Info);
    DATABASE_EMPTY = new("database-empty", Critical);
    LEGACY_BROKEN = new("legacy-broken", Warning);
    IMPORT_BACKUP = new("import-backup", Info);
    TWO_OWNERS = new("two-owners", Warning);

    ENTRY_REJECTED = new("entry-rejected", Warning);
    ENTRY_MISTYPED = new("entry-mistyped", Critical);
    EXPIRES_IN_SECONDS = fixable("expires-in-seconds", Critical);
    EXPIRES_INVALID = new("expires-invalid", Critical);
    TOKEN_CUT = fixable("token-cut", Critical);
    TOKEN_PASTED_TEXT = fixable("token-pasted-text", Critical);
    TOKEN_SHORT = new("token-short", Critical);
    TOKEN_WRONG_KIND = new("token-wrong-kind", Critical);
    TOKEN_PLACEHOLDER = new("token-placeholder", Critical);

    LOGIN_DEAD = new("login-dead", Critical);
    LOGIN_EXPIRED = new("login-expired", Critical);
    LOGIN_MISSING = new("login-missing", Critical);
    LOGIN_UNRESOLVED = new("login-unresolved", Warning);
    LOGIN_EXPIRING = new("login-expiring", Warning);
    LOGIN_BLOCKED = new("login-blocked", Critical);
    RENEWAL_FAILING = new("renewal-failing", Critical);
    LOGIN_EXTERNAL = new("login-external", Info);
    LOGIN_LAPSED = new("login-lapsed", Info);
    LOGIN_NEVER_RENEWED = new("login-never-renewed", Info);
    LOGIN_UNSUPPORTED = new("login-unsupported", Info);
    TOKEN_OLD = new("token-old", Warning);
    COOLDOWN_STUCK = new("cooldown-stuck", Warning);
    PROFILE_DISABLED = new("profile-disabled", Warning);

    TOKEN_SHARED = new("token-shared", Warning);
    COPY_DRIFTED = new("copy-drifted", Warning);
    TWO_ACCOUNTS = new("two-accounts", Info);
    ACCOUNT_MISMATCH = new("account-mismatch", Warning);

    CONFIG_BROKEN = new("config-broken", Critical);
    PROVIDER_WITHOUT_AUTH = new("provider-without-auth", Critical);
    PROVIDER_RETIRED = new("provider-retired", Warning);
    KEY_IN_CONFIGURATION = new("key-in-configuration", Info);
    KEY_ONLY_IN_SERVICE = new("key-only-in-service", Info);
    ORDER_NAMES_ABSENT = new("order-names-absent", Warning);
    ORDER_EMPTY = new("order-empty", Warning);
    PROFILE_NOT_STORED = new("profile-not-stored", Warning);
    PROFILE_RETIRED = new("profile-retired", Info);
    PROFILE_MODE_MISMATCH = new("profile-mode-mismatch", Warning);

    KEY_UNSEEN_BY_SERVICE = new("key-unseen-by-service", Critical);
    KEY_MALFORMED = new("key-malformed", Critical);
    VARIABLE_MISSPELLED = new("variable-misspelled", Warning);
    ENV_MALFORMED = new("env-malformed", Warning);
    ENV_MODE = fixable("env-mode", Warning);
    CONFIG_MODE = fixable("config-mode", Warning);
    ENV_UNREADABLE = new("env-unreadable", Critical);

    LOCK_STALE = fixable("lock-stale", Warning);
    LOCK_HELD = new("lock-held", Warning);
    LOCK_WEDGED = new("lock-wedged", Critical);
    LOCK_FOREIGN = new("lock-foreign", Warning);
    LEFTOVER_DRAFT = fixable("leftover-draft", Info);
    LEFTOVER_TEMP = new("leftover-temp", Info);
    DRAFT_NEWER = new("draft-newer", Warning);

    RESCUE_WAITING = new("rescue-waiting", Critical);
    RESCUE_SUPERSEDED = new("rescue-superseded", Info);
    RESCUE_OTHER_ACCOUNT = new("rescue-other-account", Warning);
    OWN_CONFIG = new("own-config", Critical);
    SETTING_REMOVED = new("setting-removed", Warning);
    OWN_STATE = new("own-state", Critical);
    OWN_STATE_MODE = fixable("own-state-mode", Warning);
    OLD_BACKUPS = new("old-backups", Info);
    SECRET_FILE_MISSING = new("secret-file-missing", Critical);
    SECRET_FILE_MODE = fixable("secret-file-mode", Warning);
    DEMO_LEFTOVER = fixable("demo-leftover", Info);

    NOTIFY_SETTING = new("notify-setting", Critical);
    CHANNEL_FAILING = new("channel-failing", Warning);
    RUN_OVERDUE = new("run-overdue", Warning);
    NOT_SCHEDULED = new("not-scheduled", Info);
    TEXTFILE_DIRECTORY = new("textfile-directory", Warning);
    CLOCK_OFF = new("clock-off", Warning);
    ENDPOINT_UNREACHABLE = new("endpoint-unreachable", Warning);

    CHECK_DIFFERS = new("check-differs", Info);
}
