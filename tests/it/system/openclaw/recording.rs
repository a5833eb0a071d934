//! What a release answers on the directories of the whole-program corpora: asked again for a few of them, or for all of a newer
//! release, whose answers are then written beside the others. `tests/openclaw/record` does that.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::home::{Home, NOW, Ran};
use crate::support::openclaw_releases::{NEWEST, Release, Stores};
use crate::support::state_directories::{CORPORA, Case, database_file, fixtures};

/// Words of a refusal that are kept, counted from its end.
const KEPT: usize = 240;

/// Asks a release about a case: what it answers, as one line of JSON.
fn answer(case: &Case, release: &Release) -> String {
    let (home, _held) = case.lay_out(release);
    if let Some(plugins) = release.plugins()
        && case.value["config9"].is_string()
    {
        case.change_config(&home, "plugins", &plugins);
    }
    let arguments = [&["models", "status", "--check", "--json"], case.agent().as_slice()].concat();
    let ran = Ran::of(release.command(&home, case.now(), &arguments).output().unwrap());
    let root = home.path().to_str().unwrap();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let auth = &report["auth"];
    if auth.is_null() {
        let said = format!("{} | {}", ran.stdout.trim(), ran.stderr.trim()).replace(root, "@HOME@");
        let start = said.char_indices().rev().nth(KEPT - 1).map_or(0, |(at, _)| at);
        return format!(r#"{{"exit":{},"refused":{}}}"#, ran.code, json!(said[start..].trim()));
    }
    // The release's own order of profiles is kept.
    let profiles: Vec<String> = list(&auth["oauth"]["profiles"])
        .iter()
        .map(|profile| format!("{}:{}", profile["profileId"], profile["status"]))
        .collect();
    let dir = report["agentDir"].as_str().unwrap().trim_start_matches(root).trim_start_matches('/');
    let mut answer = format!(
        r#"{{"exit":{},"missingProvidersInUse":{},"profiles":{{{}}},"agentDir":{}"#,
        ran.code,
        auth["missingProvidersInUse"],
        profiles.join(","),
        json!(dir)
    );
    for (key, found) in [
        ("indeterminate", names(&auth["modelRouteIssues"], "kind", "indeterminate", "provider")),
        ("runtime", names(&auth["runtimeAuthRoutes"], "status", "unavailable", "runtime")),
    ] {
        if !found.is_empty() {
            answer += &format!(r#","{key}":{}"#, json!(found));
        }
    }
    answer + "}"
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A field of the entries whose `key` is `wanted`, each once.
fn names<'v>(entries: &'v Value, key: &str, wanted: &str, field: &str) -> Vec<&'v str> {
    let entries = list(entries).iter().filter(|entry| entry[key] == wanted);
    let mut names: Vec<&str> = entries.map(|entry| entry[field].as_str().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether two answers say the same. The words of a refusal may differ.
fn agree(one: &Value, other: &Value) -> bool {
    let without_words = |answer: &Value| {
        let mut answer = answer.clone();
        if let Some(words) = answer.get_mut("refused") {
            *words = Value::Null;
        }
        answer
    };
    without_words(one) == without_words(other)
}

/// Puts a release's answer into the line of a case. What else is in the line stays as it is.
fn with_answer(line: &str, version: &str, answer: &str) -> String {
    let (case, answers) = line.rsplit_once(r#""expected":"#).unwrap();
    let old: std::collections::BTreeMap<&str, &serde_json::value::RawValue> =
        serde_json::from_str(answers.strip_suffix('}').unwrap()).unwrap();
    let (key, new) = (format!(r#""{version}":"#), format!(r#""{version}":{answer}"#));
    let answers = match old.get(version) {
        Some(old) => answers.replacen(&format!("{key}{old}"), &new, 1),
        None => format!("{},{new}}}}}", answers.strip_suffix("}}").unwrap()),
    };
    format!(r#"{case}"expected":{answers}"#)
}

/// Has a release make the databases whose rows the cases replace.
fn make_databases(release: &Release) {
    let month = release.month();
    if release.stores == Stores::Json || database_file(&month, "agent").exists() {
        return;
    }
    let config = json!({ "agents": {
        "defaults": { "model": { "primary": "anthropic/claude-opus-4-5" } },
        "list": [{ "id": "main", "default": true }, { "id": "work" }],
    } });
    let home = Home::new().file(".openclaw/openclaw.json", config.to_string());
    for agent in ["main", "work"] {
        let paste = ["models", "auth", "--agent", agent, "paste-token", "--provider", "anthropic"];
        let mut command = release.command(&home, NOW, &paste);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let token = format!("sk-ant-oat01-{}\n", "a".repeat(120));
        child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    for (kind, path) in [("agent", home.agent_database("work")), ("shared", home.shared_database())] {
        let whole = home.path().join(kind);
        Connection::open(path).unwrap().execute("VACUUM INTO ?1", [whole.to_str().unwrap()]).unwrap();
        let mut file =
            GzEncoder::new(fs::File::create(database_file(&month, kind)).unwrap(), Compression::best());
        file.write_all(&fs::read(whole).unwrap()).unwrap();
        file.finish().unwrap();
    }
}

/// Asks a release about the cases of a corpus that are wanted, and writes its answers down one by one.
fn record(corpus: &str, release: &Release, is_wanted: impl Fn(usize, &str) -> bool) {
    let path = fixtures().join(corpus);
    let lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    let cases: Vec<Case> = lines.iter().map(|line| Case::read(line)).collect();
    let wanted: Vec<usize> = (0..cases.len()).filter(|at| is_wanted(*at, cases[*at].id())).collect();
    let (lines, next) = (Mutex::new(lines), AtomicUsize::new(0));
    let work = || {
        while let Some(at) = wanted.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
            let (case, answer) = (&cases[at], answer(&cases[at], release));
            let (old, new) =
                (&case.value["expected"][&release.version], serde_json::from_str(&answer).unwrap());
            let says = match old {
                Value::Null => answer.clone(),
                old if agree(old, &new) => "as before".to_owned(),
                old => format!("{answer}, before: {old}"),
            };
            println!("{}: {says}", case.id());
            let mut lines = lines.lock().unwrap();
            lines[at] = with_answer(&lines[at], &release.version, &answer);
            fs::write(&path, lines.join("\n") + "\n").unwrap();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(work);
        }
    });
}

#[test]
fn the_newest_release_answers_as_recorded() {
    if let Ok(version) = std::env::var("AUTHWATCH_RECORD") {
        let release = Release::of(&version);
        make_databases(&release);
        // Nothing, a number of cases in each corpus, or names of cases.
        let wanted = std::env::var("AUTHWATCH_RECORD_CASES").unwrap_or_default();
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let count: Option<usize> = words.first().and_then(|count| count.parse().ok());
        for corpus in CORPORA {
            record(corpus, &release, |at, id| {
                words.is_empty() || count.map_or_else(|| words.contains(&id), |count| at < count)
            });
        }
        return;
    }
    let release = Release::of(NEWEST);
    let cases = Case::all();
    for case in cases.iter().step_by(cases.len() / 4) {
        let (expected, answer) = (&case.value["expected"][NEWEST], answer(case, &release));
        let agrees = agree(expected, &serde_json::from_str(&answer).unwrap());
        assert!(agrees, "{}: recorded {expected}\nanswers {answer}", case.id());
    }
}

#[test]
fn an_answer_is_added_or_replaced_and_the_rest_of_the_line_stays() {
    let line = r#"{"id":"a","docs":{"z":1,"b":"\"expected\":{}"},"expected":{"2026.8.2":{"exit":0},"2026.9.6":{"exit":1}}}"#;
    let replaced = with_answer(line, "2026.8.2", r#"{"exit":2}"#);
    assert_eq!(replaced, line.replace(r#"{"exit":0}"#, r#"{"exit":2}"#));
    let added = with_answer(line, "2026.10.1", r#"{"exit":0}"#);
    assert_eq!(added, line.replace(r#"{"exit":1}"#, r#"{"exit":1},"2026.10.1":{"exit":0}"#));
}
