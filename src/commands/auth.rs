//! `authwatch auth`: storing keys and tokens, signing in and out, and the order of profiles.

mod context;
mod import;
mod list;
mod login;
mod logout;
mod order;
mod paste;

use clap::Subcommand;

use self::context::AuthContext;
use self::import::ImportArgs;
use self::list::ListArgs;
use self::login::LoginArgs;
use self::logout::LogoutArgs;
use self::order::OrderCommand;
use self::paste::{PasteKeyArgs, PasteTokenArgs, SetupTokenArgs};
use crate::commands::context::GlobalArgs;
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
    let context = AuthContext::find(global)?;
    match command {
        AuthCommand::List(args) => list::run(&context, args),
        AuthCommand::PasteToken(args) => paste::token(&context, args),
        AuthCommand::PasteApiKey(args) => paste::api_key(&context, args),
        AuthCommand::SetupToken(args) => paste::setup_token(&context, args),
        AuthCommand::Login(args) => login::run(&context, args),
        AuthCommand::Logout(args) => logout::run(&context, args),
        AuthCommand::Order(command) => order::run(&context, command),
        AuthCommand::Import(args) => import::run(&context, args),
    }
}
