//! Last stage: telling what was found. Everything here sees the [`crate::model::Snapshot`] only.

pub mod report;
pub(crate) mod words;
