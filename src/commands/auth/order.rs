//! `auth order`: which of a provider's profiles is used first.

use clap::{Args, Subcommand};
use openclaw_auth::attempts::{Attempts, Origin, Verdict};
use openclaw_auth::discover::Agent;
use openclaw_auth::load::STATE_FILE;
use openclaw_auth::model::{CooldownKind, ReasonCode, Timestamp};
use serde_json::json;

use super::context::{AgentArg, AuthContext, failure, provider_id, say};
use crate::auth::view;
use crate::clock;
use crate::commands::context::{block_on, own_state};
use crate::exit::{self, Failure};
use crate::publish::words::{safe, span, wrap};
use crate::remedy::{OpenClawCommand, quote};
use crate::terminal;

#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Show the order, which profile would be used now, and why not those before it
    Get(GetArgs),
    /// Set the order
    Set(SetArgs),
    /// Go back to the configuration's order, or to OpenClaw's own
    Clear(OrderArgs),
}

/// Whose order it is.
#[derive(Debug, Args)]
pub struct OrderArgs {
    /// The provider
    #[arg(long, value_name = "ID")]
    provider: String,
    #[command(flatten)]
    agent: AgentArg,
}

#[derive(Debug, Args)]
pub struct GetArgs {
    #[command(flatten)]
    order: OrderArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct SetArgs {
    #[command(flatten)]
    order: OrderArgs,
    /// The profiles, the first to be used first
    #[arg(value_name = "PROFILE", required = true)]
    profiles: Vec<String>,
}

pub(super) fn run(context: &AuthContext, command: &OrderCommand) -> Result<u8, Failure> {
    match command {
        OrderCommand::Get(args) => get(context, args),
        OrderCommand::Set(args) => set(context, args),
        OrderCommand::Clear(args) => clear(context, args),
    }
}

fn get(context: &AuthContext, args: &GetArgs) -> Result<u8, Failure> {
    let agent = context.agent(&args.order.agent)?;
    let provider = provider_id(&args.order.provider)?;
    let attempts = context.attempts(agent, &provider);
    let now = clock::now();
    let answer = if args.json {
        as_json(&attempts, agent, &provider)
    } else {
        as_text(&attempts, agent, &provider, now)
    };
    terminal::print(answer.as_bytes())?;
    Ok(exit::OK)
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Stored => "set for this agent",
        Origin::Inherited => "set for main, and inherited",
        Origin::Configured => "set in the configuration (auth.order)",
        Origin::Automatic => "not set; logins before tokens before keys",
    }
}

fn as_text(attempts: &Attempts, agent: &Agent, provider: &str, now: Timestamp) -> String {
    let width = terminal::width();
    let mut answer = String::new();
    let mut add = |indent: &str, text: &str| {
        for (number, line) in wrap(text, width.saturating_sub(indent.len())).into_iter().enumerate() {
            let blank = " ".repeat(indent.len());
            answer += &format!("{}{line}\n", if number == 0 { indent } else { &blank });
        }
    };
    add("", &format!("{} of {}: {}", safe(provider), safe(agent.id.as_str()), origin(attempts.origin)));
    let used = attempts.used();
    for (number, (id, verdict)) in attempts.profiles.iter().enumerate() {
        let is_used = used == Some(id.as_str());
        add(&format!("{:>3}. ", number + 1), &safe(id));
        if is_used {
            add("     ", "would be used now");
        }
        if let Some(why) = why_not(verdict, now) {
            add("     ", &why);
        }
    }
    if used.is_none() {
        add("", "No profile would be used.");
    }
    answer
}

fn why_not(verdict: &Verdict, now: Timestamp) -> Option<String> {
    Some(match verdict {
        Verdict::Usable => return None,
        Verdict::Waiting(cooldown) => {
            let kind = match cooldown.kind {
                CooldownKind::Cooldown => "cooling down",
                CooldownKind::Disabled => "disabled",
            };
            let reason = cooldown.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            format!("{kind}{reason} for another {}", span(cooldown.until - now))
        }
        Verdict::Absent => "no such profile".to_owned(),
        Verdict::OtherProvider(other) => format!("is a profile of {}", safe(other)),
        Verdict::Contradicted => "contradicts the configuration (auth.profiles)".to_owned(),
        Verdict::Ineligible(ReasonCode::MissingCredential) => "holds no credential".to_owned(),
        Verdict::Ineligible(ReasonCode::InvalidExpires) => "its `expires` is not a valid time".to_owned(),
        Verdict::Ineligible(ReasonCode::Expired) => "expired".to_owned(),
        Verdict::Ineligible(ReasonCode::MalformedApiKey) => {
            "holds a command line in place of a key".to_owned()
        }
        Verdict::Ineligible(ReasonCode::SetupInactive) => "saved, but its setup is not finished".to_owned(),
        Verdict::Ineligible(ReasonCode::UnresolvedRef) => {
            "refers to a secret that only OpenClaw can resolve".to_owned()
        }
    })
}

