//! The notifier: decides what people are notified of after a check, queues it, and reports how channels are doing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use openclaw_auth::model::{Span, Timestamp};

use super::decide::{Policy, decide, policy, still_open};
use super::incident::Change;
use super::message::{Message, clip};
use super::problem::{FailingChannels, SubjectKind};
use super::store::{NotificationStore, NotificationStoreError, StoreCache};
use crate::channel::alertmanager::test_alert;
use crate::channel::heartbeat::{HeartbeatReport, HeartbeatSignal};
use crate::channel::transport::{DeliveryOutcome, FailureReason, Transport, host_name};
use crate::channel::{Channel, ChannelKind};
use crate::config::{Config, NotifyConfig};
use crate::model::{ChannelHealth, Snapshot};

/// If a channel has accepted nothing for this long, people are notified through the others.
const CHANNEL_GRACE: Span = Span::from_mins(15.0);

#[derive(Clone, Debug)]
pub struct Notifier {
    pub(super) dir: PathBuf,
    pub(super) config: NotifyConfig,
    policy: Policy,
    channels: Vec<Channel>,
    pub(super) transport: Transport,
    pub(super) host: String,
    /// Set in a daemon.
    cache: Option<Rc<StoreCache>>,
}

impl Notifier {
    /// A notifier with the channels of a configuration, whose store is in `dir`, authwatch's own state directory.
    #[must_use]
    pub fn new(config: &Config, dir: &Path) -> Self {
        let notify = config.notify.clone();
        Self {
            dir: dir.to_owned(),
            policy: policy(config),
            channels: if notify.enabled { notify.channels() } else { Vec::new() },
            transport: Transport::new(config.network.ca_file.clone()),
            host: notify.host.clone().unwrap_or_else(host_name),
            config: notify,
            cache: None,
        }
    }

    /// The same for a daemon: while the store cannot be written it is kept in memory, and people are notified all the same.
    #[must_use]
    pub fn for_daemon(self) -> Self {
        Self { cache: Some(self.cache.unwrap_or_default()), ..self }
    }

    /// The same with the memory of the notifier that it replaces.
    #[must_use]
    pub fn replacing(self, other: &Self) -> Self {
        Self { cache: other.cache.clone(), ..self }
    }

