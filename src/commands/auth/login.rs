//! `auth login`: through a browser here, or one anywhere with the answer pasted.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use openclaw_auth::discover::Agent;
use openclaw_auth::model::{ProviderId, Span};
use openclaw_auth::provider as known_providers;
use tokio::sync::mpsc;

use super::context::{AgentArg, AuthContext, Consent, failure, profile_id, provider_id, say, unreadable};
use crate::auth::callback::{self, CallbackAnswer, CallbackServer, Visit};
use crate::auth::entry::{self, Entry};
use crate::auth::sign_in::{BrowserSignIn, PrepareError};
use crate::auth::view;
use crate::clock;
use crate::commands::context::{block_on, own_state};
use crate::config;
use crate::error_catalog;
use crate::exit::{self, Failure};
use crate::publish::words::{date, safe};
use crate::refresh::answer::TokenAnswer;
use crate::refresh::endpoint::Issued;
use crate::refresh::outcome::TransientReason;
use crate::remedy::{Commands, OpenClawCommand, quote};
use crate::terminal::{self, Input, Quiet};

#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The provider to sign in to
    #[arg(long, value_name = "ID")]
    provider: String,
    /// The profile to store the login under [default: the account's own, else PROVIDER:default]
    #[arg(long, value_name = "ID")]
    profile_id: Option<String>,
    #[command(flatten)]
    agent: AgentArg,
    /// Open no browser: show the address, and take what is pasted
    #[arg(long)]
    no_browser: bool,
    /// How long to wait for the answer
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = clock::duration)]
    timeout: Span,
    /// Replace another account's login, or a credential of another kind, without asking
    #[arg(long, short)]
    yes: bool,
}

struct PendingLogin {
    sign_in: BrowserSignIn,
    timeout: Duration,
}

pub(super) fn run(context: &AuthContext, args: &LoginArgs) -> Result<u8, Failure> {
    let provider = provider_id(&args.provider)?;
    let agent =
        context.writable(&args.agent, OpenClawCommand::Login, &format!("--provider {}", quote(&provider)))?;
    let profile = profile_id(args.profile_id.as_deref(), &provider, "default")?;
    if known_providers::is_owned_by_cli(&profile, &provider) {
        return Err(Failure::new(exit::USAGE, format!("`{}` belongs to another program", safe(&profile)))
            .hint("sign in there; authwatch and OpenClaw read its login"));
    }
    let sign_in = BrowserSignIn::prepare(&provider, &context.common.config)
        .map_err(|problem| unprepared(problem, &provider, agent))?;
    let timeout = Duration::from_secs_f64(args.timeout.as_secs().clamp(0.0, 86_400.0));
    let pending = PendingLogin { sign_in, timeout };
    let own_state = own_state("backups")?;
    let editor = context.editor(agent, &own_state);
    let issued = block_on(async {
        editor.rehearse().await.map_err(failure)?;
        let answer = pending.wait_for_answer(args.no_browser).await?;
        match answer {
            CallbackAnswer::Denied(reason) => {
                let reason = safe(&error_catalog::mask(&reason));
                Err(Failure::new(
                    exit::EXPIRED_OR_MISSING,
                    format!("the provider says no: {reason}; nothing was changed"),
                ))
            }
            CallbackAnswer::Code(code) => {
                let issued = pending.sign_in.redeem(&code).await;
                issued.map_err(|verdict| unredeemed(&verdict, &provider))
            }
        }
    })??;
    store(context, agent, &provider, &profile, &issued, args)
}

