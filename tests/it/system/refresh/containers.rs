//! Containers that share a home respect each other's locks.

use std::io::{BufRead, BufReader};
use std::process::Command;

#[cfg(feature = "sqlite")]
use crate::support::databases::database_home;
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

/// A container that has the database open could not tell from the lock that somebody is at work. So the login is left to it.
#[cfg(feature = "sqlite")]
#[test]
fn a_database_that_a_container_has_open_is_only_read() {
    const OPEN: &str = "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]); \
        database.execute('SELECT count(*) FROM auth_profile_store').fetchall(); print('open', flush=True); sys.stdin.read()";

    for is_contained in [true, false] {
        let server = TokenServer::start();
        let home = database_home(&server);
        let before = home.in_database("main");
        let mut open = Command::new("python3");
        open.args(["-c", OPEN])
            .arg(home.agent_database("main"))
            .env("PATH", std::env::var_os("PATH").unwrap());
        let mut holder = if is_contained { contained(&open) } else { open };
        let mut holder =
            holder.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "open");
        let ran = home.run(&["refresh"]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(server.calls(), usize::from(!is_contained), "{said}");
        assert_eq!(home.in_database("main") == before, is_contained, "{said}");
        let is_left = ran.stdout.contains("in a database that a process of another PID namespace has open");
        assert_eq!(is_left, is_contained, "{said}");
        drop(holder.stdin.take());
        holder.wait().unwrap();
        assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 1));
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
