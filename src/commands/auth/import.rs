//! `auth import`: the legacy files, as a store.

use clap::Args;

use super::context::{AuthContext, failure, say, say_place};
use crate::auth::target;
use crate::commands::context::{block_on, own_state};
use crate::console;
use crate::exit::{self, Failure};
use crate::publish::words::safe;

/// The flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The agent [default: the configured default agent]
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
}

pub(super) fn run(context: &AuthContext, args: &ImportArgs) -> Result<u8, Failure> {
    let agent = context.agent(args.agent.as_deref())?;
    if let Some(path) = target::database(context.roots(), &context.discovery, agent) {
        let problem =
            format!("the logins are in a database, `{}`, which OpenClaw alone may write", path.display());
        return Err(Failure::new(exit::CONFIGURATION, problem).hint("run: authwatch doctor"));
    }
    let own_state = own_state("backups")?;
    let imported = block_on(context.hand(agent, &own_state).import())?.map_err(failure)?;
    let Some(import) = imported else {
        say_place("There is a store already:", &target::store(agent));
        say("OpenClaw looks at legacy files only where there is none; nothing was changed.");
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
    console::print(report.as_bytes())?;
    Ok(exit::OK)
}
