//! `authwatch refresh`: renews what is due, and reports what came of it, or with `--dry-run` what would be done and why.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use openclaw_auth::discover;
use openclaw_auth::model::{AgentId, CredentialKind, Timestamp};
use openclaw_auth::paths::Roots;
use tokio::task::LocalSet;

use crate::clock;
use crate::commands::context::{Context, GlobalArgs, environment, own_state, runtime, unknown_agent};
use crate::config::{self, Config};
use crate::exit::{self, Failure};
use crate::model::Bucket;
use crate::publish::words::{date, safe, span};
use crate::refresh::candidates::{self, Candidates, Login, Selection};
use crate::refresh::outcome::{MisconfiguredReason, Outcome, TransientReason};
use crate::refresh::plan::{Clocks, Decision};
use crate::refresh::recovery::{self, Settled};
use crate::refresh::{self, Refresher, sequence};
use crate::remedy::Commands;
use crate::state::Memory;
use crate::stop::{self, Stopper};
use crate::terminal;
use crate::texts::text;

#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// Only this agent's logins (repeatable)
    #[arg(long, value_name = "ID")]
    agent: Vec<String>,
    /// Only this profile (repeatable)
    #[arg(long, value_name = "ID")]
    profile: Vec<String>,
    /// Renew what is not due, too; a refused login still needs a sign-in
    #[arg(long)]
    force: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(global: &GlobalArgs, args: &RefreshArgs) -> Result<u8, Failure> {
    let Context { config, roots } = Context::with_state_directory(global)?;
    let state_dir = own_state("authwatch's own state")?;
    if args.dry_run {
        let candidates = find(&roots, &state_dir, &config, args)?;
        return dry_run(&candidates, &config);
    }
    LocalSet::new().block_on(&runtime()?, renew(roots, state_dir, config, args))
}

fn find(roots: &Roots, state_dir: &Path, config: &Config, args: &RefreshArgs) -> Result<Candidates, Failure> {
    let memory = Memory::read(state_dir).map_err(|error| {
        Failure::new(exit::CANNOT_READ, "cannot read authwatch's own state").caused_by(error)
    })?;
    let discovery = discover::discover(roots, environment());
    let clocks = Clocks { now: clock::now(), boot: clock::boot() };
    let wanted = Selection { agents: args.agent.clone(), profiles: args.profile.clone(), force: args.force };
    let candidates = candidates::find(roots, &discovery, &memory, &config.refresh, &wanted, &clocks);
    check_selection(&candidates, roots, args)?;
    Ok(candidates)
}

/// A selection that matches nothing is an error.
fn check_selection(candidates: &Candidates, roots: &Roots, args: &RefreshArgs) -> Result<(), Failure> {
    if let Some(unknown) = candidates.unknown_agents.first() {
        return Err(unknown_agent(unknown, roots, candidates.agent_ids.iter().map(AgentId::as_str)));
    }
    let has =
        |wanted: &&String| candidates.logins.iter().any(|login| login.profile.as_str() == wanted.as_str());
    let Some(unknown) = args.profile.iter().find(|wanted| !has(wanted)) else { return Ok(()) };
    // It may be in a store that cannot be read, which is reported anyway.
    if !candidates.unreadable.is_empty() {
        return Ok(());
    }
    let known = candidates.profile_ids.iter().map(String::as_str);
    Err(Failure::new(exit::NO_INPUT, format!("no profile named `{unknown}`")).hint(
        match config::nearest(unknown, known) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "`authwatch status --format plain | cut -f2 | sort -u` lists the profiles".to_owned(),
        },
    ))
}

fn dry_run(candidates: &Candidates, config: &Config) -> Result<u8, Failure> {
    let now = clock::now();
    let (mut report, mut codes) = (String::new(), Vec::new());
    for login in &candidates.logins {
        // What the real run would find out before the call.
        let blocked = match login.decision {
            Decision::Due => sequence::check_endpoint(login, &config.refresh).err(),
            _ => None,
        };
        let (words, code) = match (&login.decision, blocked.map(Outcome::Misconfigured)) {
            (_, Some(outcome)) => {
                let words = outcome_text(login, &outcome, now, &Commands::default());
                (text("refresh-due-but", &[("outcome", &words)]), code(login, &outcome))
            }
            (Decision::NeedsSignIn(_), None) => (decision_text(login, now), exit::EXPIRED_OR_MISSING),
            (_, None) => (decision_text(login, now), exit::OK),
        };
        report += &line(login, &words);
        codes.push(code);
    }
    terminal::print(report.as_bytes())?;
    Ok(worst(codes.into_iter()))
}

fn decision_text(login: &Login, now: Timestamp) -> String {
    match &login.decision {
        Decision::Due => text("refresh-due", &[]),
        Decision::Fresh { until } => text("refresh-not-due", &[("left", &span(*until - now))]),
        Decision::Waiting { until } => text("refresh-waiting", &[("wait", &span(*until - now))]),
        Decision::NeedsSignIn(reason) => text(&format!("login-dead-{}", reason.as_str()), &[]),
        Decision::NotRenewable(reason) => text("refresh-not-here", &[("reason", reason)]),
    }
}

fn line(login: &Login, words: &str) -> String {
    format!("{}\t{}\t{words}\n", safe(login.agent.as_str()), safe(login.profile.as_str()))
}