    /// Whether the store is kept in memory only, because it cannot be written.
    #[must_use]
    pub fn is_memory_only(&self) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.known.borrow().kept.is_some())
    }

    pub(super) fn store(&self) -> Result<Arc<NotificationStore>, NotificationStoreError> {
        let Some(cache) = &self.cache else { return NotificationStore::read(&self.dir).map(Arc::new) };
        let known = &mut *cache.known.borrow_mut();
        known.kept.clone().map_or_else(|| NotificationStore::read_again(&self.dir, &mut known.seen), Ok)
    }

    pub(super) async fn update<T>(
        &self,
        change: impl FnOnce(&mut NotificationStore) -> T,
    ) -> Result<T, NotificationStoreError> {
        match &self.cache {
            Some(cache) => NotificationStore::update_or_keep(&self.dir, cache, change).await,
            None => NotificationStore::update(&self.dir, change),
        }
    }

    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Decides what people are notified of after a check, and queues it: both or neither.
    pub async fn observe(&self, snapshot: &Snapshot) -> Result<Vec<Change>, NotificationStoreError> {
        if self.channels.is_empty() {
            return Ok(Vec::new());
        }
        self.update(|store| {
            let new_channels = self.configure(store);
            store.mutes.retain(|mute| mute.until > snapshot.now);
            let own = self.failing(store, snapshot.now);
            let changes = decide(&mut store.incidents, snapshot, &own, &store.mutes, &self.policy);
            // A new channel gets all open problems, and a recovery lists them.
            let is_resolved = changes.iter().any(Change::is_resolved);
            let open = if new_channels.is_empty() && !is_resolved {
                Vec::new()
            } else {
                still_open(&store.incidents, snapshot.now, &store.mutes, &self.policy)
            };
            for channel in &self.channels {
                if matches!(channel.kind, ChannelKind::Alertmanager(_)) {
                    continue;
                }
                // A channel that fails cannot deliver that it does.
                let about_itself = SubjectKind::Channel(channel.name.clone());
                let notified_before = open.iter().filter(|_| new_channels.contains(&channel.name));
                let others: Vec<Change> = changes
                    .iter()
                    .chain(notified_before)
                    .filter(|change| change.subject.kind != about_itself)
                    .cloned()
                    .collect();
                let page_url = self.config.page_url.as_deref();
                if let Some(message) = Message::of(&others, &channel.filter, &self.host, page_url) {
                    store.enqueue(&channel.name, message.with_open(&open, &channel.filter));
                }
            }
            changes
        })
        .await
    }

    /// Updates the store with the configured channels; the new ones among them.
    fn configure(&self, store: &mut NotificationStore) -> BTreeSet<String> {
        let names: BTreeSet<&str> = self.channels.iter().map(|channel| channel.name.as_str()).collect();
        store.channels.retain(|name, _| names.contains(name.as_str()));
        store.outbox.retain(|name, queue| names.contains(name.as_str()) && !queue.is_empty());
        let new = names.iter().filter(|name| !store.channels.contains_key(**name));
        let new = new.map(|name| (*name).to_owned()).collect();
        for channel in &self.channels {
            store.configure(&channel.name, &channel.configuration_hash());
        }
        new
    }

    fn failing(&self, store: &NotificationStore, now: Timestamp) -> FailingChannels {
        let failing = store.channels.iter().filter_map(|(name, record)| {
            let since = record.failing_since.filter(|since| (now - *since).abs() >= CHANNEL_GRACE)?;
            Some((name.clone(), (since, record.problem.clone().unwrap_or_default())))
        });
        // A single channel has no other to report it.
        if self.channels.len() > 1 { failing.collect() } else { FailingChannels::new() }
    }

    /// The state of the channels, for the page and for metrics.
    #[must_use]
    pub fn health(&self) -> Vec<ChannelHealth> {
        let store = self.store().unwrap_or_default();
        let health = |channel: &Channel| {
            let record = store.channels.get(&channel.name).cloned().unwrap_or_default();
            let count = |reason: FailureReason| {
                (reason.as_str(), record.failures.get(&reason).copied().unwrap_or_default())
            };
            ChannelHealth {
                name: channel.name.clone(),
                kind: channel.kind.as_str(),
                sent: record.sent,
                failures: FailureReason::ALL.iter().copied().map(count).collect(),
                last_success: record.last_success,
                failing_since: record.failing_since,
                problem: record.problem,
                waiting: store.outbox.get(&channel.name).map_or(0, Vec::len),
            }
        };
        self.channels.iter().map(health).collect()
    }

    /// Sends a test message through one channel at once, without the outbox.
    pub async fn test(&self, channel: &Channel, now: Timestamp) -> DeliveryOutcome {
        let page_url = self.config.page_url.as_deref();
        let outcome = match &channel.kind {
            ChannelKind::Alertmanager(config) => {
                let alerts = [test_alert(&self.host, now)];
                config.send_alerts(&alerts, now, page_url, &self.transport).await
            }
            _ => channel.send(&Message::test(&self.host, page_url, now).render(), &self.transport).await,
        };
        outcome.map(clip)
    }

    /// Whether a heartbeat is configured.
    #[must_use]
    pub fn has_heartbeat(&self) -> bool {
        self.config.enabled && self.config.heartbeat.source().is_named()
    }

    /// Sends a heartbeat; `None` if none is configured.
    pub async fn send_heartbeat(&self, signal: HeartbeatSignal) -> Option<DeliveryOutcome> {
        if !self.has_heartbeat() {
            return None;
        }
        Some(self.config.heartbeat.send(signal, &self.transport).await.map(clip))
    }

    /// What is reported at the end of a check: the exit code of `--check`, or only that the check succeeded.
    #[must_use]
    pub fn heartbeat_signal(&self, exit_code: u8) -> HeartbeatSignal {
        match self.config.heartbeat.report {
            HeartbeatReport::Check => HeartbeatSignal::End(exit_code),
            HeartbeatReport::Pass => HeartbeatSignal::End(0),
        }
    }
}
