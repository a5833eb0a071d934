//! Last step: from the outbox to the channels.
//!
//! Each channel delivers its own messages in order, independently of the others. It holds the channel's lock meanwhile, which ends with
//! the process, so only one process sends, and after `kill -9` the message is still in the outbox. A message leaves the outbox after
//! the other side has accepted it. If the process is killed in between, it is sent once more with the same id.

use futures_util::future::join_all;
use openclaw_auth::checkpoint;
use openclaw_auth::model::{Span, Timestamp};

use super::alerts::alerts;
use super::message::{Message, clip};
use super::notifier::Notifier;
use super::store::NotificationStoreError;
use crate::channel::alertmanager::{Alert, AlertmanagerConfig, posted};
use crate::channel::transport::DeliveryOutcome;
use crate::channel::{Channel, ChannelKind};
use crate::state;
use crate::texts::counted;

/// How long to wait while another process sends through the channel.
const BUSY_DELAY: Span = Span::from_secs(1.0);
/// The backoff of alerts, and after the store could not be used.
const RETRY_DELAY: Span = Span::from_mins(1.0);

/// What came of delivering a channel's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Attempts.
    pub tried: usize,
    /// The time of the next attempt; `None` if nothing waits.
    pub next: Option<Timestamp>,
}

/// What came of one step.
enum Step {
    /// A message was tried; there may be another.
    Tried,
    /// The time of the next attempt; `None` if nothing waits.
    Wait(Option<Timestamp>),
}

/// What is to be sent now.
enum Due<'a> {
    Message(Box<Message>),
    Alerts(&'a AlertmanagerConfig, Vec<Alert>),
    Wait(Option<Timestamp>),
}

impl Notifier {
    /// Delivers what is due on all channels.
    pub async fn deliver(&self, now: impl Fn() -> Timestamp) {
        join_all(self.channels().iter().map(|channel| self.work(channel, &now))).await;
    }

    /// Delivers what is due on one channel.
    pub async fn work(&self, channel: &Channel, now: impl Fn() -> Timestamp) -> Work {
        let mut work = Work::default();
        loop {
            match self.step(channel, &now).await {
                Ok(Step::Tried) => work.tried += 1,
                Ok(Step::Wait(next)) => {
                    work.next = next;
                    return work;
                }
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                    tracing::error!("{error}{}", cause.unwrap_or_default());
                    work.next = Some(now() + RETRY_DELAY);
                    return work;
                }
            }
        }
    }

    /// Sends one message, or finds out when one will be due.
    async fn step(
        &self,
        channel: &Channel,
        now: &impl Fn() -> Timestamp,
    ) -> Result<Step, NotificationStoreError> {
        let name = format!("notify-{}.lock", channel.name);
        let _lock = match state::try_lock(&self.dir, &name) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => return Ok(Step::Wait(Some(now() + BUSY_DELAY))),
            // While nothing can be written, what waits is in this process only, so no other can send it.
            Err(_) if self.is_memory_only() => None,
            Err(source) => return Err(NotificationStoreError::Io { path: self.dir.join(name), source }),
        };
        let outcome = match self.due(channel, now()).await? {
            Due::Wait(next) => return Ok(Step::Wait(next)),
            Due::Message(message) => {
                let message = message.as_of(now());
                checkpoint::reached("notify-sending");
                let outcome = channel.send(&message.render(), &self.transport).await;
                checkpoint::reached("notify-sent");
                let at = now();
                self.update(|store| store.record_attempt(&channel.name, &message, &outcome, at)).await?;
                outcome
            }
            Due::Alerts(config, alerts) => self.send_alerts(channel, config, &alerts, now()).await?,
        };
        let name = &channel.name;
        match &outcome {
            DeliveryOutcome::Accepted(_) => tracing::info!("{name}: message accepted"),
            DeliveryOutcome::Later { reason, problem, .. } => {
                tracing::warn!("{name}: not delivered ({}): {}; will retry", reason.as_str(), clip(problem));
            }
            DeliveryOutcome::Refused { reason, problem } => {
                tracing::warn!("{name}: refused ({}): {}", reason.as_str(), clip(problem));
            }
        }
        Ok(Step::Tried)
    }

    async fn due<'a>(&self, channel: &'a Channel, now: Timestamp) -> Result<Due<'a>, NotificationStoreError> {
        let mut store = self.store()?;
        let ChannelKind::Alertmanager(config) = &channel.kind else {
            if store.outbox.get(&channel.name).is_some_and(|queue| queue.len() > 1) {
                self.update(|store| store.merge_waiting(&channel.name)).await?;
                store = self.store()?;
            }
            let Some(queued) = store.first(&channel.name) else { return Ok(Due::Wait(None)) };
            return Ok(match queued.due(now) {
                Some(next) if next <= now => Due::Message(Box::new(queued.message.clone())),
                next => Due::Wait(next),
            });
        };
        let record = store.channels.get(&channel.name).cloned().unwrap_or_default();
        let alerts = alerts(&store, &channel.filter, &self.host, &record.posted, now);
        let tried = store.history.iter().rev().find(|entry| entry.channel == channel.name);
        if let (Some(_), Some(entry)) = (record.failing_since, tried) {
            let next = entry.at + RETRY_DELAY;
            if next > now && entry.at <= now {
                return Ok(Due::Wait(Some(next)));
            }
        }
        // After a failure it is tried even with no alert left, or it would count as failing for ever.
        if record.failing_since.is_some() || config.is_due(&alerts, &record.posted, record.last_success, now)
        {
            return Ok(Due::Alerts(config, alerts));
        }
        let again = record.last_success.map(|at| at + config.resend_after());
        Ok(Due::Wait(again.filter(|_| !alerts.is_empty())))
    }

    async fn send_alerts(
        &self,
        channel: &Channel,
        config: &AlertmanagerConfig,
        alerts: &[Alert],
        now: Timestamp,
    ) -> Result<DeliveryOutcome, NotificationStoreError> {
        let page_url = self.config.page_url.as_deref();
        let outcome = config.send_alerts(alerts, now, page_url, &self.transport).await;
        let title = counted("alerts", alerts.len());
        self.update(|store| {
            store.record(&channel.name, "alerts", &title, &outcome, now);
            if let (DeliveryOutcome::Accepted(_), Some(record)) =
                (&outcome, store.channels.get_mut(&channel.name))
            {
                record.posted = posted(alerts);
            }
        })
        .await?;
        Ok(outcome)
    }
}
