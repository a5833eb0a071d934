//! `authwatch refresh`: says who is due and why not, renews, and says what came of it.

use std::io::{IsTerminal, Write};
use std::rc::Rc;

use clap::Args;
use openclaw_auth::discover;
use openclaw_auth::model::{AgentId, CredentialKind, Span, Timestamp};
use openclaw_auth::paths::Roots;
use tokio::task::LocalSet;

use crate::clock;
use crate::commands::context::{Context, GlobalArgs, environment, own_state, runtime, unknown_agent};
use crate::config::{self, Config};
use crate::console;
use crate::exit::{self, Failure};
use crate::model::Bucket;
use crate::publish::words::{date, safe, span};
use crate::refresh::candidates::{self, Candidates, Login, Selection};
use crate::refresh::outcome::{MisconfiguredReason, Outcome, TransientReason};
use crate::refresh::plan::{Clocks, Decision};
use crate::refresh::recovery::{self, Restored};
use crate::refresh::{Refresher, round, sequence};
use crate::remedy::Commands;
use crate::state::Memory;
use crate::stop::{self, Stopper};

/// The flags of `refresh`.
#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// Only this agent's logins (repeatable)
    #[arg(long, value_name = "ID")]
    agent: Vec<String>,
    /// Only this profile (repeatable)
    #[arg(long, value_name = "ID")]
    profile: Vec<String>,
    /// Renew what is not due, too; a dead login is never presented again all the same
    #[arg(long)]
    force: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub fn run(global: &GlobalArgs, args: &RefreshArgs) -> Result<u8, Failure> {
    let Context { config, roots } = Context::with_state_directory(global)?;
    let state_dir = own_state("authwatch's own state")?;
    if args.dry_run {
        let candidates = look(&roots, &state_dir, &config, args)?;
        matched(&candidates, &roots, args)?;
        return dry_run(&candidates, &config);
    }
    LocalSet::new().block_on(&runtime()?, act(roots, state_dir, config, args))
}

fn look(
    roots: &Roots,
    state_dir: &std::path::Path,
    config: &Config,
    args: &RefreshArgs,
) -> Result<Candidates, Failure> {
    let memory = Memory::read(state_dir).map_err(memory_failure)?;
    let discovery = discover::discover(roots, environment());
    let clocks = Clocks { now: clock::now(), boot: clock::boot() };
    let wanted = Selection { agents: args.agent.clone(), profiles: args.profile.clone(), force: args.force };
    Ok(candidates::find(roots, &discovery, &memory, &config.refresh, &wanted, &clocks))
}

fn memory_failure(error: crate::state::MemoryError) -> Failure {
    Failure::new(exit::CANNOT_READ, "cannot read authwatch's own state").caused_by(error)
}

/// A selection that matches nothing is a mistake.
fn matched(candidates: &Candidates, roots: &Roots, args: &RefreshArgs) -> Result<(), Failure> {
    if let Some(unknown) = candidates.unknown_agents.first() {
        return Err(unknown_agent(unknown, roots, candidates.agent_ids.iter().map(AgentId::as_str)));
    }
    let has =
        |wanted: &&String| candidates.logins.iter().any(|login| login.profile.as_str() == wanted.as_str());
    let Some(unknown) = args.profile.iter().find(|wanted| !has(wanted)) else { return Ok(()) };
    // It may be in a store that cannot be read, which is told anyway.
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
        // What the real run would find out before it calls anybody.
        let outcome = match login.decision {
            Decision::Due => sequence::check_endpoint(login, &config.refresh).err(),
            _ => None,
        }
        .map(Outcome::Misconfigured);
        report += &match &outcome {
            Some(outcome) => {
                line(login, &format!("due, but {}", outcome_words(login, outcome, now, &Commands::default())))
            }
            None => line(login, &decision_words(login, now)),
        };
        codes.push(match (&login.decision, &outcome) {
            (Decision::Dead(_), _) => exit::EXPIRED_OR_MISSING,
            (_, Some(outcome)) => code(login, outcome),
            _ => exit::OK,
        });
    }
    console::print(report.as_bytes())?;
    Ok(worst(codes.into_iter()))
}

fn decision_words(login: &Login, now: Timestamp) -> String {
    match &login.decision {
        Decision::Due => "due: would be renewed now".to_owned(),
        Decision::Fresh { until } => format!("not due for another {}", span(*until - now)),
        Decision::Waiting { until } => {
            format!("failed before; tried again in {}", span(*until - now))
        }
        Decision::Dead(reason) => format!("dead ({}): sign in again", reason.as_str()),
        Decision::NotRenewable(reason) => format!("not renewed from here ({reason})"),
    }
}

fn line(login: &Login, words: &str) -> String {
    format!("{}\t{}\t{words}\n", safe(login.agent.as_str()), safe(login.profile.as_str()))
}

