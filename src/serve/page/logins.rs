//! The list of agents and their logins, with its filter.

use maud::{Markup, html};
use openclaw_auth::model::{Cooldown, CooldownKind, CredentialKind, Timestamp};

use super::pieces::{As, Foreign, Tone, grouped, icon, moment, phrase, say, sentence};
use super::rows::{self, Row, RowKind};
use super::view::{PageView, Show, Sort};
use crate::model::{AgentHealth, LoginState, ProfileHealth, Snapshot, Status};
use crate::texts::{counted, text};

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
            h2 #logins-title { (say("page-logins")) }
            (filter(view, show))
            p #found role="status" {
                (counted("page-lines", listed.len()))
                @if show == Show::Attention { (say("page-that-need-attention")) }
                @if !view.query.is_empty() { (phrase("page-for-query", &[("query", html! { (Foreign(&view.query)) })])) }
                @if pages > 1 { (text("page-of-pages", &[("page", &page), ("pages", &grouped(pages))])) }
            }
            @if lines.is_empty() {
                p.empty {
                    @if show == Show::Attention && view.query.is_empty() { (say("page-none-needs-attention")) }
                    @else if quiet.is_empty() { (say("page-no-match")) }
                    @else { (say("page-only-inherited")) }
                }
            } @else {
                (table(snapshot, lines, view.sort))
            }
            (inherited(&quiet))
            @if pages > 1 { (pager(view, page, pages)) }
        }
    }
}

/// A form that works without the script, which applies it while one types.
fn filter(view: &PageView, show: Show) -> Markup {
    html! {
        form.filter role="search" aria-label=(say("page-filter")) {
            div.field.grow {
                label for="q" { (say("page-find")) }
                input #q type="search" name="q" value=(view.query) maxlength="200" autocomplete="off"
                    spellcheck="false" placeholder=(say("page-find-hint"));
            }
            fieldset.field {
                legend { (say("page-show")) }
                div.choice {
                    @for (option, name) in [(Show::Attention, "page-show-attention"), (Show::All, "page-show-all")] {
                        label { input type="radio" name="show" value=(option.as_str()) checked[option == show];
                            span { (say(name)) } }
                    }
                }
            }
            div.field {
                label for="sort" { (say("page-sort")) }
                select #sort name="sort" {
                    @for (option, name) in [
                        (Sort::Agent, "page-sort-agent"), (Sort::Left, "page-sort-left"), (Sort::Provider, "page-sort-provider"),
                    ] {
                        option value=(option.as_str()) selected[option == view.sort] { (say(name)) }
                    }
                }
            }
            button.apply type="submit" { (say("page-apply")) }
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
                    @for name in ["page-column-state", "page-column-login", "page-column-left", "page-column-renewal"] {
                        th scope="col" role="columnheader" { (say(name)) }
                    }
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
                    @if agent.default { " " span.badge { (say("page-default")) } }
                    @let store = agent.store.kind.words();
                    @if !store.is_empty() { " " span.fine { (store) } }
                } @else {
                    (say("page-own-logins")) " " span.fine { (say("page-observed")) }
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
                @if sort != Sort::Agent && row.agent.is_some() {
                    " " span.of { (phrase("page-of-agent", &[("agent", html! { span.id { (Foreign(row.agent_name())) } })])) }
                }
                @if let Some(profile) = profile { (notes(profile, row)) }
                @if let Some(note) = note(row) { div.note { (Foreign(&note)) "." } }
                @if row.also > 0 { div.fine { (text("also-used-by", &[("agents", &counted("agents", row.also))])) } }
                @if let Some(cooldown) = profile.and_then(|profile| profile.cooldown.as_ref()) { (set_aside(cooldown, now)) }
            }
            td.left role="cell" { @if let Some(profile) = profile { (left(profile, now)) } }
            td.renewal role="cell" { @if let Some(profile) = profile { (renewal(profile)) } }
        }
    }
}

fn notes(profile: &ProfileHealth, row: &Row<'_>) -> Markup {
    let kind = match profile.kind {
        CredentialKind::ApiKey => "page-api-key",
        CredentialKind::OAuth => "page-oauth",
        CredentialKind::Token => "page-token",
    };
    html! {
        div.fine {
            (Foreign(profile.provider.as_str())) " · " (say(kind))
            @if profile.in_use { " · " (say("page-in-use")) }
            @if profile.inherited { " · " (say("page-from-main")) }
            @if profile.source.is_import_only() { " · " (say("page-not-imported")) }
            @if row.agent.is_none() { " · " (profile.source.as_str()) }
        }
    }
}