impl PendingLogin {
    /// Opens the provider's page, and waits for the browser's answer, a pasted one, or the timeout.
    async fn wait_for_answer(&self, no_browser: bool) -> Result<CallbackAnswer, Failure> {
        let address = self.sign_in.address();
        let (visited, mut visits) = mpsc::channel(8);
        let port = self.sign_in.redirect().port;
        let listening = match CallbackServer::bind(self.sign_in.redirect()).await {
            Ok(callback) => {
                tokio::spawn(callback.serve(self.sign_in.state().to_owned(), visited));
                true
            }
            Err(error) => {
                drop(visited);
                say(&format!("{}, so the browser's answer has to be pasted here.", not_bound(port, &error)));
                false
            }
        };
        // Before anything is shown, so that a quick answer is hidden, too.
        let quiet = Quiet::start();
        let opened = !no_browser && open_browser(&address);
        say(if opened {
            "If no browser opens, open this address:"
        } else {
            "Open this address in a browser:"
        });
        // Unbroken on a line of its own, so that it can be tapped and copied.
        terminal::show(&format!("\n{address}\n\n"));
        say(
            "The browser may be on another machine. Then it ends on a page that cannot be reached: paste its address here (hidden), or the code, and press Enter.",
        );
        let (paste, mut pastes) = mpsc::channel(1);
        let (stop, go_on) = std::io::pipe().map_err(unreadable)?;
        // A thread waits for input, so that this one can wait for the browser.
        let reader = std::thread::spawn(move || {
            // The terminal is restored when reading ends.
            let _quiet = quiet;
            loop {
                let input = terminal::paste(Some(&stop));
                let is_last = !matches!(input, Ok(Input::Text(_)));
                if paste.blocking_send(input).is_err() || is_last {
                    return;
                }
            }
        });
        let waited = self.first_answer(&mut visits, &mut pastes, listening);
        let answer = tokio::time::timeout(self.timeout, waited).await;
        // What is typed from here on answers another question.
        drop((go_on, pastes));
        reader.join().expect("reading what is pasted does not panic");
        answer.unwrap_or_else(|_| {
            Err(Failure::new(exit::TRY_AGAIN, "no answer came in time; nothing was changed")
                .hint("--timeout gives it longer"))
        })
    }

    async fn first_answer(
        &self,
        visits: &mut mpsc::Receiver<Visit>,
        pastes: &mut mpsc::Receiver<std::io::Result<Input>>,
        listening: bool,
    ) -> Result<CallbackAnswer, Failure> {
        let (mut listening, mut reading) = (listening, true);
        while listening || reading {
            tokio::select! {
                visit = visits.recv(), if listening => match visit {
                    Some(Visit::Answer(answer)) => return Ok(answer),
                    Some(Visit::Refused) => say("An answer to another sign-in came, and was refused. Still waiting."),
                    None => listening = false,
                },
                input = pastes.recv(), if reading => match input {
                    Some(Ok(Input::Text(text))) if text.trim().is_empty() => {}
                    Some(Ok(Input::Text(text))) => match callback::from_pasted(&text, self.sign_in.state()) {
                        Ok(answer) => return Ok(answer),
                        Err(problem) => say(&format!("No: {problem}.")),
                    },
                    Some(Ok(Input::Interrupted)) => {
                        return Err(Failure::new(exit::TRY_AGAIN, "interrupted; nothing was changed"));
                    }
                    Some(Ok(Input::End)) | None => reading = false,
                    Some(Err(problem)) => {
                        tracing::info!("standard input cannot be read: {problem}");
                        reading = false;
                    }
                },
            }
        }
        Err(Failure::new(exit::TRY_AGAIN, "there is no way for the answer to come; nothing was changed")
            .hint("run it on a terminal, or free the port"))
    }
}

fn not_bound(port: u16, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!("Port {port} is taken"),
        ErrorKind::PermissionDenied => format!("Port {port} may not be listened on ({error})"),
        _ => format!("Port {port} cannot be listened on ({error})"),
    }
}

fn unprepared(problem: PrepareError, provider: &str, agent: &Agent) -> Failure {
    let (of, id) = (quote(provider), quote(agent.id.as_str()));
    let is_login = known_providers::find(provider).is_some_and(known_providers::Provider::has_logins);
    let hint = match &problem {
        PrepareError::Unknown if is_login => {
            let provider = ProviderId::from(provider);
            format!("run: {}", Commands::default().first_login(&agent.id, &provider))
        }
        PrepareError::Unknown => {
            format!("for a key, run: authwatch auth paste-api-key --provider {of} --agent {id}")
        }
        PrepareError::Client(_) => "see [network] in authwatch's configuration".to_owned(),
        _ => format!("see [refresh.providers.{provider}] in authwatch's configuration"),
    };
    let failure =
        Failure::new(exit::CONFIGURATION, format!("signing in to {provider} is not supported: {problem}"))
            .hint(hint);
    match problem {
        PrepareError::Client(error) => failure.caused_by(error),
        _ => failure,
    }
}

