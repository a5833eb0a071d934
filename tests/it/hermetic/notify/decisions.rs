//! What people are notified of, when, and how often: the pure part, on made-up snapshots and random histories.

use std::path::PathBuf;

use authwatch::assess::{Limits, assess};
use authwatch::channel::settings::Filter;
use authwatch::config::Config;
use authwatch::model::{
    AgentHealth, Bucket, FailingRenewal, LoginReason, LoginState, OpenclawRelease, ProfileHealth, Scope,
    Severity, Snapshot, Status, Summary,
};
use authwatch::notify::message::Message;
use authwatch::notify::{Change, FailingChannels, Incidents, Mute, Policy, Transition, decide, policy};
use authwatch::remedy::Commands;
use openclaw_auth::model::{
    ConfigHealth, CredentialKind, Fault, IncompleteMigration, MigrationKind, ProviderId, Semantics, Source,
    StoreError, StoreErrorReason, StoreHealth, StoreKind, Timestamp,
};
use openclaw_auth::release::ReleaseSource;
use proptest::prelude::*;

const MINUTE: f64 = 60_000.0;
const HOUR: f64 = 60.0 * MINUTE;
/// 2027-01-15T08:00:00Z.
const START: f64 = 1_800_000_000_000.0;

/// A profile in use that is fine and stays so.
fn profile(id: &str) -> ProfileHealth {
    ProfileHealth {
        profile_id: id.into(),
        provider: ProviderId::from(id.split(':').next().unwrap()),
        kind: CredentialKind::Token,
        status: Status::Static,
        reason_code: None,
        expires_at: None,
        remaining_ms: None,
        ended_at: None,
        bucket: Bucket::Valid,
        login: LoginState::Static,
        login_reason: None,
        login_since: None,
        inherited: false,
        in_use: true,
        cooldown: None,
        failing: None,
        assessment: None,
        account: None,
        unresolved: false,
        source: Source::Json,
    }
}

fn dead(id: &str) -> ProfileHealth {
    ProfileHealth {
        login: LoginState::NeedsSignIn,
        login_reason: Some(LoginReason::InvalidGrant),
        ..profile(id)
    }
}

/// A login that expires or expired at `end`.
fn ending(id: &str, end: f64, now: f64, login: LoginState) -> ProfileHealth {
    let status = if end <= now {
        Status::Expired
    } else if end - now <= 24.0 * HOUR {
        Status::Expiring
    } else {
        Status::Ok
    };
    ProfileHealth {
        status,
        expires_at: Some(Timestamp::from_millis(end)),
        bucket: status.bucket(),
        login,
        ..profile(id)
    }
}

fn agent(id: &str, profiles: Vec<ProfileHealth>) -> AgentHealth {
    AgentHealth {
        id: id.into(),
        dir: PathBuf::from("/agents").join(id),
        default: id == "main",
        configured: true,
        exit_code: 0,
        check: openclaw_auth::check::Answer::default(),
        store: StoreHealth {
            kind: StoreKind::Json,
            path: PathBuf::from("/agents").join(id).join("auth-profiles.json"),
            mode: None,
            owner: None,
            error: None,
            state_error: None,
            migration: None,
        },
        profiles,
        providers: Vec::new(),
        models: Vec::new(),
        missing_providers_in_use: Vec::new(),
        rejected: Vec::new(),
        store_assessment: None,
        provider_assessments: Vec::new(),
        remedies: Vec::new(),
    }
}

fn unreadable(id: &str, reason: StoreErrorReason) -> AgentHealth {
    let mut agent = agent(id, Vec::new());
    agent.store.error = Some(StoreError::new(reason, "it cannot be read"));
    agent
}

fn snapshot(now: f64, agents: Vec<AgentHealth>) -> Snapshot {
    Snapshot {
        format_version: 1,
        generated_at: String::new(),
        now: Timestamp::from_millis(now),
        semantics: Semantics::V2026_9,
        scope: Scope::InUse,
        exit_code: 0,
        summary: Summary::default(),
        config: ConfigHealth { path: PathBuf::from("/openclaw.json"), error: None },
        agents,
        external: Vec::new(),
        renewals: Vec::new(),
        recoveries: Vec::new(),
        recovery_assessment: None,
        config_assessment: None,
        openclaw: OpenclawRelease {
            version: None,
            rules: openclaw_auth::release::Rules::Selected,
            source: ReleaseSource::Assumed,
        },
    }
}

