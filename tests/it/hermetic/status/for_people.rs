//! The report as a person asks for it: what needs them, with commands that work where it was seen, and selections that match.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::home::{DAY, HOUR, Home, oauth, run, token};
use crate::support::sample_home::three_states;
use crate::support::terminal::Terminal;

/// A login in each state, of which one needs somebody.
fn one_problem() -> Home {
    Home::new().profiles(
        "main",
        &json!({ "anthropic:manual": token("anthropic", -HOUR), "xai:default": oauth("xai", 9 * DAY) }),
    )
}

fn command(home: &Home, arguments: &[&str]) -> String {
    let ran = home.status(&[&["--json"], arguments].concat());
    ran.profile("main", "anthropic:manual")["remedy"]["command"].as_str().unwrap().to_owned()
}

#[test]
fn the_program_alone_is_the_report() {
    let home = one_problem();
    let (alone, named) = (home.run(&[]), home.run(&["status"]));
    assert_eq!((alone.code, alone.stdout), (0, named.stdout));
}

#[test]
fn problems_alone_are_what_needs_somebody() {
    let home = one_problem();
    let all = home.status(&[]).stdout;
    assert!(all.starts_with("1 login needs you\n") && all.contains("xai:default"), "{all}");
    let problems = home.status(&["--problems"]).stdout;
    assert!(problems.contains("anthropic:manual") && !problems.contains("xai:default"), "{problems}");
    let fine = Home::new().profiles("main", &json!({ "xai:default": oauth("xai", 9 * DAY) }));
    assert!(fine.status(&["--problems"]).stdout.starts_with("All logins are OK\n"));
}

#[test]
fn scripts_that_wake_nobody_exit_by_the_assessment() {
    let home = |profiles: &Value| Home::new().env("OPENAI_API_KEY", "k").profiles("main", profiles);
    let unused = "{ agents: { defaults: { model: 'zai/glm' } } }";
    let cases = [
        (home(&json!({ "a:b": token("anthropic", 30 * DAY) })), 0, 0),
        // It renews automatically; OpenClaw's check counts it all the same.
        (home(&json!({ "xai:default": oauth("xai", -HOUR) })), 0, 1),
        (home(&json!({ "a:b": token("anthropic", 5 * HOUR) })), 2, 2),
        (home(&json!({ "a:b": token("anthropic", -HOUR) })), 1, 1),
        (
            home(&json!({ "a:b": token("anthropic", -HOUR), "zai:default": token("zai", 90 * DAY) }))
                .file(".openclaw/openclaw.json", unused),
            2,
            1,
        ),
    ];
    for (home, needs, check) in cases {
        let report = home.status(&[]).stdout;
        assert_eq!(home.status(&["--needs-person"]).code, needs, "{report}");
        assert_eq!(home.status(&["--check"]).code, check, "{report}");
        // Where the two differ, the report says why.
        let note = home.status(&["--check"]).stdout.contains("`--check` exits with");
        assert_eq!(note, needs != check, "{report}");
    }
}

#[test]
fn a_selection_that_matches_nothing_is_never_fine() {
    let home = one_problem();
    for (arguments, problem, hint) in [
        (["status", "--provider", "anthropc"], "provider `anthropc`", "did you mean `anthropic`?"),
        (["status", "--agent", "mian"], "no agent `mian`", "did you mean `main`?"),
        (
            ["refresh", "--profile", "xai:defalt"],
            "no profile named `xai:defalt`",
            "did you mean `xai:default`?",
        ),
        (["refresh", "--agent", "mian"], "no agent `mian`", "did you mean `main`?"),
    ] {
        let ran = home.run(&arguments);
        assert_eq!(ran.code, 66, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(problem) && ran.stderr.contains(hint), "{}", ran.stderr);
    }
    for selection in ["--provider", "--agent"] {
        assert_eq!(home.run(&["status", "--check", selection, "nope"]).code, 1);
    }
    // A provider that is there is no mistake, nor one that the environment has a key for.
    assert_eq!(home.run(&["status", "--provider", "xai"]).code, 0);
    assert_eq!(home.env("ZAI_API_KEY", "k").run(&["status", "--provider", "zai"]).code, 0);
}

