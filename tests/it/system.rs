//! Tests that need more than cargo (real servers, browsers, containers) or thousands of processes, a folder an area.

mod browser {
    #[cfg(feature = "sqlite")]
    mod accessibility;
    #[cfg(feature = "sqlite")]
    mod live_updates;
    #[cfg(feature = "sqlite")]
    mod page;
    #[cfg(feature = "sqlite")]
    mod sign_in;
}

mod deploy {
    mod containers;
    mod init_systems;
    mod install;
    mod socket_activation;
    mod systemd_units;
    mod termux;
    mod upgrade_and_uninstall;
}

mod docs {
    mod commands;
    mod migration;
}

mod mail {
    mod email;
}

mod openclaw {
    #[cfg(feature = "sqlite")]
    mod live_check;
    #[cfg(feature = "sqlite")]
    mod recording;
    #[cfg(feature = "sqlite")]
    mod remedies;
}

mod prometheus {
    mod alertmanager_channel;
    mod fleet;
    mod metrics;
    mod scraping;
    mod tools;
}

mod refresh {
    mod clock;
    mod containers;
    mod mounts;
}

mod endurance {
    mod auth_storm;
    mod notification_kills;
    mod notifications_over_a_month;
    mod refresh_kills;
    mod refresh_storm;
}
