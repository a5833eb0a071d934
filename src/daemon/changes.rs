//! Notices at once when a store, OpenClaw's configuration or our own changes. Where inotify isn't available, or has no
//! room for so many directories, the interval alone is left.

use std::path::Path;

use crate::paths::Roots;

/// Watches the places that matter.
pub(super) struct Watcher {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    events: Option<inotify::EventStream<[u8; 4096]>>,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Watcher {
    /// Starts watching; made anew for every wait, so that new agents are watched, too.
    pub(super) fn new(roots: &Roots, own_config: Option<&Path>) -> Self {
        Self { events: Self::start(roots, own_config) }
    }

    fn start(roots: &Roots, own_config: Option<&Path>) -> Option<inotify::EventStream<[u8; 4096]>> {
        use inotify::WatchMask;

        let inotify = inotify::Inotify::init().ok()?;
        let mask = WatchMask::CLOSE_WRITE
            | WatchMask::MOVED_TO
            | WatchMask::MOVED_FROM
            | WatchMask::DELETE
            | WatchMask::CREATE
            | WatchMask::MODIFY;
        let mut watches = inotify.watches();
        let mut watch = |dir: &Path| watches.add(dir, mask).is_ok();
        let agents = roots.state.join("agents");
        let places = [
            Some(roots.state.clone()),
            Some(roots.state.join("state")),
            Some(roots.oauth.clone()),
            Some(agents.clone()),
            roots.config.parent().map(Path::to_path_buf),
            roots.main_agent.clone(),
            own_config.and_then(Path::parent).map(Path::to_path_buf),
        ];
        for place in places.into_iter().flatten() {
            watch(&place);
        }
        for agent in std::fs::read_dir(&agents).into_iter().flatten().flatten() {
            watch(&agent.path());
            watch(&agent.path().join("agent"));
        }
        inotify.into_event_stream([0; 4096]).ok()
    }

    /// Done once something that matters has changed.
    pub(super) async fn changed(&mut self) {
        use futures_util::StreamExt;

        let Some(events) = &mut self.events else { return std::future::pending().await };
        while let Some(event) = events.next().await {
            let matters = match event {
                Ok(event) => event.name.is_none_or(|name| matters(&name.to_string_lossy())),
                // Too many at once: something has changed for sure.
                Err(_) => true,
            };
            if matters {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Watcher {
    pub(super) fn new(_roots: &Roots, _own_config: Option<&Path>) -> Self {
        Self {}
    }

    pub(super) async fn changed(&mut self) {
        std::future::pending().await
    }
}

/// Drafts and locks come and go with every write, ours among them; what they leave behind is told by other names.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn matters(name: &str) -> bool {
    let is_draft = name.starts_with('.') && name != ".env";
    !(is_draft || [".lock", ".tmp", "-shm"].iter().any(|end| name.ends_with(end)))
}
