//! A login's end as both pictures show it.

use maud::{Markup, html};
use openclaw_auth::model::{Span, Timestamp};

use crate::serve::page::pieces::count;
use crate::serve::page::rows::Row;

/// How far the picture reaches; what ends later goes into a lane of its own at the edge.
pub(super) const REACH: Span = Span::from_days(7.0);

/// A login that will end.
pub(super) struct Ending<'a> {
    pub(super) row: Row<'a>,
    pub(super) end: Timestamp,
    pub(super) left: Span,
    /// Its end comes and goes without anybody doing anything.
    pub(super) renews: bool,
}

/// What the picture shows, in a sentence, for those who cannot see it.
pub(super) fn description(endings: &[Ending<'_>]) -> String {
    let within = endings.iter().filter(|ending| ending.left <= REACH).count();
    let people = endings.iter().filter(|ending| !ending.renews).count();
    format!(
        "{}: {within} within 7 days, {} later. {} a person, {} automatically. Each is listed below.",
        count(endings.len(), "expiration", "expirations"),
        endings.len() - within,
        count(people, "needs", "need"),
        count(endings.len() - people, "renews", "renew"),
    )
}

/// A full diamond for what needs a person, an open circle for what does not.
pub(super) fn mark(renews: bool) -> Markup {
    html! {
        @if renews { circle.renews r="4" {} } @else { path.needs d="M0-5.5 5.5 0 0 5.5-5.5 0z" {} }
    }
}
