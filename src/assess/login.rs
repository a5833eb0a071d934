//! The verdict on a login, from both axes: what the access token is, and what the login behind it is.

use std::collections::BTreeSet;

use openclaw_auth::model::{
    AgentId, CooldownKind, CredentialKind, MAIN_AGENT, Mistake, ProfileId, ProviderId, ReasonCode, Span,
    Timestamp,
};

use super::limits::{CRITICAL_PART, Limits};
use crate::clock::zoned_date;
use crate::model::{Assessment, AssessmentState, LoginReason, LoginState, ProfileHealth, Severity, Status};
use crate::remedy::Commands;
use crate::texts::text;

/// Nobody holds a refresh lock for longer.
const LOCKED_FOR: Span = Span::from_mins(10.0);

/// What logins are assessed by.
pub(super) struct Circumstances<'a> {
    pub(super) now: Timestamp,
    pub(super) limits: &'a Limits,
    pub(super) use_is_known: bool,
    /// Logins of main's that some agent uses.
    pub(super) shared_in_use: &'a BTreeSet<ProfileId>,
    pub(super) commands: &'a Commands,
}

/// The verdict on a login as an agent sees it; `None` where all is well.
pub(super) fn assess(
    agent: &AgentId,
    profile: &ProfileHealth,
    circumstances: &Circumstances<'_>,
) -> Option<Assessment> {
    // Most logins of a fleet are fine.
    let is_fine = matches!(profile.status, Status::Ok | Status::Static)
        && matches!(profile.login, LoginState::Static | LoginState::Renewable | LoginState::External)
        && profile.cooldown.is_none()
        && profile.failing.is_none()
        && profile.mistake.is_none()
        && profile.unset_variable.is_none();
    let left = profile.end().map(|end| end - circumstances.now);
    if is_fine
        && (profile.login == LoginState::Renewable
            || left.is_none_or(|left| left > circumstances.limits.window))
    {
        return None;
    }
    let owner = if profile.inherited { AgentId::from(MAIN_AGENT) } else { agent.clone() };
    // An access token that renews is of no use while OpenClaw leaves its login alone.
    let subject = AssessedLogin {
        agent,
        owner: &owner,
        is_shared: is_shared(agent, profile),
        profile,
        left,
        circumstances,
    };
    let (login, set_aside) = (subject.assess(), subject.set_aside());
    let severity = |assessment: &Option<Assessment>| assessment.as_ref()?.severity;
    let mut assessment = if severity(&set_aside) > severity(&login) { set_aside? } else { login? };
    let ended = profile.end().filter(|end| *end <= circumstances.now);
    // An agent is silent since its access token expired, whenever renewing began to fail.
    assessment.since = assessment.since.or(profile.login_since).or(ended);
    Some(assessment)
}

/// Whether a login is main's, or one that is inherited from it.
pub(super) fn is_shared(agent: &AgentId, profile: &ProfileHealth) -> bool {
    profile.inherited || agent.as_str() == MAIN_AGENT
}

/// The verdict on a vendor's own login: it is observed, and concerns nobody here.
pub(super) fn of_external(profile: &ProfileHealth) -> Option<Assessment> {
    matches!(profile.status, Status::Expired | Status::Missing)
        .then(|| Assessment::new(AssessmentState::External, Severity::Info, text("login-external", &[])))
}

struct AssessedLogin<'a> {
    /// Who sees the login. What OpenClaw does with it, such as leaving it alone for a while, it keeps for each agent.
    agent: &'a AgentId,
    /// Where the login is kept: signed in to anywhere else, it would be a second one, and this one as broken as before.
    owner: &'a AgentId,
    /// Whether other agents may have it from there.
    is_shared: bool,
    profile: &'a ProfileHealth,
    /// Until the access token expires.
    left: Option<Span>,
    circumstances: &'a Circumstances<'a>,
}

