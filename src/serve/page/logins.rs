//! The list of agents and their logins, with its filter.

use maud::{Markup, html};
use openclaw_auth::model::{Cooldown, CooldownKind, Timestamp};

use super::attention::sentence;
use super::pieces::{As, Foreign, Tone, count, grouped, icon, moment};
use super::rows::{self, Row, RowKind};
use super::view::{PageView, Show, Sort};
use crate::model::{AgentHealth, LoginState, ProfileHealth, Snapshot, Status};

/// How many lines a page of the list has.
const PER_PAGE: usize = 100;

pub(super) fn section(snapshot: &Snapshot, all: &[Row<'_>], view: &PageView) -> Markup {
    let show = rows::shown(view, all);
    let selected = rows::select(all, view, show);
    let (quiet, listed): (Vec<_>, Vec<_>) = selected.into_iter().partition(Row::is_quiet);
    let pages = listed.len().div_ceil(PER_PAGE).max(1);
    let page = view.page.clamp(1, pages);
    let start = (page - 1) * PER_PAGE;
    let lines = &listed[start..listed.len().min(start + PER_PAGE)];
    html! {
        section #logins aria-labelledby="logins-title" {
            h2 #logins-title { "Agents and logins" }
            (filter(view, show))
            p #found role="status" {
                (count(listed.len(), "line", "lines"))
                @if show == Show::Attention { " that need attention" }
                @if !view.query.is_empty() { " for “" (Foreign(&view.query)) "”" }
                @if pages > 1 { ", page " (page) " of " (grouped(pages)) }
            }
            @if lines.is_empty() {
                p.empty {
                    @if show == Show::Attention && view.query.is_empty() { "Nothing here needs attention." }
                    @else if quiet.is_empty() { "Nothing matches." }
                    @else { "Only logins inherited from agent main." }
                }
            } @else {
                (table(snapshot, lines, view.sort))
            }
            (inherited(&quiet))
            @if pages > 1 { (pager(view, page, pages)) }
        }
    }
}

/// A form that works by itself; with the script it applies as one types.
fn filter(view: &PageView, show: Show) -> Markup {
    html! {
        form.filter role="search" aria-label="Filter the logins" {
            div.field.grow {
                label for="q" { "Find" }
                input #q type="search" name="q" value=(view.query) maxlength="200" autocomplete="off"
                    spellcheck="false" placeholder="agent, profile or provider";
            }
            fieldset.field {
                legend { "Show" }
                div.choice {
                    @for (option, name) in [(Show::Attention, "Needs attention"), (Show::All, "All")] {
                        label { input type="radio" name="show" value=(option.as_str()) checked[option == show];
                            span { (name) } }
                    }
                }
            }
            div.field {
                label for="sort" { "Sort by" }
                select #sort name="sort" {
                    @for (option, name) in [(Sort::Agent, "Agent"), (Sort::Left, "Time left"), (Sort::Provider, "Provider")] {
                        option value=(option.as_str()) selected[option == view.sort] { (name) }
                    }
                }
            }
            button.apply type="submit" { "Apply" }
        }
    }
}

