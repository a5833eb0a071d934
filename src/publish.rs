//! Last stage: telling what was found. Everything here sees the [`crate::model::Snapshot`] only.

pub mod changes;
pub mod metrics;
pub mod report;
pub mod textfile;
pub(crate) mod words;