impl AssessedLogin<'_> {
    fn assess(&self) -> Option<Assessment> {
        let Self { profile, .. } = *self;
        let broken = if self.in_use() { Severity::Critical } else { Severity::Warning };
        Some(match (profile.login, profile.status) {
            // Saved for later on purpose.
            _ if profile.reason_code == Some(ReasonCode::SetupInactive) && !profile.in_use => {
                self.not_set_up(Severity::Info)
            }
            _ if profile.mistake.is_some() => self.mistaken(profile.mistake?, broken),
            // Where a model uses it, an agent is silent for want of it, whoever it belongs to.
            (LoginState::External, Status::Missing) if self.profile.in_use => {
                verdict(AssessmentState::Missing, broken, "login-external-missing")
            }
            (LoginState::External, _) => return of_external(profile),
            (LoginState::NeedsSignIn, _) => {
                let reason = profile.login_reason.unwrap_or(LoginReason::InvalidGrant);
                let name = format!("login-dead-{}", reason.as_str());
                verdict(AssessmentState::NeedsSignIn, broken, &name).with_command(Some(self.sign_in()))
            }
            (_, Status::Missing) => self.missing(broken),
            (LoginState::Blocked, _) => self.blocked(broken),
            (LoginState::Refreshing, _) => self.renewing(broken),
            (LoginState::Renewable, _) if profile.failing.is_some() => self.failing(broken),
            (LoginState::Renewable, Status::Expired | Status::Expiring) => {
                verdict(AssessmentState::Renews, Severity::Info, "login-renews")
            }
            (_, Status::Expired) => {
                verdict(AssessmentState::Expired, broken, "login-expired").with_command(Some(self.sign_in()))
            }
            (LoginState::Static | LoginState::Unsupported | LoginState::None, _) if self.expires_soon() => {
                let is_urgent =
                    self.left.is_some_and(|left| left <= self.circumstances.limits.window * CRITICAL_PART);
                let severity =
                    if is_urgent && self.in_use() { Severity::Critical } else { Severity::Warning };
                verdict(AssessmentState::Expiring, severity, "login-expiring")
                    .with_command(Some(self.sign_in()))
            }
            _ => self.variable_not_set(profile.unset_variable.as_deref()?),
        })
    }

    fn in_use(&self) -> bool {
        self.profile.in_use
            || !self.circumstances.use_is_known
            || self.is_shared && self.circumstances.shared_in_use.contains(&self.profile.profile_id)
    }

    fn expires_soon(&self) -> bool {
        self.left.is_some_and(|left| left <= self.circumstances.limits.window)
    }

    /// Whether the access token expired longer ago than a renewal may be waited for.
    fn is_overdue(&self) -> bool {
        self.left.is_some_and(|left| left < -self.circumstances.limits.grace)
    }

    fn sign_in(&self) -> String {
        self.sign_in_as(self.profile.kind)
    }

    fn sign_in_as(&self, kind: CredentialKind) -> String {
        let Self { owner, profile, circumstances, .. } = *self;
        circumstances.commands.sign_in(owner, &profile.provider, kind, profile.profile_id.as_str())
    }

    /// Nothing that can be seen from here sets the variable it refers to.
    fn variable_not_set(&self, variable: &str) -> Assessment {
        let severity = if self.profile.in_use { Severity::Warning } else { Severity::Info };
        let variable = variable_in_words(variable);
        let summary = text("login-variable-not-set", &[("variable", &variable)]);
        let advice = text("remedy-variable", &[]);
        let restart = self.circumstances.commands.restart_gateway();
        Assessment::new(AssessmentState::Unresolved, severity, summary).with_advice(&advice, restart)
    }

    /// A person put something into it that cannot work.
    fn mistaken(&self, mistake: Mistake, broken: Severity) -> Assessment {
        let (kind, name) = match mistake {
            Mistake::Split => (self.profile.kind, "finding-token-cut"),
            Mistake::Wrapped => (self.profile.kind, "finding-token-pasted-text"),
            Mistake::Short => (self.profile.kind, "finding-token-short"),
            Mistake::Placeholder => (self.profile.kind, "finding-token-placeholder"),
            Mistake::KeyIsToken => (CredentialKind::Token, "finding-token-wrong-kind-token"),
            Mistake::TokenIsKey => (CredentialKind::ApiKey, "finding-token-wrong-kind-key"),
            Mistake::Mistyped => (CredentialKind::Token, "finding-entry-mistyped"),
        };
        verdict(AssessmentState::Malformed, broken, name).with_command(Some(self.sign_in_as(kind)))
    }

    fn missing(&self, broken: Severity) -> Assessment {
        let name = match self.profile.reason_code {
            // OpenClaw may well be able to resolve it.
            Some(ReasonCode::UnresolvedRef) => {
                let commands = self.circumstances.commands;
                let advice = text("remedy-secrets", &[("command", &commands.restart_gateway())]);
                return verdict(AssessmentState::Unresolved, Severity::Warning, "login-unresolved")
                    .with_advice(&advice, commands.audit_secrets());
            }
            Some(ReasonCode::SetupInactive) => return self.not_set_up(broken),
            Some(ReasonCode::InvalidExpires) => "login-invalid-expires",
            Some(ReasonCode::MalformedApiKey) => "login-malformed-key",
            None if self.profile.kind == CredentialKind::OAuth => "login-missing-end",
            _ => "login-missing",
        };
        verdict(AssessmentState::Missing, broken, name).with_command(Some(self.sign_in()))
    }

    fn not_set_up(&self, severity: Severity) -> Assessment {
        let order = self.circumstances.commands.show_order(self.agent, &self.profile.provider);
        let advice = text("remedy-set-up", &[("command", &self.sign_in())]);
        verdict(AssessmentState::NotSetUp, severity, "login-not-set-up").with_advice(&advice, order)
    }

    fn blocked(&self, broken: Severity) -> Assessment {
        let severity = match self.profile.status {
            Status::Expired if self.is_overdue() => broken,
            _ if self.in_use() => Severity::Warning,
            _ => Severity::Info,
        };
        let name = match self.profile.login_reason {
            Some(LoginReason::RegionBlocked) => "login-region-blocked",
            _ => "login-challenged",
        };
        verdict(AssessmentState::RenewalBlocked, severity, name).with_command(None)
    }

    fn renewing(&self, broken: Severity) -> Assessment {
        let is_stuck =
            self.profile.login_since.is_some_and(|since| self.circumstances.now - since > LOCKED_FOR);
        if !is_stuck {
            return verdict(AssessmentState::Renewing, Severity::Info, "login-renewing");
        }
        let severity = if self.is_overdue() { broken } else { Severity::Warning };
        let advice = text("remedy-stuck", &[("command", &self.sign_in())]);
        verdict(AssessmentState::RenewalStuck, severity, "login-renewal-stuck")
            .with_advice(&advice, self.circumstances.commands.restart_gateway())
    }

    /// Renewing fails. While the access token works, that is nobody's concern yet: it is tried again.
    fn failing(&self, broken: Severity) -> Assessment {
        let Some(failing) = &self.profile.failing else {
            return verdict(AssessmentState::Renews, Severity::Info, "login-renews");
        };
        let is_overdue = self.profile.status == Status::Expired && self.is_overdue();
        let severity = if is_overdue { broken } else { Severity::Info };
        let cause = text(&format!("renewal-{}", failing.reason), &[]);
        let refresh = self.circumstances.commands.refresh(self.owner, self.profile.profile_id.as_str());
        let summary = text("login-renewal-failing", &[("cause", &cause)]);
        let verdict = Assessment::new(AssessmentState::RenewalFailing, severity, summary);
        let since = if self.profile.status == Status::Expired { None } else { Some(failing.since) };
        Assessment { since, ..verdict.with_command(Some(refresh)) }
    }

    /// OpenClaw leaves it alone for a while. For hours, as after a refused payment, that silences an agent like a dead login.
    fn set_aside(&self) -> Option<Assessment> {
        let cooldown = self.profile.cooldown.as_ref()?;
        let (state, severity, name) = match cooldown.kind {
            CooldownKind::Disabled if self.in_use() => {
                (AssessmentState::Disabled, Severity::Warning, "login-disabled")
            }
            CooldownKind::Disabled => (AssessmentState::Disabled, Severity::Info, "login-disabled"),
            CooldownKind::Cooldown => (AssessmentState::CoolingDown, Severity::Info, "login-cooling-down"),
        };
        let until = zoned_date(cooldown.until);
        let summary = match &cooldown.reason {
            Some(reason) => text(name, &[("until", &until), ("reason", reason)]),
            None => text(&format!("{name}-unexplained"), &[("until", &until)]),
        };
        let provider: &ProviderId = &self.profile.provider;
        let commands = self.circumstances.commands;
        let advice = text("remedy-order", &[("command", &commands.set_order(self.agent, provider))]);
        let order = commands.show_order(self.agent, provider);
        Some(Assessment::new(state, severity, summary).with_advice(&advice, order))
    }
}

fn verdict(state: AssessmentState, severity: Severity, name: &str) -> Assessment {
    Assessment::new(state, severity, text(name, &[]))
}

/// A variable that is not set, by its name where that may be shown.
pub(super) fn variable_in_words(name: &str) -> String {
    let kind = if name.is_empty() { "variable-unnamed" } else { "variable-named" };
    text(kind, &[("name", &name)])
}
