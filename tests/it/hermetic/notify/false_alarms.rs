//! False alarms and lost ones, as a user of the real program would meet them.

use std::fs;

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::home::{Home, document};
use crate::support::notify::{CONFIG, webhook};
use crate::support::receiver::Receiver;
use crate::support::time::now;

const MINUTE: i64 = 60_000;

/// A token of a provider that does not end.
fn lasting(provider: &str) -> Value {
    json!({ "type": "token", "provider": provider, "token": "t" })
}

/// A home whose agent `main` has these profiles, with a webhook.
fn home(receiver: &Receiver, profiles: &Value) -> Home {
    Home::new()
        .profiles("main", profiles)
        .file(CONFIG, webhook(receiver, "own", "") + "[notify]\nhost = \"build-host\"\n")
}

/// A timer's pass as of so many minutes from now.
fn pass(home: &Home, minutes: i64) {
    home.run(&["watch", "--once", "--at", &(now() + minutes * MINUTE).to_string()]);
}

/// The changes that were sent: what happened, and the kind of problem.
fn changes(receiver: &Receiver) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let messages = receiver.at("/own");
    let all = messages.iter().flat_map(|message| message["changes"].as_array().unwrap());
    all.map(|change| (word(&change["change"]), word(&change["condition"]))).collect()
}

fn words(change: &str, condition: &str) -> (String, String) {
    (change.to_owned(), condition.to_owned())
}

#[test]
fn a_broken_openclaw_json_is_notified_with_its_line_and_not_while_it_is_edited() {
    let receiver = Receiver::start();
    let good = "{\n  agents: { defaults: { model: 'xai/grok' } },\n}\n";
    let broken = "{\n  agents: { defaults: { model: 'xai/grok' } }\n  oops\n}\n";
    let home = home(&receiver, &json!({ "xai:default": lasting("xai") }));
    let write = |text: &str| home.write(".openclaw/openclaw.json", text);
    write(good);
    pass(&home, 0);
    // Somebody edits it, for half an hour.
    for minute in (5..35).step_by(5) {
        write(if minute % 10 == 5 { broken } else { good });
        pass(&home, minute);
    }
    assert_eq!(changes(&receiver), []);
    write(broken);
    for minute in (35..65).step_by(5) {
        pass(&home, minute);
    }
    assert_eq!(changes(&receiver), [words("new", "config_unreadable")]);
    let message = &receiver.at("/own")[0];
    let change = &message["changes"][0];
    assert_eq!((&change["of"], &change["severity"]), (&json!("config"), &json!("critical")));
    assert_eq!(message["title"], "build-host: OpenClaw configuration cannot be used");
    let text = message["text"].as_str().unwrap();
    for part in ["openclaw.json", "at line 3 column 3", "$ cp -p -- ", "found by their directories alone"] {
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "no {part}: {text}");
    }
    write(good);
    pass(&home, 65);
    pass(&home, 70);
    assert_eq!(changes(&receiver), [words("new", "config_unreadable"), words("mended", "config_unreadable")]);

    // The metric and the page show it at once.
    let parse = "authwatch_openclaw_config_error{reason=\"parse\"}";
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    daemon.wait_for_metric(parse, 0.0);
    write(broken);
    daemon.wait_for_metric(parse, 1.0);
    let page = daemon.get("/").text();
    assert!(page.contains("OpenClaw’s configuration") && page.contains("at line 3 column 3"), "{page}");
    assert!(page.contains("OpenClaw’s configuration broken"), "what happened lately");
    write(good);
    daemon.wait_for_metric(parse, 0.0);
    assert_eq!(changes(&receiver).len(), 2, "edited for a moment");
}

#[test]
fn a_recovery_file_is_counted_as_long_as_it_exists() {
    let receiver = Receiver::start();
    let home = home(&receiver, &json!({ "xai:default": lasting("xai") }));
    let recovery_file = ".local/state/authwatch/rescue/rescue-1.json";
    home.write(recovery_file, json!({ "profile": "xai:other" }).to_string());
    let daemon = Daemon::ready(&home, &["--no-refresh", "--interval", "100ms"]);
    daemon.wait_for_metric("authwatch_rescues_waiting", 1.0);
    assert!(daemon.get("/").text().contains("1 problem needs you"), "the page is silent about it");
    fs::remove_file(home.path().join(recovery_file)).unwrap();
    daemon.wait_for_metric("authwatch_rescues_waiting", 0.0);
}

#[test]
fn what_is_broken_for_a_moment_is_not_notified() {
    let receiver = Receiver::start();
    let home = home(&receiver, &json!({ "xai:default": lasting("xai") }));
    let store = home.store("main");
    let whole = fs::read_to_string(&store).unwrap();
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    let scans = || daemon.metric("authwatch_scans_total").unwrap();
    let up = "authwatch_store_up{agent=\"main\",store=\"json\"}";
    // Written in place by a program that takes its time, put back from a backup, emptied and filled again.
    let half = &whole[..whole.len() / 2];
    for content in [half, "", &document(&json!({}))] {
        let before = scans();
        fs::write(&store, content).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
        fs::write(&store, &whole).unwrap();
        daemon.wait("a look at it", || scans() > before);
        daemon.wait_for_metric(up, 1.0);
    }
    assert_eq!(changes(&receiver), []);
    // What stays broken is notified.
    fs::write(&store, half).unwrap();
    daemon.wait("the alarm", || !receiver.received().is_empty());
    assert_eq!(changes(&receiver), [words("new", "store_unreadable")]);
}

