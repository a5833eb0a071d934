//! Messages in markup: the HTML of mails, and what chats use. Ids come from other people's files: they format and mention nothing.

use maud::{DOCTYPE, html};

use super::message::{Paragraph, RenderedMessage, in_parentheses, severity_text};
use crate::model::Severity;

/// The end of a text that was cut.
const MORE: &str = "\n…";

/// The color of a severity as red, green, and blue; dark enough to be read on white.
pub(super) fn color(severity: Option<Severity>) -> u32 {
    match severity {
        Some(Severity::Critical) => 0x00b3_261e,
        Some(Severity::Warning) => 0x008a_5a00,
        Some(Severity::Info) => 0x003a_5a9a,
        None => 0x001c_6b3c,
    }
}

/// The same as HTML and Slack write it.
pub(super) fn hex_color(severity: Option<Severity>) -> String {
    format!("#{:06x}", color(severity))
}

/// As many whole lines as fit: markup begins and ends within a line, and half of it may be refused.
fn whole_lines(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(MORE.len());
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end + line.trim_end().len() > room {
            break;
        }
        end += line.len();
    }
    format!("{}{MORE}", text[..end].trim_end())
}

/// The beginning of a plain text, up to the end of a line.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(MORE.len());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let end = text[..end].rfind('\n').unwrap_or(end);
    format!("{}{MORE}", text[..end].trim_end())
}

/// How a chat marks bold text and commands, and how other people's text is escaped.
pub(super) struct Markup {
    bold: (&'static str, &'static str),
    code: (&'static str, &'static str),
    escape: fn(&str) -> String,
    escape_code: fn(&str) -> String,
    escape_link: fn(&str) -> String,
}

pub(super) const SLACK: Markup = Markup {
    bold: ("*", "*"),
    code: ("`", "`"),
    escape: escape_html,
    escape_code: escape_html,
    escape_link: str::to_owned,
};

/// For Discord and Mattermost.
pub(super) const MARKDOWN: Markup = Markup {
    bold: ("**", "**"),
    code: ("`", "`"),
    escape: escape_markdown,
    escape_code: str::to_owned,
    escape_link: str::to_owned,
};

/// Telegram's HTML, where tapping code copies it.
pub(super) const TELEGRAM: Markup = Markup {
    bold: ("<b>", "</b>"),
    code: ("<code>", "</code>"),
    escape: escape_html,
    escape_code: escape_html,
    escape_link: escape_html,
};

impl Markup {
    pub(super) fn bold(&self, words: &str) -> String {
        format!("{}{}{}", self.bold.0, (self.escape)(words), self.bold.1)
    }

    /// The body of a message, at most `max` bytes of it.
    pub(super) fn body(&self, message: &RenderedMessage, max: usize) -> String {
        let parts: Vec<String> = message.body.iter().map(|part| self.paragraph(part)).collect();
        whole_lines(&parts.join("\n\n"), max)
    }

    /// The whole message, for chats where it is one text.
    pub(super) fn title_and_body(&self, message: &RenderedMessage, max: usize) -> String {
        let title = self.bold(&message.title);
        let body = self.body(message, max.saturating_sub(title.len() + 2));
        format!("{title}\n\n{body}")
    }

    fn code(&self, command: &str) -> String {
        // A command that contains a backtick would end the code: it is shown as text instead.
        if self.code.0 == "`" && command.contains('`') {
            return (self.escape)(command);
        }
        format!("{}{}{}", self.code.0, (self.escape_code)(command), self.code.1)
    }

    fn paragraph(&self, part: &Paragraph) -> String {
        match part {
            Paragraph::Prose(words) => (self.escape)(words),
            Paragraph::Heading(name) => self.bold(name),
            Paragraph::List(lines) => {
                let lines = lines.iter().map(|line| format!("- {}", (self.escape)(line)));
                lines.collect::<Vec<_>>().join("\n")
            }
            Paragraph::Link(url) => (self.escape_link)(url),
            Paragraph::Item { name, severity, note, words, command } => {
                let how = in_parentheses(*severity, note.as_deref());
                let mut lines = vec![format!("{}{how}", self.bold(name)), (self.escape)(words)];
                lines.extend(command.as_ref().map(|command| self.code(command)));
                lines.join("\n")
            }
        }
    }
}

const BODY: &str =
    "margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif;color:#1d2129;background:#ffffff";
const COMMAND: &str = "margin:4px 0 0;padding:8px 10px;border-radius:6px;background:#f1f3f6;color:#1d2129;\
    font:14px/1.4 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere";

/// A message as an HTML page for mail programs: styles inline, because they drop others, and nothing loaded from outside.
pub(super) fn html_page(message: &RenderedMessage) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light";
                title { (message.title) }
            }
            body style=(BODY) {
                h1 style="margin:0 0 12px;font-size:20px" { (message.title) }
                @for part in &message.body { (html_paragraph(part)) }
            }
        }
    }
    .into_string()
}

fn html_paragraph(part: &Paragraph) -> maud::Markup {
    html! {
        @match part {
            Paragraph::Prose(words) => p style="margin:12px 0;color:#4a5160" { (words) },
            Paragraph::Heading(name) => h2 style="margin:20px 0 8px;font-size:16px" { (name) },
            Paragraph::List(lines) => ul style="margin:12px 0;padding-left:20px" { @for line in lines { li { (line) } } },
            Paragraph::Link(url) => p style="margin:12px 0" { a href=(url) { (url) } },
            Paragraph::Item { name, severity, note, words, command } => {
                div style={ "margin:0 0 14px;padding:2px 0 2px 12px;border-left:4px solid " (hex_color(*severity)) } {
                    div { strong { (name) }
                        @if let Some(severity) = severity {
                            span style={ "color:" (hex_color(Some(*severity))) } { " · " (severity_text(*severity)) }
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

/// Escapes the three characters that Slack and Telegram's HTML require.
fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escapes what Markdown would format, and breaks up mentions.
fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_~|#>[]<".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
        if character == '@' {
            escaped.push('\u{200b}');
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_line_and_not_within_a_letter() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("first line\nsecond line", 18), "first line\n…");
        assert_eq!(cut("ääääääääää", 9), "äää\n…".replace("äää", "ää"));
    }

    #[test]
    fn markup_is_never_cut_in_two() {
        assert_eq!(whole_lines("<b>a</b>\n<code>b</code>", 19), "<b>a</b>\n…");
        assert_eq!(whole_lines("<code>a long command</code>", 20), "\n…");
    }

    #[test]
    fn an_id_mentions_nobody_and_formats_nothing() {
        assert_eq!(escape_markdown("@everyone **x**"), "@\u{200b}everyone \\*\\*x\\*\\*");
        assert_eq!(escape_html("<!channel> & co"), "&lt;!channel&gt; &amp; co");
    }
}
