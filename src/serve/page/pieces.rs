//! The small parts every section is made of: texts, ids, icons, moments, commands.

use std::fmt::Write as _;

use chrono::SecondsFormat;
use maud::{Escaper, Markup, PreEscaped, Render, html};
use openclaw_auth::model::{Span, Timestamp};

use crate::clock;
use crate::model::Severity;
use crate::publish::words;
use crate::texts::text;

/// How something is doing, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    Bad,
    Soon,
    Busy,
    Good,
}

impl Tone {
    /// The one color of a severity.
    pub(super) fn of(severity: Option<Severity>) -> Self {
        match severity {
            Some(Severity::Critical) => Self::Bad,
            Some(Severity::Warning) => Self::Soon,
            Some(Severity::Info) => Self::Busy,
            None => Self::Good,
        }
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Soon => "soon",
            Self::Busy => "busy",
            Self::Good => "good",
        }
    }
}

/// The text of a name.
pub(super) fn say(name: &str) -> String {
    text(name, &[])
}

/// The text of a name, with markup filled in.
pub(super) fn phrase(name: &str, parameters: &[(&'static str, Markup)]) -> Markup {
    let parameters: Vec<_> = parameters.iter().map(|(name, markup)| (*name, &markup.0 as _)).collect();
    PreEscaped(text(name, &parameters))
}

/// A short sentence with a capital.
pub(super) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Text from elsewhere: control and direction characters are shown, not obeyed, and markup is escaped.
pub(super) struct Foreign<'a>(pub(super) &'a str);

impl Render for Foreign<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a String cannot fail.
        let _ = Escaper::new(buffer).write_str(&words::safe(self.0));
    }
}

/// A mark whose shape means the same as its color: cross, triangle, arrows, tick.
pub(super) fn icon(tone: Tone) -> Markup {
    html! {
        svg class={ "icon " (tone.class()) } viewBox="0 0 20 20" aria-hidden="true" focusable="false" {
            @match tone {
                Tone::Bad => {
                    path class="body" d="M6.3 1h7.4L19 6.3v7.4L13.7 19H6.3L1 13.7V6.3z" {}
                    path class="mark" d="M7 7l6 6M13 7l-6 6" {}
                }
                Tone::Soon => {
                    path class="body" d="M10 1.6 19.2 18H.8z" {}
                    path class="mark" d="M10 7.4v4.4M10 14.8v.2" {}
                }
                Tone::Busy => {
                    circle class="body" cx="10" cy="10" r="9" {}
                    path class="mark" d="M6 9.2a4.2 4.2 0 0 1 7.6-1.4M14 5.4v2.8h-2.8M14 10.8a4.2 4.2 0 0 1-7.6 1.4M6 14.6v-2.8h2.8" {}
                }
                Tone::Good => {
                    circle class="body" cx="10" cy="10" r="9" {}
                    path class="mark" d="M6 10.3l2.8 2.8L14 7.6" {}
                }
            }
        }
    }
}

/// How a moment is written; the script keeps it right between two checks.
#[derive(Clone, Copy)]
pub(super) enum As {
    /// The time until then: `5 h 30 min`.
    Left,
    Ago,
    Date,
}

/// A moment, for people, programs and the script.
pub(super) fn moment(at: Timestamp, now: Timestamp, shown: As) -> Markup {
    let iso = clock::date(at).map(|date| date.to_rfc3339_opts(SecondsFormat::Secs, true));
    let (word, text) = match shown {
        As::Left => ("left", words::span((at - now).max(Span::ZERO))),
        As::Ago => ("ago", words::span((now - at).max(Span::ZERO))),
        As::Date => ("date", words::date(at)),
    };
    html! { time datetime=[iso] data-ms=(at.as_millis()) data-as=(word) { (text) } }
}

/// A command to run, and (with the script) a button that copies it.
pub(super) fn command(command: &str, purpose: &str) -> Markup {
    html! {
        div.command {
            pre {
                code {
                    // Lines break between words only: a hyphen is no place to take an option apart.
                    @for (index, word) in command.split(' ').enumerate() {
                        @if index > 0 { " " }
                        span.word { (Foreign(word)) }
                    }
                }
            }
            button.copy type="button"
                aria-label=(phrase("page-copy-label", &[("purpose", html! { (Foreign(purpose)) })])) { (say("page-copy")) }
        }
    }
}

/// A number with its thousands set apart: `12,345`.
pub(super) fn grouped(number: usize) -> String {
    crate::texts::grouped(&number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_and_not_obeyed() {
        let id = openclaw_auth::model::ProfileId::from("<b>\u{202e}\"&\u{1b}");
        assert_eq!(html! { (Foreign(id.as_str())) }.0, "&lt;b&gt;\\u{202e}&quot;&amp;\\u{1b}");
    }

    #[test]
    fn moments_beyond_the_calendar_are_shown() {
        let shown = moment(Timestamp::from_millis(1e300), Timestamp::EPOCH, As::Left).0;
        assert!(shown.contains("over 1000 years") && !shown.contains("datetime"), "{shown}");
    }
}