fn parsed(text: &str) -> Config {
    Config::parse(text, "c.toml".as_ref()).unwrap()
}

fn configured(text: &str) -> Policy {
    policy(&parsed(text))
}

fn title(changes: &[Change]) -> String {
    Message::of(changes, &Filter::default(), "host", None).unwrap().title()
}

/// The same snapshot with its verdicts.
fn assessed(mut snapshot: Snapshot, limits: &Limits) -> Snapshot {
    assess(&mut snapshot, limits, &Commands::default());
    snapshot
}

/// Somebody who is notified, check after check.
struct Notified {
    limits: Limits,
    incidents: Incidents,
    policy: Policy,
    mutes: Vec<Mute>,
    now: f64,
}

impl Notified {
    fn new(config: &str) -> Self {
        Self {
            limits: Limits::new(&parsed(config)),
            incidents: Incidents::default(),
            policy: configured(config),
            mutes: Vec::new(),
            now: START,
        }
    }

    fn pass(&mut self, agents: Vec<AgentHealth>) -> Vec<Change> {
        self.check(snapshot(self.now, agents))
    }

    fn check(&mut self, snapshot: Snapshot) -> Vec<Change> {
        let snapshot = assessed(snapshot, &self.limits);
        decide(&mut self.incidents, &snapshot, &FailingChannels::default(), &self.mutes, &self.policy)
    }

    /// A check of agent main alone; the changes in short.
    fn main(&mut self, profiles: Vec<ProfileHealth>) -> Vec<(Transition, Severity)> {
        let changes = self.pass(vec![agent("main", profiles)]);
        changes.iter().map(|change| (change.transition, change.problem.severity)).collect()
    }

    fn after(&mut self, milliseconds: f64) -> &mut Self {
        self.now += milliseconds;
        self
    }
}

#[test]
fn a_login_that_needs_sign_in_is_notified_once_repeated_and_resolved_once() {
    let mut notified = Notified::new("");
    assert_eq!(notified.main(vec![profile("xai:a")]), []);
    assert_eq!(notified.after(MINUTE).main(vec![dead("xai:a")]), [(Transition::New, Severity::Critical)]);
    for _ in 0..239 {
        assert_eq!(notified.after(MINUTE).main(vec![dead("xai:a")]), []);
    }
    assert_eq!(notified.after(MINUTE).main(vec![dead("xai:a")]), [(Transition::Still, Severity::Critical)]);
    // One check is not enough.
    assert_eq!(notified.after(MINUTE).main(vec![profile("xai:a")]), []);
    assert_eq!(
        notified.after(MINUTE).main(vec![profile("xai:a")]),
        [(Transition::Resolved, Severity::Critical)]
    );
    assert_eq!(notified.after(MINUTE).main(vec![profile("xai:a")]), []);
    assert!(
        notified.after(4.0 * HOUR).main(vec![profile("xai:a")]).is_empty()
            && notified.incidents.all.is_empty()
    );
}

#[test]
fn what_no_model_uses_is_a_warning_unless_nothing_is_known_about_use() {
    let unused = |profile: ProfileHealth| ProfileHealth { in_use: false, ..profile };
    let mut notified = Notified::new("");
    let agents = |profile: ProfileHealth| vec![agent("main", vec![profile])];
    assert_eq!(notified.pass(agents(unused(dead("xai:a"))))[0].problem.severity, Severity::Warning);
    let mut present = snapshot(START, agents(unused(dead("xai:a"))));
    present.scope = Scope::All;
    let changes = Notified::new("").check(present);
    assert_eq!(changes[0].problem.severity, Severity::Critical);
}

