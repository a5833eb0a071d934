//! Containers that share a home respect each other's locks.

use std::io::{BufRead, BufReader};
use std::process::Command;

use crate::support::home::Ran;
use crate::support::paused::Paused;
use crate::support::renewal::{home, login};
use crate::support::token_server::TokenServer;

/// Containers that share a volume: to each, the other's processes seem to be dead.
#[test]
fn a_container_respects_the_locks_of_another_one() {
    for (holder_is_contained, contender_is_contained) in [(true, false), (false, true), (true, true)] {
        let server = TokenServer::start();
        let home = home(&server);
        let placed = |mut command: Command, is_contained: bool, own_state: &str| {
            command.env("XDG_STATE_HOME", home.path().join(own_state));
            if is_contained { contained(&command) } else { command }
        };
        // Its token is spent, and the new one nowhere yet.
        let refresh = || home.command(&["refresh", "--log-level", "info"]);
        let holder = Paused::at("answered", &home, placed(refresh(), holder_is_contained, "one"));
        let mut contender = placed(refresh(), contender_is_contained, "two")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(contender.stderr.take().unwrap()).lines().map(Result::unwrap);
        let waits = lines.any(|line| line.contains("waiting"));
        let (holder, rest) = (holder.finish(), lines.collect::<String>());
        let contender = Ran::of(contender.wait_with_output().unwrap());
        let said = format!("{}{}{}{rest}", holder.stdout, holder.stderr, contender.stdout);
        assert!(waits, "{holder_is_contained} {contender_is_contained}: {said}");
        assert_eq!((holder.code, contender.code, server.calls(), server.reuses()), (0, 0, 1, 0), "{said}");
        assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()), "{said}");
    }
}

/// The same command in a PID namespace of its own.
fn contained(command: &Command) -> Command {
    let mut outer = Command::new("unshare");
    outer.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    if !rustix::process::geteuid().is_root() {
        outer.arg("--map-root-user");
    }
    outer.arg(command.get_program()).args(command.get_args()).env_clear();
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}
