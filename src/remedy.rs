//! What a condition means for a person, and the command that mends it. One table for reports, doctor, page and notices.

use crate::causes::{self, Context, Mend};
use crate::model::{
    AgentHealth, AgentId, AgentRemedy, ConfigHealth, CredentialKind, Login, LoginReason, ProfileHealth,
    ProviderId, ReasonCode, RemedyOf, Status, StoreErrorReason, StoreHealth, StrandedKind,
};
use crate::openclaw::provider::{self, Renewal};

pub use crate::model::Remedy;

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
        (_, Login::Dead) => {
            causes::of_login(profile.login_reason.unwrap_or(LoginReason::InvalidGrant)).meaning
        }
        (Status::Ok | Status::Static, _) => return None,
        (_, Login::External) => causes::of_login(LoginReason::OwnedByCli).meaning,
        (_, Login::Blocked) => {
            let cause = causes::of_login(profile.login_reason.unwrap_or(LoginReason::Challenged));
            let context = Context {
                agent: Some(agent.to_string()),
                profile: Some(profile.profile_id.to_string()),
                provider: Some(profile.provider.to_string()),
            };
            return Some(Remedy {
                meaning: cause.meaning.to_owned(),
                command: for_cause(cause.mend, &context),
            });
        }
        (Status::Expiring | Status::Expired, Login::Renewable) => {
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
        Login::External => None,
        _ if matches!(profile.reason_code, Some(ReasonCode::UnresolvedRef | ReasonCode::SetupInactive)) => {
            Some("openclaw models status".to_owned())
        }
        _ => sign_in(),
    };
    Some(Remedy { meaning: meaning.to_owned(), command })
}

fn is_fine(profile: &ProfileHealth) -> bool {
    matches!(profile.status, Status::Ok | Status::Static) && profile.login != Login::Dead
}

/// What to do about everything of an agent's that is no profile.
#[must_use]
pub fn for_agent_itself(agent: &AgentHealth) -> Vec<AgentRemedy> {
    let of_provider = |provider: &ProviderId| AgentRemedy {
        of: RemedyOf::Provider,
        provider: Some(provider.clone()),
        remedy: for_missing_provider(&agent.id, provider),
    };
    let store = for_store(agent).map(|remedy| AgentRemedy { of: RemedyOf::Store, provider: None, remedy });
    store.into_iter().chain(agent.missing_providers_in_use.iter().map(of_provider)).collect()
}

/// What to do about a provider that models use and nothing gives auth to.
#[must_use]
pub fn for_missing_provider(agent: &AgentId, provider: &ProviderId) -> Remedy {
    Remedy {
        meaning: "in use by a configured model, and without any login".to_owned(),
        command: Some(if is_login(provider) { login(agent, provider) } else { paste_key(agent, provider) }),
    }
}

/// What to do about a store; `None` where it is in order.
#[must_use]
pub fn for_store(agent: &AgentHealth) -> Option<Remedy> {
    let StoreHealth { path, error, stranded, .. } = &agent.store;
    let path = quote(&path.to_string_lossy());
    if let Some(error) = error {
        let command = match error.reason {
            StoreErrorReason::Permission => Some(format!("ls -l {path}")),
            StoreErrorReason::Locked => None,
            StoreErrorReason::Parse | StoreErrorReason::Schema => Some("openclaw doctor --fix".to_owned()),
            StoreErrorReason::TooLarge | StoreErrorReason::NotAFile | StoreErrorReason::Io => {
                Some(format!("ls -ld {path}"))
            }
        };
        return Some(Remedy { meaning: error.message.clone(), command });
    }
    let stranded = stranded.as_ref()?;
    let (file, count) = (quote(&stranded.path.to_string_lossy()), stranded.profiles);
    Some(match stranded.kind {
        StrandedKind::EmptyDatabase => Remedy {
            meaning: format!("the database is empty, and {count} profile(s) are left behind in {file}"),
            command: Some("openclaw doctor --fix".to_owned()),
        },
        StrandedKind::LeftoverJson => Remedy {
            meaning: format!("{file} is a leftover that OpenClaw does not read any more"),
            command: None,
        },
    })
}

/// What to do about OpenClaw's configuration; `None` where it is in order.
#[must_use]
pub fn for_config(config: &ConfigHealth) -> Option<Remedy> {
    let error = config.error.as_ref()?;
    let path = quote(&config.path.to_string_lossy());
    // What OpenClaw can read and we cannot is our own trouble.
    let (effect, command) = match error.reason {
        StoreErrorReason::Parse => ("OpenClaw does not start with it", "openclaw doctor".to_owned()),
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
pub fn for_cause(mend: Mend, context: &Context) -> Option<String> {
    let agent = context.agent.as_deref();
    let provider = context.provider.as_deref();
    let named = |name: &str| {
        name.to_owned() + &agent.map(|agent| format!(" --agent {}", quote(agent))).unwrap_or_default()
    };
    let of_provider = provider.map_or_else(|| "PROVIDER".to_owned(), quote);
    Some(match mend {
        Mend::Wait => return None,
        Mend::PasteKey => named(&format!("openclaw models auth paste-api-key --provider {of_provider}")),
        Mend::SignIn if provider == Some("anthropic") => {
            named("openclaw models auth setup-token --provider anthropic")
        }
        Mend::SignIn if provider.is_some_and(|provider| !is_login(&provider.into())) => {
            named(&format!("openclaw models auth paste-api-key --provider {of_provider}"))
        }
        Mend::SignIn => named(&format!("openclaw models auth login --provider {of_provider}")),
        Mend::Run(template) => {
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
            format!("openclaw models auth setup-token --provider anthropic{}", for_agent(agent))
        }
        CredentialKind::Token => {
            format!(
                "openclaw models auth paste-token --provider {}{}",
                quote(provider.as_str()),
                for_agent(agent)
            )
        }
        CredentialKind::ApiKey => paste_key(agent, provider),
    }
}

/// Whether people sign in to a provider, rather than paste its key.
fn is_login(provider: &ProviderId) -> bool {
    provider::find(provider.as_str()).is_some_and(|provider| provider.renewal != Renewal::Unsupported)
        || matches!(provider.as_str(), "minimax-portal" | "qwen-portal")
}

fn paste_key(agent: &AgentId, provider: &ProviderId) -> String {
    format!("openclaw models auth paste-api-key --provider {}{}", quote(provider.as_str()), for_agent(agent))
}

fn login(agent: &AgentId, provider: &ProviderId) -> String {
    format!("openclaw models auth login --provider {}{}", quote(provider.as_str()), for_agent(agent))
}

fn for_agent(agent: &AgentId) -> String {
    format!(" --agent {}", quote(agent.as_str()))
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