fn verdict_code(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Usable => "usable",
        Verdict::Waiting(cooldown) if cooldown.kind == CooldownKind::Disabled => "disabled",
        Verdict::Waiting(_) => "cooldown",
        Verdict::Absent => "absent",
        Verdict::OtherProvider(_) => "other_provider",
        Verdict::Contradicted => "contradicted",
        Verdict::Ineligible(reason) => reason.as_str(),
    }
}

fn as_json(attempts: &Attempts, agent: &Agent, provider: &str) -> String {
    let explicit = attempts.origin != Origin::Automatic;
    let ids: Vec<_> = attempts.profiles.iter().map(|(id, _)| id).collect();
    let profiles: Vec<_> = attempts
        .profiles
        .iter()
        .map(|(id, verdict)| {
            let until = match verdict {
                Verdict::Waiting(cooldown) => Some(cooldown.until),
                _ => None,
            };
            json!({ "id": id, "verdict": verdict_code(verdict), "until": until })
        })
        .collect();
    let answer = json!({
        "formatVersion": 1,
        "agentId": agent.id,
        "agentDir": agent.dir.to_string_lossy(),
        "authStatePath": agent.dir.join(STATE_FILE).to_string_lossy(),
        "provider": provider,
        "order": explicit.then_some(ids),
        "origin": match attempts.origin {
            Origin::Stored => "stored",
            Origin::Inherited => "inherited",
            Origin::Configured => "configured",
            Origin::Automatic => "automatic",
        },
        "profiles": profiles,
        "used": attempts.used(),
    });
    format!("{answer:#}\n")
}

fn set(context: &AuthContext, args: &SetArgs) -> Result<u8, Failure> {
    let provider = provider_id(&args.order.provider)?;
    let mut ids: Vec<String> = Vec::new();
    for id in args.profiles.iter().flat_map(|ids| ids.split(',')).map(str::trim) {
        if !id.is_empty() && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    let quoted: Vec<String> = ids.iter().map(|id| quote(id)).collect();
    if ids.is_empty() {
        return Err(Failure::new(exit::USAGE, "an order needs at least one profile")
            .hint("`authwatch auth order clear` removes the order"));
    }
    let arguments = format!("--provider {} {}", quote(&provider), quoted.join(" "));
    let agent = context.writable(&args.order.agent, OpenClawCommand::SetOrder, &arguments)?;
    for id in &ids {
        check_profile(context, agent, &provider, id)?;
    }
    change(context, agent, &provider, Some(&ids))
}

fn clear(context: &AuthContext, args: &OrderArgs) -> Result<u8, Failure> {
    let provider = provider_id(&args.provider)?;
    let arguments = format!("--provider {}", quote(&provider));
    let agent = context.writable(&args.agent, OpenClawCommand::ClearOrder, &arguments)?;
    change(context, agent, &provider, None)
}

/// Checks that a profile exists and is the provider's.
fn check_profile(context: &AuthContext, agent: &Agent, provider: &str, id: &str) -> Result<(), Failure> {
    let of = view::provider_of(context.roots(), &context.discovery, agent, id, context.reading());
    let hint = format!("`authwatch auth list --agent {}` lists the profiles", quote(agent.id.as_str()));
    match of {
        Some(of) if of == provider => Ok(()),
        Some(of) => {
            let problem = format!("`{}` is a profile of {}, not of {provider}", safe(id), safe(&of));
            Err(Failure::new(exit::USAGE, problem).hint(hint))
        }
        None => {
            let problem = format!("`{}` sees no profile `{}`", safe(agent.id.as_str()), safe(id));
            Err(Failure::new(exit::NO_INPUT, problem).hint(hint))
        }
    }
}

fn change(
    context: &AuthContext,
    agent: &Agent,
    provider: &str,
    ids: Option<&[String]>,
) -> Result<u8, Failure> {
    let own_state = own_state("backups")?;
    let changed = block_on(context.editor(agent, &own_state).order(provider, ids))?.map_err(failure)?;
    if !changed {
        say("Nothing to change.");
    }
    let attempts = context.attempts(agent, provider);
    terminal::print(as_text(&attempts, agent, provider, clock::now()).as_bytes())?;
    Ok(exit::OK)
}
