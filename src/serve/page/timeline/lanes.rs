//! A line for each login: from now to its end.

use super::ending::{Ending, REACH, description, mark};
use crate::publish::words;
use crate::serve::page::pieces::Foreign;
use maud::{Markup, html};
use openclaw_auth::model::Span;

/// The scale's share of the width; the rest is for what ends later. Everything is in percent, so that text keeps its size.
const SCALE: f64 = 86.0;
const LANE: usize = 46;
const TOP: usize = 30;

const TICKS: [(Span, &str); 6] = [
    (Span::from_hours(1.0), "1 h"),
    (Span::from_hours(6.0), "6 h"),
    (Span::from_days(1.0), "1 day"),
    (Span::from_days(2.0), "2"),
    (Span::from_days(4.0), "4"),
    (REACH, "7"),
];

pub(super) fn picture(endings: &[Ending<'_>]) -> Markup {
    let height = TOP + endings.len() * LANE;
    html! {
        svg.picture width="100%" height=(height) role="img" aria-labelledby="picture-title picture-description" {
            title #picture-title { "When logins expire" }
            desc #picture-description { (description(endings)) }
            rect.later x=(percent(SCALE)) y=(TOP - 8) width=(percent(100.0 - SCALE)) height=(height - TOP + 8) rx="6" {}
            text.tick x="0" y="14" { "now" }
            @for (index, (at, name)) in TICKS.into_iter().enumerate() {
                @let x = percent(position(at));
                line.tick x1=(x) x2=(x) y1=(TOP - 8) y2=(height) {}
                text.tick.first[index == 0] x=(x) y="14" text-anchor="middle" { (name) }
            }
            text.tick x="100%" y="14" text-anchor="end" { "later" }
            @for (index, ending) in endings.iter().enumerate() { (lane(ending, TOP + index * LANE)) }
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

/// Where a moment so far ahead is, in percent. The root gives the next hours as much room as the days after.
fn position(left: Span) -> f64 {
    if left > REACH { SCALE + (100.0 - SCALE) * 0.6 } else { SCALE * (left / REACH).sqrt() }
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
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
