//! Files that systemd hands over (`LoadCredential=`): it tells their directory when it starts the service, so a configuration
//! names them as `$CREDENTIALS_DIRECTORY/NAME`.

use toml::Value;

/// The variable systemd sets, and the only one that is put into a path.
pub(super) const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// Puts the directory into every setting that names a file. Where systemd has given none, the setting stays as it is: a
/// configuration is right all the same, and whatever needs the file says which one is not there.
pub(super) fn expand(value: &mut Value, directory: &str) {
    match value {
        Value::Table(table) => {
            for (key, value) in table.iter_mut() {
                match value {
                    Value::String(path) if key.ends_with("_file") => {
                        if let Some(rest) = behind_variable(path) {
                            *path = format!("{directory}{rest}");
                        }
                    }
                    value => expand(value, directory),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| expand(value, directory)),
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
        let mut value = Value::Table(toml::from_str(text).expect("valid"));
        expand(&mut value, "/run/credentials/authwatch.service");
        assert_eq!(value["listen"].as_str(), Some("$CREDENTIALS_DIRECTORY/no-file"));
        assert_eq!(value["ca_file"].as_str(), Some("/run/credentials/authwatch.service/ca"));
        let channel = &value["channels"][0];
        assert_eq!(channel["password_file"].as_str(), Some("/run/credentials/authwatch.service/mail"));
        assert_eq!(channel["token_file"].as_str(), Some("$CREDENTIALS_DIRECTORYX/other"));
        assert_eq!(channel["key_file"].as_str(), Some("/etc/$CREDENTIALS_DIRECTORY/plain"));
    }
}
