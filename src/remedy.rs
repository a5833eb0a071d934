//! What to do about something: the exact command, written for the installation it is printed for. One table for reports, doctor,
//! page, and messages.

use std::path::Path;

use openclaw_auth::model::{
    AgentId, CredentialKind, Fault, ProviderId, StoreError, StoreErrorReason, Unimportable,
};
use openclaw_auth::paths::Roots;
use openclaw_auth::provider;
use openclaw_auth::release::Release;

use crate::error_catalog::{CauseRemedy, ErrorContext};
pub use crate::model::Remedy;
use crate::texts::text;

/// How commands are written so that they act on the state directory where something was seen, and exist in its release.
#[derive(Clone, Debug, PartialEq)]
pub struct Commands {
    /// `openclaw`, with what leads it to another state directory than the usual one.
    openclaw: String,
    authwatch: String,
    /// Whether logins are kept in JSON files, which authwatch's own commands write under OpenClaw's lock. OpenClaw's own of that
    /// time write without one, and lack `paste-api-key`.
    writes_json: bool,
}

impl Default for Commands {
    fn default() -> Self {
        Self { openclaw: "openclaw".to_owned(), authwatch: "authwatch".to_owned(), writes_json: false }
    }
}

impl Commands {
    /// For a state directory. `has_json_store`: whether any login is kept in a JSON file there.
    #[must_use]
    pub fn new(roots: &Roots, release: &Release, has_json_store: bool) -> Self {
        let writes_json = has_json_store && release.keeps_json();
        if writes_json { Self::for_json(roots) } else { Self::for_databases(roots) }
    }

    /// For logins that are kept in JSON files.
    #[must_use]
    pub fn for_json(roots: &Roots) -> Self {
        Self { writes_json: true, ..Self::for_databases(roots) }
    }

    /// For logins that are kept in databases, which OpenClaw alone changes.
    #[must_use]
    pub fn for_databases(roots: &Roots) -> Self {
        if roots.is_default_state() {
            return Self::default();
        }
        let state = std::path::absolute(&roots.state).unwrap_or_else(|_| roots.state.clone());
        let state = quote(&state.to_string_lossy());
        let openclaw = match roots.profile() {
            Some(profile) => format!("openclaw --profile {}", quote(&profile)),
            None => format!("OPENCLAW_STATE_DIR={state} openclaw"),
        };
        Self { openclaw, authwatch: format!("authwatch --state-dir {state}"), writes_json: false }
    }

    /// A command of OpenClaw's that changes logins. Every release takes the agent in front of the subcommand; behind it, some do not.
    #[must_use]
    pub fn models_auth(&self, agent: Option<&str>, subcommand: &str) -> String {
        let agent = agent.map(|agent| format!(" --agent {}", quote(agent))).unwrap_or_default();
        format!("{} models auth{agent} {subcommand}", self.openclaw)
    }

    /// The command that sets a profile's credential up anew.
    #[must_use]
    pub fn sign_in(
        &self,
        agent: &AgentId,
        provider: &ProviderId,
        kind: CredentialKind,
        profile: &str,
    ) -> String {
        let subcommand = match kind {
            CredentialKind::OAuth => "login",
            // OpenClaw's own knows no other profile.
            CredentialKind::Token
                if provider.as_str() == "anthropic"
                    && (self.writes_json || profile == "anthropic:default") =>
            {
                "setup-token"
            }
            CredentialKind::Token => "paste-token",
            CredentialKind::ApiKey => "paste-api-key",
        };
        self.set_up(agent, provider, subcommand, Some(profile))
    }

    /// The command that gives a provider its first login.
    #[must_use]
    pub fn first_login(&self, agent: &AgentId, provider: &ProviderId) -> String {
        self.set_up(agent, provider, if is_login(provider) { "login" } else { "paste-api-key" }, None)
    }

    fn set_up(
        &self,
        agent: &AgentId,
        provider: &ProviderId,
        subcommand: &str,
        profile: Option<&str>,
    ) -> String {
        let is_login = subcommand == "login";
        let is_own = self.writes_json && (!is_login || signs_in(provider));
        // What a pasted credential becomes where no profile is named.
        let pasted = format!("{}:manual", provider.as_str());
        let takes_profile = is_own || !self.writes_json && subcommand != "setup-token";
        let profile = profile
            .filter(|profile| takes_profile && (is_login || *profile != pasted))
            .map(|profile| format!(" --profile-id {}", quote(profile)))
            .unwrap_or_default();
        let of_provider = format!("{subcommand} --provider {}", quote(provider.as_str()));
        if is_own {
            return format!(
                "{} auth {of_provider}{profile} --agent {}",
                self.authwatch,
                quote(agent.as_str())
            );
        }
        self.models_auth(Some(agent.as_str()), &format!("{of_provider}{profile}"))
    }

