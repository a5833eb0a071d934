//! `auth logout`: the one place where a profile is removed, and only because a person says so.

use clap::Args;
use openclaw_auth::discover::Agent;

use super::context::{AuthContext, ask, failure, say, say_place};
use crate::auth::change::Removal;
use crate::auth::view;
use crate::commands::context::{block_on, own_state};
use crate::console;
use crate::exit::{self, Failure};
use crate::publish::words::safe;
use crate::remedy::quote;

/// The flags of `logout`.
#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// The profile to remove, such as anthropic:manual
    #[arg(value_name = "PROFILE")]
    profile: String,
    /// The agent [default: the configured default agent]
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn run(context: &AuthContext, args: &LogoutArgs) -> Result<u8, Failure> {
    let profile = args.profile.trim();
    let agent = context.writable(args.agent.as_deref(), &format!("logout {}", quote(profile)))?;
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
                return Err(Failure::new(exit::USAGE, "nobody is here to ask; nothing was changed")
                    .hint("give --yes to remove it all the same"));
            }
        }
    }
    let own_state = own_state("backups")?;
    let removal = block_on(context.hand(agent, &own_state).remove(profile))?.map_err(failure)?;
    let Removal::Removed { backups } = removal else { return Err(not_there(context, agent, profile)) };
    for backup in backups {
        say_place("a backup is in", &backup);
    }
    let others = context.others_with(agent, profile);
    if !others.is_empty() {
        say(&format!("{shown} is still in the stores of {}.", safe(&others.join(", "))));
    }
    console::print(format!("{id}\t{shown}\tremoved\n").as_bytes())?;
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
