//! Messages in the markup of chats. Ids come from other people's files: they neither format nor call anybody.

use super::body::Paragraph;
use super::message::Message;
use crate::config::WebhookPreset;

/// The message in a chat's markup, at most so many bytes of it.
pub(super) fn text(message: &Message, preset: WebhookPreset, most: usize) -> String {
    let markup = Markup::of(preset);
    let title = markup.bold(&message.title());
    let parts = message.paragraphs();
    let parts = parts.iter().map(|part| markup.paragraph(part));
    let text: Vec<String> = std::iter::once(title).chain(parts).collect();
    cut(&text.join("\n\n"), most)
}

/// The beginning of a text, to a whole line.
pub(super) fn cut(text: &str, most: usize) -> String {
    const MORE: &str = "\n…";
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(MORE.len());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let end = text[..end].rfind('\n').unwrap_or(end);
    format!("{}{MORE}", text[..end].trim_end())
}

/// How a chat is written to.
struct Markup {
    bold: &'static str,
    code: &'static str,
    escape: fn(&str) -> String,
}

impl Markup {
    fn of(preset: WebhookPreset) -> Self {
        match preset {
            WebhookPreset::Slack => Self { bold: "*", code: "`", escape: escape_slack },
            WebhookPreset::Discord | WebhookPreset::Mattermost => {
                Self { bold: "**", code: "`", escape: escape_markdown }
            }
            // Without a parse mode nothing is markup.
            _ => Self { bold: "", code: "", escape: str::to_owned },
        }
    }

    fn bold(&self, words: &str) -> String {
        format!("{0}{1}{0}", self.bold, (self.escape)(words))
    }

    fn code(&self, command: &str) -> String {
        // A command with what ends code in it is shown as it is rather than cut in two.
        if self.code.is_empty() || command.contains('`') {
            return (self.escape)(command);
        }
        let shown = if self.bold == "*" { escape_slack(command) } else { command.to_owned() };
        format!("{0}{shown}{0}", self.code)
    }

    fn paragraph(&self, part: &Paragraph) -> String {
        match part {
            Paragraph::Prose(words) => (self.escape)(words),
            Paragraph::Agent(name) => self.bold(name),
            Paragraph::Link(url) => url.clone(),
            Paragraph::Item { name, severity, note, words, command } => {
                let how: Vec<&str> =
                    severity.map(crate::model::Severity::as_str).into_iter().chain(*note).collect();
                let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
                let mut lines = vec![format!("{}{how}", self.bold(name)), (self.escape)(words)];
                lines.extend(command.as_ref().map(|command| self.code(command)));
                lines.join("\n")
            }
        }
    }
}

/// Slack's own rule: these three, and nothing else.
fn escape_slack(text: &str) -> String {
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
    fn nobody_is_called_and_nothing_is_formatted_by_an_id() {
        assert_eq!(escape_markdown("@everyone **x**"), "@\u{200b}everyone \\*\\*x\\*\\*");
        assert_eq!(escape_slack("<!channel> & co"), "&lt;!channel&gt; &amp; co");
    }
}
