//! `authwatch watch`: the daemon; with `--once`, one pass for timers.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use openclaw_auth::model::Span;
use tokio::task::LocalSet;

use super::status::cannot_lay_out;
use crate::clock;
use crate::commands::context::{GlobalArgs, environment, no_state_directory, own_state, runtime};
use crate::config::{self, CommandConfig, Config, NotifyConfig};
use crate::daemon::{self, ConfigFile, Flags, Options};
use crate::demo::{Demo, DemoEndpoint};
use crate::exit::Failure;
use crate::terminal;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct WatchArgs {
    /// Run one check, and exit with 1 if something critical needs a person, 2 if a warning does
    #[arg(long)]
    once: bool,
    /// Watch built-in demo data, with a token endpoint of its own
    #[arg(long, conflicts_with = "once")]
    demo: bool,
    /// With --once: judge as of another time, and renew nothing (RFC 3339, +36h, Unix milliseconds)
    #[arg(long, value_name = "TIME", value_parser = clock::parse_at, requires = "once", allow_hyphen_values = true)]
    at: Option<clock::At>,
    /// Where to serve the page and the metrics [default: 127.0.0.1:10979]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// How often to check, besides after changes on disk [default: 1m]
    #[arg(long, value_name = "DURATION", value_parser = clock::duration)]
    interval: Option<Span>,
    /// Only watch; renew nothing
    #[arg(long)]
    no_refresh: bool,
    /// Write a file for `node_exporter`'s textfile collector
    #[arg(long, value_name = "PATH")]
    textfile: Option<PathBuf>,
    /// Serve other machines without TLS and authentication
    #[arg(long)]
    insecure_listen: bool,
}

pub fn run(global: &GlobalArgs, args: &WatchArgs) -> Result<u8, Failure> {
    let mut config = Config::load(global.config.as_deref())?;
    let flags = Flags {
        listen: args.listen.clone(),
        interval: args.interval,
        textfile: args.textfile.clone(),
        insecure_listen: args.insecure_listen,
        no_refresh: args.no_refresh,
    };
    config.warn_of_removed();
    flags.lay_over(&mut config);
    let runtime = runtime()?;
    let local = LocalSet::new();
    if args.demo {
        return local.block_on(&runtime, demo(config, flags));
    }
    let roots = global.roots(&config);
    let state_dir = own_state("authwatch's own state")?;
    let options = Options {
        roots,
        state_dir,
        config_file: config_file(global),
        config,
        flags,
        at: args.at,
        environment: environment().collect(),
    };
    if !options.roots.state.is_dir() {
        tracing::warn!("{}", no_state_directory(&options.roots).in_one_line());
    }
    if args.once {
        return local.block_on(&runtime, daemon::once(options));
    }
    local.block_on(&runtime, daemon::run(options, show_address))
}

/// Shows the page's address to a person at a terminal. Services have it in their configuration.
fn show_address(page: &str) {
    if std::io::stderr().is_terminal() {
        terminal::say(&format!("the page is on {page} (Ctrl-C ends this)"));
    }
}

fn config_file(global: &GlobalArgs) -> Option<ConfigFile> {
    let named = global.config.is_some();
    let path = global.config.clone().or_else(config::default_path)?;
    Some(ConfigFile { path, named })
}

/// Demo data whose logins expire and are renewed while one watches.
async fn demo(mut config: Config, flags: Flags) -> Result<u8, Failure> {
    let demo = Demo::lay_out(clock::now()).map_err(cannot_lay_out)?;
    let endpoint = DemoEndpoint::start().map_err(cannot_lay_out)?;
    demo.add_short_lived(clock::now()).map_err(cannot_lay_out)?;
    config.refresh = endpoint.config();
    config.refresh.enabled &= !flags.no_refresh;
    config.watch.interval = Some(Span::from_secs(2.0));
    // A program that does nothing shows notifications without sending any.
    let no_op = CommandConfig { run: vec!["true".to_owned()], ..CommandConfig::default() };
    config.notify = NotifyConfig::default();
    config.notify.command.insert("demo".to_owned(), no_op);
    let options = Options {
        roots: demo.roots().clone(),
        state_dir: demo.own_state(),
        config_file: None,
        config,
        flags,
        at: None,
        environment: Vec::new(),
    };
    terminal::say(&format!("demo data in {}", options.roots.state.display()));
    daemon::run(options, show_address).await
}
