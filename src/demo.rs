//! A state directory with agents in every condition, for people without an OpenClaw at hand, and a token endpoint to renew its
//! logins at.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(feature = "sqlite")]
use openclaw_auth::load::DATABASE_FILE;
use openclaw_auth::load::{STATE_FILE, STORE_FILE};
use openclaw_auth::model::Timestamp;
use openclaw_auth::paths::Roots;
use openclaw_auth::random;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::config::{ProviderConfig, RefreshConfig};

const HOUR: f64 = 3_600_000.0;
const DAY: f64 = 24.0 * HOUR;

/// The demo's state directory; it is removed when this is dropped.
#[derive(Debug)]
pub struct Demo {
    roots: Roots,
    _home: TempDir,
}

impl Demo {
    /// Lays it out, with times around `now`.
    pub fn lay_out(now: Timestamp) -> io::Result<Self> {
        let home = tempfile::Builder::new().prefix("authwatch-demo-").tempdir()?;
        let roots = Roots::resolve(|name| (name == "HOME").then(|| home.path().into()), None);
        fs::create_dir_all(roots.state.join("agents"))?;
        fs::write(&roots.config, CONFIG)?;
        let agents = Agents { roots: &roots, now };
        agents.main()?;
        agents.json_agents()?;
        agents.databases()?;
        agents.broken()?;
        Ok(Self { roots, _home: home })
    }

    /// Where authwatch's own state for the demo is.
    pub fn own_state(&self) -> PathBuf {
        self.roots.home.join("authwatch-state")
    }

    /// Adds logins that live for a minute or two, for watching them being renewed.
    pub fn add_short_lived(&self, now: Timestamp) -> io::Result<()> {
        let agents = Agents { roots: &self.roots, now };
        let login = |provider: &str, ends_in: f64| {
            let mut login = agents.oauth(provider, ends_in);
            login["email"] = json!(format!("{provider}@example.org"));
            login
        };
        agents.json(
            "reporter",
            &json!({
                "openai-codex:reporter": login("openai-codex", 20_000.0),
                "xai:reporter": login("xai", 45_000.0),
            }),
        )
    }

    pub fn roots(&self) -> &Roots {
        &self.roots
    }
}

/// JSON5, as people write it.
const CONFIG: &str = "// what the agents use
{
  agents: {
    defaults: { model: { primary: 'anthropic/claude-opus-4-5', fallbacks: ['openai-codex/gpt-5.5'] } },
    list: [
      { id: 'main', default: true },
      { id: 'translator', model: 'mistral/mistral-large' },
      { id: 'night-shift', model: 'xai/grok-4' },
      { id: 'archivist' }, { id: 'builder' }, { id: 'courier' }, { id: 'intern' }, { id: 'reporter' }, { id: 'researcher' },
      { id: 'reviewer' }, { id: 'veteran' }, { id: 'writer' },
    ],
  },
}
";

struct Agents<'a> {
    roots: &'a Roots,
    now: Timestamp,
}

