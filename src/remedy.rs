//! What a condition means for a person, and the command that mends it. One table for reports, doctor, page and notices.

use crate::model::{
    AgentHealth, AgentId, CredentialKind, Login, ProfileHealth, ProviderId, ReasonCode, Status,
    StoreErrorReason, StoreHealth, StrandedKind,
};
use crate::openclaw::provider::{self, Renewal};

/// What to do about something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What it means, a short sentence without a full stop.
    pub meaning: String,
    /// The exact command, safe to paste into a shell.
    pub command: Option<String>,
}

/// What to do about a profile; `None` where there is nothing to do.
#[must_use]
pub fn for_profile(agent: &AgentId, profile: &ProfileHealth) -> Option<Remedy> {
    let sign_in = || Some(sign_in_again(agent, profile));
    let meaning = match (profile.status, profile.login) {
        (_, Login::Dead) => "the provider has refused this login: sign in again",
        (Status::Ok | Status::Static, _) => return None,
        (_, Login::External) => "belongs to another program, which renews it: sign in there",
        (Status::Expiring | Status::Expired, Login::Renewable) => {
            return Some(Remedy { meaning: "renews itself when next used".to_owned(), command: None });
        }
        (Status::Expiring, _) => "ends soon and does not renew itself",
        (Status::Expired, _) => "has ended and does not renew itself",
        (Status::Missing, _) => match profile.reason_code {
            Some(ReasonCode::InvalidExpires) => "its `expires` is no time: set it up again",
            Some(ReasonCode::UnresolvedRef) => "refers to a secret that only OpenClaw can resolve",
            _ if profile.kind == CredentialKind::OAuth && profile.reason_code.is_none() => {
                "says nothing valid about when it ends: sign in again"
            }
            _ => "holds no credential: set it up again",
        },
    };
    let command = match profile.login {
        Login::External => None,
        _ if profile.reason_code == Some(ReasonCode::UnresolvedRef) => {
            Some("openclaw models status".to_owned())
        }
        _ => sign_in(),
    };
    Some(Remedy { meaning: meaning.to_owned(), command })
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
