//! A message as the HTML part of a mail: styles inline, for mail programs drop the rest, and no outside asset.

use maud::{DOCTYPE, Markup, html};

use super::super::body::Paragraph;
use super::super::message::Message;
use super::super::words::hex_color;

const BODY: &str =
    "margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif;color:#1d2129;background:#ffffff";
const COMMAND: &str = "margin:4px 0 0;padding:8px 10px;border-radius:6px;background:#f1f3f6;color:#1d2129;\
    font:14px/1.4 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere";

pub(super) fn page(message: &Message) -> String {
    let title = message.title();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light";
                title { (title) }
            }
            body style=(BODY) {
                h1 style="margin:0 0 12px;font-size:20px" { (title) }
                @for part in message.paragraphs() { (paragraph(&part)) }
            }
        }
    }
    .into_string()
}

fn paragraph(part: &Paragraph) -> Markup {
    html! {
        @match part {
            Paragraph::Prose(words) => p style="margin:12px 0;color:#4a5160" { (words) },
            Paragraph::Agent(name) => h2 style="margin:20px 0 8px;font-size:16px" { (name) },
            Paragraph::List(lines) => ul style="margin:12px 0;padding-left:20px" { @for line in lines { li { (line) } } },
            Paragraph::Link(url) => p style="margin:12px 0" { a href=(url) { (url) } },
            Paragraph::Item { name, severity, note, words, command } => {
                div style={ "margin:0 0 14px;padding:2px 0 2px 12px;border-left:4px solid " (hex_color(*severity)) } {
                    div { strong { (name) }
                        @if let Some(severity) = severity {
                            span style={ "color:" (hex_color(Some(*severity))) } { " · " (severity.as_str()) }
                        }
                        @if let Some(note) = note { " · " (note) }
                    }
                    div { (words) }
                    @if let Some(command) = command { pre style=(COMMAND) { (command) } }
                }
            },
        }
    }
}
