//! Many logins: how many end within which span.

use maud::{Markup, html};

use super::ending::{Ending, REACH, description};
use crate::serve::page::pieces::grouped;
use openclaw_auth::model::Span;

/// Where the spans end, and how that is said.
const SPANS: [(Span, &str); 8] = [
    (Span::from_hours(1.0), "1 h"),
    (Span::from_hours(6.0), "6 h"),
    (Span::from_hours(12.0), "12 h"),
    (Span::from_days(1.0), "1 day"),
    (Span::from_days(2.0), "2"),
    (Span::from_days(4.0), "4"),
    (REACH, "7"),
    (Span::FOREVER, "later"),
];
const HEIGHT: u32 = 220;
const TOP: u32 = 24;
const BOTTOM: u32 = 190;

pub(super) fn picture(endings: &[Ending<'_>]) -> Markup {
    let mut counts = [(0_usize, 0_usize); SPANS.len()];
    for ending in endings {
        let span = SPANS.iter().position(|(until, _)| ending.left <= *until).unwrap_or(SPANS.len() - 1);
        let (needs, renews) = &mut counts[span];
        *if ending.renews { renews } else { needs } += 1;
    }
    let most = counts.iter().map(|(needs, renews)| needs + renews).max().unwrap_or_default().max(1);
    let step = 100.0 / 8.0;
    html! {
        svg.picture.columns width="100%" height=(HEIGHT) role="img" aria-labelledby="picture-title picture-description" {
            title #picture-title { "How many logins expire when" }
            desc #picture-description { (description(endings)) }
            line.tick x1="0" x2="100%" y1=(BOTTOM) y2=(BOTTOM) {}
            @for (index, ((needs, renews), (_, name))) in counts.into_iter().zip(SPANS).enumerate() {
                @let left = index_of(index) * step;
                @let (low, high) = (height(needs, most), height(renews, most));
                @let middle = format!("{:.2}%", left + step / 2.0);
                @let (x, width) = (format!("{:.2}%", left + step * 0.2), format!("{:.2}%", step * 0.6));
                @if needs > 0 { rect.needs x=(x) width=(width) y=(BOTTOM - low) height=(low) rx="2" {} }
                @if renews > 0 { rect.renews x=(x) width=(width) y=(BOTTOM - low - high) height=(high) rx="2" {} }
                @if needs + renews > 0 {
                    text.number x=(middle) y=(BOTTOM - low - high - 7) text-anchor="middle" { (grouped(needs + renews)) }
                }
                text.tick x=(middle) y=(BOTTOM + 20) text-anchor="middle" { (name) }
            }
        }
    }
}

fn index_of(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or_default())
}

/// How high so many are drawn; a few beside thousands can still be seen.
fn height(number: usize, most: usize) -> u32 {
    if number == 0 {
        return 0;
    }
    let room = usize::try_from(BOTTOM - TOP - 8).unwrap_or_default();
    u32::try_from(number * room / most).unwrap_or_default().max(3)
}
