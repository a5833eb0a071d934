//! Last stage: the reports and metrics of what was found. They see the [`crate::model::Snapshot`] only.

pub mod changes;
pub mod metrics;
pub mod report;
pub(crate) mod words;
