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
    let channels = sources(config).into_iter().filter_map(|(setting, source)| {
        source.file().map(|file| (format!("{setting}_file"), file.to_owned()))
    });
    page.into_iter().chain(clients).chain(channels).collect()
}

/// Variables that are named and hold nothing.
#[must_use]
pub fn variables(config: &Config) -> Vec<SettingProblem> {
    let named = sources(config).into_iter().filter(|(_, source)| source.file().is_none());
    let unset = named.filter_map(|(setting, source)| {
        let problem = source.read().err()?;
        Some(SettingProblem::new(format!("{setting}_env"), without_section(&problem)))
    });
    unset.collect()
}

/// Every secret of the channels, by the setting that names its place.
fn sources(config: &Config) -> Vec<(String, SecretSource<'_>)> {
    let notify = &config.notify;
    let mut all = Vec::new();
    let setting = |kind: &str, name: &str, of: &str| format!("notify.{kind}.{name}.{of}");
    for (name, channel) in &notify.email {
        all.push((setting("email", name, "password"), channel.password()));
    }
    for (name, channel) in &notify.ntfy {
        all.push((setting("ntfy", name, "token"), channel.token()));
    }
    for (name, channel) in &notify.webhook {
        all.push((setting("webhook", name, "url"), channel.address()));
        all.push((setting("webhook", name, "secret"), channel.secret()));
        all.push((setting("webhook", name, "token"), channel.token()));
    }
    for (name, channel) in &notify.alertmanager {
        all.push((setting("alertmanager", name, "token"), channel.token()));
    }
    all.push(("notify.heartbeat.url".to_owned(), notify.heartbeat.source()));
    all
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
