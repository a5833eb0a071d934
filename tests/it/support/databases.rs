//! OpenClaw's databases: the tables that hold logins, and homes that have them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::home::{Home, document};
use crate::support::time::now;
use crate::support::token_server::TokenServer;

impl Home {
    /// Writes an agent's `openclaw-agent.sqlite` with these profiles.
    pub(crate) fn database(self, agent: &str, profiles: &Value) -> Self {
        let path = self.agent_database(agent);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        put_agent_store(&agent_connection(&path), &document(profiles));
        self
    }

    /// Turns the databases into what OpenClaw itself makes: with a write-ahead log, a schema, and whose they are.
    pub(crate) fn with_schemas(self, agents: &[&str], agent_schema: u32, shared_schema: u32) -> Self {
        for agent in agents {
            let connection = agent_connection(&self.agent_database(agent));
            connection
                .execute_batch(
                    "PRAGMA journal_mode = wal;
                     CREATE TABLE schema_meta (meta_key TEXT PRIMARY KEY, role TEXT NOT NULL, agent_id TEXT);",
                )
                .unwrap();
            connection.execute("INSERT INTO schema_meta VALUES ('primary', 'agent', ?1)", [agent]).unwrap();
            connection.pragma_update(None, "user_version", agent_schema).unwrap();
        }
        let shared = self.shared_database();
        std::fs::create_dir_all(shared.parent().unwrap()).unwrap();
        let shared = rusqlite::Connection::open(shared).unwrap();
        shared.pragma_update(None, "journal_mode", "wal").unwrap();
        shared.pragma_update(None, "user_version", shared_schema).unwrap();
        self
    }

    /// An agent's profiles as its database has them.
    pub(crate) fn in_database(&self, agent: &str) -> Value {
        let connection = rusqlite::Connection::open(self.agent_database(agent)).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        let query = "SELECT store_json FROM auth_profile_store WHERE store_key = 'primary'";
        let json: String = connection.query_row(query, [], |row| row.get(0)).unwrap();
        serde_json::from_str(&json).unwrap()
    }

    pub(crate) fn agent_database(&self, agent: &str) -> PathBuf {
        self.agent_dir(agent).join("openclaw-agent.sqlite")
    }

    /// Writes the shared database with these profiles and, if given, who owns the shared credentials.
    pub(crate) fn shared(self, owner: Option<&str>, profiles: &Value) -> Self {
        let path = self.shared_database();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let connection = shared_connection(&path);
        put_shared(&connection, "authProfiles.store", &document(profiles));
        if let Some(owner) = owner {
            put_shared(&connection, "auth.sharedStore", &json!({ "location": owner }).to_string());
        }
        self
    }

    pub(crate) fn shared_database(&self) -> PathBuf {
        self.state().join("state/openclaw.sqlite")
    }
}

/// Opens (and if need be creates) a database with the tables of an agent's.
pub(crate) fn agent_connection(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    // Nothing here has to survive a loss of power, and waiting for the disk would be most of a test's time.
    connection.pragma_update(None, "synchronous", "off").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS auth_profile_store (store_key TEXT PRIMARY KEY, store_json TEXT NOT NULL, updated_at INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS auth_profile_state (state_key TEXT PRIMARY KEY, state_json TEXT NOT NULL, updated_at INTEGER NOT NULL);",
        )
        .unwrap();
    connection
}

pub(crate) fn put_agent_store(connection: &rusqlite::Connection, json: &str) {
    let sql = "INSERT OR REPLACE INTO auth_profile_store VALUES ('primary', ?1, 0)";
    connection.execute(sql, [json]).unwrap();
}

pub(crate) fn put_agent_state(connection: &rusqlite::Connection, json: &str) {
    let sql = "INSERT OR REPLACE INTO auth_profile_state VALUES ('primary', ?1, 0)";
    connection.execute(sql, [json]).unwrap();
}

/// Opens (and if need be creates) a database with the table of the shared one.
pub(crate) fn shared_connection(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    // Nothing here has to survive a loss of power, and waiting for the disk would be most of a test's time.
    connection.pragma_update(None, "synchronous", "off").unwrap();
    let sql = "CREATE TABLE IF NOT EXISTS config_machine_state (state_key TEXT PRIMARY KEY, value_json TEXT NOT NULL, updated_at_ms INTEGER NOT NULL)";
    connection.execute_batch(sql).unwrap();
    connection
}

pub(crate) fn put_shared(connection: &rusqlite::Connection, key: &str, json: &str) {
    let sql = "INSERT OR REPLACE INTO config_machine_state VALUES (?1, ?2, 0)";
    connection.execute(sql, [key, json]).unwrap();
}

pub(crate) const DATABASE_PROFILE: &str = "openai:default";

pub(crate) fn expired_in_database(refresh: &str) -> Value {
    json!({ "type": "oauth", "provider": "openai", "access": "canary-access-0", "refresh": refresh,
        "expires": now() - 60_000, "accountId": "a", "unknown": { "kept": [1, 2.5, null] } })
}

pub(crate) fn database_profiles(refresh: &str) -> Value {
    json!({ DATABASE_PROFILE: expired_in_database(refresh), "openrouter:k": { "type": "api_key", "provider": "openrouter", "key": "canary-key" } })
}

/// Main has a due login in a database of 2026.6.
pub(crate) fn database_home(server: &TokenServer) -> Home {
    database_home_of(server, 1, 1)
}

pub(crate) fn database_home_of(server: &TokenServer, agent_schema: u32, shared_schema: u32) -> Home {
    Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai"]))
        .database("main", &database_profiles(&server.sign_in("main")))
        .with_schemas(&["main"], agent_schema, shared_schema)
}
