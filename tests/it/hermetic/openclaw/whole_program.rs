//! What the releases' own `openclaw models status --check` answered on whole state directories, and what authwatch answers there:
//! with the release named, and found out. The cases and answers are in `tests/fixtures/conformance/whole-program`; how they
//! are recorded for a newer release is in its README.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::support::home::Home;

const MINIMAL: &str = include_str!("../../../fixtures/conformance/whole-program/minimal.jsonl");
const RANDOM: &str = include_str!("../../../fixtures/conformance/whole-program/whole-program.jsonl");

/// Every case that is answered otherwise, with its cause. None but the last is a 0 where OpenClaw answers otherwise.
const KNOWN: &[(&str, &[&str])] = &[
    // The command printed two documents: what it answered is not certain.
    ("h0090", &["2026.2.26"]),
    // 2026.8 and later look into the directory of OPENCLAW_AGENT_DIR, and authwatch into the shared database.
    ("agent-dir-variable", &["2026.8.2", "2026.9.6"]),
    // A leftover `oauth.json` refuses an agent without a database of its own only if a model needs its providers.
    ("h0020", &["2026.8.2", "2026.9.6"]),
    ("h0065", &["2026.8.2", "2026.9.6"]),
    // The command printed warnings in place of a document, so that its cause cannot be told.
    ("h0291", &["2026.9.6"]),
];
const MAY_BE_SILENT: &str = "h0291";

/// How a release keeps its stores.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stores {
    Json,
    Agents,
    Shared,
}

struct Release {
    version: &'static str,
    stores: Stores,
    /// The name of its databases.
    month: &'static str,
}

const fn release(version: &'static str, month: &'static str, stores: Stores) -> Release {
    Release { version, stores, month }
}

/// The databases that a release made, and of which only the rows with documents are replaced.
static DATABASES: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let dir =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance/whole-program/databases");
    let read = |path: PathBuf| {
        let mut content = Vec::new();
        GzDecoder::new(fs::File::open(&path).unwrap()).read_to_end(&mut content).unwrap();
        (path.file_name().unwrap().to_str().unwrap().trim_end_matches(".sqlite.gz").to_owned(), content)
    };
    fs::read_dir(dir).unwrap().map(|entry| read(entry.unwrap().path())).collect()
});

fn database(release: &Release, kind: &str, path: &Path) -> Connection {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, &DATABASES[&format!("{}-{kind}", release.month)]).unwrap();
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}

/// A case, and its documents as they are written: the order of their entries counts.
struct Case {
    value: Value,
    documents: BTreeMap<String, Documents>,
}

#[derive(Deserialize)]
struct Documents {
    dir: String,
    store: Option<Box<RawValue>>,
    state: Option<Box<RawValue>>,
}

impl Case {
    fn read(line: &str) -> Self {
        #[derive(Deserialize)]
        struct Line {
            docs: BTreeMap<String, Documents>,
        }
        let documents = serde_json::from_str::<Line>(line).unwrap().docs;
        Self { value: serde_json::from_str(line).unwrap(), documents }
    }
}

impl Documents {
    /// The document of a kind, `store` or `state`, where there is one.
    fn of(&self, kind: &str) -> Option<&str> {
        let document = if kind == "store" { &self.store } else { &self.state };
        document.as_ref().map(|document| document.get())
    }
}

/// Lays a case out as a release keeps its stores. The connections hold databases open that a case wants held.
fn lay_out(case: &Case, release: &Release) -> (Home, Vec<Connection>) {
    let Case { value: case, documents } = case;
    let mut home = Home::new();
    let root = home.path().to_path_buf();
    let fill = |text: &str| text.replace("@HOME@", root.to_str().unwrap());
    let state = case["stateDir"].as_str().unwrap();
    for (path, content) in case["files"].as_object().unwrap() {
        home.write(path, fill(content.as_str().unwrap()));
    }
    if release.stores == Stores::Shared
        && let Some(newer) = case["config9"].as_str()
    {
        home.write(&format!("{state}/openclaw.json"), fill(newer));
    }
    for (name, value) in case["env"].as_object().unwrap() {
        home = home.env(name, &fill(value.as_str().unwrap()));
    }
    let mut held = Vec::new();
    let as_json = |documents: &Documents| {
        for (name, kind) in [("auth-profiles.json", "store"), ("auth-state.json", "state")] {
            if let Some(document) = documents.of(kind) {
                home.write(&format!("{}/{name}", documents.dir), document);
            }
        }
    };
    if release.stores != Stores::Json && !documents.is_empty() {
        let shared = database(release, "shared", &root.join(state).join("state/openclaw.sqlite"));
        if release.stores == Stores::Shared {
            for (key, kind) in [("authProfiles.store", "store"), ("authProfiles.state", "state")] {
                shared.execute("DELETE FROM config_machine_state WHERE state_key = ?1", [key]).unwrap();
                if let Some(document) = documents.get("main").and_then(|documents| documents.of(kind)) {
                    let sql = "INSERT INTO config_machine_state (state_key, value_json, updated_at_ms)
                               VALUES (?1, ?2, 0)";
                    shared.execute(sql, [key, document]).unwrap();
                }
            }
        }
        held.push(shared);
    }
    for (id, documents) in documents {
        if release.stores == Stores::Json || case["leftover"] == true {
            as_json(documents);
        }
        if release.stores == Stores::Json || release.stores == Stores::Shared && id == "main" {
            continue;
        }
        let agent = database(release, "agent", &root.join(&documents.dir).join("openclaw-agent.sqlite"));
        agent.execute_batch("DELETE FROM auth_profile_store; DELETE FROM auth_profile_state").unwrap();
        for kind in ["store", "state"] {
            if let Some(document) = documents.of(kind) {
                let sql = format!("INSERT INTO auth_profile_{kind} VALUES ('primary', ?1, 0)");
                agent.execute(&sql, [document]).unwrap();
            }
        }
        held.push(agent);
    }
    if case["live"] != true {
        held.clear();
    }
    (home, held)
}

