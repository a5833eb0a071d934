//! What is legal in a configuration but does not work, or is unwise: shared by `config check` and the doctor.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Config, NotifyConfig};
use crate::channel::Channel;
use crate::settings::{SecretSource, SettingProblem};
use crate::texts::text;

/// Files that cannot be read, secrets that others can read, and variables that are not set.
#[must_use]
pub fn files(config: &Config) -> Vec<SettingProblem> {
    let plain = [
        ("watch.web_config_file", &config.watch.web_config_file),
        ("network.ca_file", &config.network.ca_file),
    ];
    let mut problems: Vec<SettingProblem> =
        plain.iter().filter_map(|(setting, path)| unreadable(setting, path.as_deref()?)).collect();
    for (setting, path) in secret_files(config) {
        problems.extend(unreadable(&setting, &path).or_else(|| open_to_everybody(&setting, &path)));
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

/// Variables that are named and not set.
#[must_use]
pub fn variables(config: &Config) -> Vec<SettingProblem> {
    secrets(config, |setting, source| {
        let problem = if source.file().is_none() { source.read().err()? } else { return None };
        Some(SettingProblem::new(format!("{setting}_env"), without_section(&problem)))
    })
}

/// What is wrong with the settings of notifications and channels.
#[must_use]
pub fn notifications(config: &NotifyConfig) -> Vec<SettingProblem> {
    let mut problems: Vec<SettingProblem> = config.channels().iter().flat_map(Channel::problems).collect();
    if config.enabled && config.thresholds.is_empty() {
        problems.push(SettingProblem::new("notify.thresholds", text("setting-no-thresholds", &[])));
    }
    problems
}

/// What `find` returns for the secrets of all channels. It gets the setting that names the secret, without `_file` or `_env`.
fn secrets<T>(config: &Config, find: impl Fn(String, SecretSource<'_>) -> Option<T>) -> Vec<T> {
    let channels = config.notify.channels();
    let of_channels = channels.iter().flat_map(Channel::secrets);
    let heartbeat = ("notify.heartbeat.url".to_owned(), config.notify.heartbeat.source());
    of_channels.chain([heartbeat]).filter_map(|(setting, secret)| find(setting, secret)).collect()
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

fn open_to_everybody(setting: &str, path: &Path) -> Option<SettingProblem> {
    let mode = path.metadata().ok()?.mode();
    // A group may be intended (root:authwatch 0640 is usual for a service), everybody never.
    (mode & 0o007 != 0).then(|| {
        let problem =
            format!("`{}` holds a secret and is open to everybody ({:04o})", path.display(), mode & 0o7777);
        SettingProblem::new(setting, problem).hint(format!("chmod 600 {}", path.display()))
    })
}
