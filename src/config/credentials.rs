//! Files that systemd hands over (`LoadCredential=`): it tells their directory when it starts the service, so a configuration
//! names them as `$CREDENTIALS_DIRECTORY/NAME`.

use std::borrow::Cow;

use toml::de::{DeTable, DeValue};

/// The variable systemd sets, and the only one that is put into a path.
pub(super) const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// Puts the directory into every setting that names a file. Where systemd has given none, the setting stays as it is: a
/// configuration is right all the same, and whatever needs the file says which one is not there.
pub(super) fn expand(configuration: &mut DeTable<'_>, directory: &str) {
    for (key, value) in configuration.iter_mut() {
        match value.get_mut() {
            DeValue::String(path) if key.get_ref().ends_with("_file") => {
                if let Some(rest) = behind_variable(path) {
                    *path = Cow::Owned(format!("{directory}{rest}"));
                }
            }
            value => below(value, directory),
        }
    }
}

fn below(value: &mut DeValue<'_>, directory: &str) {
    match value {
        DeValue::Table(table) => expand(table, directory),
        DeValue::Array(values) => values.iter_mut().for_each(|value| below(value.get_mut(), directory)),
        _ => {}
    }
}

/// What follows the variable at the beginning of a path.
fn behind_variable(path: &str) -> Option<&str> {
    let rest = ["$CREDENTIALS_DIRECTORY", "${CREDENTIALS_DIRECTORY}"]
        .iter()
        .find_map(|variable| path.strip_prefix(variable))?;
    rest.starts_with('/').then_some(rest)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use toml::de::Deserializer;

    use super::*;

    #[test]
    fn files_alone_are_named_by_it_at_any_depth() {
        let text = r#"
            listen = "$CREDENTIALS_DIRECTORY/no-file"
            ca_file = "${CREDENTIALS_DIRECTORY}/ca"
            [[channels]]
            password_file = "$CREDENTIALS_DIRECTORY/mail"
            token_file = "$CREDENTIALS_DIRECTORYX/other"
            key_file = "/etc/$CREDENTIALS_DIRECTORY/plain"
        "#;
        let mut configuration = DeTable::parse(text).expect("valid");
        expand(configuration.get_mut(), "/run/credentials/authwatch.service");
        let value = toml::Table::deserialize(Deserializer::from(configuration)).expect("valid");
        assert_eq!(value["listen"].as_str(), Some("$CREDENTIALS_DIRECTORY/no-file"));
        assert_eq!(value["ca_file"].as_str(), Some("/run/credentials/authwatch.service/ca"));
        let channel = &value["channels"][0];
        assert_eq!(channel["password_file"].as_str(), Some("/run/credentials/authwatch.service/mail"));
        assert_eq!(channel["token_file"].as_str(), Some("$CREDENTIALS_DIRECTORYX/other"));
        assert_eq!(channel["key_file"].as_str(), Some("/etc/$CREDENTIALS_DIRECTORY/plain"));
    }
}
