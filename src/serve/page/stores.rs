//! Where the logins are kept, and in which condition that is.

use maud::{Markup, html};
use openclaw_auth::model::{StoreKind, StrandedKind};

use super::attention::sentence;
use super::pieces::{Foreign, Tone, count, grouped, icon};
use crate::model::{AgentHealth, Snapshot};
use crate::remedy;

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
                        summary { (grouped(folded.len())) " more with something to say" }
                        (list(folded))
                    }
                }
            }
            @if !sound.is_empty() {
                details #sound-stores {
                    summary { (count(sound.len(), "store", "stores")) " in order" }
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
    let tone = match () {
        () if store.error.is_some() => Tone::Bad,
        // Logins that OpenClaw does not see are as good as gone; a mere leftover is not.
        () if store
            .stranded
            .as_ref()
            .is_some_and(|stranded| stranded.kind == StrandedKind::EmptyDatabase) =>
        {
            Tone::Bad
        }
        () if store.state_error.is_some() || store.stranded.is_some() => Tone::Soon,
        () => Tone::Good,
    };
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
                    @if let Some(owner) = store.owner { " · user " (owner) }
                }
                div.path { (Foreign(&store.path.to_string_lossy())) }
                @if let Some(remedy) = remedy::for_store(agent) { div.note { (Foreign(&sentence(&remedy.meaning))) "." } }
                @if let Some(error) = &store.state_error {
                    div.note { "Its file with order and usage: " (Foreign(&error.message)) ". OpenClaw goes on without it." }
                }
            }
        }
    }
}