    /// Shows in which order an agent's profiles of a provider are used, and why one is not.
    #[must_use]
    pub fn show_order(&self, agent: &AgentId, provider: &ProviderId) -> String {
        let (provider, agent) = (quote(provider.as_str()), quote(agent.as_str()));
        format!("{} auth order get --provider {provider} --agent {agent}", self.authwatch)
    }

    /// Renews one login now, even if its next attempt is later.
    #[must_use]
    pub fn refresh(&self, agent: &AgentId, profile: &str) -> String {
        format!(
            "{} refresh --agent {} --profile {} --force",
            self.authwatch,
            quote(agent.as_str()),
            quote(profile)
        )
    }

    /// Stores what waits in recovery files.
    #[must_use]
    pub fn store_recovered(&self) -> String {
        format!("{} refresh", self.authwatch)
    }

    /// Looks for what is wrong.
    #[must_use]
    pub fn doctor(&self) -> String {
        format!("{} doctor", self.authwatch)
    }

    /// Mends what can be mended without a person.
    #[must_use]
    pub fn fix(&self) -> String {
        format!("{} --fix", self.doctor())
    }

    /// A command of OpenClaw's, with its arguments as a shell takes them.
    #[must_use]
    pub fn openclaw(&self, arguments: &str) -> String {
        format!("{} {arguments}", self.openclaw)
    }

    /// Says of every secret that OpenClaw refers to whether it can be resolved.
    #[must_use]
    pub fn audit_secrets(&self) -> String {
        self.openclaw("secrets audit")
    }

    /// How to have OpenClaw import what older releases left. It imports for all agents at once, and archives what it cannot parse, too.
    #[must_use]
    pub fn import(&self, unimportable: Option<&Unimportable>) -> ImportAdvice {
        let Some(Unimportable { path, error }) = unimportable else {
            return ImportAdvice { first: String::new(), command: self.openclaw("doctor --fix") };
        };
        let Remedy { meaning, command } = for_unreadable(path, error);
        ImportAdvice {
            first: format!(". Before OpenClaw imports anything: {meaning}"),
            command: command.unwrap_or_else(|| format!("{} status", self.authwatch)),
        }
    }

    /// The command that resolves a cause, for whom it is about. What a message does not say stays a word in capitals.
    #[must_use]
    pub fn for_cause(&self, remedy: CauseRemedy, context: &ErrorContext) -> Option<String> {
        let agent = context.agent.as_deref();
        let provider = context.provider.as_deref();
        let of_provider = provider.map_or_else(|| "PROVIDER".to_owned(), quote);
        let auth =
            |subcommand: &str| self.models_auth(agent, &format!("{subcommand} --provider {of_provider}"));
        Some(match remedy {
            CauseRemedy::Wait => return None,
            CauseRemedy::PasteKey => auth("paste-api-key"),
            CauseRemedy::SignIn if provider == Some("anthropic") => auth("setup-token"),
            CauseRemedy::SignIn if provider.is_some_and(|provider| !is_login(&provider.into())) => {
                auth("paste-api-key")
            }
            CauseRemedy::SignIn => auth("login"),
            CauseRemedy::Run(template) => {
                let template = match agent {
                    Some(agent) => template.replace("{agent}", &quote(agent)),
                    None => template.replace(" --agent {agent}", ""),
                };
                let profile = context.profile.as_deref().map_or_else(|| "PROFILE".to_owned(), quote);
                template.replace("{provider}", &of_provider).replace("{profile}", &profile)
            }
        })
    }
}

/// Whether people sign in to a provider, rather than paste its key.
fn is_login(provider: &ProviderId) -> bool {
    provider::find(provider.as_str()).is_some_and(provider::Provider::has_logins)
}

/// Whether authwatch itself can take people to a provider's sign-in.
fn signs_in(provider: &ProviderId) -> bool {
    provider::find(provider.as_str()).is_some_and(|provider| provider.sign_in.is_some())
}

