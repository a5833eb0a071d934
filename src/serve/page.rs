//! The status page: what is all right, what needs a person, and what to do about it.
//!
//! A pure function from a [`crate::model::Snapshot`] to HTML. Without the script everything works, filter and
//! order included; with it the page keeps itself up to date from the fragment, which is the content of `<main>` for
//! the same query string.
//! Links are relative, so that the page may live below any path.

mod attention;
mod channels;
mod events;
mod logins;
mod pieces;
mod rows;
mod stores;
mod timeline;
mod view;

use maud::{DOCTYPE, Markup, html};

use crate::assess;

pub use self::view::{PageInput, PageView, Show, Sort};

/// The style sheet, served as `/style.css`.
pub const STYLE: &str = include_str!("page/style.css");
/// The script, served as `/script.js`.
pub const SCRIPT: &str = include_str!("page/script.js");

/// The icon in the browser's tab: an eye, in the page's accent.
const FAVICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E\
%3Crect width='32' height='32' rx='8' fill='%233552c4'/%3E\
%3Cpath d='M5 16c6-9 16-9 22 0-6 9-16 9-22 0z' fill='none' stroke='%23fff' stroke-width='2.4'/%3E\
%3Ccircle cx='16' cy='16' r='3.6' fill='%23fff'/%3E%3C/svg%3E";

#[must_use]
pub fn document(input: &PageInput<'_>) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "authwatch" }
                link rel="icon" href=(FAVICON);
                link rel="stylesheet" href="style.css";
                script src="script.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    p.brand { (brand()) "authwatch" }
                    nav aria-label="Sections" {
                        @for (target, name) in [("ahead", "Upcoming"), ("logins", "Logins"), ("events", "Activity"), ("stores", "Stores")] {
                            a href={ "#" (target) } { (name) }
                        }
                    }
                }
                p #trouble role="status" aria-live="polite" {}
                main #main tabindex="-1" { (inside(input)) }
                p #said.unseen role="status" aria-live="polite" {}
                footer {
                    p { "authwatch " (input.version)
                        @if let Some(snapshot) = input.snapshot {
                            span.follows { " · last checked " (pieces::moment(snapshot.now, snapshot.now, pieces::As::Date)) }
                        }
                    }
                    nav aria-label="For programs" { a href="metrics" { "Metrics" } a href="api/v1/status" { "Report as JSON" } }
                    p.plain { "Without JavaScript, this page shows data from when it was loaded, in the time zone of the machine that runs authwatch." }
                }
            }
        }
    }
    .into_string()
}

/// What is inside `<main>`, for live updates.
#[must_use]
pub fn content(input: &PageInput<'_>) -> String {
    inside(input).into_string()
}

fn inside(input: &PageInput<'_>) -> Markup {
    let Some(snapshot) = input.snapshot else {
        return looking();
    };
    let issues = assess::issues(snapshot);
    let rows = rows::Row::all(snapshot, &issues);
    html! {
        (attention::verdict(input, snapshot, &rows, &issues))
        (attention::section(snapshot, &issues))
        (timeline::section(snapshot, &rows))
        (logins::section(snapshot, &rows, input.view))
        div.pair {
            (events::section(input.events, snapshot.now))
            div {
                (stores::section(snapshot))
                (channels::section(input.channels, snapshot.now))
            }
        }
    }
}

/// Before the first pass is done.
fn looking() -> Markup {
    html! {
        section.verdict.busy aria-label="Verdict" data-title="authwatch" {
            (pieces::icon(pieces::Tone::Busy))
            div {
                div role="status" aria-live="polite" aria-atomic="true" {
                    h1 { "Checking…" }
                    p.sub { "The first check of all logins is running. This takes a moment." }
                }
            }
        }
    }
}

