//! Keys and tokens that were pasted with something around them, or without their end.

use openclaw_auth::model::{CredentialKind, ProviderId, Source};

use crate::doctor::finding::{Check, Finding, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::{AgentFacts, Inspection, ProfileFacts};
use crate::doctor::paste::Blemish;

pub(super) const CUT: FindingKind = FindingKind::fixable("token-cut", Severity::Critical);
pub(super) const PASTED: FindingKind = FindingKind::fixable("token-pasted-text", Severity::Critical);
pub(super) const SHORT: FindingKind = FindingKind::new("token-short", Severity::Critical);
pub(super) const OTHER_KIND: FindingKind = FindingKind::new("token-wrong-kind", Severity::Critical);

pub(super) const CHECK: Check = Check { kinds: &[CUT, PASTED, SHORT, OTHER_KIND], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.agents {
        for profile in &agent.profiles {
            if let Some(blemish) = profile.blemish {
                findings.push(
                    found(inspection, agent, profile, blemish)
                        .of(&agent.id)
                        .profile(&profile.id)
                        .at(&agent.store),
                );
            }
        }
    }
}

fn found(inspection: &Inspection, agent: &AgentFacts, profile: &ProfileFacts, blemish: Blemish) -> Finding {
    let provider = ProviderId::from(&*profile.provider);
    let set_up = |kind| inspection.commands.sign_in(&agent.id, &provider, kind, &profile.id);
    let field = if profile.kind == CredentialKind::ApiKey { "key" } else { "token" };
    let mend = |finding: Finding| match profile.source {
        Source::Json if inspection.may_rewrite(agent) => {
            finding.fix(Fix::Value { store: agent.store.clone(), profile: profile.id.clone(), field })
        }
        _ => finding.command(set_up(profile.kind)),
    };
    match blemish {
        Blemish::Broken => {
            mend(CUT.found("a line break or a space cuts it in two, as a narrow terminal does when one copies: the provider refuses it"))
        }
        Blemish::Wrapped => {
            mend(PASTED.found("something was pasted along with it (a prompt, quotes, a variable's name, white space): the provider refuses it"))
        }
        Blemish::Short => SHORT
            .found("it is shorter than any setup-token: its end was lost at a line break when it was pasted. Paste it again, in one line")
            .command(set_up(profile.kind)),
        Blemish::OtherKind if profile.kind == CredentialKind::ApiKey => OTHER_KIND
            .found("a setup-token is stored as an API key: Anthropic takes it for Claude Code only and refuses everything else")
            .command(set_up(CredentialKind::Token)),
        Blemish::OtherKind => OTHER_KIND
            .found("an API key is stored as a token: Anthropic refuses it as such")
            .command(set_up(CredentialKind::ApiKey)),
    }
}
