//! The keys that scripts read from `openclaw models status --json`, so that they work with the program's name changed.

use std::io::{self, Write};

use openclaw_auth::model::{CooldownKind, CredentialKind, Timestamp};
use serde_json::{Value, json};

use crate::model::{AgentHealth, ProfileHealth, Snapshot};

/// The window OpenClaw names in its answer.
const WARN_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn write(snapshot: &Snapshot, agent: &AgentHealth, out: &mut dyn Write) -> io::Result<()> {
    let oauth_providers: Vec<Value> = agent
        .providers
        .iter()
        .map(|provider| {
            json!({
                "provider": provider.provider,
                "status": provider.status,
                "expiresAt": provider.expires_at,
                "remainingMs": provider.remaining_ms,
                "profiles": of_provider(agent, provider.provider.as_str()).map(profile).collect::<Vec<_>>(),
            })
        })
        .collect();
    let report = json!({
        "configPath": snapshot.config.path.to_string_lossy(),
        "agentId": agent.id,
        "agentDir": agent.dir.to_string_lossy(),
        "auth": {
            "storePath": agent.store.path.to_string_lossy(),
            "missingProvidersInUse": agent.missing_providers_in_use,
            "providersWithOAuth": providers_with_oauth(agent),
            "unusableProfiles": unusable_profiles(agent, snapshot.now),
            "providers": providers(agent),
            "oauth": {
                "warnAfterMs": WARN_AFTER_MS,
                "profiles": agent.profiles.iter().map(profile).collect::<Vec<_>>(),
                "providers": oauth_providers,
            },
        },
    });
    serde_json::to_writer_pretty(&mut *out, &without_nulls(report))?;
    writeln!(out)
}

fn of_provider<'a>(agent: &'a AgentHealth, id: &'a str) -> impl Iterator<Item = &'a ProfileHealth> {
    agent.profiles.iter().filter(move |profile| profile.provider.as_str() == id)
}

fn profile(profile: &ProfileHealth) -> Value {
    json!({
        "profileId": profile.profile_id,
        "provider": profile.provider,
        "type": profile.kind,
        "status": profile.status,
        "reasonCode": profile.reason_code,
        "expiresAt": profile.expires_at,
        "remainingMs": profile.remaining_ms,
        "source": "store",
        "label": profile.profile_id,
    })
}

fn count(agent: &AgentHealth, id: &str, kind: CredentialKind) -> usize {
    of_provider(agent, id).filter(|profile| profile.kind == kind).count()
}

fn providers_with_oauth(agent: &AgentHealth) -> Vec<String> {
    let counted = agent.providers.iter().map(|provider| {
        let id = provider.provider.as_str();
        (id, count(agent, id, CredentialKind::OAuth) + count(agent, id, CredentialKind::Token))
    });
    counted.filter(|(_, count)| *count > 0).map(|(id, count)| format!("{id} ({count})")).collect()
}

fn providers(agent: &AgentHealth) -> Vec<Value> {
    let provider = |id: &str| {
        json!({
            "provider": id,
            "profiles": {
                "count": of_provider(agent, id).count(),
                "oauth": count(agent, id, CredentialKind::OAuth),
                "token": count(agent, id, CredentialKind::Token),
                "apiKey": count(agent, id, CredentialKind::ApiKey),
            },
        })
    };
    agent.providers.iter().map(|health| provider(health.provider.as_str())).collect()
}

fn unusable_profiles(agent: &AgentHealth, now: Timestamp) -> Vec<Value> {
    let mut unusable: Vec<_> =
        agent.profiles.iter().filter_map(|profile| Some((profile, profile.cooldown.as_ref()?))).collect();
    unusable.sort_by(|(_, one), (_, other)| one.until.total_cmp(&other.until));
    unusable
        .into_iter()
        .map(|(profile, cooldown)| {
            json!({
                "profileId": profile.profile_id,
                "provider": profile.provider,
                "kind": cooldown.kind,
                "reason": if cooldown.kind == CooldownKind::Disabled { cooldown.reason.clone() } else { None },
                "until": cooldown.until,
                "remainingMs": cooldown.until - now,
            })
        })
        .collect()
}

/// JavaScript leaves out what is undefined.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
