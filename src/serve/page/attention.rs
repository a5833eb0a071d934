//! The answer to "is everything all right?", and what needs a person, with the command to run.

use std::collections::HashMap;

use maud::{Markup, html};
use openclaw_auth::model::Timestamp;

use super::pieces::{As, Foreign, Tone, command, count, grouped, icon, moment};
use super::rows::{Row, RowKind};
use super::view::PageInput;
use crate::model::{LoginState, Snapshot, Status};
use crate::remedy::{self, Remedy};

/// Something a person has to see to: one cause, however many agents feel it.
pub(super) struct Need<'a> {
    row: Row<'a>,
    /// How many other agents have the same login from main.
    others: usize,
    tone: Tone,
}

/// What needs a person, worst first. A login that many agents inherit is one need.
pub(super) fn needs<'a>(snapshot: &'a Snapshot, rows: &[Row<'a>]) -> Vec<Need<'a>> {
    let main = snapshot.agents.first().map(|agent| &agent.id);
    let mut needs: Vec<Need<'a>> = Vec::new();
    let mut shared: HashMap<&str, usize> = HashMap::new();
    for row in rows.iter().filter(|row| row.person) {
        let of_main = row.agent.map(|agent| &agent.id) == main && matches!(row.what, RowKind::Profile(_));
        let urgent = row.tone == Tone::Bad && row.in_use();
        let tone = if urgent { Tone::Bad } else { Tone::Soon };
        if row.inherited() || of_main {
            if let Some(known) = shared.get(row.name()).map(|index| &mut needs[*index]) {
                known.others += 1;
                // It may be in use by one agent and not by another.
                known.tone = known.tone.min(tone);
                continue;
            }
            shared.insert(row.name(), needs.len());
        }
        needs.push(Need { row: *row, others: 0, tone });
    }
    needs.sort_by_key(|need| need.tone);
    needs
}

/// Longer lists are cut: the rest is in the list of logins.
const MOST_NEEDS: usize = 10;

/// The big answer on top of the page.
pub(super) fn verdict(
    input: &PageInput<'_>,
    snapshot: &Snapshot,
    rows: &[Row<'_>],
    needs: &[Need<'_>],
) -> Markup {
    let urgent = needs.iter().filter(|need| need.tone == Tone::Bad).count()
        + usize::from(snapshot.config.error.is_some())
        + snapshot.rescued.len();
    let later = needs.len().saturating_sub(needs.iter().filter(|need| need.tone == Tone::Bad).count());
    let profiles =
        || rows.iter().filter(|row| matches!(row.what, RowKind::Profile(_)) && row.agent.is_some());
    let (tone, title) = match (urgent, later) {
        (0, 0) if profiles().next().is_none() => (Tone::Busy, "No logins found".to_owned()),
        (0, 0) => (Tone::Good, "Every login is all right".to_owned()),
        (0, 1) => (Tone::Soon, "1 thing to look after".to_owned()),
        (0, _) => (Tone::Soon, format!("{} things to look after", grouped(later))),
        (1, _) => (Tone::Bad, "1 thing needs you now".to_owned()),
        (_, _) => (Tone::Bad, format!("{} things need you now", grouped(urgent))),
    };
    let short = if urgent + later == 0 { String::new() } else { format!("({}) ", urgent + later) };
    let tally = |tone: Tone| profiles().filter(|row| row.tone == tone).count();
    html! {
        section.verdict.(tone.class()) aria-label="Verdict" data-title={ (short) "authwatch" } {
            (icon(tone))
            div {
                div role="status" aria-live="polite" aria-atomic="true" {
                    h1 { (title) }
                    @if urgent > 0 && later > 0 {
                        p.sub { (count(later, "other is", "others are")) " less urgent." }
                    } @else if urgent == 0 && later > 0 {
                        p.sub { "Nothing that a model uses is broken at this moment." }
                    } @else if tone == Tone::Busy {
                        p.sub { "None of the agents has a login yet. Set one up with "
                            code { "openclaw models auth login" } "." }
                    }
                }
                @if tone == Tone::Good { (next_need(snapshot, rows)) }
                p.look {
                    "Last look " span.fresh { (moment(snapshot.now, snapshot.now, As::Ago)) " ago" } ", "
                    span #look { (moment(snapshot.now, snapshot.now, As::Date)) } ". "
                    @if input.refreshing_enabled { "Renewing what can be renewed." }
                    @else { "Only watching: renewing is switched off." }
                }
            }
        }
        dl.tally {
            div { dt { "Agents" } dd { (grouped(snapshot.agents.len())) } }
            @for (tone, name) in [
                (Tone::Good, "Working"), (Tone::Busy, "Renewing"), (Tone::Soon, "To watch"), (Tone::Bad, "Not working"),
            ] {
                div.(tone.class()).none[tally(tone) == 0] { dt { (icon(tone)) (name) } dd { (grouped(tally(tone))) } }
            }
        }
    }
}

/// Everything is fine; what will be next to need a person, and when?
fn next_need(snapshot: &Snapshot, rows: &[Row<'_>]) -> Markup {
    let next = rows
        .iter()
        .filter(|row| !row.inherited() && row.agent.is_some() && !renews_itself(row))
        .filter_map(|row| Some((row, row.end()?)))
        .filter(|(_, end)| *end > snapshot.now)
        .min_by(|left, right| left.1.total_cmp(&right.1));
    html! {
        @if let Some((row, end)) = next {
            p.sub { "The next to need you: " b { (Foreign(row.name())) } " of " b { (Foreign(row.agent_name())) }
                ", in " (moment(end, snapshot.now, As::Left)) "." }
        }
    }
}

/// Whether its end comes and goes without anybody doing anything.
pub(super) fn renews_itself(row: &Row<'_>) -> bool {
    matches!(row.what, RowKind::Profile(profile)
        if matches!(profile.login, LoginState::Renewable | LoginState::Refreshing | LoginState::External))
}

/// What needs a person, each with what it means, since when, and the command.
pub(super) fn section(snapshot: &Snapshot, needs: &[Need<'_>]) -> Markup {
    let config = remedy::for_config(&snapshot.config);
    if needs.is_empty() && config.is_none() && snapshot.rescued.is_empty() {
        return Markup::default();
    }
    html! {
        section #needs aria-labelledby="needs-title" {
            h2 #needs-title { "What needs you" }
            ul.needs {
                @for profile in snapshot.rescued.iter().take(MOST_NEEDS) {
                    (apart("The new login of ", profile, "Not stored", &remedy::for_rescued()))
                }
                @if let Some(remedy) = &config {
                    (apart("OpenClaw’s configuration", "", "Unusable", remedy))
                }
                @for need in needs.iter().take(MOST_NEEDS) { (one(need, snapshot.now)) }
            }
            @if needs.len() > MOST_NEEDS {
                p.more { "And " (grouped(needs.len() - MOST_NEEDS)) " more: "
                    a href="?show=attention#logins" { "all that needs attention" } "." }
            }
        }
    }
}

/// What is no row of its own: it is about no agent in particular.
fn apart(title: &str, name: &str, badge: &str, remedy: &Remedy) -> Markup {
    html! {
        li.need.bad {
            (icon(Tone::Bad))
            div.what {
                h3 { (title) @if !name.is_empty() { span.id { (Foreign(name)) } } " " span.badge { (badge) } }
                p { (Foreign(&sentence(&remedy.meaning))) "." }
                @if let Some(line) = &remedy.command { (command(line, &format!("{title}{name}"))) }
            }
        }
    }
}

fn one(need: &Need<'_>, now: Timestamp) -> Markup {
    let row = &need.row;
    let remedy = row.remedy();
    // The network is what has to be looked at; signing in again would not help.
    let blocked = matches!(row.what, RowKind::Profile(profile) if profile.login == LoginState::Blocked);
    html! {
        li.need.(need.tone.class()) data-key={ (Foreign(row.agent_name())) "/" (Foreign(row.name())) } {
            (icon(need.tone))
            div.what {
                h3 {
                    span.id { (Foreign(row.name())) }
                    " " span.of { "of " span.id { (Foreign(row.agent_name())) } }
                    " " span.badge { (row.label) }
                }
                p {
                    @if blocked { "The network keeps it from being renewed" }
                    @else if let Some(remedy) = &remedy { (Foreign(&sentence(&remedy.meaning))) }
                    @else { (row.label) }
                    "."
                    @if let Some(since) = since(row, now) { " " (since) "." }
                    @if !row.in_use() { " No configured model uses it." }
                    @if need.others > 0 {
                        " " (count(need.others, "other agent has", "other agents have")) " it from there, too."
                    }
                }
                @if let Some(line) = remedy.as_ref().filter(|_| !blocked).and_then(|remedy| remedy.command.as_deref()) {
                    (command(line, &format!("{} of {}", row.name(), row.agent_name())))
                }
            }
        }
    }
}

/// Since when it needs a person, or until when it can wait.
fn since(row: &Row<'_>, now: Timestamp) -> Option<Markup> {
    let RowKind::Profile(profile) = row.what else {
        return None;
    };
    let ago = |what: &str, at: Timestamp| html! { (what) " " (moment(at, now, As::Ago)) " ago" };
    match (profile.login_since, profile.end()) {
        (Some(at), _) => Some(ago("Began", at)),
        (None, Some(end)) if end <= now => Some(ago("Ended", end)),
        (None, Some(end)) if profile.status != Status::Missing => {
            Some(html! { (moment(end, now, As::Left)) " left" })
        }
        _ => None,
    }
}

/// A short sentence with a capital.
pub(super) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
