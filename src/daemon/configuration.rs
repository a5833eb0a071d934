//! The configuration file, which is read again while everything goes on.

use std::path::Path;
use std::time::SystemTime;

use super::options::Options;

pub(super) struct Configuration {
    /// Whether the file was valid when it was last read.
    pub(super) is_valid: bool,
    /// When the file was last modified, as of the last read.
    modified: Option<SystemTime>,
}

impl Configuration {
    pub(super) fn new(options: &Options) -> Self {
        Self { is_valid: true, modified: modified(options) }
    }

    pub(super) fn has_changed(&self, options: &Options) -> bool {
        modified(options) != self.modified
    }

    /// Notes that the file is about to be read.
    pub(super) fn mark_read(&mut self, options: &Options) {
        self.modified = modified(options);
    }
}

/// The configuration's file, if there is one.
pub(super) fn path(options: &Options) -> Option<&Path> {
    options.config_file.as_ref().map(|file| file.path.as_path())
}

fn modified(options: &Options) -> Option<SystemTime> {
    std::fs::metadata(path(options)?).and_then(|metadata| metadata.modified()).ok()
}
