//! What `openclaw models status --check` of the release in use answers for each agent.

use std::collections::BTreeSet;

use openclaw_auth::check::{self, Answer, CheckCauseKind, ModelRoute, Question};
use openclaw_auth::discover::{Agent, ConfigurationRefusal, Discovery};
use openclaw_auth::document::Document;
use openclaw_auth::load::Loaded;
use openclaw_auth::load::external::ExternalLogin;
use openclaw_auth::load::retired::not_imported;
use openclaw_auth::merge::View;
use openclaw_auth::model::{IncompleteMigration, MigrationKind, Semantics, Span, StoreKind, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::release::{Release, ReleaseSource, Rules, Version};
use openclaw_auth::settings::{Roster, Settings};

/// How the command is asked for agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// For each in turn, as for a fleet: where the configuration lists none, all that have a directory count.
    ForEach,
    /// With `--agent`: one that the configuration does not list is unknown.
    ByName,
    /// Without: an agent's own model does not count.
    Bare,
}

/// The release's command, and what it would see besides stores.
#[derive(Clone, Debug)]
pub struct OpenclawCheck<'a> {
    version: Version,
    /// Whether it reads JSON stores.
    reads_json: bool,
    discovery: &'a Discovery,
    external: &'a [ExternalLogin],
    refusal: Option<ConfigurationRefusal>,
    asked: Asked,
    now: Timestamp,
    window: Span,
}

impl<'a> OpenclawCheck<'a> {
    /// Prepares to ask for the answers.
    #[must_use]
    pub fn new(
        release: &Release,
        discovery: &'a Discovery,
        external: &'a [ExternalLogin],
        asked: Asked,
        now: Timestamp,
        window: Option<Span>,
    ) -> Self {
        let version = release.at_least;
        let refusal = discovery.refusal(version);
        // That there are databases says what some release did once. JSON files beside them may well be in use.
        let may_read_json = release.source == ReleaseSource::Databases && release.rules() != Rules::Selected;
        Self {
            version,
            reads_json: version < Version::DATABASES || may_read_json,
            discovery,
            external,
            refusal,
            asked,
            now,
            window: window.unwrap_or(check::WINDOW),
        }
    }

    /// How the release reads stores.
    #[must_use]
    pub fn semantics(&self) -> Semantics {
        Rules::of(self.version).semantics()
    }

    /// Whether the configuration lists an agent. Where it lists none, all that have a directory count.
    #[must_use]
    pub fn lists(&self, agent: &Agent) -> bool {
        self.discovery.settings.roster == Roster::None
            || self.discovery.known_agent(agent.id.as_str()).is_ok()
    }

    /// Notes what keeps the release from using a store that was read.
    pub fn note_not_imported(&self, agent: &Agent, store: &mut Loaded<'_>, roots: &Roots) {
        if self.reads_json {
            return;
        }
        let health = &mut store.health;
        let path = not_imported(self.version, health.kind, &agent.dir, agent.is_main(), roots);
        health.migration = match (path, health.migration.take()) {
            (Some(path), Some(migration)) => {
                Some(IncompleteMigration { kind: MigrationKind::NotImported, path, ..migration })
            }
            (Some(path), None) => {
                let is_read = matches!(health.kind, StoreKind::AgentSqlite | StoreKind::SharedSqlite);
                let profiles = if is_read { 0 } else { store.document.profiles.len() };
                Some(IncompleteMigration {
                    kind: MigrationKind::NotImported,
                    path,
                    profiles,
                    repair_first: None,
                })
            }
            (None, migration) => migration,
        };
    }

    /// The answer for an agent by its own store and main's, both read as the release reads them; and what its models are called
    /// with, as far as the command gets.
    #[must_use]
    pub fn of_agent(
        &self,
        agent: &Agent,
        own: &Loaded<'_>,
        main: Option<&Loaded<'_>>,
    ) -> (Answer, Vec<ModelRoute>) {
        let refused = |kind, name| (Answer::refused(kind, name), Vec::new());
        if let Some(refusal) = &self.refusal {
            return refused(CheckCauseKind::Configuration, about(refusal));
        }
        // Without `--agent`, the oldest look into main's directory even where main is no agent.
        if self.asked == Asked::ForEach && !self.lists(agent) {
            return Default::default();
        }
        if self.asked == Asked::ByName && self.discovery.known_agent(agent.id.as_str()).is_err() {
            return refused(CheckCauseKind::Agent, agent.id.to_string());
        }
        // An agent with a database of its own uses it whatever became of main's.
        let has_database = matches!(own.health.kind, StoreKind::AgentSqlite);
        let stores = || [Some(own), main.filter(|_| !has_database)].into_iter().flatten();
        let is_refused = |store: &&Loaded<'_>| {
            let migration = store.health.migration.as_ref();
            migration.is_some_and(|migration| migration.kind == MigrationKind::NotImported)
        };
        if Rules::of(self.version) == Rules::Selected
            && let Some(store) = stores().find(is_refused)
        {
            let path = store.health.migration.as_ref().map(|migration| migration.path.display().to_string());
            return refused(CheckCauseKind::Migration, path.unwrap_or_default());
        }
        // A store of main's that cannot be read gives the others nothing, and keeps them from nothing.
        if own.health.error.is_some() {
            return refused(CheckCauseKind::Store, own.health.path.display().to_string());
        }
        let nothing = Document::default();
        let seen = |store: &'_ Loaded<'_>| self.reads(store.health.kind);
        let own_document = if seen(own) { &own.document } else { &nothing };
        let main_document = main.map(|main| if seen(main) { &main.document } else { &nothing });
        let view = match main_document {
            Some(main) => View::merged(own_document, main, self.now, self.semantics()),
            None => View::of_main(own_document),
        };
        // The oldest go on without a configuration that they do not understand.
        let unset = Rules::of(self.version) == Rules::Refreshable
            && !self.discovery.settings.unset_variables.is_empty();
        let without_configuration = Settings::default();
        let settings = if unset { &without_configuration } else { &self.discovery.settings };
        let configured = settings.agents.iter().find(|configured| configured.id == agent.id.as_str());
        let question = Question {
            version: self.version,
            now: self.now,
            window: self.window,
            view: &view,
            settings,
            agent: configured.filter(|_| self.asked != Asked::Bare),
            small_tasks_agent: configured,
            environment: &self.discovery.environment,
            external: self.external,
        };
        (check::answer(&question), check::routes(&question))
    }

    /// Whether the release reads stores of a kind.
    fn reads(&self, kind: StoreKind) -> bool {
        self.reads_json || matches!(kind, StoreKind::AgentSqlite | StoreKind::SharedSqlite | StoreKind::None)
    }
}

/// What a refusal is about: the keys, variables, or model.
fn about(refusal: &ConfigurationRefusal) -> String {
    let joined = |names: &[String]| {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    match refusal {
        ConfigurationRefusal::Broken => "openclaw.json".to_owned(),
        ConfigurationRefusal::UnknownKeys(keys) => joined(keys),
        ConfigurationRefusal::UnsetVariables(names) => joined(names),
        ConfigurationRefusal::ShutDownModel(model) => model.clone(),
    }
}