fn note(row: &Row<'_>) -> Option<String> {
    if let RowKind::Rejected(rejected) = row.what {
        let reason = rejected.reason.as_str().replace('_', " ");
        return Some(text("entry-ignored", &[("reason", &reason)]));
    }
    // What is wrong with a store is shown among the needs, and with the stores.
    let is_shown = row.tone == Tone::Good || matches!(row.what, RowKind::Store);
    row.assessment.filter(|_| !is_shown).map(|assessment| sentence(&assessment.summary))
}

fn set_aside(cooldown: &Cooldown, now: Timestamp) -> Markup {
    let left = ("left", moment(cooldown.until, now, As::Left));
    let reason = cooldown.reason.as_ref().map(|reason| reason.replace('_', " "));
    let parameters = match &reason {
        Some(reason) => vec![left, ("reason", html! { (Foreign(reason)) })],
        None => vec![left],
    };
    let name = match (cooldown.kind, reason.is_some()) {
        (CooldownKind::Cooldown, false) => "page-cooling-down",
        (CooldownKind::Cooldown, true) => "page-cooling-down-because",
        (CooldownKind::Disabled, false) => "page-disabled",
        (CooldownKind::Disabled, true) => "page-disabled-because",
    };
    html! { div.note { (phrase(name, &parameters)) } }
}

fn left(profile: &ProfileHealth, now: Timestamp) -> Markup {
    html! {
        @match profile.end() {
            Some(end) if end > now => {
                span.span { (moment(end, now, As::Left)) }
                span.fine { (moment(end, now, As::Date)) }
            }
            Some(end) => {
                span.span { (phrase("page-expired-ago", &[("ago", moment(end, now, As::Ago))])) }
                span.fine { (moment(end, now, As::Date)) }
            }
            None if profile.status == Status::Static => {
                span.fine { (say("page-no-expiry")) }
            }
            None => span.fine { (say("page-unknown")) },
        }
    }
}

fn renewal(profile: &ProfileHealth) -> String {
    say(match profile.login {
        LoginState::Static if profile.end().is_some() => "page-renewal-manual",
        LoginState::Static => "page-renewal-not-needed",
        LoginState::Renewable => "page-renewal-automatic",
        LoginState::Refreshing => "page-renewal-in-progress",
        LoginState::NeedsSignIn => "page-renewal-sign-in-needed",
        LoginState::Blocked => "page-renewal-blocked",
        LoginState::External => "page-renewal-own-program",
        LoginState::Unsupported => "page-renewal-not-supported",
        LoginState::None => "page-renewal-sign-in",
    })
}

/// How many names, and how many combinations of them, are written out.
const MOST: usize = 50;

/// Logins inherited from agent main, folded; agents with the same ones share a line.
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
            summary { (counted("page-inherited", quiet.len())) }
            @for (ids, agents) in sets.iter().take(MOST) {
                dl {
                    dt { (names(ids)) }
                    dd { (phrase("page-for-agents", &[("agents", names(agents))])) }
                }
            }
            @if sets.len() > MOST { p.fine { (counted("page-combinations-more", sets.len() - MOST)) } }
        }
    }
}

fn names(names: &[&str]) -> Markup {
    html! {
        @for (index, name) in names.iter().take(MOST).enumerate() {
            @if index > 0 { ", " }
            span.id { (Foreign(name)) }
        }
        @if names.len() > MOST { (counted("page-names-more", names.len() - MOST)) }
    }
}

fn pager(view: &PageView, page: usize, pages: usize) -> Markup {
    html! {
        nav.pager aria-label=(say("page-pages")) {
            @if page > 1 { a rel="prev" href=(view.link(page - 1)) { (say("page-previous")) } }
            span { (text("page-page", &[("page", &grouped(page)), ("pages", &grouped(pages))])) }
            @if page < pages { a rel="next" href=(view.link(page + 1)) { (say("page-next-page")) } }
        }
    }
}
