//! Scripts that may mount.

use std::process::Command;

use crate::support::home::{Home, Ran};

/// Runs a shell script where it may mount: as root, or as root of a namespace of its own.
pub(crate) fn with_mounts(home: &Home, script: &str) -> Ran {
    let root = rustix::process::geteuid().is_root();
    let mut command = Command::new("unshare");
    command
        .args(if root { &["--mount"][..] } else { &["--mount", "--map-root-user"] })
        .args(["sh", "-ec", script]);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("AUTHWATCH", env!("CARGO_BIN_EXE_authwatch"))
        .env("DIR", home.agent_dir("main"));
    Ran::of(command.output().unwrap())
}
