//! How much something matters.

use openclaw_auth::words;

words! {
    /// How much something matters to people: of conditions, findings, and messages.
    #[derive(Default)]
    pub enum Severity {
        /// Worth knowing; mends itself.
        Info = "info",
        /// Needs a person some time.
        #[default]
        Warning = "warning",
        /// Needs a person now.
        Critical = "critical",
    }
}