#[test]
fn an_expiry_is_notified_at_each_threshold_and_does_not_hover() {
    let mut notified = Notified::new("");
    let end = START + 30.0 * HOUR;
    let mut turns = Vec::new();
    while notified.now < end + 10.0 * MINUTE {
        let login = ending("anthropic:a", end, notified.now, LoginState::Static);
        for (transition, severity) in notified.main(vec![login]) {
            turns.push((transition, severity, ((end - notified.now) / HOUR).round()));
        }
        notified.after(5.0 * MINUTE);
    }
    assert_eq!(
        turns,
        [
            (Transition::New, Severity::Warning, 24.0),
            (Transition::Worse, Severity::Warning, 6.0),
            // A tenth of the largest threshold.
            (Transition::Worse, Severity::Critical, 2.0),
            (Transition::Worse, Severity::Critical, 1.0),
            (Transition::Worse, Severity::Critical, 0.0),
        ]
    );
    // A little more time left than the threshold is not a recovery.
    let mut notified = Notified::new("");
    let with_left = |notified: &Notified, left: f64| {
        vec![ending("anthropic:a", notified.now + left, notified.now, LoginState::Static)]
    };
    let profiles = with_left(&notified, 23.9 * HOUR);
    assert_eq!(notified.main(profiles), [(Transition::New, Severity::Warning)]);
    for left in [24.1, 23.9, 25.0, 24.2, 26.0, 23.0] {
        let profiles = with_left(notified.after(MINUTE), left * HOUR);
        assert_eq!(notified.main(profiles), [], "{left}");
    }
    for (left, expected) in [(300.0, 0), (300.0, 1)] {
        let profiles = with_left(notified.after(MINUTE), left * HOUR);
        assert_eq!(notified.main(profiles).len(), expected);
    }
}

#[test]
fn what_renews_automatically_is_notified_after_it_failed_for_an_hour() {
    let mut notified = Notified::new("");
    for login in [LoginState::Renewable, LoginState::Refreshing, LoginState::Blocked] {
        for (lapsed, expected) in [(-HOUR, 0), (0.9 * HOUR, 0), (1.1 * HOUR, 1)] {
            let mut fresh = Notified::new("");
            let since = Timestamp::from_millis(fresh.now - 2.0 * HOUR);
            let failing = FailingRenewal { reason: "dns".to_owned(), since, times: 3, next_attempt: since };
            let profile = ProfileHealth {
                failing: Some(Box::new(failing)),
                login_since: Some(since),
                ..ending("xai:a", fresh.now - lapsed, fresh.now, login)
            };
            let expected = if login == LoginState::Renewable { expected } else { 1 };
            assert_eq!(fresh.main(vec![profile]).len(), expected, "{login:?} {lapsed}");
        }
    }
    // In a database it is OpenClaw's, which renews it when it is next used.
    let lapsed = ending("xai:a", START - 9.0 * HOUR, START, LoginState::Renewable);
    let in_database = ProfileHealth { source: Source::AgentSqlite, ..lapsed };
    assert_eq!(notified.main(vec![in_database]), []);
}

#[test]
fn a_login_that_many_agents_inherit_is_notified_once() {
    let mut notified = Notified::new("");
    let inherited = || ProfileHealth { inherited: true, ..dead("xai:a") };
    let main = ProfileHealth { in_use: false, ..dead("xai:a") };
    let others = (0..8).map(|number| agent(&format!("agent-{number}"), vec![inherited()]));
    let agents: Vec<AgentHealth> = std::iter::once(agent("main", vec![main])).chain(others).collect();
    let changes = notified.pass(agents);
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].subject.agent.as_str(), changes[0].problem.severity),
        ("main", Severity::Critical)
    );
    assert_eq!(changes[0].problem.also.len(), 6, "{:?}", changes[0].problem.also);
}

#[test]
fn a_channel_for_one_agent_gets_the_problems_of_logins_it_inherits() {
    let config = "[notify.command.own]\nrun = [\"true\"]\nagents = [\"agent-7\"]\n";
    let mut notified = Notified::new(config);
    let inherited =
        |number| agent(&format!("agent-{number}"), vec![ProfileHealth { inherited: true, ..dead("xai:a") }]);
    let main = agent("main", vec![dead("xai:a"), dead("zai:b")]);
    let changes = notified.pass(std::iter::once(main).chain((0..9).map(inherited)).collect());
    let filter = Filter { agents: vec!["agent-7".to_owned()], ..Default::default() };
    let message = Message::of(&changes, &filter, "host", None).unwrap();
    let names: Vec<&str> = message.changes.iter().map(|change| change.subject.name()).collect();
    assert_eq!(names, ["xai:a"]);
}

