//! `auth list`: an agent's profiles, by name.

use clap::Args;
use serde_json::json;

use super::context::{AuthContext, provider_id};
use crate::commands::context::environment;
use crate::console;
use crate::exit::{self, Failure};
use crate::model::ProfileHealth;
use crate::pipeline::{self, Request};
use crate::publish::words::{safe, state, wrap};

/// The flags of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only this provider's
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// The agent [default: the configured default agent]
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &AuthContext, args: &ListArgs) -> Result<u8, Failure> {
    let agent = context.agent(args.agent.as_deref())?;
    let provider = args.provider.as_deref().map(provider_id).transpose()?;
    let request =
        Request { semantics: context.semantics(), agents: vec![agent.id.to_string()], ..Request::default() };
    let look = pipeline::look(context.roots(), environment(), &request);
    let Some(health) = look.snapshot.agents.first() else {
        return Err(Failure::new(exit::NO_INPUT, "the agent is gone"));
    };
    if let Some(error) = &health.store.error {
        return Err(Failure::new(exit::CANNOT_READ, error.message.clone())
            .hint("`authwatch doctor` says more about the file"));
    }
    let wanted = |profile: &&ProfileHealth| {
        provider.as_deref().is_none_or(|provider| profile.provider.as_str() == provider)
    };
    let profiles: Vec<_> = health.profiles.iter().filter(wanted).collect();
    if args.json {
        let profiles: Vec<_> = profiles
            .iter()
            .map(|profile| {
                json!({
                    "id": profile.profile_id,
                    "provider": profile.provider,
                    "type": profile.kind,
                    "status": profile.status,
                    "login": profile.login,
                    "expiresAt": profile.end(),
                    "inherited": profile.inherited,
                })
            })
            .collect();
        let answer = json!({
            "formatVersion": 1,
            "agentId": agent.id,
            "agentDir": agent.dir.to_string_lossy(),
            "storePath": health.store.path.to_string_lossy(),
            "profiles": profiles,
        });
        console::print(format!("{answer:#}\n").as_bytes())?;
        return Ok(exit::OK);
    }
    let width = console::width();
    let mut report = String::new();
    for profile in profiles {
        report += &format!("{}\n", safe(profile.profile_id.as_str()));
        let inherited = if profile.inherited { ", from main" } else { "" };
        let line = format!("{}, {}{inherited}", profile.kind.as_str(), state(profile, look.snapshot.now));
        for line in wrap(&line, width.saturating_sub(2)) {
            report += &format!("  {line}\n");
        }
    }
    if report.is_empty() {
        report = format!("{} has no profiles\n", safe(agent.id.as_str()));
    }
    console::print(report.as_bytes())?;
    Ok(exit::OK)
}
