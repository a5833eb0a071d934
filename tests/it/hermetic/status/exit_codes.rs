//! Every exit code of the contract.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::home::{AT, DAY, HOUR, Home, Ran, oauth, run, token};

/// A fleet with one agent that has this profile, and main with nothing.
fn with(profile: &Value) -> Home {
    Home::new()
        .listing(&["main", "work"])
        .profiles("main", &json!({}))
        .profiles("work", &json!({ "xai:default": profile }))
}

fn fine() -> Home {
    with(&token("xai", 90 * DAY))
}

fn code_of(home: &Home, arguments: &[&str]) -> i32 {
    home.run(arguments).code
}

#[test]
fn a_check_exits_with_what_it_found() {
    let cases = [
        (token("xai", 90 * DAY), 0),
        (json!({ "type": "api_key", "provider": "xai", "key": "k" }), 0),
        (oauth("xai", 25 * HOUR), 0),
        (oauth("xai", 23 * HOUR), 2),
        (token("xai", 23 * HOUR), 2),
        (token("xai", -1), 1),
        (oauth("xai", -HOUR), 1),
        (json!({ "type": "token", "provider": "xai" }), 1),
    ];
    for (profile, expected) in cases {
        let home = with(&profile);
        assert_eq!(home.status(&["--check"]).code, expected, "{profile}");
        for format in ["table", "json", "plain"] {
            assert_eq!(home.status(&["--check", "--format", format]).code, expected, "{profile} {format}");
        }
        assert_eq!(home.status(&["--check", "--format", "openclaw", "--agent", "work"]).code, expected);
        let report = home.status(&["--json"]);
        assert_eq!(report.code, 0, "without --check a printed report exits 0");
        assert_eq!(report.json()["exitCode"], expected);
        assert_eq!(report.agent("work")["exitCode"], expected);
    }
}

#[test]
fn the_window_and_the_moment_decide() {
    let home = with(&token("xai", 3 * DAY));
    assert_eq!(home.status(&["--check"]).code, 0);
    assert_eq!(home.status(&["--check", "--warn", "4d"]).code, 2);
    assert_eq!(home.status(&["--check", "--warn", "0"]).code, 0);
    assert_eq!(code_of(&home, &["status", "--check", "--at", "2027-01-18T07:00:00Z"]), 2);
    assert_eq!(code_of(&home, &["status", "--check", "--at", "2027-01-18T08:00:00Z"]), 1);
    assert_eq!(code_of(&home, &["status", "--check", "--at", "2027-01-18T09:00:00+01:00"]), 1);
    assert_eq!(code_of(&home, &["status", "--check", "--at", "+999999d"]), 1);
    assert_eq!(code_of(&home, &["status", "--check", "--at", "-99999d"]), 0);
}

#[test]
fn one_outweighs_two_whatever_the_order() {
    let (expiring, expired) = (token("a", HOUR), token("b", -HOUR));
    for (first, second, third) in
        [(&expiring, &expired, 1), (&expired, &expiring, 1), (&expiring, &expiring, 2)]
    {
        let home = Home::new()
            .listing(&["main", "one", "two"])
            .profiles("main", &json!({}))
            .profiles("one", &json!({ "x:a": first }))
            .profiles("two", &json!({ "x:b": second }));
        assert_eq!(home.status(&["--check"]).code, third);
        let alone = |agent: &str| home.status(&["--check", "--agent", agent]).code;
        assert_eq!(alone("one"), if first == &expired { 1 } else { 2 });
        assert_eq!(alone("two"), if second == &expired { 1 } else { 2 });
        let both = Home::new().listing(&["main"]).profiles("main", &json!({ "x:a": first, "x:b": second }));
        assert_eq!(both.status(&["--check"]).code, third, "within one agent, too");
    }
}

#[test]
fn what_is_in_use_decides_where_models_are_configured() {
    let config = "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }";
    let home = Home::new().file(".openclaw/openclaw.json", config).profiles(
        "main",
        &json!({ "anthropic:a": token("anthropic", 90 * DAY), "xai:a": token("xai", -DAY) }),
    );
    // Up to 2026.5.7, which is assumed here, every login counts; later only those of providers in use.
    assert_eq!(home.status(&["--check"]).code, 1);
    assert_eq!(home.status(&["--check", "--openclaw-version", "2026.5.28"]).code, 0);
    assert_eq!(home.status(&["--check", "--scope", "all"]).code, 1);
    assert_eq!(home.status(&["--check", "--semantics", "2026.4"]).code, 1);
    assert_eq!(home.status(&["--check", "--semantics", "2026.4", "--scope", "in-use"]).code, 0);
    assert_eq!(home.status(&["--check", "--scope", "all", "--provider", "anthropic"]).code, 0);
    // In use, and without any login.
    let bare = Home::new().file(".openclaw/openclaw.json", config).profiles("main", &json!({}));
    assert_eq!(bare.status(&["--check"]).code, 1);
    assert_eq!(bare.env("ANTHROPIC_API_KEY", "k").status(&["--check"]).code, 0);
}

