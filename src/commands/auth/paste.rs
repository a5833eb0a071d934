//! `auth paste-token`, `auth paste-api-key` and `auth setup-token`.

use std::process::{Command, Stdio};

use clap::Args;
use openclaw_auth::discover::Agent;
use openclaw_auth::model::{Span, Timestamp};
use zeroize::Zeroizing;

use super::context::{AgentArg, AuthContext, Consent, profile_id, provider_id, say, unreadable};
use crate::auth::clean::{self, PastedKind, Refusal};
use crate::auth::entry::Entry;
use crate::clock;
use crate::exit::{self, Failure};
use crate::publish::words::{date, safe};
use crate::remedy::{OpenClawCommand, quote};
use crate::terminal::{self, Input};

/// How long a new setup-token is valid.
const SETUP_TOKEN_LIFETIME: Span = Span::from_days(365.0);

#[derive(Debug, Args)]
pub struct PasteKeyArgs {
    /// Whose token or key it is
    #[arg(long, value_name = "ID")]
    provider: String,
    /// The profile to store it under [default: PROVIDER:manual]
    #[arg(long, value_name = "ID")]
    profile_id: Option<String>,
    #[command(flatten)]
    agent: AgentArg,
    /// Replace a credential of another kind without asking
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub struct PasteTokenArgs {
    #[command(flatten)]
    target: PasteKeyArgs,
    /// When the token expires, from now [default: unknown]
    #[arg(long, value_name = "DURATION", value_parser = clock::duration)]
    expires_in: Option<Span>,
}

#[derive(Debug, Args)]
pub struct SetupTokenArgs {
    /// Whose token it is; only Anthropic has setup-tokens
    #[arg(long, value_name = "ID", default_value = "anthropic")]
    provider: String,
    /// The profile to store it under [default: anthropic:manual]
    #[arg(long, value_name = "ID")]
    profile_id: Option<String>,
    /// When the token ends, from now [default: 365d if it is made here and now]
    #[arg(long, value_name = "DURATION", value_parser = clock::duration)]
    expires_in: Option<Span>,
    #[command(flatten)]
    agent: AgentArg,
    /// Replace a credential of another kind without asking
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn token(context: &AuthContext, args: &PasteTokenArgs) -> Result<u8, Failure> {
    let PasteTokenArgs { target: args, expires_in } = args;
    let provider = provider_id(&args.provider)?;
    let agent = context.writable(
        &args.agent,
        OpenClawCommand::PasteToken,
        &format!("--provider {}", quote(&provider)),
    )?;
    let profile = profile_id(args.profile_id.as_deref(), &provider, "manual")?;
    let prompt = if provider == "anthropic" {
        "Paste the setup-token (hidden),\nthen press Enter: ".to_owned()
    } else {
        format!("Paste the token of {provider}\n(hidden), then press Enter: ")
    };
    let secret = ask(&prompt, &provider, PastedKind::Token, agent)?;
    let entry = Entry::token(&provider, &secret, expiry(*expires_in)?);
    store(context, agent, &provider, &profile, &entry, args.yes)
}

pub(super) fn api_key(context: &AuthContext, args: &PasteKeyArgs) -> Result<u8, Failure> {
    let provider = provider_id(&args.provider)?;
    let agent = context.writable(
        &args.agent,
        OpenClawCommand::PasteApiKey,
        &format!("--provider {}", quote(&provider)),
    )?;
    let profile = profile_id(args.profile_id.as_deref(), &provider, "manual")?;
    let prompt = format!("Paste the API key of {provider}\n(hidden), then press Enter: ");
    let secret = ask(&prompt, &provider, PastedKind::Key, agent)?;
    store(context, agent, &provider, &profile, &Entry::api_key(&provider, &secret), args.yes)
}

pub(super) fn setup_token(context: &AuthContext, args: &SetupTokenArgs) -> Result<u8, Failure> {
    let provider = provider_id(&args.provider)?;
    if provider != "anthropic" {
        return Err(Failure::new(exit::USAGE, format!("{provider} has no setup-tokens, only anthropic has"))
            .hint(format!("for another token: authwatch auth paste-token --provider {}", quote(&provider))));
    }
    let agent = context.writable(&args.agent, OpenClawCommand::SetupToken, "--provider anthropic")?;
    let profile = profile_id(args.profile_id.as_deref(), &provider, "manual")?;
    let made_now = terminal::is_there() && make_setup_token()?;
    let prompt = "Paste the setup-token (hidden),\nthen press Enter: ";
    let secret = ask(prompt, &provider, PastedKind::Token, agent)?;
    let expires = expiry(args.expires_in.or(made_now.then_some(SETUP_TOKEN_LIFETIME)))?;
    let entry = Entry::token(&provider, &secret, expires);
    if let (None, Some(at)) = (args.expires_in, expires) {
        say(&format!("It is new, so it expires on {}.", date(at)));
    }
    store(context, agent, &provider, &profile, &entry, args.yes)
}

/// Runs `claude setup-token`, if Claude Code is installed. The person sees the token and pastes it.
fn make_setup_token() -> Result<bool, Failure> {
    let run = Command::new("claude")
        .arg("setup-token")
        .stdin(Stdio::inherit())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .status();
    match run {
        Ok(status) if status.success() => Ok(true),
        Ok(status) => Err(Failure::new(exit::TRY_AGAIN, format!("`claude setup-token` failed ({status})"))
            .hint("a token made elsewhere is stored by: authwatch auth paste-token --provider anthropic")),
        Err(_) => {
            say("Claude Code is not installed here. Run `claude setup-token` where it is.");
            Ok(false)
        }
    }
}

fn expiry(expires_in: Option<Span>) -> Result<Option<Timestamp>, Failure> {
    let Some(span) = expires_in else { return Ok(None) };
    if span <= Span::ZERO {
        return Err(
            Failure::new(exit::USAGE, "--expires-in has to be positive").hint("use a duration such as 365d")
        );
    }
    Ok(Some(Timestamp::from_millis((clock::now() + span).as_millis().floor())))
}

/// Asks for the token or key until a valid one is pasted; without a terminal, once.
fn ask(
    prompt: &str,
    provider: &str,
    wanted: PastedKind,
    agent: &Agent,
) -> Result<Zeroizing<String>, Failure> {
    let mut before = Zeroizing::new(String::new());
    loop {
        let pasted = match terminal::secret(prompt).map_err(unreadable)? {
            Input::Text(text) => text,
            Input::End => Zeroizing::new(String::new()),
            Input::Interrupted => {
                return Err(Failure::new(exit::TRY_AGAIN, "interrupted; nothing was changed"));
            }
        };
        // Enter alone gives up.
        let gives_up = pasted.trim().is_empty();
        let is_rest = !before.is_empty() && !pasted.contains(clean::SETUP_TOKEN);
        let whole = if is_rest { Zeroizing::new(format!("{}\n{}", *before, *pasted)) } else { pasted };
        match clean::clean(&whole, provider, wanted) {
            Ok(cleaned) => {
                for note in cleaned.notes {
                    say(&format!("({note})"));
                }
                say(&format!("{} characters.", cleaned.secret.len()));
                return Ok(cleaned.secret);
            }
            Err(refusal @ Refusal::Cut(_)) if terminal::is_there() && !gives_up => {
                say(&format!("{}. Paste the rest.", capital(&refusal.to_string())));
                before = whole;
            }
            Err(refusal) => return Err(refused(refusal, provider, agent)),
        }
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The refusal, with the command that is right for what was pasted.
fn refused(refusal: Refusal, provider: &str, agent: &Agent) -> Failure {
    let (of, agent) = (quote(provider), quote(agent.id.as_str()));
    let run = |command: &str| format!("run: authwatch auth {command} --agent {agent}");
    let hint = match refusal {
        Refusal::IsKey => run(&format!("paste-api-key --provider {of}")),
        Refusal::IsSetupToken => run("paste-token --provider anthropic"),
        Refusal::IsRefreshToken | Refusal::IsAccessToken => run(&format!("login --provider {of}")),
        Refusal::OtherProvider(owner) => run(&format!(
            "{} --provider {owner}",
            if owner == "anthropic" { "paste-token" } else { "paste-api-key" }
        )),
        Refusal::NoSetupToken => {
            format!("`claude setup-token` makes one; for an API key {}", run(&format!("paste-api-key --provider {of}")))
        }
        Refusal::Cut(_) => "copy it whole; line breaks in it do no harm".to_owned(),
        Refusal::Empty | Refusal::Words | Refusal::Characters => {
            "copy nothing but the token; on a terminal it is not shown, elsewhere it is read from standard input"
                .to_owned()
        }
    };
    Failure::new(exit::USAGE, format!("{refusal}; nothing was changed")).hint(hint)
}

fn store(
    context: &AuthContext,
    agent: &Agent,
    provider: &str,
    profile: &str,
    entry: &Entry,
    yes: bool,
) -> Result<u8, Failure> {
    let Some(saved) = context.put(agent, profile, entry, Consent::from_flag(yes))? else {
        return Err(Failure::new(exit::USAGE, "nothing was changed")
            .hint("give --profile-id to store it beside the other one"));
    };
    context.say_saved(agent, provider, profile, &saved);
    terminal::print(format!("{}\t{}\tstored\n", safe(agent.id.as_str()), safe(profile)).as_bytes())?;
    Ok(exit::OK)
}
