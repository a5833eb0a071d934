//! `authwatch auth`: storing keys and tokens, signing in and out, and the order of profiles.

mod context;
mod login;
mod order;
mod paste;

use clap::{Args, Subcommand};
use openclaw_auth::discover::Agent;
use openclaw_auth::load::STORE_FILE;
use serde_json::json;

use self::context::{AgentArg, AuthContext, ask, failure, provider_id, say, say_place};
use self::login::LoginArgs;
use self::order::OrderCommand;
use self::paste::{PasteKeyArgs, PasteTokenArgs, SetupTokenArgs};
use crate::auth::view;
use crate::commands::context::{GlobalArgs, block_on, environment, own_state};
use crate::exit::{self, Failure};
use crate::model::ProfileHealth;
use crate::pipeline::{self, Request};
use crate::publish::words::{safe, state, wrap};
use crate::remedy::{OpenClawCommand, quote};
use crate::terminal;

#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// List an agent's profiles
    List(ListArgs),
    /// Store a token: hidden prompt, or standard input
    PasteToken(PasteTokenArgs),
    /// Store an API key: hidden prompt, or standard input
    PasteApiKey(PasteKeyArgs),
    /// Make a setup-token with Claude Code, and store it
    SetupToken(SetupTokenArgs),
    /// Sign in through a browser, on this machine or another
    Login(LoginArgs),
    /// Remove a profile from the store; a backup is kept
    Logout(LogoutArgs),
    /// Which of a provider's profiles is used first
    #[command(subcommand)]
    Order(OrderCommand),
    /// Take over the logins of `auth.json` and `credentials/oauth.json`, as OpenClaw's first use does
    Import(ImportArgs),
}

pub fn run(global: &GlobalArgs, command: &AuthCommand) -> Result<u8, Failure> {
    let context = AuthContext::find(global)?;
    match command {
        AuthCommand::List(args) => list(&context, args),
        AuthCommand::PasteToken(args) => paste::token(&context, args),
        AuthCommand::PasteApiKey(args) => paste::api_key(&context, args),
        AuthCommand::SetupToken(args) => paste::setup_token(&context, args),
        AuthCommand::Login(args) => login::run(&context, args),
        AuthCommand::Logout(args) => logout(&context, args),
        AuthCommand::Order(command) => order::run(&context, command),
        AuthCommand::Import(args) => import(&context, args),
    }
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only this provider's
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    #[command(flatten)]
    agent: AgentArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn list(context: &AuthContext, args: &ListArgs) -> Result<u8, Failure> {
    let agent = context.agent(&args.agent)?;
    let provider = args.provider.as_deref().map(provider_id).transpose()?;
    let request = Request { agents: vec![agent.id.to_string()], ..context.request() };
    let result = pipeline::run(context.roots(), environment(), &request);
    let Some(health) = result.snapshot.agents.first() else {
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
        terminal::print(format!("{answer:#}\n").as_bytes())?;
        return Ok(exit::OK);
    }
    let width = terminal::width();
    let mut report = String::new();
    for profile in profiles {
        report += &format!("{}\n", safe(profile.profile_id.as_str()));
        let inherited = if profile.inherited { ", from main" } else { "" };
        let line = format!("{}, {}{inherited}", profile.kind.as_str(), state(profile, result.snapshot.now));
        for line in wrap(&line, width.saturating_sub(2)) {
            report += &format!("  {line}\n");
        }
    }
    if report.is_empty() {
        report = format!("{} has no profiles\n", safe(agent.id.as_str()));
    }
    terminal::print(report.as_bytes())?;
    Ok(exit::OK)
}

#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// The profile to remove, such as anthropic:manual
    #[arg(value_name = "PROFILE")]
    profile: String,
    #[command(flatten)]
    agent: AgentArg,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

fn logout(context: &AuthContext, args: &LogoutArgs) -> Result<u8, Failure> {
    let profile = args.profile.trim();
    let agent = context.writable(&args.agent, OpenClawCommand::LogOut, &quote(profile))?;
    let (id, shown) = (safe(agent.id.as_str()), safe(profile));
    if !view::holds(context.roots(), agent, profile) {
        return Err(not_there(context, agent, profile));
    }
    if !args.yes {
        say(&format!("{shown} will be removed from {id}. A backup is kept."));
        match ask("Remove it?")? {
            Some(true) => {}
            Some(false) => return Err(Failure::new(exit::USAGE, "nothing was changed")),
            None => {
                return Err(Failure::new(exit::USAGE, "cannot prompt: not a terminal; nothing was changed")
                    .hint("give --yes to remove it"));
            }
        }
    }
    let own_state = own_state("backups")?;
    let removal = block_on(context.editor(agent, &own_state).remove(profile))?.map_err(failure)?;
    let Some(backups) = removal else { return Err(not_there(context, agent, profile)) };
    for backup in backups {
        say_place("a backup is in", &backup);
    }
    let others = context.others_with(agent, profile);
    if !others.is_empty() {
        say(&format!("{shown} is still in the stores of {}.", safe(&others.join(", "))));
    }
    terminal::print(format!("{id}\t{shown}\tremoved\n").as_bytes())?;
    Ok(exit::OK)
}

fn not_there(context: &AuthContext, agent: &Agent, profile: &str) -> Failure {
    let failure = Failure::new(
        exit::NO_INPUT,
        format!("there is no profile `{}` in the store of `{}`", safe(profile), safe(agent.id.as_str())),
    );
    match context.others_with(agent, profile).first() {
        Some(other) => failure.hint(format!(
            "it is in another agent's: authwatch auth logout {} --agent {}",
            quote(profile),
            quote(other)
        )),
        None => failure
            .hint(format!("`authwatch auth list --agent {}` lists the profiles", quote(agent.id.as_str()))),
    }
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    agent: AgentArg,
}

fn import(context: &AuthContext, args: &ImportArgs) -> Result<u8, Failure> {
    let agent = context.agent(&args.agent)?;
    if let Some(path) = view::database(context.roots(), &context.discovery, agent) {
        let problem =
            format!("the logins are in a database, `{}`, which OpenClaw alone may write", path.display());
        return Err(Failure::new(exit::CONFIGURATION, problem).hint("run: authwatch doctor"));
    }
    let own_state = own_state("backups")?;
    let imported = block_on(context.editor(agent, &own_state).import())?.map_err(failure)?;
    let Some(import) = imported else {
        say_place("There is a store already:", &agent.dir.join(STORE_FILE));
        say("OpenClaw imports legacy files only where there is none; nothing was changed.");
        return Ok(exit::OK);
    };
    if import.profiles.is_empty() {
        say("There is nothing to take over.");
        return Ok(exit::OK);
    }
    let mut report = String::new();
    for profile in &import.profiles {
        report += &format!("{}\t{}\timported\n", safe(agent.id.as_str()), safe(profile));
    }
    for source in &import.sources {
        say_place("taken over from this file, which is left as it is:", source);
    }
    terminal::print(report.as_bytes())?;
    Ok(exit::OK)
}
