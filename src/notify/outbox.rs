//! The outbox: messages that wait for their channel, with backoff, merging, and what came of each attempt. Pure.

use openclaw_auth::model::{Span, Timestamp};

use super::message::{Message, clip};
use super::records::{DeliveryRecord, QueuedMessage};
use super::store::NotificationStore;
use crate::channel::transport::DeliveryOutcome;

/// Messages that wait for one channel; if there are more, older ones are merged.
const MAX_QUEUED: usize = 20;
/// The backoff after a first failure; it doubles.
const FIRST_BACKOFF: Span = Span::from_secs(30.0);
const MAX_BACKOFF: Span = Span::from_hours(1.0);
/// The backoff after a first refusal: somebody has to change something first.
const REFUSED_BACKOFF: Span = Span::from_mins(10.0);
/// A message that is refused this often is parked.
const MAX_REFUSALS: u32 = 5;

impl NotificationStore {
    /// Queues a message for a channel, merged with those that are parked.
    pub fn enqueue(&mut self, channel: &str, message: Message) {
        let queue = self.outbox.entry(channel.to_owned()).or_default();
        let parked: Vec<QueuedMessage> = queue.extract_if(.., |queued| queued.parked).collect();
        let before = parked.into_iter().map(|queued| queued.message).reduce(Message::merge);
        let message = match before {
            Some(before) => before.merge(message),
            None => message,
        };
        queue.push(QueuedMessage::new(message));
        // The first may be on its way, so it stays as it is.
        while queue.len() > MAX_QUEUED {
            let (older, later) = (queue.remove(1), queue.remove(1));
            let merged = QueuedMessage::new(older.message.merge(later.message));
            queue.insert(1, QueuedMessage { next: older.next, backoff: older.backoff, ..merged });
        }
    }

    /// Merges everything that waits behind a message that failed: after a day out of reach, people want one message.
    ///
    /// The caller holds the channel's lock, so no message is on its way.
    pub fn merge_waiting(&mut self, channel: &str) {
        let Some(queue) = self.outbox.get_mut(channel) else { return };
        if !queue.first().is_some_and(|first| first.attempts > 0 && !first.parked) {
            return;
        }
        let mut all = std::mem::take(queue).into_iter();
        let merged = all.next().map(|first| {
            let message = all.fold(first.message, |before, later| before.merge(later.message));
            QueuedMessage { message, parked: false, ..first }
        });
        queue.extend(merged);
    }

    /// The oldest message of a channel that is not parked.
    #[must_use]
    pub fn first(&self, channel: &str) -> Option<&QueuedMessage> {
        self.outbox.get(channel)?.iter().find(|queued| !queued.parked)
    }

    /// Notes a channel's configuration. If it has changed, what was refused is tried again.
    pub fn configure(&mut self, channel: &str, configuration_hash: &str) {
        let record = self.channels.entry(channel.to_owned()).or_default();
        if record.configuration_hash == configuration_hash {
            return;
        }
        configuration_hash.clone_into(&mut record.configuration_hash);
        let Some(queue) = self.outbox.get_mut(channel) else { return };
        let all = std::mem::take(queue).into_iter().map(|queued| queued.message);
        queue.extend(all.reduce(Message::merge).map(QueuedMessage::new));
    }

    /// Records what came of an attempt to send a queued message.
    pub fn record_attempt(
        &mut self,
        channel: &str,
        message: &Message,
        outcome: &DeliveryOutcome,
        now: Timestamp,
    ) {
        self.record(channel, &message.id, &message.title(), outcome, now);
        let Some(queue) = self.outbox.get_mut(channel) else { return };
        let Some(index) = queue.iter().position(|queued| queued.message.id == message.id) else { return };
        let queued = &mut queue[index];
        queued.attempts = queued.attempts.saturating_add(1);
        let backoff = match outcome {
            DeliveryOutcome::Accepted(_) => {
                queue.remove(index);
                return;
            }
            DeliveryOutcome::Later { wait, .. } => {
                let doubled = doubling(FIRST_BACKOFF, queued.attempts);
                wait.map_or(doubled, |wait| wait.max(doubled))
            }
            DeliveryOutcome::Refused { .. } => {
                queued.refusals = queued.refusals.saturating_add(1);
                queued.parked = queued.refusals >= MAX_REFUSALS;
                doubling(REFUSED_BACKOFF, queued.refusals)
            }
        };
        (queued.next, queued.backoff) = (Some(now + backoff), Some(backoff));
        // A message that was queued meanwhile takes it along: sent after that one, it would be old news.
        if queue[index].parked && queue.len() > index + 1 {
            let (parked, next) = (queue.remove(index), queue.remove(index));
            queue.insert(index, QueuedMessage::new(parked.message.merge(next.message)));
        }
    }