fn unredeemed(verdict: &TokenAnswer, provider: &str) -> Failure {
    let failed = |code, reason: String| {
        Failure::new(code, format!("the provider issued no login ({reason}); nothing was changed"))
    };
    match verdict {
        TokenAnswer::NeedsSignIn(reason) => failed(exit::TRY_AGAIN, reason.as_str().replace('_', " "))
            .hint("a code is good once and for minutes: start again"),
        TokenAnswer::Misconfigured(reason) => failed(exit::CONFIGURATION, reason.to_string())
            .hint(format!("see [refresh.providers.{provider}] in authwatch's configuration")),
        TokenAnswer::Transient(reason, _) => {
            let code =
                if *reason == TransientReason::Refused { exit::CONFIGURATION } else { exit::TRY_AGAIN };
            let meaning = reason.blocked().map(|reason| error_catalog::of_login(reason).meaning);
            failed(code, reason.to_string()).hint(meaning.unwrap_or("start again"))
        }
        TokenAnswer::Tokens(_) => failed(exit::INTERNAL, "tokens and none".to_owned()),
    }
}

fn store(
    context: &AuthContext,
    agent: &Agent,
    provider: &str,
    profile: &str,
    issued: &Issued,
    args: &LoginArgs,
) -> Result<u8, Failure> {
    let entry = Entry::oauth(provider, issued);
    let email = entry::email(issued);
    if issued.tokens.refresh.is_none() {
        say("The provider gave no refresh token.");
    }
    // Signing in again replaces the login of the same account, whatever its name.
    let known = view::same_account(context.roots(), agent, &entry).filter(|_| args.profile_id.is_none());
    let mut profile = known.unwrap_or_else(|| profile.to_owned());
    let consent = Consent::from_flag(args.yes);
    // Under its own name, the new login can be stored beside the existing one.
    let beside = email.as_ref().filter(|_| args.profile_id.is_none());
    let nobody_to_ask = consent == Consent::Asked && !terminal::is_there();
    let first = if beside.is_some() && nobody_to_ask { Consent::Withheld } else { consent };
    let mut saved = context.put(agent, &profile, &entry, first)?;
    if saved.is_none()
        && let Some(email) = beside
    {
        profile = format!("{provider}:{email}");
        saved = context.put(agent, &profile, &entry, consent)?;
    }
    let Some(saved) = saved else {
        return Err(Failure::new(exit::USAGE, "nothing was changed; the new login is not stored")
            .hint("give --profile-id to store it beside the other one"));
    };
    if let Some(email) = &email {
        say(&format!("Signed in as {}.", safe(email)));
    }
    context.say_saved(agent, provider, &profile, &saved);
    let (id, profile) = (safe(agent.id.as_str()), safe(&profile));
    terminal::print(format!("{id}\t{profile}\tsigned in, until {}\n", date(issued.expires)).as_bytes())?;
    Ok(exit::OK)
}

/// Opens the program that `BROWSER` names, or the usual one of desktops and Termux.
fn open_browser(address: &str) -> bool {
    let chosen = config::variable("BROWSER");
    let has_screen =
        ["DISPLAY", "WAYLAND_DISPLAY", "TERMUX_VERSION"].iter().any(|name| config::variable(name).is_some());
    let is_remote = config::variable("SSH_CONNECTION").is_some();
    let candidates: Vec<String> = match chosen {
        // A list with colons, by convention. Entries with arguments would need a shell and are not supported.
        Some(list) => list.split(':').map(str::to_owned).collect(),
        None if is_remote || !(has_screen || cfg!(target_os = "macos")) => Vec::new(),
        None => ["termux-open-url", "xdg-open", "open"].map(str::to_owned).to_vec(),
    };
    candidates.iter().filter(|program| !program.is_empty()).any(|program| {
        let started = Command::new(Path::new(program))
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        // The browser is not waited for.
        started.is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_taken_only_where_it_is() {
        let says = |errno: rustix::io::Errno| not_bound(80, &errno.into());
        assert_eq!(says(rustix::io::Errno::ADDRINUSE), "Port 80 is taken");
        assert_eq!(
            says(rustix::io::Errno::ACCESS),
            "Port 80 may not be listened on (Permission denied (os error 13))"
        );
        assert!(
            says(rustix::io::Errno::ADDRNOTAVAIL)
                .starts_with("Port 80 cannot be listened on (Cannot assign requested address")
        );
    }
}
