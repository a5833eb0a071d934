//! Recent activity.

use maud::{Markup, html};
use openclaw_auth::model::Timestamp;

use super::pieces::{As, Foreign, Tone, icon, moment};
use crate::model::{Event, EventKind};

/// How many are in sight, and how many can be unfolded.
const IN_SIGHT: usize = 10;
const MOST: usize = 100;

pub(super) fn section(events: &[Event], now: Timestamp) -> Markup {
    let mut latest: Vec<&Event> = events.iter().collect();
    latest.sort_by(|one, other| other.at.total_cmp(&one.at));
    latest.truncate(MOST);
    let (in_sight, folded) = latest.split_at(latest.len().min(IN_SIGHT));
    html! {
        section #events aria-labelledby="events-title" {
            h2 #events-title { "Activity" }
            @if latest.is_empty() {
                p.empty { "Nothing has changed since authwatch started." }
            } @else {
                ul.events { @for event in in_sight { (one(event, now)) } }
                @if !folded.is_empty() {
                    details #earlier {
                        summary { (folded.len()) " earlier" }
                        ul.events { @for event in folded { (one(event, now)) } }
                    }
                }
            }
        }
    }
}

fn one(event: &Event, now: Timestamp) -> Markup {
    let (tone, word) = match event.kind {
        EventKind::Renewed => (Tone::Good, "Renewed"),
        EventKind::RenewalFailed => (Tone::Bad, "Renewal failed"),
        EventKind::Worse => (Tone::Soon, "Worse"),
        EventKind::Better => (Tone::Good, "Better"),
        EventKind::Appeared => (Tone::Busy, "New"),
        EventKind::Disappeared => (Tone::Busy, "Removed"),
        EventKind::StoreBroken => (Tone::Bad, "Store unreadable"),
        EventKind::StoreMended => (Tone::Good, "Store readable again"),
        EventKind::SettingsBroken => (Tone::Bad, "OpenClaw’s configuration broken"),
        EventKind::SettingsMended => (Tone::Good, "OpenClaw’s configuration OK"),
        EventKind::Configuration => (Tone::Busy, "Configuration"),
    };
    html! {
        li.(tone.class()) {
            (icon(tone))
            div {
                b { (word) }
                @if let Some(profile) = &event.profile { " " span.id { (Foreign(profile.as_str())) } }
                @if let Some(agent) = &event.agent { " " span.of { "agent " span.id { (Foreign(agent.as_str())) } } }
                div.note { (Foreign(&event.text)) }
            }
            span.when { (moment(event.at, now, As::Ago)) " ago" }
        }
    }
}