#[test]
fn a_wrong_command_line_is_64_and_never_2() {
    let home = fine();
    let lines: [&[&str]; 23] = [
        &["--nonsense"],
        &["-x"],
        &["nonsense"],
        &["status", "--nonsense"],
        &["status", "nonsense"],
        &["status", "--check=yes"],
        &["status", "--check", "--check"],
        &["status", "--format"],
        &["status", "--format", "xml"],
        &["status", "--json", "--format", "table"],
        &["status", "--at", "friday"],
        &["status", "--at", "+"],
        &["status", "--at", ""],
        &["status", "--warn", "soon"],
        &["status", "--warn", "-1h"],
        &["status", "--semantics", "2025.1"],
        &["status", "--scope", "none"],
        &["status", "--demo", "--agent", "main"],
        &["status", "--log-level", "loud"],
        &["status", "--color", "pink"],
        &["models"],
        &["config", "nonsense"],
        &["completions", "cobol"],
    ];
    for line in lines {
        let ran = home.run(line);
        assert_eq!(ran.code, 64, "{line:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{line:?}: data goes to stdout, talk does not");
        assert_ne!(ran.stderr, "", "{line:?}");
    }
    let two = home.status(&["--format", "openclaw", "--agent", "main", "--agent", "work"]);
    assert_eq!(two.code, 64);
    assert!(two.stderr.contains("hint: "), "{}", two.stderr);
}

