//! The outbox: bounded, merged, patient, and never without what is critical.

use super::super::change::{Change, Transition};
use super::super::outcome::FailureReason;
use super::super::problem::{Problem, ProblemKind, Subject};
use super::super::words::MOST_ANSWER;
use super::*;
use crate::config::Filter;
use crate::model::Severity;
use crate::remedy::Remedy;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000.0);

fn change(profile: &str, transition: Transition, severity: Severity, at: f64) -> Change {
    let remedy = Remedy { meaning: "has ended".to_owned(), command: None };
    let mut problem = Problem::new(ProblemKind::Expired, severity, "has ended", remedy);
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
fn a_channel_is_told_what_matters_to_it_and_of_the_end_of_what_it_was_told() {
    let changes = [
        change("xai:a", Transition::New, Severity::Critical, 0.0),
        change("zai:b", Transition::New, Severity::Warning, 0.0),
        // It was critical, and is better now: who hears of critical things only has to know.
        Change { worst: Severity::Critical, ..change("groq:c", Transition::Better, Severity::Warning, 0.0) },
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
fn a_full_outbox_merges_and_forgets_nothing_critical() {
    let mut store = NotificationStore::default();
    for number in 0..200 {
        let profile = format!("xai:{number}");
        let minute = f64::from(number) * 60_000.0;
        store.enqueue("mail", message(&[change(&profile, Transition::New, Severity::Critical, minute)]));
        let resolved = change(&profile, Transition::Resolved, Severity::Critical, minute + 1.0);
        store.enqueue("mail", message(&[resolved]));
    }
    let parcels = &store.outbox["mail"];
    assert!(parcels.len() <= MOST_PARCELS, "{}", parcels.len());
    let notified: std::collections::BTreeSet<&str> = parcels
        .iter()
        .flat_map(|parcel| &parcel.message.changes)
        .map(|change| change.subject.name())
        .collect();
    assert_eq!(notified.len(), 200);
    assert!(parcels.iter().all(|parcel| parcel.message.is_critical()));
}

#[test]
fn what_waited_behind_a_failure_goes_as_one_message_with_the_latest_word_on_each() {
    let mut store = NotificationStore::default();
    let first = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
    store.enqueue("mail", first.clone());
    store.note("mail", &first, &later(), NOW);
    store.enqueue("mail", message(&[change("xai:a", Transition::Still, Severity::Critical, 1.0)]));
    store.enqueue("mail", message(&[change("zai:b", Transition::New, Severity::Warning, 2.0)]));
    store.enqueue("mail", message(&[change("xai:a", Transition::Resolved, Severity::Critical, 3.0)]));
    store.gather("mail");
    let parcels = &store.outbox["mail"];
    assert_eq!((parcels.len(), parcels[0].attempts, parcels[0].message.merged), (1, 1, 3));
    let turns: Vec<Transition> = parcels[0].message.changes.iter().map(|change| change.transition).collect();
    assert_eq!(turns, [Transition::New, Transition::Resolved]);
}

#[test]
fn what_broke_again_while_nobody_could_be_told_is_broken() {
    let notified = |turns: &[Transition]| {
        let message =
            |transition: &Transition| message(&[change("xai:a", *transition, Severity::Critical, 0.0)]);
        let merged = turns.iter().map(message).reduce(Message::merge).expect("there are some");
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
fn pauses_double_are_bounded_and_survive_a_clock_that_is_set_back() {
    let mut store = NotificationStore::default();
    let sent = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
    store.enqueue("mail", sent.clone());
    let mut pauses = Vec::new();
    for _ in 0..12 {
        store.note("mail", &sent, &later(), NOW);
        pauses.extend(store.outbox["mail"][0].pause.map(Span::as_secs));
    }
    assert_eq!(pauses[..3], [30.0, 60.0, 120.0]);
    assert_eq!(pauses.last(), Some(&3600.0));
    let parcel = &store.outbox["mail"][0];
    assert_eq!(parcel.due(NOW), Some(NOW + Span::from_hours(1.0)));
    let a_day_earlier = NOW - Span::from_days(1.0);
    assert_eq!(parcel.due(a_day_earlier), Some(a_day_earlier));
    let asked = DeliveryOutcome::Later {
        reason: FailureReason::RateLimited,
        problem: String::new(),
        wait: Some(Span::from_hours(2.0)),
    };
    store.note("mail", &sent, &asked, NOW);
    assert_eq!(store.outbox["mail"][0].due(NOW), Some(NOW + Span::from_hours(2.0)));
}

#[test]
fn what_is_refused_is_parked_and_goes_with_the_next_message_or_other_settings() {
    let mut store = NotificationStore::default();
    store.configure("mail", "as it was");
    let sent = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
    store.enqueue("mail", sent.clone());
    for _ in 0..MOST_REFUSALS {
        assert!(store.first("mail").is_some());
        store.note("mail", &sent, &DeliveryOutcome::refused(FailureReason::Refused, "no"), NOW);
    }
    assert!(store.first("mail").is_none() && store.outbox["mail"].len() == 1);
    let mut other = store.clone();
    other.configure("mail", "as it is now");
    assert!(other.first("mail").is_some_and(|parcel| parcel.refusals == 0));
    store.enqueue("mail", message(&[change("zai:b", Transition::New, Severity::Warning, 1.0)]));
    let parcel = store.first("mail").expect("it goes with the next");
    assert_eq!(parcel.message.changes.len(), 2);
}

#[test]
fn what_is_parked_goes_with_what_came_in_while_it_was_on_its_way() {
    let mut store = NotificationStore::default();
    let sent = message(&[change("xai:a", Transition::New, Severity::Critical, 0.0)]);
    store.enqueue("mail", sent.clone());
    for number in 0..MOST_REFUSALS {
        if number == MOST_REFUSALS - 1 {
            store.enqueue("mail", message(&[change("xai:a", Transition::Resolved, Severity::Critical, 1.0)]));
        }
        store.note("mail", &sent, &DeliveryOutcome::refused(FailureReason::Refused, "no"), NOW);
    }
    let [parcel] = store.outbox["mail"].as_slice() else { panic!("one: {:?}", store.outbox) };
    let turns: Vec<Transition> = parcel.message.changes.iter().map(|change| change.transition).collect();
    assert_eq!((parcel.parked, turns), (false, vec![Transition::Resolved]));
}

#[test]
fn what_others_say_is_kept_short_and_on_one_line() {
    assert_eq!(clip("a\r\n b\u{1b}[31m"), "a b\\u{1b}[31m");
    assert_eq!(clip(&"x".repeat(500)).chars().count(), MOST_ANSWER + 1);
}
