//! What to do about a problem: the exact command, written for the installation it is printed for. Reports, doctor, page, and messages
//! share it.

use std::path::Path;

use openclaw_auth::model::{
    AgentId, CredentialKind, Fault, ProviderId, StoreError, StoreErrorReason, Unimportable,
};
use openclaw_auth::paths::Roots;
use openclaw_auth::provider;
use openclaw_auth::release::Release;

use crate::error_catalog::{CauseRemedy, ErrorContext};
pub use crate::model::{OpenClawCommand, Remedy};
use crate::texts::text;

/// Writes commands that act on the state directory where a problem was found, and that exist in its release.
#[derive(Clone, Debug, PartialEq)]
pub struct Commands {
    /// `openclaw`, with what selects the state directory.
    openclaw: String,
    authwatch: String,
    /// OpenClaw's `.env` and `openclaw.json`, quoted for a shell.
    dotenv: String,
    configuration: String,
    /// Whether logins are in JSON files, which authwatch's own commands write under OpenClaw's lock. Those releases' own commands
    /// write without a lock, and lack `paste-api-key`.
    writes_json: bool,
}

impl Default for Commands {
    fn default() -> Self {
        Self {
            openclaw: "openclaw".to_owned(),
            authwatch: "authwatch".to_owned(),
            dotenv: "~/.openclaw/.env".to_owned(),
            configuration: "~/.openclaw/openclaw.json".to_owned(),
            writes_json: false,
        }
    }
}

impl Commands {
    /// For a state directory. `has_json_store`: whether any login is kept in a JSON file there.
    pub fn new(roots: &Roots, release: &Release, has_json_store: bool) -> Self {
        let writes_json = has_json_store && release.keeps_json();
        if writes_json { Self::for_json(roots) } else { Self::for_databases(roots) }
    }

    /// For logins in JSON files.
    pub fn for_json(roots: &Roots) -> Self {
        Self { writes_json: true, ..Self::for_databases(roots) }
    }

    /// For logins in databases, which only OpenClaw writes.
    pub fn for_databases(roots: &Roots) -> Self {
        let shown =
            |path: &Path| quote(&std::path::absolute(path).unwrap_or_else(|_| path.into()).to_string_lossy());
        let (dotenv, configuration) = (shown(&roots.dotenv()), shown(&roots.config));
        if roots.is_default_state() {
            return Self { dotenv, configuration, ..Self::default() };
        }
        let state = shown(&roots.state);
        let openclaw = match roots.profile() {
            Some(profile) => format!("openclaw --profile {}", quote(&profile)),
            None => format!("OPENCLAW_STATE_DIR={state} openclaw"),
        };
        let authwatch = format!("authwatch --state-dir {state}");
        Self { openclaw, authwatch, dotenv, configuration, writes_json: false }
    }

    /// One of OpenClaw's commands; the arguments are quoted for a shell.
    pub fn openclaw(&self, command: OpenClawCommand, arguments: &str) -> String {
        format!("{} {command} {arguments}", self.openclaw, command = command.as_str()).trim_end().to_owned()
    }

    /// One of those for an agent's logins. Every release accepts the agent before the subcommand; not all do after it.
    pub fn for_agent(&self, agent: Option<&str>, command: OpenClawCommand, arguments: &str) -> String {
        let command = self.openclaw(command, arguments);
        match agent {
            Some(agent) => {
                command.replacen(" models auth ", &format!(" models auth --agent {} ", quote(agent)), 1)
            }
            None => command,
        }
    }

    /// The command that replaces a profile's credential.
    pub fn sign_in(
        &self,
        agent: &AgentId,
        provider: &ProviderId,
        kind: CredentialKind,
        profile: &str,
    ) -> String {
        let command = match kind {
            CredentialKind::OAuth => OpenClawCommand::Login,
            // OpenClaw's own command supports only this profile.
            CredentialKind::Token
                if provider.as_str() == "anthropic"
                    && (self.writes_json || profile == "anthropic:default") =>
            {
                OpenClawCommand::SetupToken
            }
            CredentialKind::Token => OpenClawCommand::PasteToken,
            CredentialKind::ApiKey => OpenClawCommand::PasteApiKey,
        };
        self.set_up(agent, provider, command, Some(profile))
    }

    /// The command that gives a provider its first login.
    pub fn first_login(&self, agent: &AgentId, provider: &ProviderId) -> String {
        let command = if is_login(provider) { OpenClawCommand::Login } else { OpenClawCommand::PasteApiKey };
        self.set_up(agent, provider, command, None)
    }

