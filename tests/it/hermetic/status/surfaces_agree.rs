//! No surface says all is well while another says warning or worse: over random snapshots.

use std::path::PathBuf;

use authwatch::assess::{Limits, add_recoveries, assess, headline, issues, worst};
use authwatch::config::Config;
use authwatch::exit;
use authwatch::model::{
    AgentHealth, FailingRenewal, Issue, IssueOf, LoginReason, LoginState, ProfileHealth, Scope, Severity,
    Snapshot, Status,
};
use authwatch::notify::{FailingChannels, Incidents, Subject, SubjectKind, decide, policy};
use authwatch::publish::report::{Format, Layout, nagios_exit_code, write};
use authwatch::refresh::outcome::{MisconfiguredReason, TransientReason};
use authwatch::remedy::Commands;
use authwatch::serve::page::{PageInput, PageView, document};
use openclaw_auth::model::{
    ConfigHealth, Cooldown, CooldownKind, CredentialKind, Fault, IncompleteMigration, MigrationKind,
    ProviderId, ReasonCode, Source, Span, StoreError, StoreErrorReason, StoreHealth, Timestamp, Unimportable,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::support::page::{markup_between, visible_text};
use crate::support::snapshot::{self, NOW};

const PROVIDERS: [&str; 6] = ["anthropic", "openai-codex", "xai", "google", "o'brien & <sons>", "mistral"];
/// On the page, longer lists of problems are cut.
const LISTED: usize = 10;

fn hours(hours: f64) -> Span {
    Span::from_hours(hours)
}

/// Moments around now, some of them where something changes.
fn moment() -> impl Strategy<Value = Timestamp> {
    let edges =
        select(vec![-48.0, -1.5, -1.0, -0.5, -0.01, 0.0, 0.01, 1.0, 2.4, 6.0, 23.9, 24.0, 25.0, 900.0]);
    prop_oneof![edges, -72.0..72.0].prop_map(|ahead: f64| NOW + Span::from_secs((ahead * 3600.0).round()))
}

fn cooldown() -> impl Strategy<Value = Box<Cooldown>> {
    let reason = option::of(select(vec!["billing", "rate_limit", "auth"]));
    (select(CooldownKind::ALL.to_vec()), moment(), reason).prop_map(|(kind, until, reason)| {
        Box::new(Cooldown { kind, until, reason: reason.map(str::to_owned), error_count: None })
    })
}

fn failing() -> impl Strategy<Value = Box<FailingRenewal>> {
    let reasons = TransientReason::ALL.iter().map(|reason| reason.as_str());
    let reasons = reasons.chain(MisconfiguredReason::ALL.iter().map(|reason| reason.as_str()));
    (select(reasons.collect::<Vec<_>>()), moment()).prop_map(|(reason, since)| {
        Box::new(FailingRenewal {
            reason: reason.to_owned(),
            since,
            times: 3,
            next_attempt: NOW + hours(0.2),
        })
    })
}

prop_compose! {
    fn login(number: usize, inherited: bool)(
        provider in select(PROVIDERS.to_vec()),
        kind in select(CredentialKind::ALL.to_vec()),
        (status, login) in (select(Status::ALL.to_vec()), select(LoginState::ALL.to_vec())),
        reason_code in option::weighted(0.3, select(ReasonCode::ALL.to_vec())),
        login_reason in option::of(select(LoginReason::ALL.to_vec())),
        (login_since, end) in (option::of(moment()), option::weighted(0.8, moment())),
        in_use in any::<bool>(),
        (cooldown, failing) in (option::weighted(0.3, cooldown()), option::weighted(0.3, failing())),
        source in select(Source::ALL.to_vec()),
    ) -> ProfileHealth {
        ProfileHealth {
            profile_id: format!("{provider}:{number}").as_str().into(),
            kind,
            reason_code,
            expires_at: end,
            remaining_ms: end.map(|end| end - NOW),
            login_reason,
            login_since,
            inherited,
            in_use,
            cooldown,
            failing,
            source,
            ..snapshot::profile(provider, status, login)
        }
    }
}

fn store_error() -> impl Strategy<Value = StoreError> {
    let faults =
        vec![Fault::ByteOrderMark, Fault::Encoding, Fault::Syntax, Fault::Shape, Fault::Database, Fault::Row];
    prop_oneof![
        select(StoreErrorReason::ALL.to_vec())
            .prop_map(|reason| StoreError::new(reason, "it cannot be read")),
        select(faults).prop_map(|fault| StoreError::in_file(fault, "it cannot be parsed")),
    ]
}

prop_compose! {
    fn migration()(
        kind in select(MigrationKind::ALL.to_vec()),
        profiles in 1_usize..4,
        broken in option::weighted(0.3, store_error()),
    ) -> IncompleteMigration {
        let path = PathBuf::from("/state/agents/main/agent/auth-profiles.json");
        let repair_first = broken.map(|error| Unimportable { path: path.clone(), error });
        IncompleteMigration { kind, path, profiles, repair_first }
    }
}

prop_compose! {
    fn agent(number: usize)(
        profiles in (0_usize..5).prop_flat_map(|count| (0..count).map(|number| login(number, false)).collect::<Vec<_>>()),
        (error, migration) in (option::weighted(0.15, store_error()), option::weighted(0.15, migration())),
        missing in prop::collection::btree_set(select(PROVIDERS.to_vec()), 0..2),
    ) -> AgentHealth {
        let id = if number == 0 { "main".to_owned() } else { format!("agent {number}") };
        let empty = snapshot::agent(&id, profiles);
        AgentHealth {
            dir: PathBuf::from("/state/agents").join(&id),
            store: StoreHealth {
                path: PathBuf::from("/state/agents").join(&id).join("agent/auth-profiles.json"),
                error,
                migration,
                ..empty.store
            },
            missing_providers_in_use: missing.into_iter().map(ProviderId::from).collect(),
            ..empty
        }
    }
}

/// The logins of main that an agent inherits, by number, and what differs there: whether it is used, and what keeps it from being so.
type Heirs = Vec<Vec<(prop::sample::Index, bool, Option<Box<Cooldown>>)>>;

fn heirs() -> impl Strategy<Value = Heirs> {
    let inherited = (any::<prop::sample::Index>(), any::<bool>(), option::weighted(0.2, cooldown()));
    prop::collection::vec(prop::collection::vec(inherited, 0..4), 3)
}

prop_compose! {
    fn snapshots()(
        mut agents in (1_usize..4).prop_flat_map(|count| (0..count).map(agent).collect::<Vec<_>>()),
        heirs in heirs(),
        external in prop::collection::vec(login(7, false), 0..2),
        error in option::weighted(0.1, store_error()),
        rescued in option::weighted(0.15, Just("xai:waiting".to_owned())),
        scope in select(Scope::ALL.to_vec()),
        without_main in prop::bool::weighted(0.1),
    ) -> Snapshot {
        let of_main = agents[0].profiles.clone();
        for (agent, inherited) in agents[1..].iter_mut().zip(heirs) {
            for (index, in_use, cooldown) in inherited.into_iter().filter(|_| !of_main.is_empty()) {
                let login = ProfileHealth { inherited: true, in_use, cooldown, ..index.get(&of_main).clone() };
                if agent.profiles.iter().all(|own| own.profile_id != login.profile_id) {
                    agent.profiles.push(login);
                }
            }
        }
        if without_main && agents.len() > 1 {
            agents.remove(0);
        }
        let mut snapshot = Snapshot {
            scope,
            config: ConfigHealth { path: "/state/openclaw.json".into(), error },
            external,
            ..snapshot::snapshot(agents)
        };
        assess(&mut snapshot, &Limits::default(), &Commands::default());
        add_recoveries(&mut snapshot, rescued.into_iter().collect(), &Commands::default());
        snapshot
    }
}

/// A report without its colors.
fn report(snapshot: &Snapshot, format: Format, only_problems: bool) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write(snapshot, format, Layout { width: 300, only_problems }, &mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

fn name(issue: &Issue<'_>, store: &str) -> String {
    match issue.of {
        IssueOf::Configuration => "openclaw.json".to_owned(),
        IssueOf::Recovery(profile) => profile.to_owned(),
        IssueOf::Store => store.to_owned(),
        IssueOf::Provider(provider) => provider.to_string(),
        IssueOf::Login(profile) => profile.profile_id.to_string(),
    }
}

fn on_the_table(snapshot: &Snapshot, problems: &[&Issue<'_>], only_problems: bool) {
    let table = report(snapshot, Format::Table, only_problems);
    let all = issues(snapshot);
    assert_eq!(table.lines().next(), Some(headline(snapshot, &all).as_str()), "{table}");
    let marks = table.lines().filter(|line| line.starts_with("X ") || line.starts_with("! ")).count();
    assert_eq!(marks, problems.len(), "a problem is marked once, and nothing else is: {table}");
    for issue in problems {
        let mark = if issue.assessment.severity == Some(Severity::Critical) { "X" } else { "!" };
        let mut line = format!("{mark}    {}", name(issue, "credential store"));
        let (agent, command) = (issue.agent.map_or("", |agent| agent.as_str()), issue.assessment.command());
        let found = table.split("\n\n").any(|block| {
            let mut lines = block.lines();
            let heading = lines.next().unwrap_or_default();
            line.truncate(line.trim_end().len());
            heading.starts_with(&line)
                && (agent.is_empty() || block.contains(&format!("agent {agent}")))
                && command
                    .is_none_or(|command| block.lines().any(|line| line.trim() == format!("$ {command}")))
        });
        assert!(found, "{issue:?} is missing in {table}");
    }
}

/// Every verdict in a report for programs.
fn verdicts<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("needsPerson") {
                found.push(value);
            }
            fields.values().for_each(|value| verdicts(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| verdicts(value, found)),
        _ => {}
    }
}

fn in_json(snapshot: &Snapshot, problems: &[&Issue<'_>]) {
    let json: Value = serde_json::from_str(&report(snapshot, Format::Json, false)).unwrap();
    let mut found = Vec::new();
    verdicts(&json, &mut found);
    for verdict in &found {
        let severity = Severity::parse(verdict["severity"].as_str().unwrap());
        assert_eq!(verdict["needsPerson"], severity >= Some(Severity::Warning), "{verdict}");
        let is_listed = problems.iter().any(|issue| issue.assessment.severity >= severity);
        assert!(severity < Some(Severity::Warning) || is_listed, "worse than every issue: {verdict}");
    }
    for issue in problems {
        let verdict = serde_json::to_value(&*issue.assessment).unwrap();
        assert!(found.contains(&&verdict), "{verdict} is missing in {json:#}");
    }
}

fn for_nagios(snapshot: &Snapshot, worst: Option<Severity>) {
    let line = report(snapshot, Format::Nagios, false);
    let (words, codes): (&[&str], &[u8]) = match worst {
        Some(Severity::Critical) => (&["CRITICAL", "UNKNOWN"], &[2, exit::NAGIOS_UNKNOWN]),
        Some(Severity::Warning) => (&["WARNING"], &[1]),
        Some(Severity::Info) | None => (&["OK"], &[0]),
    };
    assert!(words.iter().any(|word| line.starts_with(&format!("AUTHWATCH {word} - "))), "{line}");
    assert!(codes.contains(&nagios_exit_code(snapshot)), "{line}");
    assert_eq!(line.contains("UNKNOWN"), nagios_exit_code(snapshot) == exit::NAGIOS_UNKNOWN, "{line}");
}

fn on_the_page(snapshot: &Snapshot, problems: &[&Issue<'_>], worst: Option<Severity>) {
    let view = PageView::default();
    let input = PageInput {
        snapshot: Some(snapshot),
        events: &[],
        channels: &[],
        host: "",
        version: "1",
        refreshing_enabled: true,
        view: &view,
    };
    let page = document(&input);
    let all = issues(snapshot);
    assert_eq!(visible_text(markup_between(&page, "<h1>", "</h1>")), headline(snapshot, &all));
    let tone = |severity| match severity {
        Some(Severity::Critical) => "bad",
        Some(Severity::Warning) => "soon",
        Some(Severity::Info) | None => "good",
    };
    let has_logins = snapshot.agents.iter().any(|agent| !agent.profiles.is_empty());
    let of_all = if worst < Some(Severity::Warning) && !has_logins { "busy" } else { tone(worst) };
    assert!(page.contains(&format!("<section class=\"verdict {of_all}\"")), "{worst:?}: {page}");
    assert_eq!(page.contains("id=\"needs\""), !problems.is_empty());
    if problems.is_empty() {
        return;
    }
    let needs = markup_between(&page, "<ul class=\"needs\">", "</ul>");
    let needs: Vec<&str> = needs.split("<li ").skip(1).collect();
    assert_eq!(needs.len(), problems.len().min(LISTED));
    for (issue, need) in problems.iter().zip(needs) {
        assert!(need.starts_with(&format!("class=\"need {}\"", tone(issue.assessment.severity))), "{need}");
        let shown = visible_text(need);
        assert!(shown.contains(&name(issue, "credential store")), "{issue:?}: {shown}");
        assert!(issue.agent.is_none_or(|agent| shown.contains(agent.as_str())), "{issue:?}: {shown}");
        assert!(
            issue.assessment.command().is_none_or(|command| shown.contains(command)),
            "{issue:?}: {shown}"
        );
    }
}

fn in_messages(snapshot: &Snapshot, problems: &[&Issue<'_>]) {
    let policy = policy(&Config::default());
    let mut incidents = Incidents::default();
    let changes = decide(&mut incidents, snapshot, &FailingChannels::default(), &[], &policy);
    let subject = |issue: &Issue<'_>| Subject {
        agent: issue.agent.map_or_else(String::new, ToString::to_string),
        kind: match issue.of {
            IssueOf::Configuration => SubjectKind::Config,
            IssueOf::Recovery(profile) => SubjectKind::Recovery(profile.to_owned()),
            IssueOf::Store => SubjectKind::Store,
            IssueOf::Provider(provider) => SubjectKind::Provider(provider.to_string()),
            IssueOf::Login(profile) => SubjectKind::Profile(profile.profile_id.to_string()),
        },
    };
    let all = issues(snapshot);
    for incident in &incidents.all {
        let known = all.iter().find(|issue| subject(issue) == incident.subject);
        let known = known.unwrap_or_else(|| panic!("{incident:?} is about nothing that is listed"));
        assert_eq!(Some(incident.problem.severity), known.assessment.severity, "{known:?}");
    }
    for issue in problems {
        let incident = incidents.incident(&subject(issue));
        let incident = incident.unwrap_or_else(|| panic!("nobody is notified of {issue:?}"));
        assert_eq!(incident.problem.command.as_deref(), issue.assessment.command(), "{issue:?}");
        // What often resolves itself is waited for.
        let told = changes.iter().any(|change| change.subject == incident.subject);
        assert_eq!(told, incident.problem.patience.is_none(), "{issue:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_surface_says_all_is_well_while_another_says_warning(snapshot in snapshots()) {
        let issues = issues(&snapshot);
        let problems: Vec<&Issue<'_>> = issues.iter().filter(|issue| issue.assessment.needs_person).collect();
        let worst = worst(&issues);
        prop_assert_eq!(worst >= Some(Severity::Warning), !problems.is_empty());
        prop_assert_eq!(exit::by_severity(worst) == exit::OK, problems.is_empty());
        on_the_table(&snapshot, &problems, false);
        on_the_table(&snapshot, &problems, true);
        in_json(&snapshot, &problems);
        for_nagios(&snapshot, worst);
        on_the_page(&snapshot, &problems, worst);
        in_messages(&snapshot, &problems);
    }
}