fn brand() -> Markup {
    html! {
        svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            rect width="32" height="32" rx="8" {}
            path d="M5 16c6-9 16-9 22 0-6 9-16 9-22 0z" {}
            circle cx="16" cy="16" r="3.6" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::assess::Limits;
    use crate::model::{
        AgentHealth, Event, EventKind, LoginState, OpenclawRelease, ProfileHealth, Scope, Snapshot, Status,
        Summary,
    };
    use crate::remedy::Commands;

    use openclaw_auth::model::{
        AgentId, ConfigHealth, CredentialKind, ProfileId, ProviderId, RejectReason, Rejected, Semantics,
        Source, Span, StoreError, StoreErrorReason, StoreHealth, StoreKind, Timestamp,
    };
    use openclaw_auth::release::ReleaseSource;

    const NOW: f64 = 1_800_000_000_000.0;

    fn profile(id: &str, status: Status, login: LoginState, ends_in: Option<f64>) -> ProfileHealth {
        ProfileHealth {
            profile_id: ProfileId::from(id),
            provider: ProviderId::from(id),
            kind: CredentialKind::OAuth,
            status,
            reason_code: None,
            expires_at: ends_in.map(|span| Timestamp::from_millis(NOW + span)),
            remaining_ms: ends_in.map(Span::from_millis),
            ended_at: None,
            bucket: status.bucket(),
            login,
            login_reason: None,
            login_since: None,
            inherited: false,
            in_use: true,
            cooldown: None,
            failing: None,
            assessment: None,
            source: Source::Json,
        }
    }

    fn agent(id: &str, profiles: Vec<ProfileHealth>) -> AgentHealth {
        AgentHealth {
            id: AgentId::from(id),
            dir: id.into(),
            default: false,
            configured: true,
            exit_code: 0,
            check: openclaw_auth::check::Answer::default(),
            store: StoreHealth {
                kind: StoreKind::Json,
                path: id.into(),
                mode: None,
                owner: None,
                error: None,
                state_error: None,
                stranded: None,
            },
            profiles,
            providers: Vec::new(),
            missing_providers_in_use: Vec::new(),
            rejected: Vec::new(),
            store_assessment: None,
            provider_assessments: Vec::new(),
            remedies: Vec::new(),
        }
    }

    fn snapshot(agents: Vec<AgentHealth>) -> Snapshot {
        let mut snapshot = Snapshot {
            format_version: 1,
            generated_at: String::new(),
            now: Timestamp::from_millis(NOW),
            semantics: Semantics::V2026_9,
            scope: Scope::All,
            exit_code: 0,
            summary: Summary::default(),
            config: ConfigHealth { path: "openclaw.json".into(), error: None },
            agents,
            external: Vec::new(),
            renewals: Vec::new(),
            rescued: Vec::new(),
            recovery_assessment: None,
            config_assessment: None,
            openclaw: OpenclawRelease {
                version: None,
                rules: openclaw_auth::release::Rules::Selected,
                source: ReleaseSource::Assumed,
            },
        };
        assess::assess(&mut snapshot, &Limits::default(), &Commands::default());
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
                profile(text, Status::Expired, LoginState::Dead, None),
            ],
        );
        main.missing_providers_in_use.push(ProviderId::from(text));
        main.rejected.push(Rejected { profile_id: ProfileId::from(text), reason: RejectReason::NonObject });
        main.store.error = Some(StoreError::new(StoreErrorReason::Io, text));
        let mut other = agent(text, vec![profile(text, Status::Static, LoginState::Static, None)]);
        other.profiles[0].inherited = true;
        let mut snapshot = snapshot(vec![main, other]);
        snapshot.config.error = snapshot.agents[0].store.error.clone();
        assess::assess(&mut snapshot, &Limits::default(), &Commands::default());
        let event = Event {
            at: Timestamp::from_millis(NOW),
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
            for sort in Sort::ALL {
                for query in ["", &query, &text] {
                    let view = PageView { query: query.to_owned(), show: Some(Show::All), sort, page: 0 };
                    assert_balanced(&shown(&snapshot, &events, &view));
                }
            }
        }
    }

    #[test]
    fn known_tricks_stay_text() {
        for trick in ["<script>x</script>", "\"><img src=x onerror=x>", "</code></main>", "<!--", "'", "&lt;"]
        {
            let (snapshot, events) = full_of(trick);
            let page =
                shown(&snapshot, &events, &PageView { query: trick.to_owned(), ..PageView::default() });
            assert_balanced(&page);
            assert!(!page.contains("<img") && !page.contains("<!--"), "{page}");
        }
    }

    #[test]
    fn a_login_that_many_inherit_is_one_need() {
        let dead = profile("a:default", Status::Expired, LoginState::Dead, None);
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
        assert!(page.contains("Next to expire: <b>agent main: b:default</b>"), "{page}");
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
        let start = std::time::Instant::now();
        let page = content(&input);
        let took = start.elapsed();
        assert!(page.contains("10,000 lines that need attention, page 7 of 100"), "{}", page.len());
        assert!(page.len() < 300_000, "{} bytes", page.len());
        // Without optimisation; it is a few milliseconds with it.
        assert!(took.as_millis() < 1000, "{took:?}");
    }
}
