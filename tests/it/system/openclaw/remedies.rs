//! Every command of OpenClaw's that authwatch prints, run with the releases it is printed for: none may refuse it as a command it does
//! not know.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

use authwatch::model::OpenClawCommand;
use serde_json::{Value, json};

use crate::support::home::{Home, NOW, run};
use crate::support::openclaw_releases::{GENERATIONS, Release};
use crate::support::state_directories::Case;

/// In 2023, and in 2100: the doctor goes by the machine's clock.
const PAST: i64 = 1_700_000_000_000;
const FUTURE: i64 = 4_102_444_800_000;

/// Messages whose explanation names a command of OpenClaw's.
const MESSAGES: [&str; 4] = [
    "unknown scope",
    "No credentials found for profile \"anthropic:default\".",
    "No API key found for provider \"mistral\".",
    "minimax-portal: refresh_token_expired",
];

/// Commands that are run to their end, because how a setting is written matters. The others would take minutes, ask, or use the
/// network.
const RUN: [OpenClawCommand; 2] = [OpenClawCommand::SetConfig, OpenClawCommand::UnsetConfig];

/// A home in which as much as possible needs a command.
fn home(release: &Release) -> Home {
    let expired = |kind, provider, field: &str| json!({ "type": kind, "provider": provider, field: "secret", "expires": PAST });
    let profiles = json!({
        "anthropic:default": expired("token", "anthropic", "token"),
        "anthropic:work": expired("token", "anthropic", "token"),
        "anthropic:me@example.org": expired("oauth", "anthropic", "access"),
        "minimax-portal:default": expired("oauth", "minimax-portal", "access"),
        "github-copilot:github": expired("token", "github-copilot", "token"),
        "xai:default": { "type": "api_key", "provider": "xai", "key": "k" },
        "xai:work": { "type": "api_key", "provider": "xai", "key": "k" },
        "zai:default": { "type": "api_key", "provider": "zai", "key": "" },
        "openai:default": { "type": "oauth", "provider": "openai", "expires": FUTURE, "oauthRef": {
            "source": "openclaw-credentials", "provider": "openai-codex", "id": "0123456789abcdef0123456789abcdef",
        } },
    });
    let state = json!({
        "version": 1,
        "order": { "xai": ["xai:gone", "xai:default"] },
        "usageStats": { "xai:default": {
            "disabledUntil": FUTURE, "disabledReason": "billing", "errorCount": 4,
        } },
    });
    let models = ["minimax-portal/m", "github-copilot/m", "xai/m", "zai/m", "openai/m", "openrouter/m"];
    let config = json!({
        "meta": { "lastTouchedVersion": release.version },
        "agents": { "defaults": { "model": { "primary": "anthropic/claude-opus-4-5", "fallbacks": models } } },
        "auth": {
            "order": { "zai": ["zai:gone"] },
            "profiles": {
                "xai:default": { "provider": "xai", "mode": "oauth" },
                "mistral:default": { "provider": "mistral", "mode": "api_key" },
            },
        },
    });
    let case = json!({
        "id": "remedies", "now": NOW, "stateDir": ".openclaw", "env": {}, "leftover": false, "live": false,
        "files": { ".openclaw/openclaw.json": config.to_string() },
        "docs": { "main": {
            "dir": ".openclaw/agents/main/agent",
            "store": { "version": 1, "profiles": profiles },
            "state": state,
        } },
    });
    Case::read(&case.to_string()).lay_out(release).0
}

/// The same with a setting that no release knows.
fn refused(home: Home) -> Home {
    let path = home.state().join("openclaw.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["nonsense"] = json!(true);
    home.file(".openclaw/openclaw.json", config.to_string())
}

/// The same with a JSON store that is left from an older release.
fn with_leftover(home: Home) -> Home {
    let _ = std::fs::remove_file(home.agent_database("main"));
    home.profiles("main", &json!({ "xai:default": { "type": "api_key", "provider": "xai", "key": "k" } }))
}

/// All texts in a document.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        _ => (),
    }
}