    fn set_up(
        &self,
        agent: &AgentId,
        provider: &ProviderId,
        command: OpenClawCommand,
        profile: Option<&str>,
    ) -> String {
        let is_login = command == OpenClawCommand::Login;
        let is_own = self.writes_json && (!is_login || signs_in(provider));
        // The default profile of a pasted credential.
        let pasted = format!("{}:manual", provider.as_str());
        let takes_profile = is_own || !self.writes_json && command != OpenClawCommand::SetupToken;
        let profile = profile
            .filter(|profile| takes_profile && (is_login || *profile != pasted))
            .map(|profile| format!(" --profile-id {}", quote(profile)))
            .unwrap_or_default();
        let arguments = format!("--provider {}{profile}", quote(provider.as_str()));
        if is_own {
            return self.own(Some(agent.as_str()), command, &arguments);
        }
        self.for_agent(Some(agent.as_str()), command, &arguments)
    }

    /// authwatch's own command of that name.
    fn own(&self, agent: Option<&str>, command: OpenClawCommand, arguments: &str) -> String {
        let agent = agent.map(|agent| format!(" --agent {}", quote(agent))).unwrap_or_default();
        format!("{} {} {arguments}{agent}", self.authwatch, command.as_str().trim_start_matches("models "))
    }

    /// Shows the order of an agent's profiles of a provider, and why one is not used.
    pub fn show_order(&self, agent: &AgentId, provider: &ProviderId) -> String {
        let (provider, agent) = (quote(provider.as_str()), quote(agent.as_str()));
        format!("{} auth order get --provider {provider} --agent {agent}", self.authwatch)
    }

    /// Makes `PROFILE` the first to be used.
    pub fn set_order(&self, agent: &AgentId, provider: &ProviderId) -> String {
        let provider = quote(provider.as_str());
        if self.writes_json {
            let agent = quote(agent.as_str());
            return format!(
                "{} auth order set --provider {provider} --agent {agent} PROFILE",
                self.authwatch
            );
        }
        let arguments = format!("--provider {provider} PROFILE");
        self.for_agent(Some(agent.as_str()), OpenClawCommand::SetOrder, &arguments)
    }

    /// Renews one login now, even if its next attempt is later.
    pub fn refresh(&self, agent: &AgentId, profile: &str) -> String {
        format!(
            "{} refresh --agent {} --profile {} --force",
            self.authwatch,
            quote(agent.as_str()),
            quote(profile)
        )
    }

    pub fn store_recovered(&self) -> String {
        format!("{} refresh", self.authwatch)
    }

    /// Fixes what is safe to fix.
    pub fn fix(&self) -> String {
        format!("{} doctor --fix", self.authwatch)
    }

    /// Restarts OpenClaw's gateway, which reads its configuration and `.env` only when it starts.
    pub fn restart_gateway(&self) -> String {
        self.openclaw(OpenClawCommand::RestartGateway, "")
    }

    /// Opens OpenClaw's `.env`.
    pub fn edit_dotenv(&self) -> String {
        format!("${{EDITOR:-vi}} {}", self.dotenv)
    }

    /// Opens OpenClaw's configuration.
    pub fn edit_configuration(&self) -> String {
        format!("${{EDITOR:-vi}} {}", self.configuration)
    }

    /// Shows whether each secret that OpenClaw refers to can be resolved.
    pub fn audit_secrets(&self) -> String {
        self.openclaw(OpenClawCommand::AuditSecrets, "")
    }

    /// Has OpenClaw import what older releases left. It imports for all agents at once, and also archives what it cannot parse.
    pub fn import(&self, unimportable: Option<&Unimportable>) -> ImportAdvice {
        let Some(Unimportable { path, error }) = unimportable else {
            return ImportAdvice { first: String::new(), command: self.openclaw(OpenClawCommand::Fix, "") };
        };
        let Remedy { meaning, command } = for_unreadable(path, error);
        ImportAdvice {
            first: format!(". Before OpenClaw imports anything: {meaning}"),
            command: command.unwrap_or_else(|| format!("{} status", self.authwatch)),
        }
    }