async fn act(
    roots: Roots,
    state_dir: std::path::PathBuf,
    config: Config,
    args: &RefreshArgs,
) -> Result<u8, Failure> {
    let stopper = Stopper::default();
    let stop = stopper.watch();
    let asked = stop::asked();
    tokio::task::spawn_local(async move {
        asked.await;
        tracing::info!("stopping: what has begun is finished, nothing new is begun");
        stopper.stop();
        std::future::pending::<()>().await;
    });
    let refresher = Refresher::new(roots, state_dir, config, stop).await.map_err(|error| {
        let hint = error.hint();
        Failure::new(exit::CANNOT_WRITE, "nothing is renewed").caused_by(error).hint(hint)
    })?;
    let settled = recovery::settle(&refresher).await;
    let candidates = look(&refresher.roots, &refresher.state_dir, &refresher.config, args)?;
    matched(&candidates, &refresher.roots, args)?;
    for (agent, error) in &candidates.unreadable {
        tracing::warn!("agent {agent}: {}", error.message);
    }
    let refresher = Rc::new(refresher);
    let outcomes = round::run(&refresher, &candidates.logins, args.force, progress).await;
    let outcomes: Vec<Outcome> = outcomes.into_iter().map(|(outcome, _)| outcome).collect();

    let now = clock::now();
    let commands = Commands::for_json(&refresher.roots);
    let mut report = String::new();
    for (path, restored) in &settled {
        let words = match restored {
            Restored::PutBack => "put back".to_owned(),
            Restored::Superseded => "superseded by a newer login; kept".to_owned(),
            Restored::Later(problem) => format!("cannot be put back yet: {problem}"),
        };
        report += &format!("rescue\t{}\t{}\n", safe(&path.to_string_lossy()), safe(&words));
    }
    for (login, outcome) in candidates.logins.iter().zip(&outcomes) {
        report += &line(login, &outcome_words(login, outcome, now, &commands));
    }
    console::print(report.as_bytes())?;
    let later = settled.iter().any(|(_, restored)| matches!(restored, Restored::Later(_)));
    let codes = candidates.logins.iter().zip(&outcomes).map(|(login, outcome)| code(login, outcome));
    let unreadable = if candidates.unreadable.is_empty() { exit::OK } else { exit::EXPIRED_OR_MISSING };
    let rescue = if later { exit::CANNOT_WRITE } else { exit::OK };
    Ok(worst(codes.chain([unreadable, rescue])))
}

fn progress(login: &Login) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ =
            writeln!(stderr, "renewing {} of {} …", safe(login.profile.as_str()), safe(login.agent.as_str()));
    }
}

fn outcome_words(login: &Login, outcome: &Outcome, now: Timestamp, commands: &Commands) -> String {
    let left = |expires: &Timestamp| {
        let left = span(*expires - now);
        if expires.is_finite() {
            format!("valid for {left}, until {}", date(*expires))
        } else {
            "valid".to_owned()
        }
    };
    let again = |retry_after: &Option<Span>| {
        retry_after.map_or_else(|| "try later".to_owned(), |wait| format!("try again in {}", span(wait)))
    };
    match outcome {
        Outcome::Refreshed { expires } => format!("renewed, {}", left(expires)),
        Outcome::AlreadyFresh { expires } => format!("fresh, {}", left(expires)),
        Outcome::Adopted { expires } => format!("fresh in another store, {}", left(expires)),
        Outcome::NotRenewable(reason) => {
            format!("not renewed from here ({reason}), {}", login.status.as_str())
        }
        Outcome::Stopped => "not begun: asked to stop".to_owned(),
        Outcome::Superseded => {
            "renewed, but the profile was changed meanwhile: that change stays, and what was renewed is kept aside \
             (see `authwatch doctor`)"
                .to_owned()
        }
        Outcome::Contended => "another process is renewing it: try later".to_owned(),
        Outcome::Transient(TransientReason::Rescued, _) => {
            "renewed, but it could not be stored: it is in a recovery file, run `authwatch refresh` again"
                .to_owned()
        }
        Outcome::Transient(reason, retry_after) => format!("not renewed ({reason}): {}", again(retry_after)),
        Outcome::Dead(reason) => {
            let command = commands.sign_in(&login.agent, &login.provider, CredentialKind::OAuth, login.profile.as_str());
            format!("dead ({}): sign in again with `{command}`", reason.as_str())
        }
        Outcome::Misconfigured(MisconfiguredReason::OtherAccount) => {
            "the provider answered for another account; nothing was overwritten".to_owned()
        }
        Outcome::Misconfigured(reason) => format!(
            "not renewed ({reason}): see [refresh.providers.{}] in the configuration",
            safe(login.provider.as_str())
        ),
    }
}

/// What one outcome means for the exit code.
fn code(login: &Login, outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::NotRenewable(_) if login.status.bucket() == Bucket::Missing => exit::EXPIRED_OR_MISSING,
        Outcome::Dead(_) => exit::EXPIRED_OR_MISSING,
        Outcome::Refreshed { .. }
        | Outcome::AlreadyFresh { .. }
        | Outcome::Adopted { .. }
        | Outcome::NotRenewable(_) => exit::OK,
        Outcome::Transient(TransientReason::StoreNotWritable | TransientReason::Rescued, _) => {
            exit::CANNOT_WRITE
        }
        Outcome::Transient(TransientReason::StoreNotReadable, _) => exit::CANNOT_READ,
        Outcome::Transient(..) | Outcome::Contended | Outcome::Stopped | Outcome::Superseded => {
            exit::TRY_AGAIN
        }
        Outcome::Misconfigured(_) => exit::CONFIGURATION,
    }
}

/// What a person must mend comes before what mends itself.
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