#[test]
fn a_removed_profile_is_notified_once_and_one_in_an_unreadable_store_is_not_removed() {
    let mut notified = Notified::new("");
    let both = || vec![profile("xai:a"), profile("zai:b")];
    assert_eq!(notified.main(both()), []);
    assert_eq!(notified.after(MINUTE).main(vec![profile("xai:a")]), [(Transition::New, Severity::Warning)]);
    for _ in 0..3000 {
        assert_eq!(notified.after(MINUTE).main(vec![profile("xai:a")]), []);
    }
    let mut notified = Notified::new("");
    notified.main(vec![profile("xai:a"), dead("zai:b")]);
    let changes = notified.after(MINUTE).pass(vec![unreadable("main", StoreErrorReason::Parse)]);
    assert_eq!(changes.len(), 1, "{changes:?}");
    for _ in 0..10 {
        assert!(notified.after(MINUTE).pass(vec![unreadable("main", StoreErrorReason::Parse)]).is_empty());
    }
    notified.after(MINUTE).main(vec![profile("xai:a"), dead("zai:b")]);
    let turns = notified.after(MINUTE).main(vec![profile("xai:a"), dead("zai:b")]);
    assert_eq!(turns, [(Transition::Resolved, Severity::Critical)], "the store alone is resolved");
    // A broken login that is removed is resolved.
    notified.after(MINUTE).main(vec![profile("xai:a")]);
    let changes = notified.after(MINUTE).pass(vec![agent("main", vec![profile("xai:a")])]);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].resolved.as_deref(), Some("removed from the store"));
    // So is an agent that is removed.
    let mut notified = Notified::new("");
    notified.pass(vec![agent("main", both()), agent("bot", both())]);
    let changes = notified.after(MINUTE).pass(vec![agent("main", both())]);
    assert_eq!(changes.iter().map(|change| change.subject.name().to_owned()).collect::<Vec<_>>(), ["bot"]);
}

#[test]
fn a_store_that_is_locked_for_a_moment_is_not_notified() {
    let mut notified = Notified::new("");
    for _ in 0..9 {
        assert!(notified.after(MINUTE).pass(vec![unreadable("main", StoreErrorReason::Locked)]).is_empty());
    }
    notified.after(2.0 * MINUTE);
    assert_eq!(notified.pass(vec![unreadable("main", StoreErrorReason::Locked)]).len(), 1);
}

#[test]
fn an_unreadable_store_leaves_no_provider_without_a_login() {
    let without = |mut agent: AgentHealth| {
        agent.missing_providers_in_use = vec![ProviderId::from("xai")];
        agent
    };
    let mut notified = Notified::new("");
    notified.pass(vec![agent("main", vec![profile("xai:a")]), agent("bot", Vec::new())]);
    // The login is visible neither at its own agent nor at those that inherit it.
    let locked =
        || vec![without(unreadable("main", StoreErrorReason::Locked)), without(agent("bot", Vec::new()))];
    assert_eq!(notified.after(MINUTE).pass(locked()), []);
    // One that was missing before is neither resolved by that nor notified again.
    let mut notified = Notified::new("");
    assert_eq!(notified.pass(vec![without(agent("main", Vec::new()))]).len(), 1);
    for _ in 0..5 {
        let present = vec![without(unreadable("main", StoreErrorReason::Locked))];
        assert_eq!(notified.after(MINUTE).pass(present), []);
    }
    assert_eq!(notified.after(MINUTE).pass(vec![without(agent("main", Vec::new()))]), []);
}

#[test]
fn an_openclaw_configuration_that_cannot_be_read_for_a_while_is_not_notified() {
    let unused = || ProfileHealth { in_use: false, ..dead("zai:b") };
    let bot = || {
        let mut bot = agent("bot", vec![profile("xai:a")]);
        bot.missing_providers_in_use = vec![ProviderId::from("groq")];
        bot
    };
    let mut notified = Notified::new("");
    let changes = notified.pass(vec![agent("main", vec![profile("xai:a"), unused()]), bot()]);
    assert_eq!(changes.len(), 2, "{changes:?}");
    // Then use is unknown, and so is where the agent is that only the configuration names.
    for _ in 0..5 {
        let idle = ProfileHealth { in_use: false, ..profile("xai:a") };
        let mut present = snapshot(notified.after(MINUTE).now, vec![agent("main", vec![idle, unused()])]);
        present.scope = Scope::All;
        present.config.error = Some(StoreError::in_file(Fault::Syntax, "it cannot be read"));
        assert_eq!(notified.check(present), []);
    }
    let back = || vec![agent("main", vec![profile("xai:a"), unused()]), bot()];
    assert_eq!(notified.after(MINUTE).pass(back()), []);
    // It is remembered: if it is removed after that, people are notified.
    assert_eq!(notified.after(MINUTE).pass(vec![agent("main", vec![profile("xai:a"), unused()])]).len(), 1);
}

