//! Messages in the markup of chats. Ids come from other people's files: they neither format nor call anybody.

use super::body::Paragraph;
use super::message::Message;
use crate::config::WebhookPreset;
use crate::model::Severity;

/// Ends a text that was cut.
const MORE: &str = "\n…";

/// The first line of a message in a chat's markup.
pub(super) fn title(message: &Message, preset: WebhookPreset) -> String {
    let markup = Markup::of(preset);
    markup.bold(&message.title())
}

/// What follows it, at most so many bytes of it.
pub(super) fn body(message: &Message, preset: WebhookPreset, most: usize) -> String {
    let markup = Markup::of(preset);
    let parts = message.paragraphs();
    let parts: Vec<String> = parts.iter().map(|part| markup.paragraph(part)).collect();
    whole_lines(&parts.join("\n\n"), most)
}

/// The whole message, for chats where it is one text.
pub(super) fn text(message: &Message, preset: WebhookPreset, most: usize) -> String {
    let title = title(message, preset);
    let body = body(message, preset, most.saturating_sub(title.len() + 2));
    format!("{title}\n\n{body}")
}

/// As many whole lines as there is room for: markup begins and ends within a line, and half of it may be refused.
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

/// The beginning of a text, to a whole line.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(MORE.len());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let end = text[..end].rfind('\n').unwrap_or(end);
    format!("{}{MORE}", text[..end].trim_end())
}

/// How a chat is written to: what bold text and what a command is put between, and how other people's text is escaped.
struct Markup {
    bold: (&'static str, &'static str),
    code: (&'static str, &'static str),
    escape: fn(&str) -> String,
    escape_code: fn(&str) -> String,
}

impl Markup {
    fn of(preset: WebhookPreset) -> Self {
        match preset {
            WebhookPreset::Slack => {
                Self { bold: ("*", "*"), code: ("`", "`"), escape: escape_html, escape_code: escape_html }
            }
            WebhookPreset::Discord | WebhookPreset::Mattermost => Self {
                bold: ("**", "**"),
                code: ("`", "`"),
                escape: escape_markdown,
                escape_code: str::to_owned,
            },
            // Tapping on code copies it there.
            WebhookPreset::Telegram => Self {
                bold: ("<b>", "</b>"),
                code: ("<code>", "</code>"),
                escape: escape_html,
                escape_code: escape_html,
            },
            _ => Self { bold: ("", ""), code: ("", ""), escape: str::to_owned, escape_code: str::to_owned },
        }
    }

    fn bold(&self, words: &str) -> String {
        format!("{}{}{}", self.bold.0, (self.escape)(words), self.bold.1)
    }

    fn code(&self, command: &str) -> String {
        // A command with what ends code in it is shown as it is rather than cut in two.
        if self.code.0 == "`" && command.contains('`') {
            return (self.escape)(command);
        }
        format!("{}{}{}", self.code.0, (self.escape_code)(command), self.code.1)
    }

    fn paragraph(&self, part: &Paragraph) -> String {
        match part {
            Paragraph::Prose(words) => (self.escape)(words),
            Paragraph::Agent(name) => self.bold(name),
            Paragraph::List(lines) => {
                let lines: Vec<String> =
                    lines.iter().map(|line| format!("- {}", (self.escape)(line))).collect();
                lines.join("\n")
            }
            // Escaped where an address may hold what is markup.
            Paragraph::Link(url) if self.code.0 == "<code>" => (self.escape)(url),
            Paragraph::Link(url) => url.clone(),
            Paragraph::Item { name, severity, note, words, command } => {
                let how: Vec<&str> =
                    severity.map(Severity::as_str).into_iter().chain(note.as_deref()).collect();
                let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
                let mut lines = vec![format!("{}{how}", self.bold(name)), (self.escape)(words)];
                lines.extend(command.as_ref().map(|command| self.code(command)));
                lines.join("\n")
            }
        }
    }
}

/// The rule of Slack and of Telegram's HTML: these three, and nothing else.
fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What Markdown would obey is shown, and nobody is called by name.
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
    fn nobody_is_called_and_nothing_is_formatted_by_an_id() {
        assert_eq!(escape_markdown("@everyone **x**"), "@\u{200b}everyone \\*\\*x\\*\\*");
        assert_eq!(escape_html("<!channel> & co"), "&lt;!channel&gt; &amp; co");
    }
}
