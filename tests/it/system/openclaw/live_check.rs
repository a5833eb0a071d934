//! `status --check --format openclaw` beside the real `openclaw models status --check`, on state directories that no one has seen
//! before. `AUTHWATCH_LIVE_CHECK_SEED` repeats those of a failure, and `AUTHWATCH_LIVE_CHECK_COUNT` says how many there are.

use std::hash::{BuildHasher, Hasher, RandomState};

use serde_json::{Map, Value, json};

use crate::support::home::{DAY, HOUR, NOW, Ran};
use crate::support::openclaw_releases::{GENERATIONS, Release, Stores};
use crate::support::state_directories::Case;

const MINUTE: i64 = 60_000;

/// A small generator of random numbers that a seed repeats (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.next() % u64::try_from(to - from).unwrap()).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    ApiKey,
    Token,
    OAuth,
}
use Kind::{ApiKey, OAuth, Token};

struct Provider {
    id: &'static str,
    model: &'static str,
    variable: &'static str,
    kinds: &'static [Kind],
}

const fn provider(
    id: &'static str,
    model: &'static str,
    variable: &'static str,
    kinds: &'static [Kind],
) -> Provider {
    Provider { id, model, variable, kinds }
}

const PROVIDERS: &[Provider] = &[
    provider("anthropic", "claude-opus-4-5", "ANTHROPIC_API_KEY", &[ApiKey, Token, Token, OAuth, OAuth]),
    provider("anthropic", "claude-sonnet-4-6", "ANTHROPIC_OAUTH_TOKEN", &[Token, OAuth]),
    provider("openai", "gpt-5.5", "OPENAI_API_KEY", &[ApiKey, OAuth, OAuth]),
    provider("openai-codex", "gpt-5.5", "OPENAI_API_KEY", &[OAuth]),
    provider("openrouter", "auto", "OPENROUTER_API_KEY", &[ApiKey]),
    provider("google", "gemini-2.5-flash", "GEMINI_API_KEY", &[ApiKey]),
    provider("google-gemini-cli", "gemini-3-pro-preview", "GEMINI_API_KEY", &[OAuth]),
    provider("xai", "grok-4", "XAI_API_KEY", &[ApiKey, OAuth]),
    provider("zai", "glm-4.7", "ZAI_API_KEY", &[ApiKey]),
    provider("mistral", "mistral-large-latest", "MISTRAL_API_KEY", &[ApiKey, Token]),
    provider("github-copilot", "gpt-4o", "COPILOT_GITHUB_TOKEN", &[Token]),
    provider("minimax-portal", "MiniMax-M2.5", "MINIMAX_API_KEY", &[OAuth]),
    provider("groq", "llama-3.3-70b-versatile", "GROQ_API_KEY", &[ApiKey]),
    provider("ollama", "llama3.3", "OLLAMA_API_KEY", &[ApiKey]),
];

/// A random state directory.
///
/// It leaves out where authwatch is known to answer otherwise than a release (`KNOWN` in the whole-program test): the variable
/// `OPENCLAW_AGENT_DIR`, and a leftover `credentials/oauth.json` beside an agent without a database. Nor does the agent that a bare command of 2026.9 means
/// have a model of its own: of that model only the default utility model of its provider counts there. And it leaves out what a
/// release asks its gateway for, which does not run here: unset variables in `models.providers`.
struct Generator<'r> {
    random: Random,
    release: &'r Release,
}

