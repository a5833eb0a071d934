//! What a condition means for a person, and the command that mends it. One table for reports, doctor, page and notices.

use std::path::Path;

use openclaw_auth::model::{
    AgentId, ConfigHealth, CredentialKind, Fault, ProviderId, ReasonCode, StoreError, StoreErrorReason,
    StoreHealth, StrandedKind, Unimportable,
};
use openclaw_auth::provider::{self, Provider};

use crate::error_catalog::{self, CauseRemedy, ErrorContext};
pub use crate::model::Remedy;
use crate::model::{AgentHealth, AgentRemedy, LoginReason, LoginState, ProfileHealth, RemedyOf, Status};

/// Says of every secret that OpenClaw refers to whether it can be resolved.
const SECRETS: &str = "openclaw secrets audit";
/// Whose logins all other agents have, too.
const MAIN: &str = "main";

/// What to do about a profile, as an agent sees it; `None` where there is nothing to do.
#[must_use]
pub fn for_profile(agent: &AgentId, profile: &ProfileHealth) -> Option<Remedy> {
    if profile.inherited && agent.as_str() != MAIN {
        // Signed in to at the agent, it would be a second login, and main's as broken as before.
        return if is_fine(profile) { None } else { for_profile(&AgentId::from(MAIN), profile) };
    }
    let sign_in = || Some(sign_in_again(agent, profile));
    let meaning = match (profile.status, profile.login) {
        (_, LoginState::Dead) => {
            error_catalog::of_login(profile.login_reason.unwrap_or(LoginReason::InvalidGrant)).meaning
        }
        (Status::Ok | Status::Static, _) => return None,
        (_, LoginState::External) => error_catalog::of_login(LoginReason::OwnedByCli).meaning,
        (_, LoginState::Blocked) => {
            let cause = error_catalog::of_login(profile.login_reason.unwrap_or(LoginReason::Challenged));
            let context = ErrorContext {
                agent: Some(agent.to_string()),
                profile: Some(profile.profile_id.to_string()),
                provider: Some(profile.provider.to_string()),
            };
            return Some(Remedy {
                meaning: cause.meaning.to_owned(),
                command: for_cause(cause.remedy, &context),
            });
        }
        (Status::Expiring | Status::Expired, LoginState::Renewable) => {
            return Some(Remedy { meaning: "renews itself when next used".to_owned(), command: None });
        }
        (Status::Expiring, _) => "ends soon and does not renew itself",
        (Status::Expired, _) => "has ended and does not renew itself",
        (Status::Missing, _) => match profile.reason_code {
            Some(ReasonCode::InvalidExpires) => "its `expires` is no time: set it up again",
            Some(ReasonCode::UnresolvedRef) => "refers to a secret that only OpenClaw can resolve",
            Some(ReasonCode::MalformedApiKey) => "holds a command line in place of a key: set it up again",
            Some(ReasonCode::SetupInactive) => {
                "is saved and not in use: its setup in OpenClaw is not finished"
            }
            _ if profile.kind == CredentialKind::OAuth && profile.reason_code.is_none() => {
                "says nothing valid about when it ends: sign in again"
            }
            _ => "holds no credential: set it up again",
        },
    };
    let command = match profile.login {
        LoginState::External => None,
        _ if profile.reason_code == Some(ReasonCode::UnresolvedRef) => Some(SECRETS.to_owned()),
        _ if profile.reason_code == Some(ReasonCode::SetupInactive) => {
            Some(show_order(agent, &profile.provider))
        }
        _ => sign_in(),
    };
    Some(Remedy { meaning: meaning.to_owned(), command })
}

fn is_fine(profile: &ProfileHealth) -> bool {
    matches!(profile.status, Status::Ok | Status::Static) && profile.login != LoginState::Dead
}

/// What to do about everything of an agent's that is no profile.
#[must_use]
pub fn for_agent_itself(agent: &AgentHealth) -> Vec<AgentRemedy> {
    let of_provider = |provider: &ProviderId| AgentRemedy {
        of: RemedyOf::Provider,
        provider: Some(provider.clone()),
        remedy: for_missing_provider(agent, provider),
    };
    let store = for_store(agent).map(|remedy| AgentRemedy { of: RemedyOf::Store, provider: None, remedy });
    store.into_iter().chain(agent.missing_providers_in_use.iter().map(of_provider)).collect()
}

/// What to do about a provider that models use and nothing gives auth to.
#[must_use]
pub fn for_missing_provider(agent: &AgentHealth, provider: &ProviderId) -> Remedy {
    if agent.store.error.is_some() {
        // Signing in now would write a new store over the one that OpenClaw cannot read, and over the logins in it.
        let meaning =
            "in use by a configured model; whether it has a login shows once the agent's store can be read";
        return Remedy { meaning: meaning.to_owned(), command: None };
    }
    let agent = &agent.id;
    Remedy {
        meaning: "in use by a configured model, and without any login".to_owned(),
        command: Some(if is_login(provider) { login(agent, provider) } else { paste_key(agent, provider) }),
    }
}

