//! The lower part of the page: recent activity, the stores, and the notification channels.

use maud::{Markup, html};
use openclaw_auth::model::{StoreKind, Timestamp};

use super::pieces::{As, Foreign, Tone, grouped, icon, moment, phrase, say, sentence};
use crate::model::{AgentHealth, ChannelHealth, Event, EventKind, Severity, Snapshot};
use crate::texts::{counted, text};

/// How many events are visible, and how many can be unfolded.
const EVENTS_VISIBLE: usize = 10;
const MOST_EVENTS: usize = 100;
/// How many stores with problems are visible; the rest can be unfolded.
const STORES_VISIBLE: usize = 5;
/// How many stores a list names.
const MOST_STORES: usize = 100;

pub(super) fn events(events: &[Event], now: Timestamp) -> Markup {
    let mut latest: Vec<&Event> = events.iter().collect();
    latest.sort_by(|one, other| other.at.total_cmp(&one.at));
    latest.truncate(MOST_EVENTS);
    let (visible, folded) = latest.split_at(latest.len().min(EVENTS_VISIBLE));
    html! {
        section #events aria-labelledby="events-title" {
            h2 #events-title { (say("page-activity")) }
            @if latest.is_empty() {
                p.empty { (say("page-no-activity")) }
            } @else {
                ul.events { @for happened in visible { (event(happened, now)) } }
                @if !folded.is_empty() {
                    details #earlier {
                        summary { (counted("page-earlier", folded.len())) }
                        ul.events { @for happened in folded { (event(happened, now)) } }
                    }
                }
            }
        }
    }
}

fn event(event: &Event, now: Timestamp) -> Markup {
    let (tone, word) = match event.kind {
        EventKind::Renewed => (Tone::Good, "page-event-renewed"),
        EventKind::RenewalFailed => (Tone::Bad, "page-event-renewal-failed"),
        EventKind::Worse => (Tone::Soon, "page-event-worse"),
        EventKind::Better => (Tone::Good, "page-event-better"),
        EventKind::Appeared => (Tone::Busy, "page-event-new"),
        EventKind::Disappeared => (Tone::Busy, "page-event-removed"),
        EventKind::StoreBroken => (Tone::Bad, "page-event-store-broken"),
        EventKind::StoreMended => (Tone::Good, "page-event-store-fixed"),
        EventKind::SettingsBroken => (Tone::Bad, "page-event-openclaw-broken"),
        EventKind::SettingsMended => (Tone::Good, "page-event-openclaw-fixed"),
        EventKind::Configuration => (Tone::Busy, "page-event-configuration"),
    };
    html! {
        li.(tone.class()) {
            (icon(tone))
            div {
                b { (say(word)) }
                @if let Some(profile) = &event.profile { " " span.id { (Foreign(profile.as_str())) } }
                @if let Some(agent) = &event.agent {
                    " " span.of { (phrase("page-of-agent", &[("agent", html! { span.id { (Foreign(agent.as_str())) } })])) }
                }
                div.note { (Foreign(&event.text)) }
            }
            span.when { (phrase("page-ago", &[("ago", moment(event.at, now, As::Ago))])) }
        }
    }
}

pub(super) fn stores(snapshot: &Snapshot) -> Markup {
    let (sound, broken): (Vec<&AgentHealth>, Vec<&AgentHealth>) = snapshot.agents.iter().partition(|agent| {
        let store = &agent.store;
        store.error.is_none() && store.state_error.is_none() && store.migration.is_none()
    });
    html! {
        section #stores aria-labelledby="stores-title" {
            h2 #stores-title { (say("page-stores")) }
            @if broken.is_empty() {
                p.lead { (say("page-stores-ok")) }
            } @else {
                @let (visible, folded) = broken.split_at(broken.len().min(STORES_VISIBLE));
                (store_list(visible))
                @if !folded.is_empty() {
                    details #broken-stores {
                        summary { (counted("page-stores-more", folded.len())) }
                        (store_list(folded))
                    }
                }
            }
            @if !sound.is_empty() {
                details #sound-stores {
                    summary { (counted("page-stores-fine", sound.len())) }
                    (store_list(&sound))
                }
            }
        }
    }
}

fn store_list(agents: &[&AgentHealth]) -> Markup {
    html! {
        ul.stores { @for agent in agents.iter().take(MOST_STORES) { (store(agent)) } }
        @if agents.len() > MOST_STORES {
            p.fine {
                (phrase("page-stores-cut", &[
                    ("count", html! { (grouped(agents.len() - MOST_STORES)) }),
                    ("report", html! { a href="api/v1/status" { (say("page-stores-report")) } }),
                ]))
            }
        }
    }
}

fn store(agent: &AgentHealth) -> Markup {
    let store = &agent.store;
    let severity = agent.store_assessment.as_ref().and_then(|assessment| assessment.severity);
    let tone = Tone::of(severity.or(store.state_error.as_ref().map(|_| Severity::Info)));
    let kind = match store.kind {
        StoreKind::Json => say("page-store-json"),
        StoreKind::None => say("page-store-none"),
        other => other.words().to_owned(),
    };
    html! {
        li.(tone.class()) {
            (icon(tone))
            div {
                b.id { (Foreign(agent.id.as_str())) }
                " " span.fine {
                    (kind)
                    @if let Some(mode) = &store.mode { " · " (text("page-store-mode", &[("mode", mode)])) }
                    @if let Some(owner) = store.owner { " · " (text("page-store-uid", &[("uid", &owner)])) }
                }
                div.path { (Foreign(&store.path.to_string_lossy())) }
                @if let Some(assessment) = &agent.store_assessment { div.note { (Foreign(&sentence(&assessment.summary))) "." } }
                @if let Some(error) = &store.state_error {
                    div.note { (phrase("page-store-state-error", &[("problem", html! { (Foreign(&error.message)) })])) }
                }
            }
        }
    }
}

pub(super) fn channels(channels: &[ChannelHealth], now: Timestamp) -> Markup {
    html! {
        section #channels aria-labelledby="channels-title" {
            h2 #channels-title { (say("page-channels")) }
            @if channels.is_empty() {
                p.lead { (phrase("page-channels-none", &[("section", html! { code { "[notify]" } })])) }
            } @else {
                ul.stores { @for health in channels { (channel(health, now)) } }
            }
        }
    }
}

fn channel(channel: &ChannelHealth, now: Timestamp) -> Markup {
    let tone = if channel.failing_since.is_some() { Tone::Soon } else { Tone::Good };
    html! {
        li.(tone.class()) {
            (icon(tone))
            div {
                b.id { (Foreign(&channel.name)) }
                " " span.fine {
                    (channel.kind) " · "
                    @match channel.last_success {
                        Some(at) => (phrase("page-channel-delivered", &[("ago", moment(at, now, As::Ago))])),
                        None => (say("page-channel-unused")),
                    }
                    @if channel.waiting > 0 { " · " (counted("page-channel-waiting", channel.waiting)) }
                }
                @if let (Some(since), Some(problem)) = (channel.failing_since, &channel.problem) {
                    div.note {
                        (phrase("page-channel-failing", &[
                            ("ago", moment(since, now, As::Ago)),
                            ("problem", html! { (Foreign(problem)) }),
                        ]))
                    }
                }
            }
        }
    }
}