impl Agents<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "a date of these days in milliseconds")]
    fn after(&self, span: f64) -> i64 {
        (self.now.as_millis() + span) as i64
    }

    fn oauth(&self, provider: &str, ends_in: f64) -> Value {
        json!({
            "type": "oauth", "provider": provider, "access": "demo-access", "refresh": format!("demo-refresh-{provider}-{ends_in}"),
            "expires": self.after(ends_in), "email": "demo@example.org",
        })
    }

    fn main(&self) -> io::Result<()> {
        self.json("main", &json!({
            "anthropic:default": { "type": "token", "provider": "anthropic", "token": "demo-token", "expires": self.after(212.0 * DAY) },
            "openai-codex:default": self.oauth("openai-codex", 6.0 * DAY),
            "openrouter:default": { "type": "api_key", "provider": "openrouter", "key": "demo-key" },
        }))
    }

    fn json_agents(&self) -> io::Result<()> {
        // Has nothing of its own: everything is inherited.
        fs::create_dir_all(self.roots.agent_dir("intern"))?;
        // A provider in use without any login.
        self.json("translator", &json!({}))?;
        // Ends tonight and cannot renew automatically.
        let mut expiring = self.oauth("xai", 5.5 * HOUR);
        expiring["refresh"] = Value::Null;
        self.json("night-shift", &json!({ "xai:default": expiring }))?;
        // Ended, in two ways.
        self.json("researcher", &json!({
            "anthropic:manual": { "type": "token", "provider": "anthropic", "token": "demo-token", "expires": self.after(-3.0 * DAY) },
            "google-gemini-cli:default": self.oauth("google-gemini-cli", -2.0 * HOUR),
        }))?;
        // Left alone by OpenClaw for a while.
        self.json(
            "writer",
            &json!({ "mistral:default": { "type": "api_key", "provider": "mistral", "key": "demo-key" } }),
        )?;
        let state = json!({ "version": 1, "usageStats": { "mistral:default": {
            "cooldownUntil": self.after(0.4 * HOUR), "cooldownReason": "rate_limit", "errorCount": 3 } } });
        write(&self.roots.agent_dir("writer").join(STATE_FILE), &state)?;
        // Not imported yet by OpenClaw.
        let veteran = self.roots.agent_dir("veteran");
        fs::create_dir_all(&veteran)?;
        write(&veteran.join("auth.json"), &json!({ "groq": { "type": "api_key", "key": "demo-key" } }))
    }

    #[cfg(feature = "sqlite")]
    fn databases(&self) -> io::Result<()> {
        let marker = |kind: &str| {
            format!(
                "openclaw-oauth-refresh-fence:v1:{}:{kind}:{}",
                "0123456789abcdef".repeat(2),
                "0123456789abcdef".repeat(4)
            )
        };
        let fenced = |state: &str| {
            let (access, refresh) = (marker(&format!("{state}access")), marker(&format!("{state}refresh")));
            json!({ "type": "oauth", "provider": "openai", "access": access, "refresh": refresh, "expires": 1 })
        };
        // At this moment being renewed by OpenClaw 2026.9, beside one that is fine.
        self.database(
            "builder",
            &json!({ "openai:default": fenced(""), "anthropic:team": self.oauth("anthropic", 7.5 * HOUR) }),
        )?;
        // Refused for good.
        self.database("reviewer", &json!({ "openai:default": fenced("failed:") }))?;
        // A migration that lost the logins.
        self.database("archivist", &json!({}))?;
        self.json(
            "archivist",
            &json!({ "zai:default": { "type": "api_key", "provider": "zai", "key": "demo-key" } }),
        )
    }

    #[cfg(not(feature = "sqlite"))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "the same shape as with the feature")]
    fn databases(&self) -> io::Result<()> {
        Ok(())
    }

    fn broken(&self) -> io::Result<()> {
        let dir = self.roots.agent_dir("courier");
        fs::create_dir_all(&dir)?;
        write_text(
            &dir.join(STORE_FILE),
            "{\n  \"version\": 1,\n  \"profiles\": {\n    \"anthropic:default\": {",
        )
    }

    fn json(&self, agent: &str, profiles: &Value) -> io::Result<()> {
        let dir = self.roots.agent_dir(agent);
        fs::create_dir_all(&dir)?;
        write(&dir.join(STORE_FILE), &json!({ "version": 1, "profiles": profiles }))
    }

    #[cfg(feature = "sqlite")]
    fn database(&self, agent: &str, profiles: &Value) -> io::Result<()> {
        let dir = self.roots.agent_dir(agent);
        fs::create_dir_all(&dir)?;
        let database = dir.join(DATABASE_FILE);
        write_text(&database, "")?;
        let fill = || {
            // SQLite takes an empty file for a database to be.
            let connection = rusqlite::Connection::open(&database)?;
            connection.execute_batch(
                "CREATE TABLE auth_profile_store (store_key TEXT PRIMARY KEY, store_json TEXT NOT NULL, updated_at INTEGER NOT NULL);
                 CREATE TABLE auth_profile_state (state_key TEXT PRIMARY KEY, state_json TEXT NOT NULL, updated_at INTEGER NOT NULL);",
            )?;
            let document = json!({ "version": 1, "profiles": profiles }).to_string();
            connection.execute(
                "INSERT INTO auth_profile_store VALUES ('primary', ?1, ?2)",
                rusqlite::params![document, self.after(0.0)],
            )
        };
        fill().map(|_| ()).map_err(io::Error::other)
    }
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    write_text(path, &format!("{value:#}\n"))
}

/// Stores are their owner's alone, as OpenClaw's are.
fn write_text(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?
        .write_all(text.as_bytes())
}

/// How long its tokens live, in seconds.
const LIFETIME: u64 = 90;

/// A token endpoint on loopback. It gives tokens to whoever asks, and ends with the process.
#[derive(Clone, Copy, Debug)]
pub struct DemoEndpoint {
    address: SocketAddr,
}

impl DemoEndpoint {
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Err(error) = answer(stream) {
                    tracing::debug!("the demo's token endpoint: {error}");
                }
            }
        });
        Ok(Self { address })
    }

    /// A configuration that sends the demo's providers here, except one: it shows what failing looks like.
    pub fn config(&self) -> RefreshConfig {
        let here = ProviderConfig {
            token_url: Some(format!("http://{}/token", self.address)),
            client_id: Some("demo".to_owned()),
            ..ProviderConfig::default()
        };
        let providers =
            ["openai-codex", "xai", "anthropic"].map(|provider| (provider.to_owned(), here.clone()));
        RefreshConfig { providers: providers.into_iter().collect(), ..RefreshConfig::default() }
    }
}

fn answer(stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
    let token = random::word();
    let body = format!(
        r#"{{"access_token":"demo-access-{token}","refresh_token":"demo-refresh-{token}","expires_in":{LIFETIME}}}"#
    );
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