/// What to do about a store; `None` where it is in order.
#[must_use]
pub fn for_store(agent: &AgentHealth) -> Option<Remedy> {
    let StoreHealth { path, error, stranded, .. } = &agent.store;
    if let Some(error) = error {
        return Some(for_unreadable(path, error));
    }
    let stranded = stranded.as_ref()?;
    let (file, count) = (quote(&stranded.path.to_string_lossy()), stranded.profiles);
    Some(match stranded.kind {
        StrandedKind::EmptyDatabase => {
            let meaning = format!("the database is empty, and {count} profile(s) are left behind in {file}");
            let ImportAdvice { first, command } = import(stranded.repair_first.as_ref());
            Remedy { meaning: meaning + &first, command: Some(command) }
        }
        StrandedKind::LeftoverJson => Remedy {
            meaning: format!("{file} is a leftover that OpenClaw does not read any more"),
            command: None,
        },
    })
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

/// How to have OpenClaw import what older releases left. It imports for all agents at once, and archives what it cannot parse, too.
#[must_use]
pub fn import(unimportable: Option<&Unimportable>) -> ImportAdvice {
    let Some(Unimportable { path, error }) = unimportable else {
        return ImportAdvice { first: String::new(), command: "openclaw doctor --fix".to_owned() };
    };
    let Remedy { meaning, command } = for_unreadable(path, error);
    ImportAdvice {
        first: format!(". Before OpenClaw imports anything: {meaning}"),
        command: command.unwrap_or_else(|| "authwatch status".to_owned()),
    }
}

/// What to do about OpenClaw's configuration; `None` where it is in order.
#[must_use]
pub fn for_config(config: &ConfigHealth) -> Option<Remedy> {
    let error = config.error.as_ref()?;
    let path = quote(&config.path.to_string_lossy());
    // What OpenClaw can read and we cannot is our own trouble.
    let (effect, command) = match error.reason {
        StoreErrorReason::Parse => ("OpenClaw does not start with it", copy(&config.path)),
        StoreErrorReason::Permission => ("OpenClaw may be able to read it", format!("ls -l {path}")),
        _ => ("OpenClaw does not start with it", format!("ls -ld {path}")),
    };
    let meaning = format!(
        "{}. {effect}; until it is mended, agents are found by their directories alone, and every login counts as used",
        error.message
    );
    Some(Remedy { meaning, command: Some(command) })
}

/// What to do about a renewed login that could not be stored.
#[must_use]
pub fn for_rescued() -> Remedy {
    let meaning = "its new token could not be stored and waits in a rescue file of authwatch's; the one in the store is spent. \
                   Make the store writable again (space, permissions), then put it back";
    Remedy { meaning: meaning.to_owned(), command: Some("authwatch refresh".to_owned()) }
}

/// The command that mends a cause, for whom it is about. What a message does not say stays a word in capitals.
#[must_use]
pub fn for_cause(remedy: CauseRemedy, context: &ErrorContext) -> Option<String> {
    let agent = context.agent.as_deref();
    let provider = context.provider.as_deref();
    let of_provider = provider.map_or_else(|| "PROVIDER".to_owned(), quote);
    let auth = |subcommand: &str| models_auth(agent, &format!("{subcommand} --provider {of_provider}"));
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

fn sign_in_again(agent: &AgentId, profile: &ProfileHealth) -> String {
    sign_in(agent, &profile.provider, profile.kind)
}

/// The command that sets a credential up anew.
#[must_use]
pub fn sign_in(agent: &AgentId, provider: &ProviderId, kind: CredentialKind) -> String {
    match kind {
        CredentialKind::OAuth => login(agent, provider),
        CredentialKind::Token if provider.as_str() == "anthropic" => {
            of_provider(agent, "setup-token", provider)
        }
        CredentialKind::Token => of_provider(agent, "paste-token", provider),
        CredentialKind::ApiKey => paste_key(agent, provider),
    }
}

/// A command of OpenClaw's that changes logins. Every release takes the agent in front of the subcommand; behind it, some do not.
#[must_use]
pub fn models_auth(agent: Option<&str>, subcommand: &str) -> String {
    let agent = agent.map(|agent| format!(" --agent {}", quote(agent))).unwrap_or_default();
    format!("openclaw models auth{agent} {subcommand}")
}

/// Shows in which order an agent's profiles of a provider are used, and why one is not.
#[must_use]
pub fn show_order(agent: &AgentId, provider: &ProviderId) -> String {
    format!(
        "authwatch auth order get --provider {} --agent {}",
        quote(provider.as_str()),
        quote(agent.as_str())
    )
}

/// Whether people sign in to a provider, rather than paste its key.
fn is_login(provider: &ProviderId) -> bool {
    provider::find(provider.as_str()).is_some_and(Provider::has_logins)
}

fn paste_key(agent: &AgentId, provider: &ProviderId) -> String {
    of_provider(agent, "paste-api-key", provider)
}

fn login(agent: &AgentId, provider: &ProviderId) -> String {
    of_provider(agent, "login", provider)
}

fn of_provider(agent: &AgentId, subcommand: &str, provider: &ProviderId) -> String {
    models_auth(Some(agent.as_str()), &format!("{subcommand} --provider {}", quote(provider.as_str())))
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
