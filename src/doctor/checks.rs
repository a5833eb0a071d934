//! The checks, in the order they look: causes before what follows from them.

mod cooldowns;
mod demo;
mod drafts;
mod entries;
mod environment;
mod keys;
mod links;
mod locks;
mod logins;
mod migration;
mod modes;
mod online;
mod own;
mod pasted;
mod readable;
mod rescue;
mod schedule;
mod settings;
mod sink;
mod telling;

use super::finding::Check;

pub use self::entries::in_milliseconds as end_in_milliseconds;

pub const ALL: &[Check] = &[
    readable::CHECK,
    modes::CHECK,
    links::CHECK,
    entries::CHECK,
    pasted::CHECK,
    migration::CHECK,
    sink::CHECK,
    logins::CHECK,
    settings::CHECK,
    keys::CHECK,
    environment::CHECK,
    cooldowns::CHECK,
    locks::CHECK,
    drafts::CHECK,
    rescue::CHECK,
    own::CHECK,
    telling::CHECK,
    schedule::CHECK,
    online::CHECK,
    demo::CHECK,
];
