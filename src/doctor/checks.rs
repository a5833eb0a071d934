//! The checks, in the order in which they run: causes before what follows from them.

mod duplicates;
mod entries;
mod environment;
mod keys;
mod locks_and_drafts;
mod logins;
mod migration;
mod misplaced;
mod operation;
mod own_files;
mod settings;
mod stores;

use super::finding::Findings;
use super::inspection::Inspection;

pub const ALL: &[fn(&Inspection, &mut Findings)] = &[
    stores::run,
    entries::run,
    migration::run,
    misplaced::run,
    duplicates::run,
    logins::run,
    settings::run,
    environment::run,
    keys::run,
    locks_and_drafts::run,
    own_files::run,
    operation::run,
    logins::status_check,
];
