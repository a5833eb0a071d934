//! Notices at once when a store, OpenClaw's configuration or our own changes. Where inotify isn't available, or has no
//! room for so many directories, the interval alone is left.
//!
//! What authwatch itself writes must not start a pass: opening a database closes its log, and renewed logins and textfiles
//! are changes like any other. So a change counts only if a file that the last pass read differs from what it read.

use std::path::{Path, PathBuf};

use openclaw_auth::paths::Roots;

use crate::pipeline::Cache;

pub(super) struct Watcher {
    roots: Roots,
    own_config: Option<PathBuf>,
    #[cfg(any(target_os = "linux", target_os = "android"))]
    events: Option<events::Events>,
}

impl Watcher {
    /// Starts watching. Each wait needs a new watcher, so that new agents are watched, too.
    pub(super) fn new(roots: &Roots, own_config: Option<&Path>) -> Self {
        Self {
            roots: roots.clone(),
            own_config: own_config.map(Path::to_path_buf),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            events: events::Events::start(&places(roots, own_config), &roots.agents()),
        }
    }

    /// Waits for changes: files and directories, or the empty path where it is unknown what changed.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) async fn changed(&mut self) -> Vec<PathBuf> {
        match &mut self.events {
            Some(events) => events.next().await,
            None => std::future::pending().await,
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) async fn changed(&mut self) -> Vec<PathBuf> {
        std::future::pending().await
    }

    /// Whether the last pass did not see this change.
    pub(super) fn is_unknown(&self, path: &Path, last_pass: &Cache) -> bool {
        if last_pass.is_empty() || path.as_os_str().is_empty() || self.own_config.as_deref() == Some(path) {
            return true;
        }
        last_pass.is_as_seen(path).map_or_else(|| self.is_place(path), |is_as_seen| !is_as_seen)
    }

    /// Whether it is, or was, a directory that may hold stores.
    fn is_place(&self, path: &Path) -> bool {
        let agents = self.roots.agents();
        let parent = path.parent();
        let is_agents = parent == Some(&agents)
            || parent.and_then(Path::parent) == Some(&agents) && path.ends_with("agent");
        (is_agents || places(&self.roots, None).iter().any(|place| place == path)) && !path.is_file()
    }
}

/// The directories of stores and configuration, apart from the agents' own.
fn places(roots: &Roots, own_config: Option<&Path>) -> Vec<PathBuf> {
    let places = [
        Some(roots.state.clone()),
        Some(roots.state.join("state")),
        Some(roots.oauth.clone()),
        Some(roots.agents()),
        roots.config.parent().map(Path::to_path_buf),
        roots.main_agent.clone(),
        own_config.and_then(Path::parent).map(Path::to_path_buf),
    ];
    places.into_iter().flatten().collect()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod events {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use futures_util::{FutureExt, StreamExt};
    use inotify::{Event, EventStream, Inotify, WatchDescriptor, WatchMask};

    pub(super) struct Events {
        stream: EventStream<[u8; 4096]>,
        /// The watched directories; one may be known by several names.
        dirs: Vec<(WatchDescriptor, PathBuf)>,
    }

    impl Events {
        pub(super) fn start(places: &[PathBuf], agents: &Path) -> Option<Self> {
            let inotify = Inotify::init().ok()?;
            // Not CLOSE_WRITE: MODIFY reports writes, and SQLite opens a log for writing even to read it.
            let mask = WatchMask::MOVED_TO
                | WatchMask::MOVED_FROM
                | WatchMask::DELETE
                | WatchMask::CREATE
                | WatchMask::MODIFY;
            let mut watches = inotify.watches();
            let mut dirs = Vec::new();
            let mut watch = |dir: PathBuf| {
                if let Ok(descriptor) = watches.add(&dir, mask) {
                    dirs.push((descriptor, dir));
                }
            };
            places.iter().cloned().for_each(&mut watch);
            for agent in std::fs::read_dir(agents).into_iter().flatten().flatten() {
                watch(agent.path());
                watch(agent.path().join("agent"));
            }
            Some(Self { stream: inotify.into_event_stream([0; 4096]).ok()?, dirs })
        }

        pub(super) async fn next(&mut self) -> Vec<PathBuf> {
            let mut changed = BTreeSet::new();
            let mut event = self.stream.next().await;
            while let Some(found) = event {
                changed.extend(self.paths(found.ok()));
                event = self.stream.next().now_or_never().flatten();
            }
            changed.into_iter().collect()
        }

        fn paths(&self, event: Option<Event<std::ffi::OsString>>) -> Vec<PathBuf> {
            let Some(Event { wd, name: Some(name), .. }) = event else {
                // Too many at once, or a directory is gone.
                return vec![PathBuf::new()];
            };
            let dirs = self.dirs.iter().filter(|(descriptor, _)| *descriptor == wd);
            dirs.map(|(_, dir)| dir.join(&name)).collect()
        }
    }
}