    /// The command that resolves a cause. What the message does not name stays a word in capitals.
    pub fn for_cause(&self, remedy: CauseRemedy, context: &ErrorContext) -> Option<String> {
        let agent = context.agent.as_deref();
        let provider = context.provider.as_deref();
        let of_provider = provider.map_or_else(|| "PROVIDER".to_owned(), quote);
        let auth = |command| {
            let is_own = self.writes_json
                && (command != OpenClawCommand::Login
                    || provider.is_some_and(|provider| signs_in(&provider.into())));
            let arguments = format!("--provider {of_provider}");
            if is_own {
                self.own(agent, command, &arguments)
            } else {
                self.for_agent(agent, command, &arguments)
            }
        };
        Some(match remedy {
            CauseRemedy::Wait => return None,
            CauseRemedy::PasteKey => auth(OpenClawCommand::PasteApiKey),
            CauseRemedy::SignIn if provider == Some("anthropic") => auth(OpenClawCommand::SetupToken),
            CauseRemedy::SignIn if provider.is_some_and(|provider| !is_login(&provider.into())) => {
                auth(OpenClawCommand::PasteApiKey)
            }
            CauseRemedy::SignIn => auth(OpenClawCommand::Login),
            CauseRemedy::UpdateOpenClaw => self.openclaw(OpenClawCommand::Update, ""),
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

/// What to do about a file that cannot be read. Whatever could lose its content comes after a copy.
pub fn for_unreadable(path: &Path, error: &StoreError) -> Remedy {
    let shown = quote(&path.to_string_lossy());
    let (step, command) = match (error.fault, error.reason) {
        (Some(Fault::ByteOrderMark), _) => ("unreadable-mark", copy_without_mark(path)),
        (Some(Fault::Encoding), _) => ("unreadable-encoding", copy(path)),
        (Some(Fault::Syntax), _) => ("unreadable-syntax", copy(path)),
        (Some(Fault::Shape), _) => ("unreadable-shape", copy(path)),
        (Some(Fault::Database), _) => ("unreadable-database", copy(path)),
        (Some(Fault::Row), _) => ("unreadable-row", copy(path)),
        (None, StoreErrorReason::Locked) => {
            return Remedy { meaning: error.message.clone(), command: None };
        }
        (None, StoreErrorReason::Permission) => ("unreadable-permission", format!("ls -l {shown}")),
        (None, StoreErrorReason::Parse | StoreErrorReason::Schema) => {
            ("unreadable-newer", "authwatch --version".to_owned())
        }
        (None, StoreErrorReason::TooLarge | StoreErrorReason::NotAFile | StoreErrorReason::Io) => {
            ("unreadable-file", format!("ls -ld {shown}"))
        }
    };
    Remedy { meaning: format!("{}. {}", error.message, text(step, &[])), command: Some(command) }
}

impl Commands {
    /// What to do about OpenClaw's configuration if it cannot be used.
    pub fn for_configuration(&self, path: &Path, error: &StoreError) -> Remedy {
        let shown = quote(&path.to_string_lossy());
        let (effect, command) = match error.reason {
            StoreErrorReason::Parse => ("configuration-effect-fatal", copy(path)),
            // OpenClaw may be able to read what authwatch cannot.
            StoreErrorReason::Permission => ("configuration-effect-unknown", format!("ls -l {shown}")),
            _ => ("configuration-effect-fatal", format!("ls -ld {shown}")),
        };
        let (effect, consequence) = (text(effect, &[]), text("configuration-consequence", &[]));
        let restart = text("configuration-restart", &[("command", &self.restart_gateway())]);
        let meaning = format!("{}. {effect}. {consequence}. {restart}", error.message);
        Remedy { meaning, command: Some(command) }
    }
}

/// Copies a file beside itself, with its mode, owner, and times, without replacing another copy.
pub fn copy(path: &Path) -> String {
    let path = path.to_string_lossy();
    format!("cp -p -- {} {}$(date +%s)", quote(&path), quote(&format!("{path}.copy-")))
}

/// The same, then removes the file's byte order mark. Running it again changes nothing.
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
    /// What has to be done before, to append to a sentence; may be empty.
    pub first: String,
    /// The command, or that of the first step.
    pub command: String,
}

/// Quotes a word for a POSIX shell. Ids come from other people's files.
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
    fn an_order_is_set_by_whoever_may_write_the_store_and_a_restart_is_named() {
        let (agent, provider) = (AgentId::from("work"), ProviderId::from("xai"));
        let databases = Commands::default();
        let json = Commands { writes_json: true, ..Commands::default() };
        let set = "authwatch auth order set --provider xai --agent work PROFILE";
        assert_eq!(json.set_order(&agent, &provider), set);
        let set = "openclaw models auth --agent work order set --provider xai PROFILE";
        assert_eq!(databases.set_order(&agent, &provider), set);
        let error = StoreError::new(StoreErrorReason::Parse, "not JSON5".to_owned());
        let remedy = databases.for_configuration(Path::new("/c"), &error);
        assert!(remedy.meaning.ends_with("restart the gateway with `openclaw gateway restart`"));
    }

    #[test]
    fn hostile_words_stay_one_word() {
        assert_eq!(quote("openai-codex"), "openai-codex");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("x'; rm -rf ~; '"), r"'x'\''; rm -rf ~; '\'''");
        assert_eq!(quote(""), "''");
    }
}
