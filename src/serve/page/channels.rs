//! Whether people hear of what needs them: the channels, and what waits for them.

use maud::{Markup, html};
use openclaw_auth::model::Timestamp;

use super::pieces::{As, Foreign, Tone, count, icon, moment};
use crate::model::ChannelHealth;

pub(super) fn section(channels: &[ChannelHealth], now: Timestamp) -> Markup {
    if channels.is_empty() {
        return html! {
            section #channels aria-labelledby="channels-title" {
                h2 #channels-title { "Notifications" }
                p.lead { "None configured. Set up channels under " code { "[notify]" } " in authwatch’s configuration." }
            }
        };
    }
    html! {
        section #channels aria-labelledby="channels-title" {
            h2 #channels-title { "Notifications" }
            ul.stores { @for channel in channels { (one(channel, now)) } }
        }
    }
}

fn one(channel: &ChannelHealth, now: Timestamp) -> Markup {
    let tone = if channel.failing_since.is_some() { Tone::Soon } else { Tone::Good };
    html! {
        li.(tone.class()) {
            (icon(tone))
            div {
                b.id { (Foreign(&channel.name)) }
                " " span.fine {
                    (channel.kind)
                    @match channel.last_success {
                        Some(at) => { " · last delivered " (moment(at, now, As::Ago)) " ago" }
                        None => { " · nothing sent yet" }
                    }
                    @if channel.waiting > 0 { " · " (count(channel.waiting, "message waiting", "messages waiting")) }
                }
                @if let (Some(since), Some(problem)) = (channel.failing_since, &channel.problem) {
                    div.note { "Failing for " (moment(since, now, As::Ago)) ": " (Foreign(problem)) }
                }
            }
        }
    }
}
