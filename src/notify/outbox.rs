//! Messages that wait for their channel, and what is remembered of each channel. Pure.

use super::message::Message;
use super::outcome::DeliveryOutcome;
use super::records::{DeliveryRecord, QueuedMessage};
use super::store::NotificationStore;
use super::words::clip;
use openclaw_auth::model::{Span, Timestamp};

/// Messages that wait for one channel; older ones are merged.
const MOST_PARCELS: usize = 20;
/// The pause after a first failure; it doubles.
const FIRST_PAUSE: Span = Span::from_secs(30.0);
/// No pause is longer.
const LONGEST_PAUSE: Span = Span::from_hours(1.0);
/// What is refused is not hurried: somebody has to change something first.
const REFUSED_PAUSE: Span = Span::from_mins(10.0);
/// Refusals after which a message is not tried again by itself.
const MOST_REFUSALS: u32 = 5;
impl NotificationStore {
    /// Puts a message into the outbox of a channel, together with what was refused before.
    pub fn enqueue(&mut self, channel: &str, message: Message) {
        let parcels = self.outbox.entry(channel.to_owned()).or_default();
        let parked: Vec<QueuedMessage> = parcels.extract_if(.., |parcel| parcel.parked).collect();
        let before = parked.into_iter().map(|parcel| parcel.message).reduce(Message::merge);
        let message = match before {
            Some(before) => before.merge(message),
            None => message,
        };
        parcels.push(QueuedMessage::new(message));
        // The first may be on its way at this moment.
        while parcels.len() > MOST_PARCELS {
            let (older, later) = (parcels.remove(1), parcels.remove(1));
            let merged = QueuedMessage::new(older.message.merge(later.message));
            parcels.insert(1, QueuedMessage { next: older.next, pause: older.pause, ..merged });
        }
    }

    /// Makes one message of all that wait behind one that has failed: who was out of reach for a day wants to know how things are,
    /// not to read a day's messages. Only for who holds the channel's lock, for nothing may be on its way.
    pub fn gather(&mut self, channel: &str) {
        let Some(parcels) = self.outbox.get_mut(channel) else { return };
        if !parcels.first().is_some_and(|first| first.attempts > 0 && !first.parked) {
            return;
        }
        let mut all = std::mem::take(parcels).into_iter();
        let gathered = all.next().map(|first| {
            let message = all.fold(first.message, |before, parcel| before.merge(parcel.message));
            QueuedMessage {
                message,
                attempts: first.attempts,
                refusals: first.refusals,
                next: first.next,
                pause: first.pause,
                parked: false,
            }
        });
        parcels.extend(gathered);
    }

    /// What a channel has to send next: the oldest message, if it is due. Messages keep their order.
    #[must_use]
    pub fn first(&self, channel: &str) -> Option<&QueuedMessage> {
        self.outbox.get(channel)?.iter().find(|parcel| !parcel.parked)
    }

    /// Takes note of a channel's configuration; what was refused under another one is tried again.
    pub fn configure(&mut self, channel: &str, configured: &str) {
        let record = self.channels.entry(channel.to_owned()).or_default();
        if record.configured == configured {
            return;
        }
        configured.clone_into(&mut record.configured);
        let Some(parcels) = self.outbox.get_mut(channel) else { return };
        let all = std::mem::take(parcels).into_iter().map(|parcel| parcel.message);
        parcels.extend(all.reduce(Message::merge).map(QueuedMessage::new));
    }

    /// Writes down what came of sending a message.
    pub fn note(&mut self, channel: &str, message: &Message, outcome: &DeliveryOutcome, now: Timestamp) {
        self.record(channel, &message.id, &message.title(), outcome, now);
        let Some(parcels) = self.outbox.get_mut(channel) else { return };
        let Some(index) = parcels.iter().position(|parcel| parcel.message.id == message.id) else { return };
        let parcel = &mut parcels[index];
        parcel.attempts = parcel.attempts.saturating_add(1);
        let pause = match outcome {
            DeliveryOutcome::Accepted(_) => {
                parcels.remove(index);
                return;
            }
            DeliveryOutcome::Later { wait, .. } => {
                let doubled = doubling(FIRST_PAUSE, parcel.attempts);
                wait.map_or(doubled, |wait| wait.max(doubled))
            }
            DeliveryOutcome::Refused { .. } => {
                parcel.refusals = parcel.refusals.saturating_add(1);
                parcel.parked = parcel.refusals >= MOST_REFUSALS;
                doubling(REFUSED_PAUSE, parcel.refusals)
            }
        };
        (parcel.next, parcel.pause) = (Some(now + pause), Some(pause));
        // What has come in meanwhile is the message it goes with: sent after that one, it would be old news.
        if parcels[index].parked && parcels.len() > index + 1 {
            let (parked, next) = (parcels.remove(index), parcels.remove(index));
            parcels.insert(index, QueuedMessage::new(parked.message.merge(next.message)));
        }
    }

    /// Counts an attempt, and keeps it in the history.
    pub fn record(
        &mut self,
        channel: &str,
        message: &str,
        title: &str,
        outcome: &DeliveryOutcome,
        now: Timestamp,
    ) {
        let record = self.channels.entry(channel.to_owned()).or_default();
        let (reason, answer) = match outcome {
            DeliveryOutcome::Accepted(answer) => {
                record.sent += 1;
                record.last_success = Some(now);
                (record.failing_since, record.problem) = (None, None);
                (None, answer)
            }
            DeliveryOutcome::Later { reason, problem, .. } | DeliveryOutcome::Refused { reason, problem } => {
                *record.failures.entry(*reason).or_default() += 1;
                record.failing_since.get_or_insert(now);
                record.problem = Some(clip(problem));
                (Some(*reason), problem)
            }
        };
        self.history.push(DeliveryRecord {
            at: now,
            channel: channel.to_owned(),
            message: message.to_owned(),
            title: title.to_owned(),
            accepted: reason.is_none(),
            reason,
            answer: clip(answer),
        });
    }
}

fn doubling(first: Span, times: u32) -> Span {
    (first * f64::from(1_u32 << times.saturating_sub(1).min(16))).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