#[test]
fn commands_act_on_the_state_directory_they_were_printed_for() {
    let home = one_problem();
    assert_eq!(command(&home, &[]), "authwatch auth setup-token --provider anthropic --agent main");
    // Relative, but the usual one.
    assert_eq!(command(&home, &["--state-dir", ".openclaw"]), command(&home, &[]));
    for (moved, openclaw) in [
        (".openclaw-rescue", "openclaw --profile rescue".to_owned()),
        ("elsewhere", format!("OPENCLAW_STATE_DIR={} openclaw", home.path().join("elsewhere").display())),
    ] {
        let state = home.path().join(moved);
        std::fs::rename(home.state(), &state).unwrap();
        let state = state.to_str().unwrap().to_owned();
        let own = command(&home, &["--state-dir", &state]);
        assert_eq!(
            own,
            format!("authwatch --state-dir {state} auth setup-token --provider anthropic --agent main")
        );
        // A release that keeps logins in databases is OpenClaw's own to sign in to.
        let theirs = command(&home, &["--state-dir", &state, "--openclaw-version", "2026.9.6"]);
        assert_eq!(theirs, format!("{openclaw} models auth --agent main paste-token --provider anthropic"));
        std::fs::rename(&state, home.state()).unwrap();
    }
}

#[test]
fn the_release_is_named_with_what_it_is_known_by() {
    let home = one_problem();
    let openclaw = |home: &Home, arguments: &[&str]| {
        home.status(&[&["--json"], arguments].concat()).json()["openclaw"].clone()
    };
    assert_eq!(openclaw(&home, &[]), json!({ "rules": "2026.4", "source": "assumed" }));
    let touched = home.file(".openclaw/openclaw.json", "{ meta: { lastTouchedVersion: '2026.4.29' } }");
    assert_eq!(
        openclaw(&touched, &[]),
        json!({ "version": "2026.4.29", "rules": "2026.4", "source": "configuration" })
    );
    assert!(touched.status(&[]).stdout.contains("OpenClaw 2026.4.29"));
    let given = openclaw(&touched, &["--openclaw-version", "2026.9.6"]);
    assert_eq!((&given["version"], &given["source"]), (&json!("2026.9.6"), &json!("given")));
    assert_eq!(touched.status(&["--openclaw-version", "latest"]).code, 64);
}

#[test]
fn the_account_is_shown_to_people_alone() {
    let login = |email: &str| {
        let mut login = oauth("xai", 9 * DAY);
        login["email"] = json!(email);
        login
    };
    let mut expired = token("anthropic", -HOUR);
    expired["email"] = json!("b@y.example.org");
    let profiles = json!({
        "xai:a": login("a@x.example.org"), "xai:b": login("no-address-zZ9"), "xai:c": login("c d@x.example.org"),
        "anthropic:b": expired,
    });
    let home = Home::new().profiles("main", &profiles);
    let report = home.status(&[]).stdout;
    assert!(
        report.contains("agent main, a@x.example.org, valid") && report.contains("b@y.example.org"),
        "{report}"
    );
    assert!(!report.contains("no-address") && !report.contains("c d@"), "{report}");
    for format in ["json", "plain", "openclaw", "nagios"] {
        let report = home.status(&["--format", format]).stdout;
        assert!(!report.contains("example.org"), "{format}: {report}");
    }
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    for path in ["/", "/metrics", "/api/v1/status"] {
        let answer = daemon.get(path).text();
        assert!(!answer.contains("example.org"), "{path}: {answer}");
    }
    assert!(!daemon.log().contains("example.org"), "{}", daemon.log());
}

#[test]
fn watching_draws_the_report_again_in_its_place() {
    let home = one_problem();
    let piped = home.run(&["status", "--watch"]);
    assert_eq!(piped.code, 64, "{}", piped.stderr);
    assert!(piped.stderr.contains("not a terminal"), "{}", piped.stderr);
    let mut terminal = Terminal::run(&home.command(&["status", "--watch"]), 80);
    terminal.expect("anthropic:manual");
    std::fs::write(home.store("main"), json!({ "version": 1, "profiles": {} }).to_string()).unwrap();
    terminal.expect("No logins found");
    terminal.signal(rustix::process::Signal::INT);
    assert_ne!(terminal.end(), 0);
}

#[test]
fn a_state_directory_that_is_not_there_is_said_at_once() {
    let home = Home::new();
    let ran = run(home.command(&[]));
    assert_eq!(ran.code, 66, "{}", ran.stderr);
    assert!(ran.stderr.contains("no OpenClaw state directory"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--demo"), "{}", ran.stderr);
}

#[test]
fn it_fits_a_phone_and_a_wide_terminal() {
    for (name, home) in three_states(0) {
        for columns in [40, 80, 120] {
            let mut command = home.command(&["status", "--at", crate::support::home::AT]);
            command.env("COLUMNS", columns.to_string());
            let shown = run(command).stdout;
            for line in shown.lines().filter(|line| !line.trim_start().starts_with("$ ")) {
                assert!(crate::support::home::fits(line, columns), "{columns}: {line}");
            }
            insta::assert_snapshot!(format!("{name}_{columns}"), shown);
        }
    }
}
