//! What expires when: a chart of the days to come, and the same in words.

use maud::{Markup, html};
use openclaw_auth::model::{Span, Timestamp};

use super::attention::{login, renews_itself};
use super::pieces::{As, Foreign, grouped, moment, phrase, say};
use super::rows::Row;
use crate::model::Snapshot;
use crate::publish::words;
use crate::texts::{counted, text};

/// How far the chart reaches; what expires later goes into a lane of its own at the edge.
const REACH: Span = Span::from_days(7.0);
/// Up to this many logins get a lane each; more are counted in columns.
const MOST_LANES: usize = 10;
/// How many the list in words names.
const MOST_NAMED: usize = 50;

/// A login that will expire.
struct Ending<'a> {
    row: Row<'a>,
    end: Timestamp,
    left: Span,
    /// Whether it renews without a person.
    renews: bool,
}

pub(super) fn section(snapshot: &Snapshot, rows: &[Row<'_>]) -> Markup {
    let endings = endings(snapshot, rows);
    let (soon, later) = endings.split_at(endings.partition_point(|ending| ending.left <= REACH));
    let lead = match soon.iter().filter(|ending| !ending.renews).count() {
        0 if soon.is_empty() => say("page-nothing-expires"),
        0 => say("page-all-renew"),
        people => counted("page-people-needed", people),
    };
    html! {
        section #ahead aria-labelledby="ahead-title" {
            h2 #ahead-title { (say("page-expirations")) }
            @if endings.is_empty() {
                p.empty { (say("page-no-expirations")) }
            } @else {
                p.lead { (lead) }
                figure.timeline {
                    @if endings.len() <= MOST_LANES { (lanes(&endings)) } @else { (columns(&endings)) }
                    figcaption {
                        @for (renews, name) in [(false, "page-key-needs"), (true, "page-key-renews")] {
                            span.key {
                                svg.mark width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true" focusable="false" {
                                    (mark(renews))
                                }
                                (say(name))
                            }
                        }
                    }
                }
                details #ahead-words {
                    summary { (say("page-as-list")) }
                    ul.endings {
                        @for ending in endings.iter().take(MOST_NAMED) {
                            li {
                                (phrase(if ending.renews { "page-renews" } else { "page-expires" }, &[
                                    ("login", login(&ending.row)),
                                    ("left", moment(ending.end, snapshot.now, As::Left)),
                                    ("at", moment(ending.end, snapshot.now, As::Date)),
                                ]))
                            }
                        }
                    }
                    @if endings.len() > MOST_NAMED {
                        p.fine {
                            (text("page-expirations-more", &[
                                ("count", &grouped(endings.len() - MOST_NAMED)),
                                ("later", &grouped(later.len())),
                            ]))
                        }
                    }
                }
            }
        }
    }
}

/// Every login with an expiry time ahead, soonest first; inherited ones at agent main only.
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