/// Roles are spelled out because on a phone the table is laid out as cards, which would cost it its meaning.
fn table(snapshot: &Snapshot, lines: &[Row<'_>], sort: Sort) -> Markup {
    let groups = lines.chunk_by(|left, right| sort != Sort::Agent || left.agent_name() == right.agent_name());
    html! {
        table.logins role="table" aria-labelledby="logins-title" {
            thead role="rowgroup" {
                tr role="row" {
                    @for name in ["State", "Login", "Time left", "Renewal"] { th scope="col" role="columnheader" { (name) } }
                }
            }
            @for group in groups {
                tbody role="rowgroup" {
                    @if sort == Sort::Agent { (heading(group[0].agent)) }
                    @for row in group { (line(row, snapshot.now, sort)) }
                }
            }
        }
    }
}

fn heading(agent: Option<&AgentHealth>) -> Markup {
    html! {
        tr.agent role="row" {
            th role="rowheader" scope="rowgroup" colspan="4" {
                @if let Some(agent) = agent {
                    span.id { (Foreign(agent.id.as_str())) }
                    @if agent.default { " " span.badge { "default" } }
                    @let store = agent.store.kind.words();
                    @if !store.is_empty() { " " span.fine { (store) } }
                } @else {
                    "Command line tools’ own logins " span.fine { "observed, never touched" }
                }
            }
        }
    }
}

fn line(row: &Row<'_>, now: Timestamp, sort: Sort) -> Markup {
    let profile = if let RowKind::Profile(profile) = row.what { Some(profile) } else { None };
    html! {
        tr.(row.tone.class()) role="row" data-key={ (Foreign(row.agent_name())) "/" (Foreign(row.name())) } {
            td.state role="cell" { (icon(row.tone)) span { (row.label()) } }
            td.login role="cell" {
                span.id { (Foreign(row.name())) }
                @if sort != Sort::Agent && row.agent.is_some() { " " span.of { "agent " span.id { (Foreign(row.agent_name())) } } }
                @if let Some(profile) = profile { (notes(profile, row)) }
                @if let Some(note) = note(row) { div.note { (note) } }
                @if row.also > 0 { div.fine { "also used by " (count(row.also, "agent", "agents")) } }
                @if let Some(cooldown) = profile.and_then(|profile| profile.cooldown.as_ref()) { (set_aside(cooldown, now)) }
            }
            td.left role="cell" { @if let Some(profile) = profile { (left(profile, now)) } }
            td.renewal role="cell" { @if let Some(profile) = profile { (renewal(profile)) } }
        }
    }
}

fn notes(profile: &ProfileHealth, row: &Row<'_>) -> Markup {
    let kind = match profile.kind.as_str() {
        "api_key" => "API key",
        "oauth" => "OAuth",
        _ => "token",
    };
    html! {
        div.fine {
            (Foreign(profile.provider.as_str())) " · " (kind)
            @if profile.in_use { " · in use" }
            @if profile.inherited { " · from agent main" }
            @if profile.source.is_import_only() { " · not imported yet" }
            @if row.agent.is_none() { " · " (profile.source.as_str()) }
        }
    }
}

fn note(row: &Row<'_>) -> Option<Markup> {
    if let RowKind::Rejected(rejected) = row.what {
        let why = rejected.reason.as_str().replace('_', " ");
        return Some(html! { "OpenClaw ignores this entry (" (why) ")." });
    }
    // What is wrong with a store is told among the needs, and with the stores.
    let told = row.tone == Tone::Good || matches!(row.what, RowKind::Store);
    let assessment = row.assessment.filter(|_| !told)?;
    Some(html! { (Foreign(&sentence(&assessment.summary))) "." })
}

fn set_aside(cooldown: &Cooldown, now: Timestamp) -> Markup {
    html! {
        div.note {
            @match cooldown.kind {
                CooldownKind::Cooldown => "Cooling down",
                CooldownKind::Disabled => "Disabled by OpenClaw",
            }
            @if let Some(reason) = &cooldown.reason { " (" (Foreign(&reason.replace('_', " "))) ")" }
            " for another " (moment(cooldown.until, now, As::Left)) "."
        }
    }
}

fn left(profile: &ProfileHealth, now: Timestamp) -> Markup {
    html! {
        @match profile.end() {
            Some(end) if end > now => {
                span.span { (moment(end, now, As::Left)) }
                span.fine { (moment(end, now, As::Date)) }
            }
            Some(end) => {
                span.span { "expired " (moment(end, now, As::Ago)) " ago" }
                span.fine { (moment(end, now, As::Date)) }
            }
            None if profile.status == Status::Static => {
                span.fine { "no expiry" }
            }
            None => span.fine { "unknown" },
        }
    }
}

fn renewal(profile: &ProfileHealth) -> &'static str {
    match profile.login {
        LoginState::Static if profile.end().is_some() => "manual",
        LoginState::Static => "not needed",
        LoginState::Renewable => "automatic",
        LoginState::Refreshing => "in progress",
        LoginState::Dead => "needs sign-in",
        LoginState::Blocked => "blocked by the network",
        LoginState::External => "by its own program",
        LoginState::Unsupported => "not supported",
        LoginState::None => "sign-in",
    }
}

/// How many names, and how many combinations of them, are written out.
const MOST: usize = 50;

/// What works and is main's, folded away; agents that have the very same share a line.
fn inherited(quiet: &[Row<'_>]) -> Markup {
    if quiet.is_empty() {
        return Markup::default();
    }
    let by_agent: Vec<&[Row<'_>]> =
        quiet.chunk_by(|left, right| left.agent_name() == right.agent_name()).collect();
    let mut sets: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for rows in by_agent {
        let ids: Vec<&str> = rows.iter().map(Row::name).collect();
        let index = *known.entry(ids.clone()).or_insert_with(|| {
            sets.push((ids, Vec::new()));
            sets.len() - 1
        });
        sets[index].1.push(rows[0].agent_name());
    }
    html! {
        details.inherited #inherited {
            summary { (count(quiet.len(), "login", "logins")) " inherited from agent main" }
            @for (ids, agents) in sets.iter().take(MOST) {
                dl {
                    dt { (names(ids, MOST)) }
                    dd { "for " (names(agents, MOST)) }
                }
            }
            @if sets.len() > MOST { p.fine { "And " (grouped(sets.len() - MOST)) " other combinations." } }
        }
    }
}

fn names(names: &[&str], most: usize) -> Markup {
    html! {
        @for (index, name) in names.iter().take(most).enumerate() {
            @if index > 0 { ", " }
            span.id { (Foreign(name)) }
        }
        @if names.len() > most { " and " (grouped(names.len() - most)) " more" }
    }
}

fn pager(view: &PageView, page: usize, pages: usize) -> Markup {
    html! {
        nav.pager aria-label="Pages of the list" {
            @if page > 1 { a rel="prev" href=(view.link(page - 1)) { "Previous" } }
            span { "Page " (grouped(page)) " of " (grouped(pages)) }
            @if page < pages { a rel="next" href=(view.link(page + 1)) { "Next" } }
        }
    }
}