#[test]
fn help_and_version_are_0_and_data() {
    let home = fine();
    let lines: [&[&str]; 9] = [
        &["--help"],
        &["-h"],
        &["--version"],
        &["-V"],
        &["help"],
        &["help", "status"],
        &["status", "--help"],
        &["models", "status", "--version"],
        &["completions", "bash"],
    ];
    for line in lines {
        let ran = home.run(line);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{line:?}");
        assert!(ran.stdout.contains("authwatch"), "{line:?}");
    }
    assert_eq!(home.run(&["--version"]).stdout, format!("authwatch {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn no_state_directory() {
    let home = Home::new();
    let plain = home.status(&[]);
    assert_eq!(plain.code, 66);
    assert!(plain.stderr.contains(".openclaw`") && plain.stderr.contains("hint: "), "{}", plain.stderr);
    assert_eq!(home.status(&["--check"]).code, 1, "nothing is set up: missing");
    assert_eq!(home.status(&["--format", "nagios"]).code, 3);
    assert_eq!(home.status(&["--check", "--format", "nagios"]).code, 3);
    let elsewhere = home.path().join("elsewhere");
    assert_eq!(fine().status(&["--state-dir", elsewhere.to_str().unwrap()]).code, 66);
    assert_eq!(fine().env("OPENCLAW_STATE_DIR", elsewhere.to_str().unwrap()).status(&[]).code, 66);
    // A file is no directory.
    fs::write(&elsewhere, "").unwrap();
    assert_eq!(home.status(&["--state-dir", elsewhere.to_str().unwrap()]).code, 66);
}

#[test]
fn no_such_agent() {
    let home = fine();
    for agent in ["nobody", "", ".", "..", "../work", "a/b"] {
        let ran = home.status(&["--agent", agent]);
        assert_eq!(ran.code, 66, "{agent:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("no agent `{agent}`")), "{}", ran.stderr);
        assert_eq!(home.status(&["--agent", "work", "--agent", agent]).code, 66, "{agent:?}");
        assert_eq!(home.status(&["--check", "--agent", agent]).code, 1, "{agent:?}");
        assert_eq!(home.status(&["--format", "nagios", "--agent", agent]).code, 3, "{agent:?}");
    }
    assert_eq!(home.status(&["--agent", "work"]).code, 0);
}

#[test]
fn an_agent_that_is_named_twice_counts_once() {
    let report = fine().status(&["--json", "--agent", "work", "--agent", "main", "--agent", "work"]).json();
    let ids: Vec<_> = report["agents"].as_array().unwrap().iter().map(|agent| agent["id"].clone()).collect();
    assert_eq!(ids, ["work", "main"]);
    assert_eq!(report["summary"]["valid"], 1);
}

#[test]
fn a_wrong_configuration_is_78() {
    let wrong = [
        "[status",
        "sttus = 1",
        "[status]\nwarn = 'soon'",
        "[status]\nsemantics = '2025.1'",
        "state_dir = 3",
    ];
    for content in wrong {
        let home = fine().file(".config/authwatch/config.toml", content);
        for line in [
            &["status"][..],
            &["status", "--check"],
            &["config", "show"],
            &["config", "check"],
            &["status", "--demo"],
        ] {
            let ran = home.run(line);
            assert_eq!(ran.code, 78, "{content} {line:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("config.toml"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
    }
    assert_eq!(fine().file(".config/authwatch/config.toml", [0xff, 0xfe]).status(&[]).code, 78);
    assert_eq!(fine().file(".config/authwatch/config.toml", "[status]\nwarn = '2d'").status(&[]).code, 0);
}

#[test]
fn a_named_configuration_has_to_be_there() {
    let home = fine();
    assert_eq!(home.status(&["--config", "missing.toml"]).code, 78);
    assert_eq!(home.status(&["--check", "--config", "missing.toml"]).code, 78);
    fs::create_dir(home.path().join("directory.toml")).unwrap();
    assert_eq!(home.status(&["--config", "directory.toml"]).code, 78);
    assert_eq!(code_of(&home, &["config", "check", "--config", "missing.toml"]), 78);
    home.write("mine.toml", "");
    assert_eq!(home.status(&["--config", "mine.toml"]).code, 0);
}

#[test]
fn the_configuration_is_used_and_flags_win_over_it() {
    let home = with(&token("xai", 3 * DAY)).file(".config/authwatch/config.toml", "[status]\nwarn = '4d'");
    assert_eq!(home.status(&["--check"]).code, 2);
    assert_eq!(home.status(&["--check", "--warn", "1d"]).code, 0);
    let moved = Home::new().profiles("main", &json!({ "xai:a": token("xai", -DAY) }));
    home.write("moved.toml", format!("state_dir = {:?}", moved.state()));
    assert_eq!(home.status(&["--check", "--config", "moved.toml"]).code, 1);
    let own = home.state();
    assert_eq!(
        home.status(&["--check", "--config", "moved.toml", "--state-dir", own.to_str().unwrap()]).code,
        0
    );
}

#[test]
fn config_init_writes_once() {
    let home = Home::new();
    let first = home.run(&["config", "init"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(code_of(&home, &["config", "check"]), 0);
    let before = home.tree();
    let second = home.run(&["config", "init"]);
    assert_eq!(second.code, 73);
    assert!(second.stderr.contains("already exists"), "{}", second.stderr);
    assert!(before == home.tree());
    home.write("file", "");
    assert_eq!(code_of(&home, &["config", "init", "--config", "file/config.toml"]), 73);
}

/// Runs with standard output on a device that is always full.
fn to_full_device(home: &Home, arguments: &[&str]) -> Ran {
    // A shell does the redirection, so that the program's own output is still collected from stderr.
    let program = home.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" > /dev/full", "sh"]).arg(program.get_program()).args(program.get_args());
    command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(command)
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs /dev/full")]
fn output_that_cannot_be_written_is_73() {
    let home = fine();
    let lines: [&[&str]; 10] = [
        &["status"],
        &["status", "--check"],
        &["status", "--json"],
        &["status", "--format", "plain"],
        &["status", "--format", "nagios"],
        &["config", "show"],
        &["config", "check"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ];
    for line in lines {
        let ran = to_full_device(&home, line);
        assert_eq!(ran.code, 73, "{line:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("standard output"), "{line:?}: {}", ran.stderr);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = with(&token("xai", HOUR));
    for (line, expected) in [
        (&["status", "--at", AT][..], 0),
        (&["status", "--at", AT, "--check"], 2),
        (&["status", "--at", AT, "--json"], 0),
        (&["completions", "bash"], 0),
        (&["--help"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = home.command(line).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(expected), "{line:?}");
        let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!(stderr, "", "{line:?}");
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs /dev/full")]
fn a_full_log_is_no_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = fine().command(&["status", "--state-dir", "nowhere"]);
    command.current_dir("/");
    assert_eq!(command.stdout(Stdio::null()).stderr(full).status().unwrap().code(), Some(66));
}

#[test]
fn a_demo_that_cannot_be_laid_out_is_73() {
    let home = Home::new();
    let ran = home.env("TMPDIR", "/nonexistent/authwatch").run(&["status", "--demo"]);
    assert_eq!(ran.code, 73, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

/// Splits a plugin's line into its state, its text and its performance data, by the rules of the plugin guidelines.
fn nagios(ran: &Ran) -> (String, String, Vec<(String, String)>) {
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let line = ran.stdout.trim_end();
    assert_eq!(line.matches('|').count(), 1, "{line}");
    let (text, data) = line.split_once(" | ").unwrap();
    let (state, text) = text.strip_prefix("AUTHWATCH ").unwrap().split_once(" - ").unwrap();
    let data = data.split(' ').map(|item| {
        let (label, value) = item.split_once('=').unwrap();
        (label.to_owned(), value.to_owned())
    });
    (state.to_owned(), text.to_owned(), data.collect())
}

#[test]
fn a_nagios_plugin_has_its_own_codes() {
    let broken = fine();
    fs::write(broken.store("work"), "{").unwrap();
    let cases = [
        (fine(), 0, "OK"),
        (with(&token("xai", 5 * HOUR)), 1, "WARNING"),
        // So close to the end, an agent is about to go silent.
        (with(&token("xai", HOUR)), 2, "CRITICAL"),
        (with(&token("xai", -HOUR)), 2, "CRITICAL"),
        (broken, 3, "UNKNOWN"),
    ];
    for (home, code, word) in cases {
        for check in [&["--format", "nagios"][..], &["--format", "nagios", "--check"]] {
            let ran = home.status(check);
            assert_eq!(ran.code, code, "{}", ran.stdout);
            assert_eq!(nagios(&ran).0, word);
        }
    }
}

#[test]
fn a_nagios_line_carries_numbers() {
    let profiles =
        json!({ "x|y:a": token("xai", 2 * HOUR), "b": token("xai", 90 * DAY), "c": token("xai", -DAY) });
    let home = Home::new().profiles("main", &profiles).profiles("work", &json!({}));
    fs::write(home.store("work"), "{").unwrap();
    let (state, text, data) = nagios(&home.status(&["--format", "nagios"]));
    assert_eq!(state, "CRITICAL", "an expired login outweighs a store that cannot be read");
    assert!(
        text.starts_with(
            "3 problems need you: 3 critical, 0 warning; 2 agents: 2 valid, 2 expiring, 2 missing; 1 store unreadable; "
        ),
        "{text}"
    );
    assert!(text.ends_with("next main/x_y:a in 2 h"), "{text}");
    let expected = [
        ("critical", "3;;0;0"),
        ("warning", "0;0;;0"),
        ("valid", "2;;;0"),
        ("expiring", "2;0;;0"),
        ("missing", "2;;0;0"),
        ("stores_unreadable", "1;;;0"),
        ("next_expiry", "7200s;;;0"),
    ];
    assert_eq!(data, expected.map(|(label, value)| (label.to_owned(), value.to_owned())));
}

#[test]
fn openclaws_own_command_line_means_the_same() {
    for profile in [token("xai", 90 * DAY), token("xai", HOUR), token("xai", -HOUR)] {
        let home = with(&profile);
        for flags in [
            &["--at", AT][..],
            &["--at", AT, "--check"],
            &["--at", AT, "--format", "plain", "--agent", "work"],
        ] {
            let short = home.run(&[&["status"], flags].concat());
            let long = home.run(&[&["models", "status"], flags].concat());
            assert_eq!((short.code, short.stdout), (long.code, long.stdout));
        }
    }
}

/// Answers of the real 2026.9.6. Its own default for small tasks is of the provider of the agent's first model, if it has one.
#[test]
fn the_model_for_small_tasks_counts_for_the_agent_that_a_bare_command_means() {
    for (coder, defaults, expected) in [
        (json!({ "model": "anthropic/claude-opus-4-5" }), json!({}), 1),
        (json!({ "model": "groq/llama-3.3-70b-versatile" }), json!({}), 0),
        (json!({ "model": "openai/gpt-5.5" }), json!({}), 1),
        (
            json!({ "model": "anthropic/claude-opus-4-5", "utilityModel": "groq/llama-3.3-70b-versatile" }),
            json!({}),
            1,
        ),
        (json!({ "model": "anthropic/claude-opus-4-5" }), json!({ "utilityModel": "" }), 0),
        (json!({ "model": { "fallbacks": ["anthropic/claude-opus-4-5"] } }), json!({}), 0),
        (json!({ "model": "claude-cli/claude-opus-4-5" }), json!({}), 0),
    ] {
        let mut agents = json!({ "ownership": "explicit", "entries": { "main": {}, "coder": coder },
            "defaults": { "model": "ollama/llama3.3", "systemAgent": { "agentId": "coder" } } });
        for (name, value) in defaults.as_object().unwrap() {
            agents["defaults"][name] = value.clone();
        }
        let home = Home::new()
            .env("OLLAMA_API_KEY", "k")
            .file(".openclaw/openclaw.json", json!({ "agents": agents }).to_string());
        let arguments = ["--check", "--format", "openclaw", "--openclaw-version", "2026.9.6"];
        let ran = home.status(&arguments);
        assert_eq!(ran.code, expected, "{agents}: {}{}", ran.stdout, ran.stderr);
    }
}