async fn renew(roots: Roots, state_dir: PathBuf, config: Config, args: &RefreshArgs) -> Result<u8, Failure> {
    let stopper = Stopper::default();
    let stop = stopper.watch();
    let asked = stop::asked();
    tokio::task::spawn_local(async move {
        asked.await;
        tracing::info!("stopping: renewals in progress are finished, no others begin");
        stopper.stop();
        std::future::pending::<()>().await;
    });
    let refresher = Refresher::new(roots, state_dir, config, stop).await.map_err(|error| {
        let hint = error.hint();
        Failure::new(exit::CANNOT_WRITE, "cannot renew").caused_by(error).hint(hint)
    })?;
    let settled = recovery::settle(&refresher).await;
    let candidates = find(&refresher.roots, &refresher.state_dir, &refresher.config, args)?;
    for (agent, error) in &candidates.unreadable {
        tracing::warn!("agent {agent}: {}", error.message);
    }
    let refresher = Rc::new(refresher);
    let outcomes = refresh::run(&refresher, &candidates.logins, args.force, show_progress).await;

    let (mut report, mut codes) = (String::new(), Vec::new());
    for (path, settled) in &settled {
        let words = match settled {
            Settled::Stored => text("recovery-stored", &[]),
            Settled::Superseded => text("recovery-superseded", &[]),
            Settled::Later(problem) => {
                codes.push(exit::CANNOT_WRITE);
                text("recovery-later", &[("problem", problem)])
            }
        };
        report += &format!("recovery\t{}\t{}\n", safe(&path.to_string_lossy()), safe(&words));
    }
    let now = clock::now();
    let (json, database) = (Commands::for_json(&refresher.roots), Commands::for_databases(&refresher.roots));
    for (login, (outcome, _)) in candidates.logins.iter().zip(&outcomes) {
        let commands = if login.is_in_database() { &database } else { &json };
        report += &line(login, &outcome_text(login, outcome, now, commands));
        codes.push(code(login, outcome));
    }
    if !candidates.unreadable.is_empty() {
        codes.push(exit::EXPIRED_OR_MISSING);
    }
    terminal::print(report.as_bytes())?;
    Ok(worst(codes.into_iter()))
}

fn show_progress(login: &Login) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let (agent, profile) = (safe(login.agent.as_str()), safe(login.profile.as_str()));
        let _ = writeln!(stderr, "agent {agent}: renewing {profile} …");
    }
}

fn outcome_text(login: &Login, outcome: &Outcome, now: Timestamp, commands: &Commands) -> String {
    let valid = |name: &str, expires: &Timestamp| {
        let validity = if expires.is_finite() {
            text("refresh-valid-until", &[("left", &span(*expires - now)), ("at", &date(*expires))])
        } else {
            text("refresh-valid", &[])
        };
        text(name, &[("validity", &validity)])
    };
    match outcome {
        Outcome::Refreshed { expires } => valid("refresh-renewed", expires),
        Outcome::AlreadyFresh { expires } => valid("refresh-fresh", expires),
        Outcome::Adopted { expires } => valid("refresh-adopted", expires),
        Outcome::NotRenewable(reason) => {
            text("refresh-not-renewable", &[("reason", reason), ("status", &login.status.as_str())])
        }
        Outcome::Stopped => text("refresh-stopped", &[]),
        Outcome::Superseded => text("refresh-superseded", &[]),
        Outcome::Contended => text("refresh-contended", &[]),
        Outcome::Transient(TransientReason::NotStored, _) => text("refresh-not-stored", &[]),
        Outcome::Transient(reason, None) => text("refresh-failed", &[("reason", reason)]),
        Outcome::Transient(reason, Some(wait)) => {
            text("refresh-failed-wait", &[("reason", reason), ("wait", &span(*wait))])
        }
        Outcome::NeedsSignIn(reason) => {
            let reason = text(&format!("login-dead-{}", reason.as_str()), &[]);
            let profile = login.profile.as_str();
            let command = commands.sign_in(&login.agent, &login.provider, CredentialKind::OAuth, profile);
            text("refresh-needs-sign-in", &[("reason", &reason), ("command", &command)])
        }
        Outcome::Misconfigured(MisconfiguredReason::OtherAccount) => text("refresh-other-account", &[]),
        Outcome::Misconfigured(reason) => {
            let provider = safe(login.provider.as_str());
            text("refresh-misconfigured", &[("reason", reason), ("provider", &provider)])
        }
    }
}

/// What one outcome means for the exit code.
fn code(login: &Login, outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::NotRenewable(_) if login.status.bucket() == Bucket::Missing => exit::EXPIRED_OR_MISSING,
        Outcome::NeedsSignIn(_) => exit::EXPIRED_OR_MISSING,
        Outcome::Refreshed { .. }
        | Outcome::AlreadyFresh { .. }
        | Outcome::Adopted { .. }
        | Outcome::NotRenewable(_) => exit::OK,
        Outcome::Transient(TransientReason::StoreNotWritable | TransientReason::NotStored, _) => {
            exit::CANNOT_WRITE
        }
        Outcome::Transient(TransientReason::StoreNotReadable, _) => exit::CANNOT_READ,
        Outcome::Transient(..) | Outcome::Contended | Outcome::Stopped | Outcome::Superseded => {
            exit::TRY_AGAIN
        }
        Outcome::Misconfigured(_) => exit::CONFIGURATION,
    }
}

/// What a person must fix comes before what resolves by itself.
fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    const ORDER: [u8; 6] = [
        exit::OK,
        exit::TRY_AGAIN,
        exit::CONFIGURATION,
        exit::CANNOT_READ,
        exit::CANNOT_WRITE,
        exit::EXPIRED_OR_MISSING,
    ];
    let rank = |code: u8| ORDER.iter().position(|known| *known == code).unwrap_or(ORDER.len());
    codes.max_by_key(|code| rank(*code)).unwrap_or(exit::OK)
}
