//! What is done with the TOML of a configuration before it is read: removed settings are dropped, credentials of systemd named.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::settings::SettingProblem;

/// Settings of earlier releases, which are accepted and ignored: section, key, and why. A line goes one release after its setting.
const REMOVED: [(&str, &str, &str); 2] = [
    (
        "refresh",
        "delegate_command",
        "was removed and is ignored, because `openclaw models status` can end a login in OpenClaw 2026.9",
    ),
    ("refresh", "delegate_timeout", "was removed together with `delegate_command`, and is ignored"),
];

/// Takes the removed settings out of a configuration; a problem for each.
pub(super) fn take_removed(configuration: &mut DeTable<'_>) -> Vec<SettingProblem> {
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

/// The variable in which systemd names the directory of a service's credentials (`LoadCredential=`). No other is expanded.
pub(super) const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Expands `$CREDENTIALS_DIRECTORY/` at the beginning of every setting that names a file.
///
/// Not called where systemd has named no directory: the configuration is valid all the same, and whatever needs the file reports it.
pub(super) fn expand_credentials(configuration: &mut DeTable<'_>, directory: &str) {
    for (key, value) in configuration.iter_mut() {
        match value.get_mut() {
            DeValue::String(path) if key.get_ref().ends_with("_file") => {
                let prefixes = ["$CREDENTIALS_DIRECTORY", "${CREDENTIALS_DIRECTORY}"];
                let rest = prefixes.iter().find_map(|prefix| path.strip_prefix(prefix));
                if let Some(rest) = rest.filter(|rest| rest.starts_with('/')) {
                    *path = Cow::Owned(format!("{directory}{rest}"));
                }
            }
            value => expand_below(value, directory),
        }
    }
}

fn expand_below(value: &mut DeValue<'_>, directory: &str) {
    match value {
        DeValue::Table(table) => expand_credentials(table, directory),
        DeValue::Array(values) => {
            values.iter_mut().for_each(|value| expand_below(value.get_mut(), directory));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use toml::de::Deserializer;

    use super::*;

    #[test]
    fn credentials_are_expanded_in_names_of_files_at_any_depth() {
        let text = r#"
            listen = "$CREDENTIALS_DIRECTORY/no-file"
            ca_file = "${CREDENTIALS_DIRECTORY}/ca"
            [[channels]]
            password_file = "$CREDENTIALS_DIRECTORY/mail"
            token_file = "$CREDENTIALS_DIRECTORYX/other"
            key_file = "/etc/$CREDENTIALS_DIRECTORY/plain"
        "#;
        let mut configuration = DeTable::parse(text).expect("valid");
        expand_credentials(configuration.get_mut(), "/run/credentials/authwatch.service");
        let value = toml::Table::deserialize(Deserializer::from(configuration)).expect("valid");
        assert_eq!(value["listen"].as_str(), Some("$CREDENTIALS_DIRECTORY/no-file"));
        assert_eq!(value["ca_file"].as_str(), Some("/run/credentials/authwatch.service/ca"));
        let channel = &value["channels"][0];
        assert_eq!(channel["password_file"].as_str(), Some("/run/credentials/authwatch.service/mail"));
        assert_eq!(channel["token_file"].as_str(), Some("$CREDENTIALS_DIRECTORYX/other"));
        assert_eq!(channel["key_file"].as_str(), Some("/etc/$CREDENTIALS_DIRECTORY/plain"));
    }
}