/// OpenClaw's commands that authwatch prints in a home: whole texts, or parts in backquotes.
fn printed(home: &Home) -> BTreeSet<String> {
    let mut said = Vec::new();
    texts(&home.run(&["status", "--json", "--scope", "all"]).json(), &mut said);
    texts(&home.run(&["doctor", "--json"]).json(), &mut said);
    for message in MESSAGES {
        texts(&home.run(&["explain", "--json", message]).json(), &mut said);
    }
    // Where authwatch may not write, it prints the command that does.
    if !home.store("main").exists() {
        for arguments in [
            &["logout", "xai:default"][..],
            &["login", "--provider", "anthropic"],
            &["order", "set", "--provider", "xai", "xai:work", "xai:default"],
        ] {
            let ran = home.run(&[&["auth"], arguments].concat());
            said.extend(ran.stderr.lines().map(|line| line.rsplit("run: ").next().unwrap().to_owned()));
        }
    }
    let parts = said.iter().flat_map(|text| text.split('`'));
    let commands = parts.filter(|part| part.starts_with("openclaw ") || part.starts_with("OPENCLAW_"));
    commands.map(str::to_owned).collect()
}

/// The words of a command that are no values: those of the command itself, and its options.
fn shape(command: &str) -> String {
    let words = command.split_whitespace().skip_while(|word| *word != "openclaw").skip(1);
    let words: Vec<&str> = words.collect();
    let is_kept = |at: &usize| words[*at].starts_with("--") || *at == 0 || !words[at - 1].starts_with("--");
    (0..words.len()).filter(is_kept).map(|at| words[at]).collect::<Vec<_>>().join(" ")
}

/// The command that a printed one is, without its arguments.
fn kind(command: &str) -> OpenClawCommand {
    let shape = shape(command).replace(" --agent", "");
    let kinds = OpenClawCommand::ALL.iter().copied().filter(|kind| shape.starts_with(kind.as_str()));
    kinds.max_by_key(|kind| kind.as_str().len()).unwrap_or_else(|| panic!("{command}: no such kind"))
}

/// Runs a printed command as a person would paste it; what is wrong with it, if anything.
fn refusal(release: &Release, home: &Home, command: &str) -> Option<String> {
    let (kind, bin) = (kind(command), home.path().join("bin"));
    home.write("bin/openclaw", release.script());
    std::fs::set_permissions(bin.join("openclaw"), std::fs::Permissions::from_mode(0o755)).unwrap();
    // Which profile goes first is for people to say.
    let command = command.replace("PROFILE", "xai:work");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &command]);
    Release::set_environment(&mut shell, home);
    shell.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    if !RUN.contains(&kind) {
        let parse_only = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/parse_only.mjs");
        shell.env("NODE_OPTIONS", format!("--import \"{parse_only}\""));
    }
    let ran = run(shell);
    let understood = format!("understood: {}\n", kind.as_str().split(" --").next().unwrap());
    let is_refused = ran.code != 0 || !RUN.contains(&kind) && !ran.stdout.ends_with(&understood);
    is_refused
        .then(|| format!("{}: {command}: exit {}\n{}{}", release.version, ran.code, ran.stdout, ran.stderr))
}

/// Runs one command of each kind that is printed for a release, the one with the most options. `left_out`: what is never printed
/// for it.
fn every_command_is_understood(generation: usize, left_out: &[OpenClawCommand]) {
    let release = Release::of(GENERATIONS[generation]);
    let mut commands = BTreeMap::<OpenClawCommand, (usize, String)>::new();
    let homes = [home(&release), refused(home(&release)), with_leftover(home(&release))];
    for (at, home) in homes.iter().enumerate() {
        for command in printed(home) {
            let known = commands.entry(kind(&command)).or_insert_with(|| (at, command.clone()));
            if shape(&command).len() > shape(&known.1).len() {
                *known = (at, command);
            }
        }
    }
    let expected: Vec<_> =
        OpenClawCommand::ALL.iter().copied().filter(|kind| !left_out.contains(kind)).collect();
    assert_eq!(commands.keys().copied().collect::<Vec<_>>(), expected, "{commands:#?}");
    let wrong: Vec<_> =
        commands.values().filter_map(|(at, command)| refusal(&release, &homes[*at], command)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn by_releases_that_keep_logins_in_files() {
    use OpenClawCommand::{Doctor, Fix, LogOut, PasteApiKey, PasteToken, SetOrder, SetupToken};
    // authwatch's own commands do that there, and nothing has to be imported.
    every_command_is_understood(0, &[Doctor, Fix, LogOut, PasteApiKey, PasteToken, SetOrder, SetupToken]);
}

#[test]
fn by_releases_that_keep_them_in_each_agents_database() {
    every_command_is_understood(1, &[OpenClawCommand::LogOut, OpenClawCommand::ValidateConfig]);
}

#[test]
fn by_releases_that_share_a_database() {
    every_command_is_understood(2, &[OpenClawCommand::ValidateConfig]);
}
