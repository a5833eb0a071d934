//! The command line.

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::commands;
use crate::commands::auth::AuthCommand;
use crate::commands::config::ConfigCommand;
use crate::commands::context::GlobalArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::explain::ExplainArgs;
use crate::commands::notify::NotifyCommand;
use crate::commands::probe::ProbeArgs;
use crate::commands::refresh::RefreshArgs;
use crate::commands::status::StatusArgs;
use crate::commands::watch::WatchArgs;
use crate::error_catalog;
use crate::exit::{self, Failure};
use crate::logging;
use crate::terminal;

/// Knows whether the model logins of every OpenClaw agent work, and says so before an agent goes silent.
#[derive(Debug, Parser)]
#[command(name = "authwatch", version, max_term_width = 100, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 fine, 1 something expired or missing, 2 something expiring (status --check); doctor: 1 something critical, 2 a warning; \
    64 usage, 66 no such agent or state directory, 70 internal, 73 cannot write, 74 cannot read, 75 try again, 78 configuration."
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    /// `status` where none is given
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every agent's logins, and what to do about the bad ones
    Status(StatusArgs),
    /// Run the monitor: check, renew, and serve the status page and metrics
    Watch(WatchArgs),
    /// Renew the logins that are due, under OpenClaw's own locks
    Refresh(RefreshArgs),
    /// Check a running daemon's health
    Probe(ProbeArgs),
    /// Diagnose OpenClaw auth problems and fix the safe ones
    Doctor(DoctorArgs),
    /// Store keys and tokens, sign in and out, and order profiles (JSON stores)
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Explain an error message, and the command that fixes it
    Explain(ExplainArgs),
    /// The same commands under the names OpenClaw's documentation uses
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Test, review, and mute notifications
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// authwatch's own configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// `openclaw models …` with only the program's name changed.
#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Show every agent's logins, and what to do about the bad ones
    Status(StatusArgs),
    /// Store keys and tokens, sign in and out, and order profiles (JSON stores)
    #[command(subcommand)]
    Auth(AuthCommand),
}

pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    apply_color(cli.global.color);
    let log_color = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    logging::start(cli.global.log_level, cli.global.log_format, log_color);
    hide_secrets_in_panics();
    // A panic must not exit with 101, which is not a documented exit code.
    let result = std::panic::catch_unwind(|| dispatch(cli));
    match result {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => report(&failure),
        Err(_) => ExitCode::from(exit::INTERNAL),
    }
}

/// A panic message may contain a secret, and so may a core dump: masks the first, and prevents the second.
fn hide_secrets_in_panics() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // Only the soft limit, so that the user's programs started from here may raise it again.
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    // If that is not allowed, the system's setting stays.
    let _ = setrlimit(Resource::Core, limit);
    std::panic::set_hook(Box::new(|fault| {
        let backtrace = std::backtrace::Backtrace::capture();
        let mut text =
            format!("authwatch: a fault of its own: {}\n", error_catalog::mask(&fault.to_string()));
        if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            text += &backtrace.to_string();
        }
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }));
}

fn dispatch(cli: Cli) -> Result<u8, Failure> {
    match cli.command.unwrap_or_else(|| Command::Status(StatusArgs::default())) {
        Command::Status(args) | Command::Models(ModelsCommand::Status(args)) => {
            commands::status::run(&cli.global, &args)
        }
        Command::Watch(args) => commands::watch::run(&cli.global, &args),
        Command::Refresh(args) => commands::refresh::run(&cli.global, &args),
        Command::Notify(command) => commands::notify::run(&cli.global, &command),
        Command::Probe(args) => commands::probe::run(&cli.global, &args),
        Command::Doctor(args) => commands::doctor::run(&cli.global, &args),
        Command::Auth(command) | Command::Models(ModelsCommand::Auth(command)) => {
            commands::auth::run(&cli.global, &command)
        }
        Command::Explain(args) => commands::explain::run(&cli.global, &args),
        Command::Config(command) => commands::config::run(&cli.global, &command),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "authwatch", &mut script);
            terminal::print(&script)?;
            Ok(exit::OK)
        }
    }
}

/// clap's own code for a wrong command line is 2, which means "expiring" here.
fn usage(error: &clap::Error) -> ExitCode {
    let shown = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    match error.print() {
        Err(problem) if shown && problem.kind() != std::io::ErrorKind::BrokenPipe => {
            report(&terminal::unwritable(problem))
        }
        _ => ExitCode::from(if shown { exit::OK } else { exit::USAGE }),
    }
}

fn apply_color(choice: ColorChoice) {
    match choice {
        ColorChoice::Auto => {}
        ColorChoice::Always => anstream::ColorChoice::AlwaysAnsi.write_global(),
        ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
    }
}

fn report(failure: &Failure) -> ExitCode {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "authwatch: {}", exit::chain(failure));
    if let Some(hint) = &failure.hint {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    ExitCode::from(failure.code)
}