#[test]
fn a_login_removed_with_its_agent_is_not_called_resolved() {
    let mut notified = Notified::new("");
    notified.pass(vec![agent("main", Vec::new()), agent("bot", vec![dead("xai:a")])]);
    notified.after(MINUTE).pass(vec![agent("main", Vec::new())]);
    let changes = notified.after(MINUTE).pass(vec![agent("main", Vec::new())]);
    assert_eq!(title(&changes), "host: agent bot: xai:a was removed");
}

#[test]
fn a_clock_that_is_set_back_neither_delays_nor_hurries_anything() {
    let mut notified = Notified::new("");
    notified.now = START + 24.0 * 365.0 * HOUR;
    assert_eq!(notified.main(vec![dead("xai:a")]), [(Transition::New, Severity::Critical)]);
    notified.now = START;
    assert_eq!(notified.main(vec![dead("xai:a")]), [(Transition::Still, Severity::Critical)]);
    for _ in 0..239 {
        assert_eq!(notified.after(MINUTE).main(vec![dead("xai:a")]), []);
    }
    assert_eq!(notified.after(MINUTE).main(vec![dead("xai:a")]), [(Transition::Still, Severity::Critical)]);
    notified.after(MINUTE).main(vec![profile("xai:a")]);
    assert_eq!(
        notified.after(MINUTE).main(vec![profile("xai:a")]),
        [(Transition::Resolved, Severity::Critical)]
    );
    notified.after(4.0 * HOUR).main(vec![profile("xai:a")]);
    assert!(notified.incidents.all.is_empty(), "times in the future are forgotten, too");
    // What has to last for a while does not wait for a year.
    let mut notified = Notified::new("");
    notified.now = START + 24.0 * 365.0 * HOUR;
    assert!(notified.pass(vec![unreadable("main", StoreErrorReason::Locked)]).is_empty());
    notified.now = START;
    notified.pass(vec![unreadable("main", StoreErrorReason::Locked)]);
    notified.after(11.0 * MINUTE);
    assert_eq!(notified.pass(vec![unreadable("main", StoreErrorReason::Locked)]).len(), 1);
}

#[test]
fn what_keeps_changing_is_notified_as_flapping_and_then_left_alone() {
    let mut notified = Notified::new("");
    let mut turns = Vec::new();
    for round in 0..20 {
        for minute in 0..10 {
            let login = if minute < 5 { dead("xai:a") } else { profile("xai:a") };
            turns.extend(notified.main(vec![login]).into_iter().map(|(transition, _)| (round, transition)));
            notified.after(MINUTE);
        }
    }
    let expected = [
        (0, Transition::New),
        (0, Transition::Resolved),
        (1, Transition::New),
        (1, Transition::Resolved),
        (2, Transition::Flapping),
    ];
    assert_eq!(turns, expected);
    let mut quiet = Vec::new();
    for _ in 0..40 {
        quiet.extend(notified.after(MINUTE).main(vec![profile("xai:a")]));
    }
    assert_eq!(quiet, [(Transition::Resolved, Severity::Critical)]);
}

#[test]
fn quiet_hours_hold_back_warnings_and_never_what_is_critical() {
    // Whatever the machine's time zone is, these hours include the start.
    let minute = authwatch::clock::local_minute(Timestamp::from_millis(START)).unwrap();
    let clock = |minute: u16| format!("{:02}:{:02}", minute % 1440 / 60, minute % 60);
    let hours = format!("{}-{}", clock(minute), clock(minute + 120));
    let mut notified = Notified::new(&format!("[notify]\nquiet_hours = \"{hours}\"\n"));
    let warning = |notified: &Notified| {
        ending("anthropic:a", notified.now + 20.0 * HOUR, notified.now, LoginState::Static)
    };
    notified.after(MINUTE);
    let profiles = vec![warning(&notified), dead("xai:b")];
    assert_eq!(notified.main(profiles), [(Transition::New, Severity::Critical)]);
    // One that came and went in quiet hours is not notified after them.
    let profiles = vec![
        warning(notified.after(MINUTE)),
        dead("xai:b"),
        ProfileHealth { in_use: false, ..dead("zai:c") },
    ];
    assert_eq!(notified.main(profiles), []);
    for _ in 0..3 {
        let profiles = vec![warning(notified.after(MINUTE)), dead("xai:b"), profile("zai:c")];
        assert_eq!(notified.main(profiles), []);
    }
    notified.now = START + 121.0 * MINUTE;
    let profiles = vec![warning(&notified), dead("xai:b"), profile("zai:c")];
    assert_eq!(notified.main(profiles), [(Transition::New, Severity::Warning)]);
}

