//! What `openclaw models status --check` answers for one agent, by the rules of each release.
//!
//! Scripts rely on that command's exit code, its oddities included, so this repeats it and knows nothing better. Four sets of rules
//! ([`Rules`]) stand side by side in files of their own; the facts they share that differ from release to release are in `facts`.
//! Source: the published packages; what they answer is in `tests/fixtures/conformance/whole-program`.

mod every_login;
mod facts;
mod health;
mod models;
mod order;
mod providers_in_use;
mod question;
mod routes;
mod selected_login;

pub use self::question::{Answer, CheckCause, CheckCauseKind, Question, WINDOW};
pub use self::routes::{ModelLogin, ModelRoute, routes};
use crate::release::Rules;

/// Answers as the release's command would, given a configuration it accepts and a store it can read.
#[must_use]
pub fn answer(question: &Question<'_>) -> Answer {
    let causes = match Rules::of(question.version) {
        Rules::Refreshable | Rules::Everything => every_login::causes(question),
        Rules::InUse => providers_in_use::causes(question),
        Rules::Selected => selected_login::causes(question),
    };
    Answer::from_causes(causes)
}
