//! The page's markup: well-formed whatever is in a store, with the same counts everywhere.

use std::time::Duration;

use authwatch::assess::{Limits, assess};
use authwatch::model::{AgentHealth, Event, EventKind, LoginState, ProfileHealth, Snapshot, Status};
use authwatch::remedy::Commands;
use authwatch::serve::page::{PageInput, PageView, Show, Sort, content, document};
use openclaw_auth::model::{
    AgentId, ProfileId, ProviderId, RejectReason, Rejected, Span, StoreError, StoreErrorReason,
};
use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};

use crate::support::snapshot::{self, NOW, agent};

fn profile(id: &str, status: Status, login: LoginState, ends_in: Option<f64>) -> ProfileHealth {
    ProfileHealth {
        expires_at: ends_in.map(|left| NOW + Span::from_millis(left)),
        remaining_ms: ends_in.map(Span::from_millis),
        ..snapshot::profile(id, status, login)
    }
}

fn snapshot(agents: Vec<AgentHealth>) -> Snapshot {
    let mut snapshot = snapshot::snapshot(agents);
    assess(&mut snapshot, &Limits::default(), &Commands::default());
    snapshot
}

fn shown(snapshot: &Snapshot, events: &[Event], view: &PageView) -> String {
    let input = PageInput {
        snapshot: Some(snapshot),
        events,
        channels: &[],
        host: "",
        version: "1",
        refreshing_enabled: true,
        view,
    };
    let page = document(&input);
    assert_eq!(page, document(&input), "the same is shown in the same way");
    assert!(page.contains(&content(&input)), "the fragment is what is inside <main>");
    page
}

/// A snapshot in which one text from elsewhere is in every place that text can be in.
fn full_of(text: &str) -> (Snapshot, Vec<Event>) {
    let mut main = agent(
        text,
        vec![
            profile(text, Status::Ok, LoginState::Renewable, Some(9e6)),
            profile(text, Status::Expired, LoginState::None, None),
            profile(text, Status::Expired, LoginState::NeedsSignIn, None),
        ],
    );
    main.missing_providers_in_use.push(ProviderId::from(text));
    main.rejected.push(Rejected { profile_id: ProfileId::from(text), reason: RejectReason::NonObject });
    main.store.error = Some(StoreError::new(StoreErrorReason::Io, text));
    let mut other = agent(text, vec![profile(text, Status::Static, LoginState::Static, None)]);
    other.profiles[0].inherited = true;
    let mut snapshot = snapshot(vec![main, other]);
    snapshot.config.error.clone_from(&snapshot.agents[0].store.error);
    assess(&mut snapshot, &Limits::default(), &Commands::default());
    let event = Event {
        at: NOW,
        kind: EventKind::Worse,
        agent: Some(AgentId::from(text)),
        profile: Some(ProfileId::from(text)),
        text: text.to_owned(),
    };
    (snapshot, vec![event])
}

const VOID: [&str; 3] = ["meta", "link", "input"];
const KNOWN: &str = "!DOCTYPE html head title meta link script body a header p svg rect path circle nav main section div h1 h2 h3 \
                     span time ul li pre code button figure figcaption desc text tspan line g details summary form label input \
                     fieldset legend select option table thead tbody tr th td dl dt dd b footer";

/// Reads the page as a browser's tokenizer would, and holds every element closed and every tag one of the page's own.
fn assert_balanced(page: &str) {
    let known: Vec<&str> = KNOWN.split_whitespace().collect();
    let (mut open, mut rest): (Vec<&str>, &str) = (Vec::new(), page);
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quoted = false;
        let end = rest
            .find(|character| {
                quoted ^= character == '"';
                character == '>' && !quoted
            })
            .expect("every tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        assert!(known.contains(&name), "<{tag}> is none of the page's tags");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes something else");
        } else if !VOID.contains(&name) && name != "!DOCTYPE" {
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(!outside.contains(" style=") && !outside.contains(" on"), "<{tag}> would be refused");
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_in_a_store_stays_text(text in "(\\PC|[<>&\"' /=\u{0}-\u{1f}\u{202e}]){0,40}", query in "\\PC{0,20}") {
        let (snapshot, events) = full_of(&text);
        for &sort in Sort::ALL {
            for query in ["", &query, &text] {
                let view = PageView { query: query.to_owned(), show: Some(Show::All), sort, page: 0 };
                assert_balanced(&shown(&snapshot, &events, &view));
            }
        }
    }
}

#[test]
fn known_tricks_stay_text() {
    for trick in ["<script>x</script>", "\"><img src=x onerror=x>", "</code></main>", "<!--", "'", "&lt;"] {
        let (snapshot, events) = full_of(trick);
        let page = shown(&snapshot, &events, &PageView { query: trick.to_owned(), ..PageView::default() });
        assert_balanced(&page);
        assert!(!page.contains("<img") && !page.contains("<!--"), "{page}");
    }
}

#[test]
fn a_login_that_many_inherit_is_one_need() {
    let dead = profile("a:default", Status::Expired, LoginState::NeedsSignIn, None);
    let inherited = ProfileHealth { inherited: true, ..dead.clone() };
    let mut agents = vec![agent("main", vec![dead])];
    agents.extend((0..5).map(|number| agent(&format!("agent-{number}"), vec![inherited.clone()])));
    let page = shown(&snapshot(agents), &[], &PageView::default());
    assert!(page.contains("1 login needs you"), "{page}");
    assert!(page.contains("Also used by 5 agents."), "{page}");
}

#[test]
fn what_renews_itself_needs_nobody() {
    let profiles = vec![
        profile("a:default", Status::Expired, LoginState::Renewable, Some(-1000.0)),
        profile("b:default", Status::Ok, LoginState::Static, Some(9e9)),
    ];
    let page = shown(&snapshot(vec![agent("main", profiles)]), &[], &PageView::default());
    assert!(page.contains("All logins are OK"), "{page}");
    assert!(
        page.contains(
            "<b>agent <span class=\"id\">main</span>: <span class=\"id\">b:default</span></b>, in "
        ),
        "{page}"
    );
}

#[test]
fn nothing_set_up_is_said() {
    let page = shown(&snapshot(vec![agent("main", Vec::new())]), &[], &PageView::default());
    assert!(page.contains("No logins found") && page.contains("No login has an expiry time"), "{page}");
}

#[test]
fn a_fleet_is_rendered_at_once_and_cut() {
    let agents = (0..1000).map(|number| {
        let profiles = (0..10).map(|index| {
            profile(
                &format!("p{index}:default"),
                Status::Expired,
                LoginState::None,
                Some(f64::from(index) * 4e6),
            )
        });
        agent(&format!("agent-{number}"), profiles.collect())
    });
    let snapshot = snapshot(agents.collect());
    let view = PageView { page: 7, ..PageView::default() };
    let input = PageInput {
        channels: &[],
        snapshot: Some(&snapshot),
        events: &[],
        host: "",
        version: "1",
        refreshing_enabled: true,
        view: &view,
    };
    // Other tests run meanwhile: their time does not count.
    let spent = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let start = spent();
    let page = content(&input);
    let took = spent().saturating_sub(start);
    assert!(page.contains("10,000 lines that need attention, page 7 of 100"), "{}", page.len());
    assert!(page.len() < 300_000, "{} bytes", page.len());
    // Without optimisation; it is a few milliseconds with it.
    assert!(took.as_millis() < 1000, "{took:?}");
}
