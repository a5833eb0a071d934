//! Last step: from the outbox to the channels.
//!
//! Channels are independent: each works off its own messages, in order, whatever the others do. Before a message is sent, the channel's
//! lock is taken, which ends with the process: of several processes one sends, and `kill -9` leaves nothing behind but the
//! message, still in the outbox. It is taken out only after the other side has accepted it. Killed between the two, it is sent
//! once more, under the same id.

use futures_util::future::join_all;
use openclaw_auth::checkpoint;
use openclaw_auth::model::{Span, Timestamp};

use super::alertmanager::{self, Alert};
use super::channel::Channel;
use super::message::Message;
use super::notifier::Notifier;
use super::outcome::DeliveryOutcome;
use super::store::NotificationStoreError;
use super::words::clip;
use crate::config::ChannelKind;
use crate::state;

/// Another process is sending through this channel; it is done by then.
const BUSY_PAUSE: Span = Span::from_secs(1.0);

/// What came of working off a channel's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    pub tried: usize,
    /// When there will be something to do, Unix milliseconds.
    pub next: Option<Timestamp>,
}

/// What came of one step.
enum Step {
    /// A message was tried; there may be another.
    Tried,
    /// Nothing is to be sent until then; `None` for not before something new comes.
    Wait(Option<Timestamp>),
}

/// What is to be sent now.
enum Due {
    Message(Box<Message>),
    Alerts(Vec<Alert>),
    NotBefore(Option<Timestamp>),
}

impl Notifier {
    /// Works off what is due on all channels, each at its own pace.
    pub async fn deliver(&self, now: impl Fn() -> Timestamp) {
        join_all(self.channels().iter().map(|channel| self.work(channel, &now))).await;
    }

    /// Works off what is due on one channel.
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
                    work.next = Some(now() + Span::from_mins(1.0));
                    return work;
                }
            }
        }
    }

    /// Sends one message; or, where none is due, says when one will be.
    async fn step(
        &self,
        channel: &Channel,
        now: &impl Fn() -> Timestamp,
    ) -> Result<Step, NotificationStoreError> {
        let name = format!("notify-{}.lock", channel.name);
        let _lock = match state::try_lock(&self.dir, &name) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => return Ok(Step::Wait(Some(now() + BUSY_PAUSE))),
            // Where nothing can be written, what waits is in this process alone, and so is who sends it.
            Err(_) if self.is_forgetful() => None,
            Err(source) => return Err(NotificationStoreError::Io { path: self.dir.join(name), source }),
        };
        let outcome = match self.due(channel, now()).await? {
            Due::NotBefore(next) => return Ok(Step::Wait(next)),
            Due::Message(message) => {
                let message = message.as_of(now());
                checkpoint::reached("notify-sending");
                let outcome = channel.send(&message, &self.transport).await;
                checkpoint::reached("notify-sent");
                let at = now();
                self.update(|store| store.note(&channel.name, &message, &outcome, at)).await?;
                outcome
            }
            Due::Alerts(alerts) => self.alert(channel, &alerts, now()).await?,
        };
        match &outcome {
            DeliveryOutcome::Accepted(_) => tracing::info!("{}: a message was taken", channel.name),
            DeliveryOutcome::Later { reason, problem, .. } => {
                let problem = clip(problem);
                tracing::warn!(
                    "{}: not delivered ({}): {problem}; tried again",
                    channel.name,
                    reason.as_str()
                );
            }
            DeliveryOutcome::Refused { reason, problem } => {
                let problem = clip(problem);
                tracing::warn!("{}: refused ({}): {problem}", channel.name, reason.as_str());
            }
        }
        Ok(Step::Tried)
    }

    async fn due(&self, channel: &Channel, now: Timestamp) -> Result<Due, NotificationStoreError> {
        let mut store = self.store()?;
        let ChannelKind::Alertmanager(config) = &channel.kind else {
            if store.outbox.get(&channel.name).is_some_and(|parcels| parcels.len() > 1) {
                self.update(|store| store.gather(&channel.name)).await?;
                store = self.store()?;
            }
            let Some(parcel) = store.first(&channel.name) else { return Ok(Due::NotBefore(None)) };
            return Ok(match parcel.due(now) {
                Some(next) if next <= now => Due::Message(Box::new(parcel.message.clone())),
                next => Due::NotBefore(next),
            });
        };
        let record = store.channels.get(&channel.name).cloned().unwrap_or_default();
        let alerts = alertmanager::alerts(&store, &channel.filter, &self.host, &record.posted, now);
        let hold = config.hold();
        // Alerts are no parcels, so that their backoff is kept as simple as this: a minute.
        let tried = store.history.iter().rev().find(|entry| entry.channel == channel.name);
        if let (Some(_), Some(entry)) = (record.failing_since, tried) {
            let next = entry.at + Span::from_mins(1.0);
            if next > now && entry.at <= now {
                return Ok(Due::NotBefore(Some(next)));
            }
        }
        // One that has failed is asked again even where nothing is left to say: else it would count as failing for ever.
        if record.failing_since.is_some()
            || alertmanager::is_due(&alerts, &record.posted, record.last_success, hold, now)
        {
            return Ok(Due::Alerts(alerts));
        }
        let again = record.last_success.map(|at| at + hold / 4.0);
        Ok(Due::NotBefore(again.filter(|_| !alerts.is_empty())))
    }

    async fn alert(
        &self,
        channel: &Channel,
        alerts: &[Alert],
        now: Timestamp,
    ) -> Result<DeliveryOutcome, NotificationStoreError> {
        let ChannelKind::Alertmanager(config) = &channel.kind else {
            return Ok(DeliveryOutcome::Accepted(String::new()));
        };
        let page_url = self.config.page_url.as_deref();
        let outcome = alertmanager::send(config, alerts, now, page_url, &self.transport).await;
        let title = format!("{} alerts", alerts.len());
        self.update(|store| {
            store.record(&channel.name, "alerts", &title, &outcome, now);
            if let (DeliveryOutcome::Accepted(_), Some(record)) =
                (&outcome, store.channels.get_mut(&channel.name))
            {
                record.posted = alertmanager::posted(alerts);
            }
        })
        .await?;
        Ok(outcome)
    }
}