#[test]
fn a_mute_for_what_does_not_exist_is_accepted_with_a_warning() {
    let receiver = Receiver::start();
    let profiles = json!({ "xai:default": lasting("xai"), "anthropic:manual": lasting("anthropic") });
    let home = home(&receiver, &profiles).profiles("bot", &json!({ "zai:own": lasting("zai") })).file(
        ".openclaw/openclaw.json",
        "{agents: {defaults: {model: 'groq/llama'}, list: [{id: 'main'}, {id: 'bot'}]}}",
    );
    let mute = |arguments: &[&str]| {
        let ran = home.run(&[&["notify", "mute"], arguments, &["2h"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains(" is muted for 2 h, until "), "it is taken: {}", ran.stdout);
        ran.stderr
    };
    for sure in [
        &["xai:default"][..],
        &["xai:default", "--agent", "main"],
        &["*"],
        &["*", "--agent", "bot"],
        &["groq"],
        &["store"],
        &["bot"],
        &["zai:own", "--agent", "bot"],
        &["openclaw.json"],
    ] {
        assert_eq!(mute(sure), "", "{sure:?}");
    }
    for (doubtful, said) in [
        (&["xai:defualt"][..], "no profile named `xai:defualt`: did you mean `xai:default`?"),
        (&["something:else"], "no profile named `something:else`\n"),
        (&["xai"], "`xai` is a provider; notifications name its profiles: `xai:default`"),
        (&["*", "--agent", "bto"], "no agent named `bto`: did you mean `bot`?"),
        (
            &["xai:default", "--agent", "bot"],
            "agent `bot` inherits `xai:default` from main, so run: authwatch notify mute xai:default DURATION --agent main",
        ),
        (&["zai:own", "--agent", "main"], "agent `main` has no `zai:own`; bot has"),
        (&["\u{1b}[31m"], "no profile named `\\u{1b}[31m`"),
    ] {
        let stderr = mute(doubtful);
        assert!(stderr.contains(said), "{doubtful:?}: {stderr}");
    }
}

#[test]
fn reports_and_messages_have_the_same_command() {
    let receiver = Receiver::start();
    let ended = |kind: &str, provider: &str| json!({ "type": kind, "provider": provider, "token": "t", "expires": now() - MINUTE });
    let home = home(&receiver, &json!({ "xai:a b": ended("token", "xai"), "zai:fine": lasting("zai") }))
        .profiles("bot", &json!({ "anthropic:setup": ended("token", "anthropic"), "mistral:key": { "type": "api_key", "provider": "mistral" } }))
        .profiles("torn", &json!({}))
        .file(".openclaw/openclaw.json", "{agents: {defaults: {model: 'groq/llama'}}}");
    fs::write(home.store("torn"), "{").unwrap();
    pass(&home, 0);
    let report = home.run(&["status", "--json"]);
    assert_eq!(report.profile("main", "zai:fine").get("remedy"), None);
    let of_main = "authwatch auth paste-token --provider xai --profile-id 'xai:a b' --agent main";
    assert_eq!(report.profile("main", "xai:a b")["remedy"]["command"], of_main);
    assert_eq!(
        report.profile("bot", "xai:a b")["remedy"]["command"],
        of_main,
        "it is fixed where it is stored"
    );
    let messages = receiver.at("/own");
    let mut compared = 0;
    for change in messages[0]["changes"].as_array().unwrap() {
        let agent = change["agent"].as_str().unwrap();
        let remedies = report.agent(agent)["remedies"].clone();
        let of = |what: &str| {
            let fits = |remedy: &&Value| {
                remedy["of"] == what && (what == "store" || remedy["provider"] == change["provider"])
            };
            remedies.as_array().unwrap().iter().find(fits).unwrap().clone()
        };
        let remedy = match change["of"].as_str().unwrap() {
            "profile" => report.profile(agent, change["profile"].as_str().unwrap())["remedy"].clone(),
            what => of(what),
        };
        assert_eq!(remedy["command"], change["command"], "{change:#}");
        assert_eq!(remedy["meaning"], change["meaning"], "{change:#}");
        compared += 1;
    }
    assert!(compared >= 5, "{messages:#?}");
}

#[test]
fn a_disk_that_takes_for_ever_to_write_the_store_delays_no_visitor() {
    let receiver = Receiver::start();
    let ended = json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t", "expires": now() - MINUTE } });
    let home = home(&receiver, &ended);
    let marker = home.path().join("writing");
    let mut command =
        home.command(&["watch", "--listen", "127.0.0.1:0", "--log-level", "info", "--no-refresh"]);
    command.env("AUTHWATCH_TEST_PAUSE", "notify-writing").env("AUTHWATCH_TEST_MARKER", &marker);
    let daemon = Daemon::listening(command);
    daemon.wait("the record to be written", || marker.exists());
    for path in ["/", "/metrics", "/healthz", "/readyz", "/api/v1/status"] {
        assert_eq!(daemon.get(path).status, 200, "{path}");
    }
    assert!(
        daemon.get("/metrics").text().contains("authwatch_check_exit_code_overall 1"),
        "what was seen is shown"
    );
    assert!(receiver.received().is_empty(), "nothing is sent before it is written down");
}
