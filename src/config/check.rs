//! What is legal in a configuration but will not do, or is unwise: shared by `config check` and the doctor.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Config;
use super::problem::SettingProblem;
use super::secrets::SecretSource;

/// Files that are named and cannot be read, secrets that others may read, and variables that are not set.
#[must_use]
pub fn files(config: &Config) -> Vec<SettingProblem> {
    let plain = [
        ("watch.web_config_file", &config.watch.web_config_file),
        ("network.ca_file", &config.network.ca_file),
    ];
    let mut problems: Vec<SettingProblem> =
        plain.iter().filter_map(|(setting, path)| unreadable(setting, path.as_deref()?)).collect();
    for (setting, path) in secret_files(config) {
        problems.extend(unreadable(&setting, &path).or_else(|| over_open(&setting, &path)));
    }
    problems.extend(variables(config));
    problems
}

/// Every file that holds a secret, by the setting that names it.
#[must_use]
pub fn secret_files(config: &Config) -> Vec<(String, PathBuf)> {
    let page = config.watch.bearer_token_file.clone();
    let page = page.map(|path| ("watch.bearer_token_file".to_owned(), path));
    let clients = config.refresh.providers.iter().filter_map(|(id, provider)| {
        Some((format!("refresh.providers.{id}.client_secret_file"), provider.client_secret_file.clone()?))
    });
    let channels = secrets(config, |setting, source| {
        source.file().map(|file| (format!("{setting}_file"), file.to_owned()))
    });
    page.into_iter().chain(clients).chain(channels).collect()
}

/// Variables that are named and hold nothing.
#[must_use]
pub fn variables(config: &Config) -> Vec<SettingProblem> {
    secrets(config, |setting, source| {
        let problem = if source.file().is_none() { source.read().err()? } else { return None };
        Some(SettingProblem::new(format!("{setting}_env"), without_section(&problem)))
    })
}

/// What `find` says of every secret of the channels, given the setting that names its place.
fn secrets<T>(config: &Config, find: impl Fn(String, SecretSource<'_>) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    for (name, channel) in config.notify.channels() {
        let setting =
            |secret: &SecretSource<'_>| format!("notify.{}.{name}.{}", channel.as_str(), secret.name());
        found.extend(channel.secrets().into_iter().filter_map(|secret| find(setting(&secret), secret)));
    }
    found.extend(find("notify.heartbeat.url".to_owned(), config.notify.heartbeat.source()));
    found
}

fn without_section(problem: &str) -> String {
    problem.split_once(": ").map_or(problem, |(_, rest)| rest).to_owned()
}

fn unreadable(setting: &str, path: &Path) -> Option<SettingProblem> {
    let error = std::fs::File::open(path).err()?;
    let problem = SettingProblem::new(setting, format!("cannot read `{}`: {error}", path.display()));
    Some(match error.kind() {
        std::io::ErrorKind::NotFound => problem.hint("create it, or name the right file"),
        _ => problem.hint(format!("ls -l {}", path.display())),
    })
}

fn over_open(setting: &str, path: &Path) -> Option<SettingProblem> {
    let mode = path.metadata().ok()?.mode();
    // A group may be meant (root:authwatch 0640 is usual for a service); everybody never is.
    (mode & 0o007 != 0).then(|| {
        let problem =
            format!("`{}` holds a secret and is open to everybody ({:04o})", path.display(), mode & 0o7777);
        SettingProblem::new(setting, problem).hint(format!("chmod 600 {}", path.display()))
    })
}
