//! Snapshots without files: a login, an agent, and a snapshot in which all is well.

use authwatch::model::{
    AgentHealth, LoginState, OpenclawRelease, ProfileHealth, Scope, Snapshot, Status, Summary,
};
use openclaw_auth::model::{
    ConfigHealth, CredentialKind, Semantics, Source, StoreHealth, StoreKind, Timestamp,
};
use openclaw_auth::release::ReleaseSource;

/// The time of these snapshots.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000.0);

/// An OAuth login in use, whose provider is named like it.
pub(crate) fn profile(id: &str, status: Status, login: LoginState) -> ProfileHealth {
    ProfileHealth {
        profile_id: id.into(),
        provider: id.into(),
        kind: CredentialKind::OAuth,
        status,
        reason_code: None,
        expires_at: None,
        remaining_ms: None,
        ended_at: None,
        bucket: status.bucket(),
        login,
        login_reason: None,
        login_since: None,
        inherited: false,
        in_use: true,
        cooldown: None,
        failing: None,
        assessment: None,
        account: None,
        unresolved: false,
        source: Source::Json,
    }
}

pub(crate) fn agent(id: &str, profiles: Vec<ProfileHealth>) -> AgentHealth {
    AgentHealth {
        id: id.into(),
        dir: id.into(),
        default: id == "main",
        configured: true,
        exit_code: 0,
        check: openclaw_auth::check::Answer::default(),
        store: StoreHealth {
            kind: StoreKind::Json,
            path: id.into(),
            mode: None,
            owner: None,
            error: None,
            state_error: None,
            migration: None,
        },
        profiles,
        providers: Vec::new(),
        models: Vec::new(),
        missing_providers_in_use: Vec::new(),
        rejected: Vec::new(),
        store_assessment: None,
        provider_assessments: Vec::new(),
        remedies: Vec::new(),
    }
}

pub(crate) fn snapshot(agents: Vec<AgentHealth>) -> Snapshot {
    Snapshot {
        format_version: 1,
        generated_at: String::new(),
        now: NOW,
        semantics: Semantics::V2026_9,
        scope: Scope::All,
        exit_code: 0,
        summary: Summary::default(),
        config: ConfigHealth { path: "openclaw.json".into(), error: None },
        agents,
        external: Vec::new(),
        renewals: Vec::new(),
        recoveries: Vec::new(),
        recovery_assessment: None,
        config_assessment: None,
        openclaw: OpenclawRelease {
            version: None,
            rules: openclaw_auth::release::Rules::Selected,
            source: ReleaseSource::Assumed,
        },
    }
}
