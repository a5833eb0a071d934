//! The status page: what is all right, what needs a person, and what to do about it.
//!
//! A pure function from a [`Snapshot`] to HTML. Without the script everything works, filter and order included; with it
//! the page keeps itself up to date from the fragment, which is the content of `<main>` for the same query string.
//! Links are relative, so that the page may live below any path.

mod attention;
mod events;
mod logins;
mod pieces;
mod rows;
mod stores;
mod timeline;
mod view;

use maud::{DOCTYPE, Markup, html};

pub use self::view::{Show, Sort, View};
use crate::model::{Event, Snapshot};

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct PageInput<'a> {
    /// What the last pass found; `None` before the first one is done.
    pub snapshot: Option<&'a Snapshot>,
    /// What happened lately, in any order.
    pub events: &'a [Event],
    /// The program's version.
    pub version: &'a str,
    /// Whether authwatch renews logins, or only watches.
    pub refreshing_enabled: bool,
    /// What the visitor asked to see.
    pub view: &'a View,
}

/// The style sheet, served as `/style.css`.
pub const STYLE: &str = include_str!("page/style.css");
/// The script, served as `/script.js`.
pub const SCRIPT: &str = include_str!("page/script.js");

/// The icon in the browser's tab: an eye, in the page's accent.
const FAVICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E\
%3Crect width='32' height='32' rx='8' fill='%233552c4'/%3E\
%3Cpath d='M5 16c6-9 16-9 22 0-6 9-16 9-22 0z' fill='none' stroke='%23fff' stroke-width='2.4'/%3E\
%3Ccircle cx='16' cy='16' r='3.6' fill='%23fff'/%3E%3C/svg%3E";

/// The whole page.
#[must_use]
pub fn document(input: &PageInput<'_>) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "authwatch" }
                link rel="icon" href=(FAVICON);
                link rel="stylesheet" href="style.css";
                script src="script.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    p.brand { (brand()) "authwatch" }
                    nav aria-label="Sections" {
                        @for (target, name) in [("ahead", "Ahead"), ("logins", "Logins"), ("events", "Lately"), ("stores", "Stores")] {
                            a href={ "#" (target) } { (name) }
                        }
                    }
                }
                p #trouble role="status" aria-live="polite" {}
                main #main tabindex="-1" { (inside(input)) }
                p #said.unseen role="status" aria-live="polite" {}
                footer {
                    p { "authwatch " (input.version)
                        @if let Some(snapshot) = input.snapshot {
                            span.follows { " · last look " (pieces::moment(snapshot.now, snapshot.now, pieces::As::Date)) }
                        }
                    }
                    nav aria-label="For programs" { a href="metrics" { "Metrics" } a href="api/v1/status" { "Report as JSON" } }
                    p.plain { "Without its script this page shows what was known when it was loaded, in the time zone of the machine that runs authwatch." }
                }
            }
        }
    }
    .into_string()
}

/// What is inside `<main>`, for live updates.
#[must_use]
pub fn content(input: &PageInput<'_>) -> String {
    inside(input).into_string()
}

fn inside(input: &PageInput<'_>) -> Markup {
    let Some(snapshot) = input.snapshot else {
        return looking();
    };
    let rows = rows::Row::all(snapshot);
    let needs = attention::needs(snapshot, &rows);
    html! {
        (attention::verdict(input, snapshot, &rows, &needs))
        (attention::section(snapshot, &needs))
        (timeline::section(snapshot, &rows))
        (logins::section(snapshot, &rows, input.view))
        div.pair {
            (events::section(input.events, snapshot.now))
            (stores::section(snapshot))
        }
    }
}

/// Before the first pass is done.
fn looking() -> Markup {
    html! {
        section.verdict.busy aria-label="Verdict" data-title="authwatch" {
            (pieces::icon(pieces::Tone::Busy))
            div {
                div role="status" aria-live="polite" aria-atomic="true" {
                    h1 { "Looking…" }
                    p.sub { "The first look at every agent’s logins is under way. This takes a moment." }
                }
            }
        }
    }
}

fn brand() -> Markup {
    html! {
        svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            rect width="32" height="32" rx="8" {}
            path d="M5 16c6-9 16-9 22 0-6 9-16 9-22 0z" {}
            circle cx="16" cy="16" r="3.6" {}
        }
    }
}
