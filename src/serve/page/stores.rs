//! Where the logins are kept, and in which condition that is.

use maud::{Markup, html};
use openclaw_auth::model::StoreKind;

use super::attention::sentence;
use super::pieces::{Foreign, Tone, count, grouped, icon};
use crate::model::{AgentHealth, Severity, Snapshot};

/// How many that are not in order are in sight; the rest can be unfolded.
const IN_SIGHT: usize = 5;
/// How many agents' stores a list names.
const MOST: usize = 100;

pub(super) fn section(snapshot: &Snapshot) -> Markup {
    let (sound, broken): (Vec<&AgentHealth>, Vec<&AgentHealth>) = snapshot.agents.iter().partition(|agent| {
        let store = &agent.store;
        store.error.is_none() && store.state_error.is_none() && store.stranded.is_none()
    });
    html! {
        section #stores aria-labelledby="stores-title" {
            h2 #stores-title { "Stores" }
            @if broken.is_empty() {
                p.lead { "Every store can be read." }
            } @else {
                @let (in_sight, folded) = broken.split_at(broken.len().min(IN_SIGHT));
                (list(in_sight))
                @if !folded.is_empty() {
                    details #broken-stores {
                        summary { (grouped(folded.len())) " more with problems" }
                        (list(folded))
                    }
                }
            }
            @if !sound.is_empty() {
                details #sound-stores {
                    summary { (count(sound.len(), "store", "stores")) " OK" }
                    (list(&sound))
                }
            }
        }
    }
}

fn list(agents: &[&AgentHealth]) -> Markup {
    html! {
        ul.stores { @for agent in agents.iter().take(MOST) { (one(agent)) } }
        @if agents.len() > MOST {
            p.fine { "And " (grouped(agents.len() - MOST)) " more, all of them in "
                a href="api/v1/status" { "the report as JSON" } "." }
        }
    }
}

fn one(agent: &AgentHealth) -> Markup {
    let store = &agent.store;
    let severity = agent.store_assessment.as_ref().and_then(|assessment| assessment.severity);
    let tone = Tone::of(severity.or(store.state_error.as_ref().map(|_| Severity::Info)));
    let kind = match store.kind {
        StoreKind::Json => "JSON",
        StoreKind::None => "none of its own",
        other => other.words(),
    };
    html! {
        li.(tone.class()) {
            (icon(tone))
            div {
                b.id { (Foreign(agent.id.as_str())) }
                " " span.fine {
                    (kind)
                    @if let Some(mode) = &store.mode { " · mode " (mode) }
                    @if let Some(owner) = store.owner { " · UID " (owner) }
                }
                div.path { (Foreign(&store.path.to_string_lossy())) }
                @if let Some(assessment) = &agent.store_assessment { div.note { (Foreign(&sentence(&assessment.summary))) "." } }
                @if let Some(error) = &store.state_error {
                    div.note { "Its file with order and usage: " (Foreign(&error.message)) ". OpenClaw ignores it." }
                }
            }
        }
    }
}