#[test]
fn what_is_muted_is_notified_when_the_mute_ends() {
    let mut notified = Notified::new("");
    let until = Timestamp::from_millis(START + HOUR);
    notified.mutes.push(Mute { profile: "xai:a".to_owned(), agent: None, until });
    assert_eq!(notified.main(vec![dead("xai:a"), dead("xai:b")]).len(), 1);
    assert_eq!(notified.after(30.0 * MINUTE).main(vec![dead("xai:a"), dead("xai:b")]), []);
    assert_eq!(
        notified.after(31.0 * MINUTE).main(vec![dead("xai:a"), dead("xai:b")]),
        [(Transition::New, Severity::Critical)]
    );
}

#[test]
fn a_mute_lets_through_only_the_end_of_what_was_notified_before() {
    let mut notified = Notified::new("");
    assert_eq!(notified.main(vec![dead("xai:a")]), [(Transition::New, Severity::Critical)]);
    notified.mutes.push(Mute {
        profile: "*".to_owned(),
        agent: None,
        until: Timestamp::from_millis(START + 24.0 * HOUR),
    });
    assert_eq!(
        notified.after(8.0 * HOUR).main(vec![dead("xai:a"), dead("xai:b")]),
        [],
        "neither repeated nor new"
    );
    assert_eq!(notified.after(MINUTE).main(vec![profile("xai:a"), profile("xai:b")]), []);
    let resolved = notified.after(MINUTE).main(vec![profile("xai:a"), profile("xai:b")]);
    assert_eq!(resolved, [(Transition::Resolved, Severity::Critical)], "nobody was notified of xai:b");
    // What breaks and is resolved during the mute is not notified.
    assert_eq!(notified.after(MINUTE).main(vec![dead("xai:a")]), []);
    for _ in 0..3 {
        assert_eq!(notified.after(MINUTE).main(vec![profile("xai:a")]), []);
    }
}

#[test]
fn a_broken_login_that_moves_to_main_is_not_called_resolved() {
    let mut notified = Notified::new("");
    let inherited = |profile: ProfileHealth| ProfileHealth { inherited: true, ..profile };
    let own = || vec![agent("main", Vec::new()), agent("bot", vec![dead("xai:a")])];
    let moved = || vec![agent("main", vec![dead("xai:a")]), agent("bot", vec![inherited(dead("xai:a"))])];
    notified.pass(own());
    assert_eq!(title(&notified.after(MINUTE).pass(moved())), "host: agent main: xai:a needs sign-in");
    // The incident is resolved all the same, because buttons and threads depend on it.
    let changes = notified.after(MINUTE).pass(moved());
    assert_eq!(title(&changes), "host: agent bot: xai:a was removed");
    assert_eq!(
        changes[0].resolved.as_deref(),
        Some("removed from its own store; the login of agent main is used instead")
    );
    // If main's login is fine, so is the agent.
    let mut notified = Notified::new("");
    notified.pass(own());
    let fine =
        || vec![agent("main", vec![profile("xai:a")]), agent("bot", vec![inherited(profile("xai:a"))])];
    assert_eq!(notified.after(MINUTE).pass(fine()), []);
    assert_eq!(title(&notified.after(MINUTE).pass(fine())), "host: agent bot: xai:a resolved after 2 min");
}

#[test]
fn logins_of_an_incomplete_migration_are_one_incident() {
    let mut notified = Notified::new("");
    let main = |profiles: Vec<ProfileHealth>| agent("main", profiles);
    notified.pass(vec![main(vec![profile("xai:a"), dead("xai:b")]), agent("bot", Vec::new())]);
    let migration = || {
        let mut main = main(Vec::new());
        main.store.kind = StoreKind::AgentSqlite;
        main.missing_providers_in_use = vec![ProviderId::from("xai")];
        let path = PathBuf::from("/agents/main/auth-profiles.json");
        main.store.migration = Some(IncompleteMigration {
            kind: MigrationKind::EmptyDatabase,
            path,
            profiles: 2,
            repair_first: None,
        });
        vec![main, agent("bot", Vec::new())]
    };
    let changes = notified.after(MINUTE).pass(migration());
    let named: Vec<_> = changes.iter().map(|change| change.problem.state.as_str()).collect();
    assert_eq!(named, ["was not migrated completely"]);
    for _ in 0..5 {
        assert_eq!(notified.after(MINUTE).pass(migration()), []);
    }
    // They are back, as they were.
    let back = || vec![main(vec![profile("xai:a"), dead("xai:b")]), agent("bot", Vec::new())];
    assert_eq!(notified.after(MINUTE).pass(back()), []);
    let changes = notified.after(MINUTE).pass(back());
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].is_resolved());
}

