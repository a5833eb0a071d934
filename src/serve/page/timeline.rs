//! What expires when: a picture of the days to come, and the same in words.

mod columns;
mod ending;
mod lanes;

use maud::{Markup, html};

use self::ending::{Ending, REACH, mark};
use super::attention::renews_itself;
use super::pieces::{As, Foreign, count, grouped, moment};
use super::rows::Row;
use crate::model::Snapshot;
use openclaw_auth::model::Span;

/// Few logins get a line each; more are counted.
const MOST_LANES: usize = 10;
/// How many the text alternative names.
const MOST_NAMED: usize = 50;

pub(super) fn section(snapshot: &Snapshot, rows: &[Row<'_>]) -> Markup {
    let endings = endings(snapshot, rows);
    let (soon, later) = endings.split_at(endings.partition_point(|ending| ending.left <= REACH));
    let people = |endings: &[Ending<'_>]| endings.iter().filter(|ending| !ending.renews).count();
    html! {
        section #ahead aria-labelledby="ahead-title" {
            h2 #ahead-title { "Expirations" }
            @if endings.is_empty() {
                p.empty { "No login has an expiry time." }
            } @else {
                p.lead {
                    @match (people(soon), soon.len() - people(soon)) {
                        (0, 0) => "Nothing expires within 7 days.",
                        (0, _) => "Everything that expires within 7 days renews automatically.",
                        (needs, _) => { (count(needs, "login needs", "logins need")) " you within 7 days." }
                    }
                }
                figure.timeline {
                    @if endings.len() <= MOST_LANES { (lanes::picture(&endings)) } @else { (columns::picture(&endings)) }
                    figcaption {
                        span.key { (key(false)) "needs you" }
                        span.key { (key(true)) "renews automatically" }
                    }
                }
                details #ahead-words {
                    summary { "As a list" }
                    ul.endings {
                        @for ending in endings.iter().take(MOST_NAMED) {
                            li {
                                "agent " span.id { (Foreign(ending.row.agent_name())) } ": " span.id { (Foreign(ending.row.name())) }
                                @if ending.renews { " renews automatically; its access token expires in " } @else { " expires in " }
                                (moment(ending.end, snapshot.now, As::Left)) ", " (moment(ending.end, snapshot.now, As::Date)) "."
                            }
                        }
                    }
                    @if endings.len() > MOST_NAMED {
                        p.fine { "And " (grouped(endings.len() - MOST_NAMED)) " more, " (grouped(later.len())) " of them after more than 7 days." }
                    }
                }
            }
        }
    }
}

/// Everything with an end ahead, soonest first. What is inherited ends with main's.
fn endings<'a>(snapshot: &Snapshot, rows: &[Row<'a>]) -> Vec<Ending<'a>> {
    let mut endings: Vec<Ending<'a>> = rows
        .iter()
        .filter(|row| row.agent.is_some() && !row.inherited())
        .filter_map(|row| {
            let end = row.end()?;
            let left = end - snapshot.now;
            (left > Span::ZERO).then(|| Ending { row: *row, end, left, renews: renews_itself(row) })
        })
        .collect();
    endings.sort_by(|one, other| one.left.total_cmp(&other.left));
    endings
}

fn key(renews: bool) -> Markup {
    html! {
        svg.mark width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true" focusable="false" { (mark(renews)) }
    }
}
