//! The notifier: decides what a snapshot is worth notifying of, and knows the channels it is sent through.

use openclaw_auth::model::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::alertmanager;
use super::change::Change;
use super::channel::{Channel, channels};
use super::decide::{decide, still_open};
use super::heartbeat::{self, HeartbeatSignal};
use super::message::Message;
use super::outcome::{DeliveryOutcome, FailureReason};
use super::policy::{Policy, policy};
use super::problem::{FailingChannels, SubjectKind};
use super::store::{NotificationStore, NotificationStoreError, StoreCache};
use super::transport::{Transport, host_name};
use crate::config::{ChannelKind, Config, HeartbeatReport, NotifyConfig};
use crate::model::{ChannelHealth, Snapshot};

/// A channel that has taken nothing for so long is itself worth telling, through the others.
const CHANNEL_GRACE: Span = Span::from_mins(15.0);

#[derive(Clone, Debug)]
pub struct Notifier {
    pub(super) dir: PathBuf,
    pub(super) config: NotifyConfig,
    policy: Policy,
    channels: Vec<Channel>,
    pub(super) transport: Transport,
    pub(super) host: String,
    /// For who goes on after each pass: what it knows of the book.
    memory: Option<Rc<StoreCache>>,
}

impl Notifier {
    /// A notifier with the channels of a configuration, which keeps its book in authwatch's own state directory.
    #[must_use]
    pub fn new(config: &Config, dir: &Path) -> Self {
        let notify = config.notify.clone();
        Self {
            dir: dir.to_owned(),
            policy: policy(config),
            channels: if notify.enabled { channels(&notify) } else { Vec::new() },
            transport: Transport::new(config.network.clone()),
            host: notify.host.clone().unwrap_or_else(host_name),
            config: notify,
            memory: None,
        }
    }

    /// The same for who goes on after each pass: where its book cannot be written it tells all the same, and remembers that itself.
    #[must_use]
    pub fn that_stays(self) -> Self {
        Self { memory: Some(self.memory.unwrap_or_default()), ..self }
    }

    /// The same with what another one, which it takes the place of, remembers.
    #[must_use]
    pub fn instead_of(self, other: &Self) -> Self {
        Self { memory: other.memory.clone(), ..self }
    }

    /// Whether what has been told is remembered in memory alone.
    #[must_use]
    pub fn is_forgetful(&self) -> bool {
        self.memory.as_ref().is_some_and(|memory| memory.known.borrow().kept.is_some())
    }

    pub(super) fn store(&self) -> Result<Arc<NotificationStore>, NotificationStoreError> {
        let Some(memory) = &self.memory else { return NotificationStore::read(&self.dir).map(Arc::new) };
        let known = &mut *memory.known.borrow_mut();
        known.kept.clone().map_or_else(|| NotificationStore::read_again(&self.dir, &mut known.seen), Ok)
    }

    pub(super) async fn update<T>(
        &self,
        change: impl FnOnce(&mut NotificationStore) -> T,
    ) -> Result<T, NotificationStoreError> {
        match &self.memory {
            Some(memory) => NotificationStore::update_or_keep(&self.dir, memory, change).await,
            None => NotificationStore::update(&self.dir, change),
        }
    }

    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Decides what a picture is worth telling, and puts that into the outbox: both or neither.
    pub async fn observe(&self, snapshot: &Snapshot) -> Result<Vec<Change>, NotificationStoreError> {
        if self.channels.is_empty() {
            return Ok(Vec::new());
        }
        self.update(|store| {
            let newcomers = self.take_stock(store);
            store.mutes.retain(|mute| mute.until > snapshot.now);
            let own = FailingChannels { failing: self.failing(store, snapshot.now) };
            let changes = decide(&mut store.incidents, snapshot, &own, &store.mutes, &self.policy);
            // A new channel is notified of everything that is open, a recovery says how much is.
            let is_resolved = changes.iter().any(Change::is_resolved);
            let open = if newcomers.is_empty() && !is_resolved {
                Vec::new()
            } else {
                still_open(&store.incidents, snapshot.now, &store.mutes, &self.policy)
            };
            for channel in &self.channels {
                if matches!(channel.kind, ChannelKind::Alertmanager(_)) {
                    continue;
                }
                // A channel that fails is no way to hear that it does.
                let about_itself = SubjectKind::Channel(channel.name.clone());
                let told_before = open.iter().filter(|_| newcomers.contains(&channel.name));
                let others: Vec<Change> = changes
                    .iter()
                    .chain(told_before)
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

    /// Brings the book in line with the channels that are configured; those that it has not known.
    fn take_stock(&self, store: &mut NotificationStore) -> BTreeSet<String> {
        let names: BTreeSet<&str> = self.channels.iter().map(|channel| channel.name.as_str()).collect();
        store.channels.retain(|name, _| names.contains(name.as_str()));
        store.outbox.retain(|name, parcels| names.contains(name.as_str()) && !parcels.is_empty());
        let new = names.iter().filter(|name| !store.channels.contains_key(**name));
        let new = new.map(|name| (*name).to_owned()).collect();
        for channel in &self.channels {
            store.configure(&channel.name, &channel.configured());
        }
        new
    }

    fn failing(&self, store: &NotificationStore, now: Timestamp) -> BTreeMap<String, (Timestamp, String)> {
        let failing = store.channels.iter().filter_map(|(name, record)| {
            let since = record.failing_since.filter(|since| (now - *since).abs() >= CHANNEL_GRACE)?;
            Some((name.clone(), (since, record.problem.clone().unwrap_or_default())))
        });
        // With one channel there is nobody else to tell it.
        if self.channels.len() > 1 { failing.collect() } else { BTreeMap::new() }
    }

    /// How the channels are doing, for the page and for metrics.
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
                failures: FailureReason::ALL.map(count).to_vec(),
                last_success: record.last_success,
                failing_since: record.failing_since,
                problem: record.problem,
                waiting: store.outbox.get(&channel.name).map_or(0, Vec::len),
            }
        };
        self.channels.iter().map(health).collect()
    }

    /// Sends a test through one channel, past the outbox.
    pub async fn test(&self, channel: &Channel, now: Timestamp) -> DeliveryOutcome {
        let page_url = self.config.page_url.as_deref();
        match &channel.kind {
            ChannelKind::Alertmanager(config) => {
                let alerts = [alertmanager::test_alert(&self.host, now)];
                alertmanager::send(config, &alerts, now, page_url, &self.transport).await
            }
            _ => channel.send(&Message::test(&self.host, page_url, now), &self.transport).await,
        }
    }

    /// Whether there is a dead man's switch to report to.
    #[must_use]
    pub fn has_heartbeat(&self) -> bool {
        self.config.enabled && self.config.heartbeat.source().is_named()
    }

    /// Reports to the dead man's switch; `None` where there is none.
    pub async fn send_heartbeat(&self, signal: HeartbeatSignal) -> Option<DeliveryOutcome> {
        if !self.has_heartbeat() {
            return None;
        }
        Some(heartbeat::send(&self.config.heartbeat, signal, &self.transport).await)
    }

    /// What the end of a pass reports: the check's code, or only that there was a pass.
    #[must_use]
    pub fn heartbeat_signal(&self, exit_code: u8) -> HeartbeatSignal {
        match self.config.heartbeat.report {
            HeartbeatReport::Check => HeartbeatSignal::End(exit_code),
            HeartbeatReport::Pass => HeartbeatSignal::End(0),
        }
    }
}
