//! The checks, in the order in which they run: causes before what follows from them.

mod duplicates;
mod entries;
mod environment;
mod locks_and_drafts;
mod logins;
mod migration;
mod operation;
mod own_files;
mod settings;
mod stores;

use super::finding::Check;

pub const ALL: &[Check] = &[
    stores::CHECK,
    entries::CHECK,
    migration::CHECK,
    duplicates::CHECK,
    logins::CHECK,
    settings::CHECK,
    environment::CHECK,
    locks_and_drafts::CHECK,
    own_files::CHECK,
    operation::CHECK,
    logins::STATUS_CHECK,
];
