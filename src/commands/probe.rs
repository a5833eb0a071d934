//! `authwatch probe`: whether a running daemon is well, for health checks without another program.

use std::time::Duration;

use clap::Args;
use openclaw_auth::model::Span;

use crate::clock;
use crate::commands::context::GlobalArgs;
use crate::config::Config;
use crate::console;
use crate::exit::{self, Failure};
use crate::probe::{self, ProbeTarget, TargetError};

/// The flags of `probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Whom to ask, such as 127.0.0.1:10979 or localhost:10979/readyz [default: /healthz of the
    /// daemon that runs with this configuration]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// How long an answer may take
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = clock::duration)]
    timeout: Span,
}

/// Runs the command.
pub fn run(global: &GlobalArgs, args: &ProbeArgs) -> Result<u8, Failure> {
    let target = if let Some(url) = &args.url {
        ProbeTarget::parse(url).map_err(|error| refused(&error, exit::USAGE))?
    } else {
        let watch = Config::load(global.config.as_deref())?.watch;
        let listen = watch.health_listen.unwrap_or(watch.listen);
        ProbeTarget::of_listener(&listen).map_err(|error| refused(&error, exit::CONFIGURATION))?
    };
    let timeout = args.timeout.to_std().max(Duration::from_millis(1));
    let answer = probe::ask(&target, timeout).map_err(|error| {
        Failure::new(exit::UNWELL, format!("{target} is not well"))
            .caused_by(error)
            .hint("is `authwatch watch` running, and does it listen there without TLS?")
    })?;
    match answer.status {
        200..300 => {
            console::print(format!("{target} {}\n", answer.text).as_bytes())?;
            Ok(exit::OK)
        }
        401 => Err(Failure::new(exit::UNWELL, format!("{target} wants a password or token"))
            .hint("set watch.health_listen: probes are answered there without")),
        status => Err(Failure::new(exit::UNWELL, format!("{target} is not well: {status} {}", answer.text))),
    }
}

fn refused(error: &TargetError, code: u8) -> Failure {
    let hint = match error {
        TargetError::Tls(_) => "set watch.health_listen: probes are answered there without TLS",
        TargetError::Form(_) => {
            "give an address and a port, such as 127.0.0.1:10979 or http://127.0.0.1:10979/readyz"
        }
    };
    Failure::new(code, error.to_string()).hint(hint)
}
