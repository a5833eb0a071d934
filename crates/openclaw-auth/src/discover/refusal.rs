//! Configurations that a release refuses as a whole: none of its commands gets any further.

use crate::release::{Rules, Version};
use crate::settings::Settings;

/// Why a release refuses the configuration as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationRefusal {
    /// It cannot be read.
    Broken,
    /// It holds keys that the release does not know.
    UnknownKeys(Vec<String>),
    /// `models.providers` refers to variables that are not set.
    UnsetVariables(Vec<String>),
    /// The model for images is one that its provider has shut down.
    ShutDownModel(String),
}

/// Why a release refuses a configuration, if it does. One that cannot be read is `broken`.
pub(super) fn of(settings: &Settings, broken: bool, version: Version) -> Option<ConfigurationRefusal> {
    let rules = Rules::of(version);
    // The oldest go on as if there were no configuration.
    if broken {
        return (rules > Rules::Refreshable).then_some(ConfigurationRefusal::Broken);
    }
    let mut unknown: Vec<String> = Vec::new();
    if rules > Rules::Refreshable {
        unknown.extend(settings.sections.iter().filter(|key| !is_section(key, version)).cloned());
    }
    if version >= Version::new(2026, 9, 0) {
        unknown.extend(settings.direct_variables.iter().map(|name| format!("env.{name}")));
    }
    // A list is taken as entries, unless one of its ids cannot be a key.
    if rules == Rules::Selected && settings.agents.iter().any(|agent| !agent.is_spelled_well) {
        unknown.push("agents.list".to_owned());
    }
    if !unknown.is_empty() {
        return Some(ConfigurationRefusal::UnknownKeys(unknown));
    }
    if rules == Rules::InUse
        && let Some(model) = settings.image_model.primary.as_deref()
        && is_shut_down(model)
    {
        return Some(ConfigurationRefusal::ShutDownModel(model.to_owned()));
    }
    let unset = || settings.unset_variables.iter().cloned().collect();
    (rules == Rules::Selected && !settings.unset_variables.is_empty())
        .then(|| ConfigurationRefusal::UnsetVariables(unset()))
}

/// Whether a model is one of Google's that 2026.5 to 2026.7 know to be shut down, and refuse for images.
fn is_shut_down(model: &str) -> bool {
    let Some((provider, name)) = model.split_once('/') else { return false };
    let is_googles = matches!(provider, "google" | "google-gemini-cli" | "google-vertex");
    let starts = [
        "gemini-1.5-",
        "gemini-2.0-flash-exp",
        "gemini-2.0-flash-lite-preview",
        "gemini-2.0-flash-live-",
        "gemini-2.0-flash-preview-",
        "gemini-2.0-flash-thinking-exp",
        "gemini-2.0-pro-exp",
        "gemini-live-2.5-flash",
    ];
    let is_old_preview = |prefix: &str| {
        name.starts_with(prefix)
            && (name.contains("-preview") || name.contains("-exp"))
            && !name.contains("tts")
    };
    is_googles
        && (starts.iter().any(|start| name.starts_with(start))
            || is_old_preview("gemini-2.5-")
            || matches!(name, "gemini-3-pro-preview" | "gemini-3.1-pro-preview-customtools"))
}

/// The keys at the top level of a configuration that all releases know.
const SECTIONS: &[&str] = &[
    "$schema",
    "agents",
    "approvals",
    "auth",
    "bindings",
    "broadcast",
    "browser",
    "channels",
    "commands",
    "cron",
    "diagnostics",
    "discovery",
    "env",
    "gateway",
    "hooks",
    "logging",
    "messages",
    "meta",
    "models",
    "nodeHost",
    "plugins",
    "session",
    "skills",
    "talk",
    "tools",
    "ui",
    "update",
    "wizard",
    "acp",
    "mcp",
    "memory",
    "proxy",
    "secrets",
    "surfaces",
];

const V2026_5: Version = Version::new(2026, 5, 8);
const V2026_6: Version = Version::new(2026, 6, 0);
const V2026_7: Version = Version::new(2026, 7, 0);
const V2026_8: Version = Version::new(2026, 8, 0);
const V2026_9: Version = Version::new(2026, 9, 0);
const EARLIEST: Version = Version::new(0, 0, 0);
const LATEST: Version = Version::new(u16::MAX, 0, 0);

/// The keys that only some know: since which, and up to before which.
const SECTIONS_OF_SOME: &[(&str, Version, Version)] = &[
    ("accessGroups", V2026_5, LATEST),
    ("attachments", V2026_8, LATEST),
    ("audio", EARLIEST, V2026_8),
    ("audit", V2026_7, V2026_8),
    ("canvasHost", EARLIEST, V2026_8),
    ("cli", EARLIEST, V2026_8),
    ("cloudWorkers", V2026_8, LATEST),
    ("commitments", EARLIEST, V2026_8),
    ("crestodian", EARLIEST, V2026_8),
    ("desktop", V2026_8, LATEST),
    ("marketplaces", V2026_7, V2026_8),
    ("media", EARLIEST, V2026_8),
    ("security", V2026_5, LATEST),
    ("telemetry", V2026_8, LATEST),
    ("transcripts", V2026_5, LATEST),
    ("tts", V2026_8, LATEST),
    ("tui", V2026_6, V2026_8),
    ("web", EARLIEST, V2026_8),
    ("worktreeAcceleration", V2026_9, LATEST),
    ("worktreeRoot", V2026_9, LATEST),
];

/// Whether a release knows a key at the top level of a configuration.
fn is_section(key: &str, version: Version) -> bool {
    let in_some = |(name, since, until): &(&str, Version, Version)| {
        *name == key && *since <= version && version < *until
    };
    SECTIONS.contains(&key) || SECTIONS_OF_SOME.iter().any(in_some)
}
