//! Tests that need cargo alone, a folder an area.

mod auth {
    mod command_lines;
    mod import;
    mod login_by_hand;
    mod login_stored;
    mod order;
    mod paste;
    mod store_files;
    mod terminal;
}

mod config {
    mod removed_settings;
    mod unusual_hosts;
}

mod docs {
    mod addresses;
    mod changelog;
    mod documents;
    mod generated;
    mod layering;
    mod readme;
}

mod doctor {
    #[cfg(feature = "sqlite")]
    mod case;
    mod explain;
    #[cfg(feature = "sqlite")]
    mod findings;
    #[cfg(feature = "sqlite")]
    mod fixes;
    #[cfg(feature = "sqlite")]
    mod side_by_side;
    #[cfg(feature = "sqlite")]
    mod terminal;
}

mod notify {
    mod channels;
    mod commands;
    mod decisions;
    mod delivery;
    mod false_alarms;
}

mod openclaw {
    mod compatibility;
    pub(super) mod conformance;
    #[cfg(feature = "sqlite")]
    mod reported_cases;
    #[cfg(feature = "sqlite")]
    mod whole_program;
}

mod prometheus {
    mod rules_and_dashboards;
}

mod refresh {
    #[cfg(feature = "sqlite")]
    mod databases;
    mod discovery;
    mod lockless_writers;
    mod locks;
    mod network;
    mod outcomes;
    mod owners;
    mod recovery;
    mod renewal;
    mod stopping;
    mod unwritable_stores;
}

mod secrets {
    mod crashes;
    #[cfg(feature = "sqlite")]
    mod outputs;
}

mod status {
    #[cfg(feature = "sqlite")]
    mod demo;
    mod exit_codes;
    mod for_people;
    #[cfg(feature = "sqlite")]
    mod formats;
    mod keys;
    mod one_verdict;
    mod surfaces_agree;
}

mod stores {
    mod bad_input;
    #[cfg(feature = "sqlite")]
    mod databases;
    #[cfg(feature = "sqlite")]
    mod equivalence;
    mod foreign_links;
    #[cfg(feature = "sqlite")]
    mod saved_replacements;
    #[cfg(feature = "sqlite")]
    mod unparsable;
    #[cfg(feature = "sqlite")]
    mod written_by_releases;
}

mod watch {
    mod access;
    #[cfg(feature = "sqlite")]
    mod change_detection;
    mod http;
    mod page;
    mod probe;
    mod scans;
    mod systemd_notify;
}
