//! The checks, in the order they look: causes before what follows from them.

mod cooldowns;
mod demo;
mod drafts;
mod duplicates;
mod entries;
mod environment;
mod keys;
mod links;
mod locks;
mod logins;
mod migration;
mod modes;
mod notifications;
mod online;
mod own_files;
mod pasted;
mod readable;
mod recovery;
mod schedule;
mod settings;

use super::finding::Check;

pub use self::entries::in_milliseconds as end_in_milliseconds;

pub const ALL: &[Check] = &[
    readable::CHECK,
    modes::CHECK,
    links::CHECK,
    entries::CHECK,
    pasted::CHECK,
    migration::CHECK,
    duplicates::CHECK,
    logins::CHECK,
    settings::CHECK,
    keys::CHECK,
    environment::CHECK,
    cooldowns::CHECK,
    locks::CHECK,
    drafts::CHECK,
    recovery::CHECK,
    own_files::CHECK,
    notifications::CHECK,
    schedule::CHECK,
    online::CHECK,
    demo::CHECK,
];