/// What the chart shows, in a sentence, for those who cannot see it.
fn description(endings: &[Ending<'_>]) -> String {
    let within = endings.iter().filter(|ending| ending.left <= REACH).count();
    let people = endings.iter().filter(|ending| !ending.renews).count();
    text(
        "page-chart-description",
        &[
            ("expirations", &counted("page-chart-expirations", endings.len())),
            ("within", &grouped(within)),
            ("later", &grouped(endings.len() - within)),
            ("people", &counted("page-chart-people", people)),
            ("renewals", &counted("page-chart-renewals", endings.len() - people)),
        ],
    )
}

/// A full diamond for what needs a person, an open circle for what does not.
fn mark(renews: bool) -> Markup {
    html! {
        @if renews { circle.renews r="4" {} } @else { path.needs d="M0-5.5 5.5 0 0 5.5-5.5 0z" {} }
    }
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
}

/// The scale's share of the width; the rest is for what expires later. Everything is in percent, so that text keeps its size.
const SCALE: f64 = 86.0;
const LANE: usize = 46;
const LANES_TOP: usize = 30;
const TICKS: [(Span, &str); 6] = [
    (Span::from_hours(1.0), "page-1-hour"),
    (Span::from_hours(6.0), "page-6-hours"),
    (Span::from_days(1.0), "page-1-day"),
    (Span::from_days(2.0), "page-2-days"),
    (Span::from_days(4.0), "page-4-days"),
    (REACH, "page-7-days"),
];

/// A lane for each login: from now to its expiry.
fn lanes(endings: &[Ending<'_>]) -> Markup {
    let height = LANES_TOP + endings.len() * LANE;
    html! {
        svg.picture width="100%" height=(height) role="img" aria-labelledby="picture-title picture-description" {
            title #picture-title { (say("page-chart-lanes")) }
            desc #picture-description { (description(endings)) }
            rect.later x=(percent(SCALE)) y=(LANES_TOP - 8) width=(percent(100.0 - SCALE)) height=(height - LANES_TOP + 8) rx="6" {}
            text.tick x="0" y="14" { (say("page-now")) }
            @for (index, (at, name)) in TICKS.into_iter().enumerate() {
                @let x = percent(position(at));
                line.tick x1=(x) x2=(x) y1=(LANES_TOP - 8) y2=(height) {}
                text.tick.first[index == 0] x=(x) y="14" text-anchor="middle" { (say(name)) }
            }
            text.tick x="100%" y="14" text-anchor="end" { (say("page-later")) }
            @for (index, ending) in endings.iter().enumerate() { (lane(ending, LANES_TOP + index * LANE)) }
        }
    }
}

fn lane(ending: &Ending<'_>, top: usize) -> Markup {
    let x = percent(position(ending.left));
    let class = match ending.renews {
        true => "renews",
        false if ending.left > REACH => "needs far",
        false => "needs",
    };
    let middle = top + 31;
    html! {
        g class={ "lane " (class) } {
            text x="0" y=(top + 16) {
                tspan.id { (Foreign(ending.row.name())) }
                tspan.of { " · " (Foreign(ending.row.agent_name())) " · " (words::span(ending.left)) }
            }
            line.bar x1="0" x2=(x) y1=(middle) y2=(middle) {}
            svg.mark x=(x) y=(middle) overflow="visible" { (mark(ending.renews)) }
        }
    }
}

/// Where a time so far ahead is, in percent. The root gives the next hours as much room as the days after.
fn position(left: Span) -> f64 {
    if left > REACH { SCALE + (100.0 - SCALE) * 0.6 } else { SCALE * (left / REACH).sqrt() }
}

/// Where the columns' spans end.
const SPANS: [(Span, &str); 8] = [
    (Span::from_hours(1.0), "page-1-hour"),
    (Span::from_hours(6.0), "page-6-hours"),
    (Span::from_hours(12.0), "page-12-hours"),
    (Span::from_days(1.0), "page-1-day"),
    (Span::from_days(2.0), "page-2-days"),
    (Span::from_days(4.0), "page-4-days"),
    (REACH, "page-7-days"),
    (Span::FOREVER, "page-later"),
];
/// The share of the width between two columns.
const STEP: f64 = 100.0 / 8.0;
const COLUMNS_HEIGHT: u32 = 220;
const COLUMNS_TOP: u32 = 24;
const COLUMNS_BOTTOM: u32 = 190;

/// Columns of how many logins expire within which span.
fn columns(endings: &[Ending<'_>]) -> Markup {
    let mut counts = [(0_usize, 0_usize); SPANS.len()];
    for ending in endings {
        let span = SPANS.iter().position(|(until, _)| ending.left <= *until).unwrap_or(SPANS.len() - 1);
        let (needs, renews) = &mut counts[span];
        *if ending.renews { renews } else { needs } += 1;
    }
    let most = counts.iter().map(|(needs, renews)| needs + renews).max().unwrap_or_default().max(1);
    let mut left = -STEP;
    html! {
        svg.picture.columns width="100%" height=(COLUMNS_HEIGHT) role="img" aria-labelledby="picture-title picture-description" {
            title #picture-title { (say("page-chart-columns")) }
            desc #picture-description { (description(endings)) }
            line.tick x1="0" x2="100%" y1=(COLUMNS_BOTTOM) y2=(COLUMNS_BOTTOM) {}
            @for ((needs, renews), (_, name)) in counts.into_iter().zip(SPANS) {
                @let left = { left += STEP; left };
                @let (low, high) = (height(needs, most), height(renews, most));
                @let middle = percent(left + STEP / 2.0);
                @let (x, width) = (percent(left + STEP * 0.2), percent(STEP * 0.6));
                @if needs > 0 { rect.needs x=(x) width=(width) y=(COLUMNS_BOTTOM - low) height=(low) rx="2" {} }
                @if renews > 0 { rect.renews x=(x) width=(width) y=(COLUMNS_BOTTOM - low - high) height=(high) rx="2" {} }
                @if needs + renews > 0 {
                    text.number x=(middle) y=(COLUMNS_BOTTOM - low - high - 7) text-anchor="middle" { (grouped(needs + renews)) }
                }
                text.tick x=(middle) y=(COLUMNS_BOTTOM + 20) text-anchor="middle" { (say(name)) }
            }
        }
    }
}

/// The height of so many; a few beside thousands remain visible.
fn height(number: usize, most: usize) -> u32 {
    if number == 0 {
        return 0;
    }
    let room = usize::try_from(COLUMNS_BOTTOM - COLUMNS_TOP - 8).unwrap_or_default();
    u32::try_from(number * room / most).unwrap_or_default().max(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sooner_is_further_left() {
        let (hour, day) = (Span::from_hours(1.0), Span::from_days(1.0));
        let positions = [Span::ZERO, hour, day, REACH, REACH + hour, Span::FOREVER].map(position);
        assert!(
            positions.is_sorted() && positions[0].abs() < f64::EPSILON && positions[5] < 100.0,
            "{positions:?}"
        );
    }
}