/// Writes into the configuration which release wrote it, as OpenClaw does. Without a configuration that can be read nothing
/// says so, unless it is the databases.
fn name_release(home: &Home, case: &Value, release: &Release) -> bool {
    let config = home.path().join(case["stateDir"].as_str().unwrap()).join("openclaw.json");
    let Ok(text) = fs::read_to_string(&config) else { return false };
    let Ok(Value::Object(mut settings)) = serde_json::from_str(&text) else { return false };
    settings.insert("meta".to_owned(), serde_json::json!({ "lastTouchedVersion": release.version }));
    fs::write(&config, Value::from(settings).to_string()).unwrap();
    true
}

/// Whether an answer says nothing about the release: what the sandbox caused in which it was recorded, and a malformed case.
fn is_left_out(case: &Value, expected: &Value) -> bool {
    let refused = expected["refused"].as_str().unwrap_or_default().to_lowercase();
    expected.is_null()
        || expected.get("runtime").is_some()
        || refused.contains("gateway")
        || case["id"] == "fence-failed"
}

/// Compares the exit codes on all cases, with the release named and found out; returns how many were compared of each.
fn compare(release: &Release) -> [usize; 2] {
    let (mut compared, mut wrong) = ([0; 2], Vec::new());
    for case in MINIMAL.lines().chain(RANDOM.lines()).map(Case::read) {
        let expected = &case.value["expected"][release.version];
        if is_left_out(&case.value, expected) {
            continue;
        }
        let (home, _held) = lay_out(&case, release);
        let case = &case.value;
        let now = case["now"].to_string();
        let mut arguments = vec!["status", "--check", "--format", "openclaw", "--at", &now];
        arguments.extend(case["agent"].as_str().iter().flat_map(|agent| ["--agent", agent]));
        let mut ask = |way: usize, more: &[&str]| {
            let code = home.run(&[arguments.as_slice(), more].concat()).code;
            compared[way] += 1;
            if i64::from(code) != expected["exit"].as_i64().unwrap() {
                let id = case["id"].as_str().unwrap();
                let known =
                    KNOWN.iter().any(|(known, versions)| *known == id && versions.contains(&release.version));
                if !known || code == 0 && id != MAY_BE_SILENT {
                    wrong.push(format!("{id} {more:?}: OpenClaw {expected}, authwatch {code}"));
                }
            }
        };
        ask(0, &["--openclaw-version", release.version]);
        if name_release(&home, case, release) {
            ask(1, &[]);
        }
    }
    assert!(wrong.is_empty(), "{}: {} of {compared:?}:\n{}", release.version, wrong.len(), wrong.join("\n"));
    compared
}

macro_rules! releases {
    ($($test:ident: $version:literal, $month:literal, $stores:ident, $named:literal and $found:literal;)+) => {
        $(
            #[test]
            fn $test() {
                let release = release($version, $month, Stores::$stores);
                let [named, found] = compare(&release);
                assert!(named >= $named && found >= $found, "too few cases: {named} and {found}");
            }
        )+
    };
}

releases! {
    as_2026_2_26_answers: "2026.2.26", "", Json, 430 and 200;
    as_2026_4_29_answers: "2026.4.29", "", Json, 420 and 200;
    as_2026_5_28_answers: "2026.5.28", "", Json, 420 and 200;
    as_2026_6_11_answers: "2026.6.11", "2026.6", Agents, 420 and 200;
    as_2026_7_35_answers: "2026.7.35", "2026.7", Agents, 420 and 200;
    as_2026_8_2_answers: "2026.8.2", "2026.8", Shared, 320 and 150;
    as_2026_9_6_answers: "2026.9.6", "2026.9", Shared, 400 and 200;
}
