//! Homes that several areas' tests look at.

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::home::{DAY, HOUR, Home, oauth, token};
use crate::support::renewal::PROFILE;
use crate::support::time::now;
use crate::support::token_server::TokenServer;

/// The lock under which OpenClaw renews [`PROFILE`].
const REFRESH_LOCK: &str = ".openclaw/locks/oauth-refresh/sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65.lock";

/// A state in which there is something of everything: a renewal, a login being renewed by somebody else, a cooldown, a
/// provider without any login, a key that is in no store, an expired login, a store that cannot be read.
pub(crate) fn everything(server: &TokenServer) -> Home {
    let until = now() + 3_600_000;
    let codex = json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": "r", "expires": now() + 864_000_000 });
    let due = json!({ "type": "oauth", "provider": "xai", "access": "a", "refresh": server.sign_in("xai"), "expires": now() });
    let since = chrono::DateTime::from_timestamp_millis(now()).unwrap();
    let lock = json!({ "pid": std::process::id(), "createdAt": since.to_rfc3339_opts(chrono::SecondsFormat::Millis, true) });
    Home::new()
        .file(
            ".config/authwatch/config.toml",
            server.config(&["openai-codex", "xai"]) + "[notify.command.nobody]\nrun = [\"true\"]\n",
        )
        .file(
            ".openclaw/openclaw.json",
            "{ agents: { defaults: { model: { primary: 'mistral/mistral-large', fallbacks: ['openrouter/auto'] } } } }",
        )
        .file(".openclaw/.env", "OPENROUTER_API_KEY=k\n")
        .profiles(
            "main",
            &json!({
                PROFILE: codex,
                "xai:default": due,
                "groq:default": { "type": "api_key", "provider": "groq", "key": "k" },
                "zai:old": { "type": "token", "provider": "zai", "token": "t", "expires": now() - 60_000 },
            }),
        )
        .file(
            ".openclaw/agents/main/agent/auth-state.json",
            json!({ "version": 1, "usageStats": {
            "groq:default": { "cooldownUntil": until, "cooldownReason": "rate_limit", "errorCount": 1 } } })
            .to_string(),
        )
        .file(".openclaw/agents/broken/agent/auth-profiles.json", "{")
        .file(REFRESH_LOCK, lock.to_string())
}

/// The daemon in that home, once every metric has a sample.
pub(crate) fn daemon_with_everything(home: &Home) -> Daemon {
    let daemon = Daemon::ready(home, &[]);
    daemon.wait_for_metric("authwatch_refresh_attempts_total{provider=\"xai\"}", 1.0);
    let next =
        "authwatch_refresh_next_timestamp_seconds{agent=\"main\",provider=\"xai\",profile=\"xai:default\"}";
    daemon.wait("the next renewal is known", || daemon.metric(next).is_some());
    daemon.wait("somebody is told", || {
        daemon.metric("authwatch_notifications_total{channel=\"nobody\"}").is_some_and(|told| told >= 1.0)
    });
    daemon
}

/// All fine; three problems; two hundred agents that inherit three logins, of which two have a problem of their own. Everything
/// expires `later` milliseconds later than as of [`AT`](crate::support::home::AT).
pub(crate) fn three_states(later: i64) -> [(&'static str, Home); 3] {
    let (token, oauth) =
        (|provider, left| token(provider, left + later), |provider, left| oauth(provider, left + later));
    let fine = Home::new()
        .profiles(
            "main",
            &json!({ "anthropic:manual": token("anthropic", 90 * DAY), "xai:default": oauth("xai", 9 * DAY) }),
        )
        .file(".openclaw/openclaw.json", "{ meta: { lastTouchedVersion: '2026.4.29' } }");
    let problems = Home::new()
        .profiles(
            "main",
            &json!({
                "anthropic:manual": token("anthropic", -HOUR),
                "openai-codex:default": oauth("openai-codex", 6 * DAY),
                "zai:default": token("zai", 5 * HOUR),
            }),
        )
        .file(
            ".openclaw/openclaw.json",
            "{ agents: { defaults: { model: { primary: 'anthropic/claude-opus-4-5', fallbacks: ['mistral/large'] } } } }",
        );
    let mut fleet = Home::new().profiles(
        "main",
        &json!({
            "anthropic:manual": token("anthropic", 90 * DAY),
            "openai-codex:default": oauth("openai-codex", 6 * DAY),
            "openrouter:default": { "type": "api_key", "provider": "openrouter", "key": "k" },
        }),
    );
    for number in 1..200 {
        let own = match number {
            17 => json!({ "xai:default": token("xai", -2 * DAY) }),
            101 => json!({ "mistral:default": token("mistral", 5 * HOUR) }),
            _ => json!({}),
        };
        fleet = fleet.profiles(&format!("agent-{number:03}"), &own);
    }
    [("fine", fine), ("three_problems", problems), ("two_of_two_hundred", fleet)]
}
