//! Settings of earlier releases that are still accepted, and ignored. Each goes from here a release after it was removed.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::SettingProblem;

const REMOVED: [(&str, &str, &str); 2] = [
    (
        "refresh",
        "delegate_command",
        "was removed and is ignored, because `openclaw models status` can end a login in OpenClaw 2026.9",
    ),
    ("refresh", "delegate_timeout", "was removed together with `delegate_command`, and is ignored"),
];

/// Takes the removed settings out of a configuration, and says why each is gone.
pub(super) fn take(configuration: &mut DeTable<'_>) -> Vec<SettingProblem> {
    let mut taken = Vec::new();
    for (section, key, why) in REMOVED {
        if let Some(DeValue::Table(settings)) = configuration.get_mut(section).map(Spanned::get_mut)
            && settings.remove(key).is_some()
        {
            let problem = SettingProblem::new(format!("{section}.{key}"), why);
            taken.push(problem.hint("delete the line"));
        }
    }
    taken
}