#[test]
fn an_openclaw_configuration_that_stays_broken_is_notified_once_and_one_being_edited_never() {
    let mut notified = Notified::new("");
    let broken = |notified: &mut Notified| {
        let mut present = snapshot(notified.now, vec![agent("main", vec![profile("xai:a")])]);
        present.config.error = Some(StoreError::new(
            StoreErrorReason::Parse,
            "`/openclaw.json` is not JSON5: at line 3, column 7",
        ));
        notified.check(present)
    };
    let fine = || vec![agent("main", vec![profile("xai:a")])];
    // Saved incomplete now and then.
    for _ in 0..12 {
        assert_eq!(broken(notified.after(4.0 * MINUTE)), []);
        assert_eq!(broken(notified.after(4.0 * MINUTE)), []);
        assert_eq!(notified.after(MINUTE).pass(fine()), []);
    }
    let mut changes = Vec::new();
    for _ in 0..30 {
        changes.extend(broken(notified.after(MINUTE)));
    }
    assert_eq!(changes.len(), 1, "{changes:?}");
    let problem = &changes[0].problem;
    assert_eq!((changes[0].transition, problem.severity), (Transition::New, Severity::Critical));
    assert!(problem.meaning.contains("line 3, column 7"), "{}", problem.meaning);
    let command = problem.command.as_deref().unwrap_or_default();
    assert!(command.starts_with("cp -p -- "), "{command}");
    assert_eq!(title(&changes), "host: OpenClaw configuration cannot be used");
    assert_eq!(notified.after(MINUTE).pass(fine()), []);
    assert!(notified.after(MINUTE).pass(fine())[0].is_resolved());
}

#[test]
fn every_kind_of_change_as_people_read_it() {
    let filter = Filter { min_severity: Severity::Info, ..Filter::default() };
    let mut shown = String::new();
    let mut show = |heading: &str, message: Message| {
        let message = message.render();
        shown += &format!("# {heading}\n\n{}\n\n{}\n", message.title, message.text(72));
    };
    let of = |changes: &[Change]| Message::of(changes, &filter, "build-host", None).unwrap();
    let failing = |now: f64| {
        let since = Timestamp::from_millis(START - 2.0 * HOUR);
        let failing = FailingRenewal { reason: "dns".to_owned(), since, times: 3, next_attempt: since };
        let expired = ending("openai-codex:b", START - 2.0 * HOUR, now, LoginState::Renewable);
        ProfileHealth { failing: Some(Box::new(failing)), ..expired }
    };
    let mut notified = Notified::new("");
    let soon = |notified: &Notified, hours: f64| {
        ending("anthropic:c", START + hours * HOUR, notified.now, LoginState::Static)
    };
    let agents = |notified: &Notified, a: ProfileHealth| {
        vec![agent("main", vec![a, failing(notified.now), soon(notified, 7.0)])]
    };
    let present = agents(&notified, dead("xai:a"));
    let first = of(&notified.pass(present));
    show("new", first.clone());
    let present = agents(notified.after(2.0 * HOUR), dead("xai:a"));
    let worse = of(&notified.pass(present));
    show("worse", worse.clone());
    let present = agents(notified.after(2.0 * HOUR), dead("xai:a"));
    let reminded = of(&notified.pass(present));
    show("reminder", reminded.clone());
    for _ in 0..2 {
        let present = agents(notified.after(MINUTE), profile("xai:a"));
        let changes = notified.pass(present);
        if !changes.is_empty() {
            let open: Vec<Change> =
                reminded.changes.iter().filter(|change| change.subject.name() != "xai:a").cloned().collect();
            show("resolved", of(&changes).with_open(&open, &filter));
        }
    }
    for _ in 0..3 {
        for login in [dead("xai:a"), dead("xai:a"), profile("xai:a"), profile("xai:a")] {
            let present = agents(notified.after(MINUTE), login);
            let changes = notified.pass(present);
            if changes.iter().any(|change| change.transition == Transition::Flapping) {
                show("flapping", of(&changes));
            }
        }
    }
    let mut others = Notified::new("");
    others.pass(vec![agent("main", vec![profile("xai:a"), profile("zai:b")])]);
    show("removed", of(&others.after(MINUTE).pass(vec![agent("main", vec![profile("xai:a")])])));
    let present = assessed(snapshot(notified.now, Vec::new()), &notified.limits);
    let since = Timestamp::from_millis(notified.now - HOUR);
    let own = FailingChannels::from([("phone".to_owned(), (since, "503 down".to_owned()))]);
    let changes = decide(&mut Incidents::default(), &present, &own, &[], &notified.policy);
    show("a failing channel", of(&changes));
    show("late and merged", first.merge(worse).as_of(Timestamp::from_millis(START + 5.0 * HOUR)));
    show("test", Message::test("build-host", Some("https://watch.example/"), Timestamp::from_millis(START)));
    insta::assert_snapshot!(shown);
}