    /// Records an attempt in the channel's state and in the history.
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
    (first * f64::from(1_u32 << times.saturating_sub(1).min(16))).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::super::incident::{Change, Transition};
    use super::super::message::MAX_CLIP;
    use super::super::problem::{Problem, ProblemKind, Subject};
    use super::*;
    use crate::channel::settings::Filter;
    use crate::channel::transport::FailureReason;
    use crate::model::Severity;
    use crate::remedy::Remedy;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000.0);

    fn change(profile: &str, transition: Transition, severity: Severity, at: f64) -> Change {
        let remedy = Remedy { meaning: "expired".to_owned(), command: None };
        let mut problem = Problem::new(ProblemKind::Expired, severity, "expired".to_owned(), remedy);
        problem.provider = Some(profile.split(':').next().unwrap_or_default().to_owned());
        Change {
            incident: profile.to_owned(),
            transition,
            subject: Subject::profile("main", profile),
            problem,
            worst: severity,
            opened: NOW,
            at: NOW + Span::from_millis(at),
            resolved: (transition == Transition::Resolved).then(|| "valid".to_owned()),
        }
    }

    fn message(changes: &[Change]) -> Message {
        let all = Filter { min_severity: Severity::Info, ..Filter::default() };
        Message::of(changes, &all, "host", None).expect("there are changes")
    }

    fn later() -> DeliveryOutcome {
        DeliveryOutcome::later(FailureReason::Connect, "no connection")
    }

    #[test]
    fn a_channel_gets_what_its_filter_matches_and_the_end_of_it() {
        let changes = [
            change("xai:a", Transition::New, Severity::Critical, 0.0),
            change("zai:b", Transition::New, Severity::Warning, 0.0),
            // It was critical: a channel for critical problems gets the improvement, too.
            Change {
                worst: Severity::Critical,
                ..change("groq:c", Transition::Better, Severity::Warning, 0.0)
            },
        ];
        let notified = |filter: &Filter| -> Vec<String> {
            let message = Message::of(&changes, filter, "host", None);
            let changes = message.map(|message| message.changes).unwrap_or_default();
            changes.iter().map(|change| change.subject.name().to_owned()).collect()
        };
        let critical = Filter { min_severity: Severity::Critical, ..Filter::default() };
        assert_eq!(notified(&critical), ["xai:a", "groq:c"]);
        let provider = Filter { providers: vec!["zai".to_owned()], ..Filter::default() };
        assert_eq!(notified(&provider), ["zai:b"]);
        let agent = Filter { agents: vec!["another".to_owned()], ..Filter::default() };
        assert!(notified(&agent).is_empty());
    }

    #[test]
    fn a_full_outbox_merges_and_loses_nothing_critical() {
        let mut store = NotificationStore::default();
        for number in 0..200 {
            let profile = format!("xai:{number}");
            let minute = f64::from(number) * 60_000.0;
            store.enqueue("mail", message(&[change(&profile, Transition::New, Severity::Critical, minute)]));
            let resolved = change(&profile, Transition::Resolved, Severity::Critical, minute + 1.0);
            store.enqueue("mail", message(&[resolved]));
        }
        let queue = &store.outbox["mail"];
        assert!(queue.len() <= MAX_QUEUED, "{}", queue.len());
        let notified: std::collections::BTreeSet<&str> = queue
            .iter()
            .flat_map(|queued| &queued.message.changes)
            .map(|change| change.subject.name())
            .collect();
        assert_eq!(notified.len(), 200);
        assert!(queue.iter().all(|queued| queued.message.is_critical()));
    }

    #[test]
    fn what_waits_behind_a_failure_is_one_message_with_the_latest_change_of_each() {
        let mut store = NotificationStore::default();
        let first = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
        store.enqueue("mail", first.clone());
        store.record_attempt("mail", &first, &later(), NOW);
        store.enqueue("mail", message(&[change("xai:a", Transition::Still, Severity::Critical, 1.0)]));
        store.enqueue("mail", message(&[change("zai:b", Transition::New, Severity::Warning, 2.0)]));
        store.enqueue("mail", message(&[change("xai:a", Transition::Resolved, Severity::Critical, 3.0)]));
        store.merge_waiting("mail");
        let queue = &store.outbox["mail"];
        assert_eq!((queue.len(), queue[0].attempts, queue[0].message.merged), (1, 1, 3));
        let transitions: Vec<Transition> =
            queue[0].message.changes.iter().map(|change| change.transition).collect();
        assert_eq!(transitions, [Transition::New, Transition::Resolved]);
    }

    #[test]
    fn merged_changes_of_one_incident_give_its_present_state() {
        let notified = |transitions: &[Transition]| {
            let message =
                |transition: &Transition| message(&[change("xai:a", *transition, Severity::Critical, 0.0)]);
            let merged = transitions.iter().map(message).reduce(Message::merge).expect("there are some");
            (merged.changes[0].transition, merged.severity())
        };
        let critical = Some(Severity::Critical);
        assert_eq!(
            notified(&[Transition::New, Transition::Resolved, Transition::New]),
            (Transition::New, critical)
        );
        assert_eq!(
            notified(&[Transition::Resolved, Transition::Flapping, Transition::Worse]),
            (Transition::Flapping, critical)
        );
        assert_eq!(
            notified(&[Transition::New, Transition::Better, Transition::Still]),
            (Transition::New, critical)
        );
        assert_eq!(notified(&[Transition::Worse, Transition::Still]), (Transition::Worse, critical));
        assert_eq!(notified(&[Transition::Worse, Transition::Better]), (Transition::Better, critical));
        assert_eq!(notified(&[Transition::New, Transition::Resolved]), (Transition::Resolved, None));
    }

    #[test]
    fn backoffs_double_are_bounded_and_survive_a_clock_that_is_set_back() {
        let mut store = NotificationStore::default();
        let sent = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
        store.enqueue("mail", sent.clone());
        let mut backoffs = Vec::new();
        for _ in 0..12 {
            store.record_attempt("mail", &sent, &later(), NOW);
            backoffs.extend(store.outbox["mail"][0].backoff.map(Span::as_secs));
        }
        assert_eq!(backoffs[..3], [30.0, 60.0, 120.0]);
        assert_eq!(backoffs.last(), Some(&3600.0));
        let queued = &store.outbox["mail"][0];
        assert_eq!(queued.due(NOW), Some(NOW + Span::from_hours(1.0)));
        let a_day_earlier = NOW - Span::from_days(1.0);
        assert_eq!(queued.due(a_day_earlier), Some(a_day_earlier));
        let asked = DeliveryOutcome::Later {
            reason: FailureReason::RateLimited,
            problem: String::new(),
            wait: Some(Span::from_hours(2.0)),
        };
        store.record_attempt("mail", &sent, &asked, NOW);
        assert_eq!(store.outbox["mail"][0].due(NOW), Some(NOW + Span::from_hours(2.0)));
    }

    #[test]
    fn what_is_refused_is_parked_until_the_next_message_or_other_settings() {
        let mut store = NotificationStore::default();
        store.configure("mail", "as it was");
        let sent = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
        store.enqueue("mail", sent.clone());
        for _ in 0..MAX_REFUSALS {
            assert!(store.first("mail").is_some());
            store.record_attempt("mail", &sent, &DeliveryOutcome::refused(FailureReason::Refused, "no"), NOW);
        }
        assert!(store.first("mail").is_none() && store.outbox["mail"].len() == 1);
        let mut other = store.clone();
        other.configure("mail", "as it is now");
        assert!(other.first("mail").is_some_and(|queued| queued.refusals == 0));
        store.enqueue("mail", message(&[change("zai:b", Transition::New, Severity::Warning, 1.0)]));
        let queued = store.first("mail").expect("it goes with the next");
        assert_eq!(queued.message.changes.len(), 2);
    }

    #[test]
    fn what_is_parked_goes_with_what_was_queued_while_it_was_on_its_way() {
        let mut store = NotificationStore::default();
        let sent = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
        store.enqueue("mail", sent.clone());
        for number in 0..MAX_REFUSALS {
            if number == MAX_REFUSALS - 1 {
                store.enqueue(
                    "mail",
                    message(&[change("xai:a", Transition::Resolved, Severity::Critical, 1.0)]),
                );
            }
            store.record_attempt("mail", &sent, &DeliveryOutcome::refused(FailureReason::Refused, "no"), NOW);
        }
        let [queued] = store.outbox["mail"].as_slice() else { panic!("one: {:?}", store.outbox) };
        let transitions: Vec<Transition> =
            queued.message.changes.iter().map(|change| change.transition).collect();
        assert_eq!((queued.parked, transitions), (false, vec![Transition::Resolved]));
    }

    #[test]
    fn answers_are_kept_short_and_on_one_line() {
        assert_eq!(clip("a\r\n b\u{1b}[31m"), "a b\\u{1b}[31m");
        assert_eq!(clip(&"x".repeat(500)).chars().count(), MAX_CLIP + 1);
    }
}
