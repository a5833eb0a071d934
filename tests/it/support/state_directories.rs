//! Whole state directories, laid out as a release of OpenClaw keeps them, and asked about.

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
use crate::support::openclaw_releases::{Release, Stores};

/// The directories that ask one question each, and the random ones. Each line is a case.
pub(crate) const CORPORA: [&str; 2] = ["minimal.jsonl", "whole-program.jsonl"];

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance/whole-program")
}

/// The file with a database that a release of this month made: `agent` or `shared`.
pub(crate) fn database_file(month: &str, kind: &str) -> PathBuf {
    fixtures().join(format!("databases/{month}-{kind}.sqlite.gz"))
}

/// The databases that releases made, of which only the rows with documents are replaced.
static DATABASES: LazyLock<BTreeMap<PathBuf, Vec<u8>>> = LazyLock::new(|| {
    let read = |path: PathBuf| {
        let mut content = Vec::new();
        GzDecoder::new(fs::File::open(&path).unwrap()).read_to_end(&mut content).unwrap();
        (path, content)
    };
    fs::read_dir(fixtures().join("databases")).unwrap().map(|entry| read(entry.unwrap().path())).collect()
});

/// A database that a release made, without the documents that were in it.
pub(crate) struct Database {
    pub(crate) connection: Connection,
    is_shared: bool,
}

impl Database {
    /// An agent's database; without an agent, the shared one.
    pub(crate) fn create(release: &Release, agent: Option<&str>, path: &Path) -> Self {
        let kind = if agent.is_some() { "agent" } else { "shared" };
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &DATABASES[&database_file(&release.month(), kind)]).unwrap();
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        if let Some(id) = agent {
            connection.execute("UPDATE schema_meta SET agent_id = ?1 WHERE agent_id = 'work'", [id]).unwrap();
            connection
                .execute_batch("DELETE FROM auth_profile_store; DELETE FROM auth_profile_state")
                .unwrap();
        } else if release.stores == Stores::Shared {
            let sql = "DELETE FROM config_machine_state
                       WHERE state_key IN ('authProfiles.store', 'authProfiles.state')";
            connection.execute_batch(sql).unwrap();
        }
        Self { connection, is_shared: agent.is_none() }
    }

    /// Replaces the document of a kind, `store` or `state`.
    pub(crate) fn put(&self, kind: &str, document: &str) {
        let (sql, key) = if self.is_shared {
            let sql = "INSERT OR REPLACE INTO config_machine_state (state_key, value_json, updated_at_ms)
                       VALUES (?1, ?2, 0)";
            (sql.to_owned(), format!("authProfiles.{kind}"))
        } else {
            (format!("INSERT OR REPLACE INTO auth_profile_{kind} VALUES (?1, ?2, 0)"), "primary".to_owned())
        };
        self.connection.execute(&sql, [key.as_str(), document]).unwrap();
    }
}

impl Home {
    /// The database that a release keeps an agent's logins in. Its shared one is there in any case.
    pub(crate) fn database_of(&self, release: &Release, agent: &str) -> Database {
        let shared = Database::create(release, None, &self.shared_database());
        if release.stores == Stores::Shared && agent == "main" {
            return shared;
        }
        Database::create(release, Some(agent), &self.agent_database(agent))
    }
}

/// A case, and its documents as they are written: the order of their entries counts.
pub(crate) struct Case {
    pub(crate) value: Value,
    documents: BTreeMap<String, Documents>,
}

#[derive(Deserialize)]
struct Documents {
    dir: String,
    store: Option<Box<RawValue>>,
    state: Option<Box<RawValue>>,
}

impl Documents {
    /// The document of a kind, `store` or `state`, where there is one.
    fn of(&self, kind: &str) -> Option<&str> {
        let document = if kind == "store" { &self.store } else { &self.state };
        document.as_ref().map(|document| document.get())
    }

    fn put(&self, database: &Database) {
        for kind in ["store", "state"] {
            if let Some(document) = self.of(kind) {
                database.put(kind, document);
            }
        }
    }
}

impl Case {
    pub(crate) fn read(line: &str) -> Self {
        #[derive(Deserialize)]
        struct Line {
            docs: BTreeMap<String, Documents>,
        }
        let documents = serde_json::from_str::<Line>(line).unwrap().docs;
        Self { value: serde_json::from_str(line).unwrap(), documents }
    }

    /// Both corpora.
    pub(crate) fn all() -> Vec<Self> {
        let texts = CORPORA.map(|corpus| fs::read_to_string(fixtures().join(corpus)).unwrap());
        texts.iter().flat_map(|text| text.lines()).map(Self::read).collect()
    }

    pub(crate) fn id(&self) -> &str {
        self.value["id"].as_str().unwrap()
    }

    /// The moment it is asked about.
    pub(crate) fn now(&self) -> i64 {
        self.value["now"].as_i64().unwrap()
    }

    /// The flags that name the agent it asks about, if it does.
    pub(crate) fn agent(&self) -> Vec<&str> {
        self.value["agent"].as_str().iter().flat_map(|agent| ["--agent", *agent]).collect()
    }

    fn state(&self) -> &str {
        self.value["stateDir"].as_str().unwrap()
    }

    pub(crate) fn config(&self, home: &Home) -> PathBuf {
        home.path().join(self.state()).join("openclaw.json")
    }

    /// Asks authwatch what the release's `models status --check` answers here.
    pub(crate) fn ask(&self, home: &Home, more: &[&str]) -> i32 {
        let now = self.now().to_string();
        let status = ["status", "--check", "--format", "openclaw", "--at", &now];
        home.run(&[&status[..], &self.agent(), more].concat()).code
    }

    /// Lays it out as a release keeps its stores. The connections hold databases open that the case wants held.
    pub(crate) fn lay_out(&self, release: &Release) -> (Home, Vec<Database>) {
        let Self { value: case, documents } = self;
        let mut home = Home::new();
        let root = home.path().to_path_buf();
        let fill = |text: &str| text.replace("@HOME@", root.to_str().unwrap());
        for (path, content) in case["files"].as_object().unwrap() {
            home.write(path, fill(content.as_str().unwrap()));
        }
        if release.stores == Stores::Shared
            && let Some(newer) = case["config9"].as_str()
        {
            home.write(&format!("{}/openclaw.json", self.state()), fill(newer));
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
            let path = root.join(self.state()).join("state/openclaw.sqlite");
            let shared = Database::create(release, None, &path);
            if release.stores == Stores::Shared
                && let Some(main) = documents.get("main")
            {
                main.put(&shared);
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
            let path = root.join(&documents.dir).join("openclaw-agent.sqlite");
            let agent = Database::create(release, Some(id), &path);
            documents.put(&agent);
            held.push(agent);
        }
        if case["live"] != true {
            held.clear();
        }
        (home, held)
    }

    /// Writes into the configuration which release wrote it, as OpenClaw does. Without a configuration that can be read nothing
    /// says so, unless it is the databases.
    pub(crate) fn name_release(&self, home: &Home, release: &Release) -> bool {
        self.change_config(home, "meta", &serde_json::json!({ "lastTouchedVersion": release.version }))
    }

    /// Sets a key of the configuration, if that is there and can be read as JSON.
    pub(crate) fn change_config(&self, home: &Home, key: &str, value: &Value) -> bool {
        let config = self.config(home);
        let Ok(text) = fs::read_to_string(&config) else { return false };
        let Ok(Value::Object(mut settings)) = serde_json::from_str(&text) else { return false };
        settings.insert(key.to_owned(), value.clone());
        fs::write(&config, Value::from(settings).to_string()).unwrap();
        true
    }
}
