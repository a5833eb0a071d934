//! `authwatch auth`: storing keys and tokens, signing in and out, and the order of profiles.

mod import;
mod list;
mod login;
mod logout;
mod order;
mod paste;
mod surroundings;

use clap::Subcommand;

use self::import::ImportArgs;
use self::list::ListArgs;
use self::login::LoginArgs;
use self::logout::LogoutArgs;
use self::order::OrderCommand;
use self::paste::{PasteKeyArgs, PasteTokenArgs, SetupTokenArgs};
use self::surroundings::Surroundings;
use crate::cli::GlobalArgs;
use crate::exit::Failure;

/// The subcommands of `auth`.
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

/// Runs the command.
pub fn run(global: &GlobalArgs, command: &AuthCommand) -> Result<u8, Failure> {
    let surroundings = Surroundings::find(global)?;
    match command {
        AuthCommand::List(args) => list::run(&surroundings, args),
        AuthCommand::PasteToken(args) => paste::token(&surroundings, args),
        AuthCommand::PasteApiKey(args) => paste::api_key(&surroundings, args),
        AuthCommand::SetupToken(args) => paste::setup_token(&surroundings, args),
        AuthCommand::Login(args) => login::run(&surroundings, args),
        AuthCommand::Logout(args) => logout::run(&surroundings, args),
        AuthCommand::Order(command) => order::run(&surroundings, command),
        AuthCommand::Import(args) => import::run(&surroundings, args),
    }
}
