//! The verdict on top of the page, and what needs a person, with the command to run.

use maud::{Markup, html};
use openclaw_auth::model::Timestamp;

use super::pieces::{As, Foreign, Tone, command, grouped, icon, moment, phrase, say, sentence};
use super::rows::{Row, RowKind};
use super::view::PageInput;
use crate::assess::{self, headline};
use crate::model::{Issue, IssueOf, LoginState, Severity, Snapshot};
use crate::remedy::{Commands, OpenClawCommand};
use crate::texts::{counted, text};

/// Longer lists are cut: the rest is in the list of logins.
const MOST_NEEDS: usize = 10;

pub(super) fn verdict(
    input: &PageInput<'_>,
    snapshot: &Snapshot,
    rows: &[Row<'_>],
    issues: &[Issue<'_>],
) -> Markup {
    let needs = |severity| issues.iter().filter(|issue| issue.assessment.severity == Some(severity)).count();
    let (urgent, later) = (needs(Severity::Critical), needs(Severity::Warning));
    let logins = || rows.iter().filter(|row| matches!(row.what, RowKind::Profile(_)) && row.agent.is_some());
    let tone = match (urgent, later) {
        (0, 0) if logins().next().is_none() => Tone::Busy,
        (0, 0) => Tone::Good,
        (0, _) => Tone::Soon,
        (_, _) => Tone::Bad,
    };
    let ok = logins().filter(|row| row.tone == Tone::Good && !row.inherited()).count();
    let tiles = [
        (Tone::Good, "page-tile-ok", ok),
        (Tone::Busy, "page-tile-info", needs(Severity::Info)),
        (Tone::Soon, "page-tile-warning", later),
        (Tone::Bad, "page-tile-critical", urgent),
    ];
    html! {
        section.verdict.(tone.class()) aria-label=(say("page-verdict")) data-title=(title(issues)) {
            (icon(tone))
            div {
                div role="status" aria-live="polite" aria-atomic="true" {
                    h1 {
                        @if input.host.is_empty() { (headline(snapshot, issues)) }
                        @else {
                            (phrase("page-on-host", &[
                                ("verdict", html! { (headline(snapshot, issues)) }),
                                ("host", html! { span.host { (Foreign(input.host)) } }),
                            ]))
                        }
                    }
                    @if urgent > 0 && later > 0 {
                        p.sub { (counted("page-less-urgent", later)) }
                    } @else if urgent == 0 && later > 0 {
                        p.sub { (say("page-all-work-now")) }
                    } @else if tone == Tone::Busy {
                        p.sub { (phrase("page-no-login-yet", &[("command", html! { code { (Commands::default().openclaw(OpenClawCommand::Login, "")) } })])) }
                    }
                }
                @if tone == Tone::Good { (next_need(snapshot, rows)) }
                p.checked {
                    (phrase("page-last-checked", &[
                        ("ago", html! { span.fresh { (moment(snapshot.now, snapshot.now, As::Ago)) } }),
                        ("at", html! { span #checked { (moment(snapshot.now, snapshot.now, As::Date)) } }),
                    ])) " "
                    (say(if input.refreshing_enabled { "page-renewal-on" } else { "page-renewal-off" }))
                }
            }
        }
        dl.tally {
            div { dt { (say("page-tile-agents")) } dd { (grouped(snapshot.agents.len())) } }
            @for (tone, name, number) in tiles {
                div.(tone.class()).none[number == 0] { dt { (icon(tone)) (say(name)) } dd { (grouped(number)) } }
            }
        }
    }
}

/// The title in the browser's tab: how many problems need a person, as the headline counts them.
pub(super) fn title(issues: &[Issue<'_>]) -> String {
    match issues.iter().filter(|issue| issue.assessment.needs_person).count() {
        0 => "authwatch".to_owned(),
        needs => format!("({}) authwatch", grouped(needs)),
    }
}

/// A login with its agent.
pub(super) fn login(row: &Row<'_>) -> Markup {
    phrase(
        "page-login-at",
        &[
            ("agent", html! { span.id { (Foreign(row.agent_name())) } }),
            ("name", html! { span.id { (Foreign(row.name())) } }),
        ],
    )
}

/// While all is well: the next login to need a person, and when.
fn next_need(snapshot: &Snapshot, rows: &[Row<'_>]) -> Markup {
    let next = rows
        .iter()
        .filter(|row| !row.inherited() && row.agent.is_some() && !renews_itself(row))
        .filter_map(|row| Some((row, row.end()?)))
        .filter(|(_, end)| *end > snapshot.now)
        .min_by(|left, right| left.1.total_cmp(&right.1));
    html! {
        @if let Some((row, end)) = next {
            p.sub {
                (phrase("page-next", &[
                    ("login", html! { b { (login(row)) } }),
                    ("left", moment(end, snapshot.now, As::Left)),
                ]))
            }
        }
    }
}

/// Whether it renews without a person.
pub(super) fn renews_itself(row: &Row<'_>) -> bool {
    matches!(row.what, RowKind::Profile(profile)
        if matches!(profile.login, LoginState::Renewable | LoginState::Refreshing | LoginState::External))
}

/// What needs a person, each with what it means, since when, and the command.
pub(super) fn section(snapshot: &Snapshot, issues: &[Issue<'_>]) -> Markup {
    let needs: Vec<&Issue<'_>> = issues.iter().filter(|issue| issue.assessment.needs_person).collect();
    if needs.is_empty() {
        return Markup::default();
    }
    html! {
        section #needs aria-labelledby="needs-title" {
            h2 #needs-title { (say("page-needs")) }
            ul.needs {
                @for need in needs.iter().take(MOST_NEEDS) { (one(need, snapshot.now)) }
            }
            @if needs.len() > MOST_NEEDS {
                p.more {
                    (phrase("page-needs-more", &[
                        ("count", html! { (grouped(needs.len() - MOST_NEEDS)) }),
                        ("all", html! { a href="?show=attention#logins" { (say("page-needs-all")) } }),
                    ]))
                }
            }
        }
    }
}

fn one(issue: &Issue<'_>, now: Timestamp) -> Markup {
    let assessment = &issue.assessment;
    let tone = Tone::of(assessment.severity);
    let agent = issue.agent.map_or("", |agent| agent.as_str());
    let name = &*assess::name(issue);
    let is_unused = matches!(issue.of, IssueOf::Login(profile) if !profile.in_use);
    let label = if agent.is_empty() {
        html! { span.id { (Foreign(name)) } }
    } else {
        phrase(
            "page-login-at",
            &[
                ("agent", html! { span.id { (Foreign(agent)) } }),
                ("name", html! { span.id { (Foreign(name)) } }),
            ],
        )
    };
    let meaning = assessment.remedy.as_ref().map_or(&*assessment.summary, |remedy| &remedy.meaning);
    html! {
        li.need.(tone.class()) data-key={ (Foreign(agent)) "/" (Foreign(name)) } {
            (icon(tone))
            div.what {
                h3 {
                    (label)
                    " " span.badge { (text(&format!("state-{}", assessment.state.as_str()), &[])) }
                }
                p {
                    (Foreign(&sentence(meaning))) "."
                    @if let Some(since) = assessment.since {
                        " " (phrase("page-since", &[("at", moment(since, now, As::Date)), ("ago", moment(since, now, As::Ago))]))
                    }
                    @if let Some(end) = ends(issue, now) { " " (phrase("page-left", &[("left", moment(end, now, As::Left))])) }
                    @if is_unused { " " (say("page-unused")) }
                    @if !issue.also.is_empty() {
                        " " (text("page-also-used-by", &[("agents", &counted("agents", issue.also.len()))]))
                    }
                }
                @if let Some(line) = assessment.command() {
                    (command(line, &text("page-login-at", &[("agent", &agent), ("name", &name)])))
                }
            }
        }
    }
}

/// Its expiry time, if that is ahead.
fn ends(issue: &Issue<'_>, now: Timestamp) -> Option<Timestamp> {
    let IssueOf::Login(profile) = issue.of else { return None };
    profile.end().filter(|end| *end > now)
}