/// What to do about a file that could not be read. Whatever could lose what is in it comes after a copy of it.
#[must_use]
pub fn for_unreadable(path: &Path, error: &StoreError) -> Remedy {
    let shown = quote(&path.to_string_lossy());
    let meaning = &error.message;
    let Some(fault) = error.fault else {
        let command = match error.reason {
            StoreErrorReason::Permission => Some(format!("ls -l {shown}")),
            StoreErrorReason::Locked => None,
            // It is newer than this program.
            StoreErrorReason::Parse | StoreErrorReason::Schema => Some("authwatch --version".to_owned()),
            StoreErrorReason::TooLarge | StoreErrorReason::NotAFile | StoreErrorReason::Io => {
                Some(format!("ls -ld {shown}"))
            }
        };
        return Remedy { meaning: meaning.clone(), command };
    };
    let step = match fault {
        Fault::ByteOrderMark => "The command copies the file and removes the mark, and nothing else",
        Fault::Encoding => "Copy the file with the command, then save it as UTF-8 without a byte order mark",
        Fault::Syntax => "Copy the file with the command, then correct that place in an editor",
        Fault::Shape => {
            "Copy the file with the command, then put the logins back under `profiles` in an editor, as in {\"version\": 1, \"profiles\": {…}}"
        }
        Fault::Database => {
            "Stop OpenClaw, copy the file with the command, and with it those beside it that end in -wal and -shm; then put a good copy in its place, or recover it with `.recover` of sqlite3"
        }
        Fault::Row => {
            "Stop OpenClaw, copy the file with the command, then correct that document with sqlite3: it is in `auth_profile_store`, or in `config_machine_state` under `authProfiles.store`"
        }
    };
    let warning = match fault {
        Fault::Database | Fault::Row => "",
        _ => {
            ". Until then keep OpenClaw's own doctor from repairing anything: it archives such a file without importing its logins"
        }
    };
    Remedy {
        meaning: format!("{meaning}. {step}. Check it with `authwatch status`{warning}"),
        command: Some(match fault {
            Fault::ByteOrderMark => copy_without_mark(path),
            _ => copy(path),
        }),
    }
}

/// What to do about OpenClaw's configuration where it cannot be used.
#[must_use]
pub fn for_configuration(path: &Path, error: &StoreError) -> Remedy {
    let shown = quote(&path.to_string_lossy());
    // What OpenClaw can read and we cannot is our own trouble.
    let (effect, command) = match error.reason {
        StoreErrorReason::Parse => ("configuration-effect-fatal", copy(path)),
        StoreErrorReason::Permission => ("configuration-effect-unknown", format!("ls -l {shown}")),
        _ => ("configuration-effect-fatal", format!("ls -ld {shown}")),
    };
    let (effect, consequence) = (text(effect, &[]), text("configuration-consequence", &[]));
    Remedy { meaning: format!("{}. {effect}. {consequence}", error.message), command: Some(command) }
}

/// A copy beside the file that takes the place of no other copy. Its mode, owner and times are the file's.
#[must_use]
pub fn copy(path: &Path) -> String {
    let path = path.to_string_lossy();
    format!("cp -p -- {} {}$(date +%s)", quote(&path), quote(&format!("{path}.copy-")))
}

/// The same, and then the file without its byte order mark. Once the mark is gone it changes nothing.
fn copy_without_mark(path: &Path) -> String {
    let path = path.to_string_lossy();
    let (file, copy) = (quote(&path), quote(&format!("{path}.copy-")));
    format!(
        r#"copy={copy}$(date +%s); cp -p -- {file} "$copy" && LC_ALL=C sed "1s/^$(printf '\357\273\277')//" "$copy" > {file}"#
    )
}

/// How to have OpenClaw import what an older release left.
#[derive(Debug)]
pub struct ImportAdvice {
    /// What has to be done before, as the end of a sentence; empty where that is nothing.
    pub first: String,
    /// The command, or that of the first step.
    pub command: String,
}

/// Quotes a word for a POSIX shell. Ids come from other people's files.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_stay_one_word() {
        assert_eq!(quote("openai-codex"), "openai-codex");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("x'; rm -rf ~; '"), r"'x'\''; rm -rf ~; '\'''");
        assert_eq!(quote(""), "''");
    }
}
