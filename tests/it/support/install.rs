//! The install script, run for a scratch root.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::home::{Home, Ran, run};

pub(crate) fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// Runs the script in this home, with everything put below `root`.
pub(crate) fn script(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command
        .arg(deploy().join("install.sh"))
        .args(["--destdir", home.path().join("root").to_str().unwrap()])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", "/home/me")
        .current_dir(home.path());
    run(command)
}

pub(crate) fn install(home: &Home, arguments: &[&str]) -> Ran {
    // A debug build has 100 MB, and its checksum is not what is tested here.
    let program = home.path().join("program");
    std::fs::write(&program, format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_authwatch")))
        .unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let ran = script(home, &[&["--binary", program.to_str().unwrap()], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}: {}", ran.stdout);
    ran
}