impl Generator<'_> {
    fn provider(&mut self) -> &'static Provider {
        // Most directories are about the first few.
        let end = if self.random.chance(70) { 4 } else { PROVIDERS.len() };
        self.random.pick(&PROVIDERS[..end])
    }

    fn model(&mut self, used: &mut Vec<&'static Provider>) -> String {
        let provider = self.provider();
        used.push(provider);
        format!("{}/{}", provider.id, provider.model)
    }

    fn expires(&mut self) -> i64 {
        let random = &mut self.random;
        match random.below(20) {
            0..8 => NOW + random.between(DAY + HOUR, 90 * DAY),
            8..11 => NOW + DAY + random.between(-HOUR, HOUR),
            11..14 => NOW + random.between(6 * MINUTE, DAY),
            14 => NOW + random.between(0, 5 * MINUTE),
            15..18 => NOW - random.between(0, 30 * DAY),
            _ => *random.pick(&[NOW, NOW + DAY, NOW + DAY + 1, NOW + 5 * MINUTE, NOW + 5 * MINUTE + 1, 0]),
        }
    }

    fn credential(&mut self, provider: &Provider) -> Value {
        let kind = *self.random.pick(provider.kinds);
        let expires = self.expires();
        let random = &mut self.random;
        let reference = json!({
            "source": "env", "provider": "default", "id": random.pick(&["SET_KEY", "SET_KEY", "UNSET_KEY"]),
        });
        let (secret, form) = ("s".repeat(90), random.below(12));
        let mut credential = match (kind, form) {
            (ApiKey, 0) => json!({ "type": "api_key", "keyRef": reference }),
            (ApiKey, 1) => json!({ "type": "api_key", "key": "" }),
            (ApiKey, 2) => json!({ "mode": "api_key", "apiKey": secret }),
            (ApiKey, _) => json!({ "type": "api_key", "key": secret }),
            (Token, 0) => json!({ "type": "token", "tokenRef": reference }),
            (Token, 1) => json!({ "type": "token", "expires": expires }),
            (Token, 2..6) => json!({ "type": "token", "token": secret }),
            (Token, _) => json!({ "type": "token", "token": secret, "expires": expires }),
            (OAuth, 0) => json!({ "type": "oauth", "access": "a", "refresh": "", "expires": expires }),
            (OAuth, 1) => json!({ "type": "oauth", "refresh": "r", "expires": expires }),
            (OAuth, 2) => json!({ "type": "oauth", "access": "a", "expires": expires }),
            (OAuth, _) => json!({ "type": "oauth", "access": "a", "refresh": "r", "expires": expires }),
        };
        credential["provider"] = provider.id.into();
        if kind == OAuth && random.chance(40) {
            credential["email"] = (*random.pick(&["me@example.org", "you@example.org"])).into();
        }
        credential
    }

    /// An agent's profiles, in an order of their own.
    fn profiles(&mut self, used: &[&'static Provider]) -> Vec<(String, Value)> {
        let mut wanted: Vec<&Provider> = Vec::new();
        for provider in used {
            let times = if self.random.chance(15) { 0 } else { 1 + self.random.below(4) / 3 };
            wanted.extend(vec![*provider; times]);
        }
        if self.random.chance(30) {
            wanted.push(self.provider());
        }
        let mut profiles: Vec<(String, Value)> = Vec::new();
        for provider in wanted {
            let name = self.random.pick(&["default", "default", "manual", "work", "me@example.org"]);
            let id = format!("{}:{name}", provider.id);
            if profiles.iter().all(|(other, _)| *other != id) {
                let at = self.random.below(profiles.len() + 1);
                profiles.insert(at, (id, self.credential(provider)));
            }
        }
        profiles
    }

    fn usage(&mut self) -> Value {
        let until = NOW + self.random.between(MINUTE, 5 * HOUR);
        match self.random.below(5) {
            0 => json!({ "cooldownUntil": until, "cooldownReason": "rate_limit", "errorCount": 2 }),
            1 => json!({ "disabledUntil": until, "disabledReason": "billing", "errorCount": 4 }),
            2 => json!({ "disabledUntil": until, "disabledReason": "auth_permanent", "errorCount": 4 }),
            3 => json!({ "cooldownUntil": NOW - HOUR, "errorCount": 1 }),
            _ => json!({ "lastUsed": NOW - HOUR, "errorCount": 0 }),
        }
    }

    /// An order of a provider's: some of its profiles, and now and then one that is not there.
    fn order(&mut self, profiles: &[(String, Value)]) -> Value {
        let provider = self.random.pick(profiles).0.split(':').next().unwrap().to_owned();
        let start = format!("{provider}:");
        let mut ids: Vec<String> =
            profiles.iter().map(|(id, _)| id.clone()).filter(|id| id.starts_with(&start)).collect();
        let middle = self.random.below(ids.len());
        ids.rotate_left(middle);
        match self.random.below(4) {
            0 => ids.truncate(1),
            1 => ids.insert(0, format!("{provider}:gone")),
            2 => ids = vec![format!("{provider}:gone")],
            _ => (),
        }
        json!({ provider: ids })
    }

    /// `.env`, as people write it.
    fn dotenv(&mut self, used: &[&'static Provider]) -> String {
        let mut lines = vec!["# keys".to_owned()];
        for provider in used {
            let export = self.random.pick(&["", "export "]);
            let quote = self.random.pick(&["", "\"", "'"]);
            lines.push(format!("{export}{}={quote}key{quote}", provider.variable));
        }
        lines.join("\n") + "\n"
    }

    /// The agents besides `main`, and which one is asked about.
    fn agents(
        &mut self,
        config: &mut Value,
        used: &mut Vec<&'static Provider>,
    ) -> (Vec<&'static str>, Option<&'static str>) {
        const NAMES: &[&str] = &["coder", "night-shift", "work"];
        let mut agents = vec!["main"];
        if self.random.chance(40) {
            agents.extend(&NAMES[self.random.below(NAMES.len())..]);
        }
        let (first, asked) = (*self.random.pick(&agents), self.random.chance(40));
        let asked = asked.then(|| *self.random.pick(&agents));
        let mut entries = Vec::new();
        for id in &agents {
            let mut entry = Map::new();
            if *id != "main" && self.random.chance(40) {
                let model = self.model(used);
                let value = match self.random.below(2) {
                    0 => json!(model),
                    _ => json!({ "primary": model, "fallbacks": [] }),
                };
                entry.insert("model".to_owned(), value);
            }
            entries.push((*id, entry));
        }
        if self.release.stores == Stores::Shared {
            let several = agents.len() > 1;
            if several || self.random.chance(20) {
                config["agents"]["entries"] = entries
                    .into_iter()
                    .map(|(id, entry)| (id.to_owned(), entry.into()))
                    .collect::<Map<_, _>>()
                    .into();
            }
            // Without an owner the command is refused where it names no agent.
            if several {
                config["agents"]["ownership"] = "explicit".into();
                if self.random.chance(80) {
                    config["agents"]["defaults"]["systemAgent"] = json!({ "agentId": first });
                }
            }
        } else if agents.len() > 1 {
            let list = entries.into_iter().map(|(id, mut entry)| {
                entry.insert("id".to_owned(), id.into());
                if id == first {
                    entry.insert("default".to_owned(), true.into());
                }
                Value::from(entry)
            });
            config["agents"]["list"] = list.collect();
        }
        (agents, asked)
    }

    fn case(&mut self) -> String {
        let state_dir = *self.random.pick(&[".openclaw", ".openclaw", ".openclaw", "data/openclaw"]);
        let mut variables = Map::from_iter([("SET_KEY".to_owned(), json!("key"))]);
        if state_dir != ".openclaw" {
            variables.insert("OPENCLAW_STATE_DIR".to_owned(), json!(format!("@HOME@/{state_dir}")));
        }
        let (mut files, mut used) = (Map::new(), Vec::new());
        let mut config = json!({ "agents": { "defaults": {} } });
        if self.random.chance(92) {
            let mut model = self.model(&mut used);
            if self.random.chance(10) {
                config["agents"]["defaults"]["models"] = json!({ &model: { "alias": "Fast" } });
                "fast".clone_into(&mut model);
            }
            let fallbacks: Vec<String> =
                (0..self.random.below(5) / 3).map(|_| self.model(&mut used)).collect();
            config["agents"]["defaults"]["model"] = if fallbacks.is_empty() && self.random.chance(40) {
                json!(model)
            } else {
                json!({ "primary": model, "fallbacks": fallbacks })
            };
        }
        if self.random.chance(10) {
            config["agents"]["defaults"]["imageModel"] = json!({ "primary": self.model(&mut used) });
        }
        let (agents, asked) = self.agents(&mut config, &mut used);
        if self.random.chance(10) {
            let key = *self.random.pick(&["key", "${SET_KEY}"]);
            config["models"] = json!({ "mode": "merge", "providers": { "custom-llm": {
                "baseUrl": "http://127.0.0.1:9/v1", "api": "openai-completions", "apiKey": key,
                "models": [{ "id": "m1", "name": "M1" }],
            } } });
            if self.random.chance(50) {
                config["agents"]["defaults"]["model"] = "custom-llm/m1".into();
            }
        }
        for provider in used.clone() {
            match self.random.below(30) {
                0..2 => _ = variables.insert(provider.variable.to_owned(), json!("key")),
                2 => config["env"] = json!({ "vars": { provider.variable: "key" } }),
                3 => _ = files.insert(format!("{state_dir}/.env"), self.dotenv(&[provider]).into()),
                _ => (),
            }
        }
        let (mut documents, mut main_profiles) = (Vec::new(), Vec::new());
        for agent in &agents {
            if self.random.chance(if *agent == "main" { 4 } else { 40 }) {
                continue;
            }
            let profiles = self.profiles(&used);
            let mut state = Map::new();
            if !profiles.is_empty() {
                if self.random.chance(25) {
                    let id = self.random.pick(&profiles).0.clone();
                    state.insert("usageStats".to_owned(), json!({ id: self.usage() }));
                }
                if self.random.chance(15) {
                    state.insert("order".to_owned(), self.order(&profiles));
                }
            }
            state.insert("version".to_owned(), json!(1));
            let state = if state.len() > 1 { Value::from(state) } else { Value::Null };
            let entries: Vec<String> =
                profiles.iter().map(|(id, value)| format!("{}:{value}", json!(id))).collect();
            documents.push(format!(
                r#""{agent}":{{"dir":"{state_dir}/agents/{agent}/agent","store":{{"version":1,"profiles":{{{}}}}},"state":{state}}}"#,
                entries.join(",")
            ));
            if *agent == "main" {
                main_profiles = profiles;
            }
        }
        if !main_profiles.is_empty() && self.random.chance(15) {
            config["auth"]["order"] = self.order(&main_profiles);
        }
        if !main_profiles.is_empty() && self.random.chance(15) {
            let (id, credential) = self.random.pick(&main_profiles).clone();
            let mode = *self.random.pick(&["api_key", "token", "oauth"]);
            config["auth"]["profiles"] = json!({ id: { "provider": credential["provider"], "mode": mode } });
        }
        if let Some(plugins) = self.release.plugins() {
            config["plugins"] = plugins;
        }
        if self.random.chance(50) {
            config["meta"] = json!({ "lastTouchedVersion": self.release.version });
        }
        let mut text = format!("{config:#}");
        if self.random.chance(15) {
            text = format!("// of this machine\n{}", text.replace("\"agents\":", "agents:"));
        }
        files.insert(format!("{state_dir}/openclaw.json"), text.into());
        let rest = json!({
            "id": "random", "now": NOW, "agent": asked, "stateDir": state_dir, "env": variables, "files": files,
            "config9": null, "leftover": false, "live": self.random.chance(25),
        });
        format!("{},\"docs\":{{{}}}}}", rest.to_string().strip_suffix('}').unwrap(), documents.join(","))
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
}

/// Asks both about random directories.
fn compare(generation: usize) {
    let release = Release::of(GENERATIONS[generation]);
    let seed =
        variable("AUTHWATCH_LIVE_CHECK_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let count = variable("AUTHWATCH_LIVE_CHECK_COUNT").unwrap_or(10);
    let (mut wrong, mut answers) = (Vec::new(), [0; 3]);
    for number in 0..count {
        let random = Random(seed.wrapping_add(number));
        let line = Generator { random, release: &release }.case();
        let case = Case::read(&line);
        let (home, _held) = case.lay_out(&release);
        // OpenClaw's command changes what it reads, so it is asked last.
        let mut codes = vec![case.ask(&home, &["--openclaw-version", &release.version])];
        if line.contains("lastTouchedVersion") {
            codes.push(case.ask(&home, &[]));
        }
        let arguments = [&["models", "status", "--check"], case.agent().as_slice()].concat();
        let real = Ran::of(release.command(&home, NOW, &arguments).output().unwrap());
        let code = usize::try_from(real.code).unwrap_or(usize::MAX);
        assert!(code < answers.len(), "OpenClaw came to no answer on {line}\n{}{}", real.stdout, real.stderr);
        answers[code] += 1;
        if codes.iter().any(|code| *code != real.code) {
            wrong.push(format!(
                "AUTHWATCH_LIVE_CHECK_SEED={} AUTHWATCH_LIVE_CHECK_COUNT=1\n{line}\nOpenClaw {} answers {}, authwatch \
                 {codes:?}\n{}{}",
                seed.wrapping_add(number),
                release.version,
                real.code,
                real.stdout,
                real.stderr
            ));
        }
    }
    println!("{}, seed {seed}: {answers:?} directories with exit codes 0, 1, and 2", release.version);
    assert!(wrong.is_empty(), "{} of {count} disagree:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn releases_that_count_every_login() {
    compare(0);
}

#[test]
fn releases_that_count_the_providers_in_use() {
    compare(1);
}

#[test]
fn releases_that_count_the_selected_login() {
    compare(2);
}