/// The state of a login in a check.
#[derive(Clone, Copy, Debug)]
enum Like {
    Fine,
    Dead,
    Ended,
    EndsIn(u8),
    Lapsed,
    Absent,
}

fn like() -> impl Strategy<Value = Like> {
    prop_oneof![
        4 => Just(Like::Fine),
        2 => Just(Like::Dead),
        1 => Just(Like::Ended),
        2 => (1_u8..40).prop_map(Like::EndsIn),
        1 => Just(Like::Lapsed),
        1 => Just(Like::Absent),
    ]
}

fn made(id: &str, like: Like, now: f64) -> Option<ProfileHealth> {
    Some(match like {
        Like::Fine => profile(id),
        Like::Dead => dead(id),
        Like::Ended => ending(id, now - HOUR, now, LoginState::Static),
        Like::EndsIn(hours) => ending(id, now + f64::from(hours) * HOUR, now, LoginState::Static),
        Like::Lapsed => ending(id, now - 2.0 * HOUR, now, LoginState::Renewable),
        Like::Absent => return None,
    })
}

proptest! {
    /// An incident begins before it continues or ends, one at a time. What is critical is notified at once. It makes no difference
    /// whether incidents are kept in memory or read from disk each time. A second check at the same time changes nothing.
    #[test]
    fn every_history_is_notified_in_order(passes in prop::collection::vec((like(), like(), 1_u16..200), 1..60)) {
        let ids = ["xai:a", "zai:b"];
        let mut notified = Notified::new("");
        let mut reread = Notified::new("");
        let mut open = std::collections::BTreeMap::<String, bool>::new();
        for (first, second, minutes) in passes {
            notified.after(f64::from(minutes) * MINUTE);
            reread.now = notified.now;
            let profiles = || -> Vec<ProfileHealth> {
                ids.iter().zip([first, second]).filter_map(|(id, like)| made(id, like, notified.now)).collect()
            };
            let profiles = (profiles(), profiles(), profiles());
            let changes = notified.pass(vec![agent("main", profiles.0)]);
            let text = serde_json::to_string(&reread.incidents).unwrap();
            reread.incidents = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&changes, &reread.pass(vec![agent("main", profiles.1)]));
            for change in &changes {
                let is_open = open.entry(change.subject.name().to_owned()).or_default();
                match change.transition {
                    Transition::New | Transition::Flapping => prop_assert!(!*is_open, "new twice: {change:?}"),
                    _ => prop_assert!(*is_open, "changed before it was new: {change:?}"),
                }
                *is_open = change.transition != Transition::Resolved;
            }
            for (id, like) in ids.iter().zip([first, second]) {
                if matches!(like, Like::Dead | Like::Ended) {
                    prop_assert!(open.get(*id).copied().unwrap_or_default(), "{id} is critical and nobody knows");
                }
            }
            // The same time again: only what needed a second check is resolved.
            let again = notified.pass(vec![agent("main", profiles.2)]);
            prop_assert!(again.iter().all(|change| change.transition == Transition::Resolved), "{again:?}");
            for change in &again {
                open.insert(change.subject.name().to_owned(), false);
            }
            reread.incidents = notified.incidents.clone();
        }
    }
}
