//! The status page: the state of all logins, what needs a person, and the command to run.
//!
//! A pure function from a [`crate::model::Snapshot`] to HTML. Everything works without the script, filter and order included.
//! The script keeps the page up to date from the fragment, which is the content of `<main>` for the same query string.
//! Links are relative, so that the page works below any path.

mod activity;
mod attention;
mod logins;
mod pieces;
mod rows;
mod timeline;
mod view;

use maud::{DOCTYPE, Markup, html};

use self::pieces::{phrase, say};
use crate::assess;
use crate::texts::text;

pub use self::view::{PageInput, PageView, Show, Sort};

pub const STYLE: &str = include_str!("page/style.css");
pub const SCRIPT: &str = include_str!("page/script.js");

/// The icon in the browser's tab: an eye, in the page's accent.
const FAVICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E\
%3Crect width='32' height='32' rx='8' fill='%233552c4'/%3E\
%3Cpath d='M5 16c6-9 16-9 22 0-6 9-16 9-22 0z' fill='none' stroke='%23fff' stroke-width='2.4'/%3E\
%3Ccircle cx='16' cy='16' r='3.6' fill='%23fff'/%3E%3C/svg%3E";

#[must_use]
pub fn document(input: &PageInput<'_>) -> String {
    let title = attention::title(&input.snapshot.map(assess::issues).unwrap_or_default());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                link rel="icon" href=(FAVICON);
                link rel="stylesheet" href="style.css";
                script src="script.js" defer {}
            }
            body data-lost=(say("page-connection-lost")) data-old=(say("page-no-check"))
                data-from=(text("page-data-from", &[("at", &"{at}")]))
                data-copy=(say("page-copy")) data-copied=(say("page-copied")) data-copied-said=(say("page-copied-said"))
                data-selected=(say("page-selected")) data-selected-said=(say("page-selected-said")) {
                a.skip href="#main" { (say("page-skip")) }
                header {
                    p.brand { (brand()) "authwatch" }
                    nav aria-label=(say("page-sections")) {
                        @for (target, name) in [
                            ("#ahead", "page-nav-expirations"), ("#logins", "page-nav-logins"),
                            ("#events", "page-nav-activity"), ("#stores", "page-nav-stores"),
                        ] { a href=(target) { (say(name)) } }
                    }
                }
                p #trouble role="status" aria-live="polite" {}
                main #main tabindex="-1" { (inside(input)) }
                p #said.unseen role="status" aria-live="polite" {}
                footer {
                    p { "authwatch " (input.version)
                        @if let Some(snapshot) = input.snapshot {
                            @let at = pieces::moment(snapshot.now, snapshot.now, pieces::As::Date);
                            span.follows { (phrase("page-footer-checked", &[("at", at)])) }
                        }
                    }
                    nav aria-label=(say("page-for-programs")) {
                        a href="metrics" { (say("page-metrics")) }
                        a href="api/v1/status" { (say("page-json")) }
                    }
                    p.plain { (say("page-without-javascript")) }
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
        return first_check();
    };
    let issues = assess::issues(snapshot);
    let rows = rows::Row::all(snapshot, &issues);
    html! {
        (attention::verdict(input, snapshot, &rows, &issues))
        (attention::section(snapshot, &issues))
        (timeline::section(snapshot, &rows))
        (logins::section(snapshot, &rows, input.view))
        div.pair {
            (activity::events(input.events, snapshot.now))
            div {
                (activity::stores(snapshot))
                (activity::channels(input.channels, snapshot.now))
            }
        }
    }
}

/// Before the first pass is done.
fn first_check() -> Markup {
    html! {
        section.verdict.busy aria-label=(say("page-verdict")) data-title="authwatch" {
            (pieces::icon(pieces::Tone::Busy))
            div {
                div role="status" aria-live="polite" aria-atomic="true" {
                    h1 { (say("page-checking")) }
                    p.sub { (say("page-checking-more")) }
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
