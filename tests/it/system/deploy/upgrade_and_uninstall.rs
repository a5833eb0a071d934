//! The install script on a machine that is used: strict masks, no home, a newer version, and the way out.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::home::{Home, Ran, run, tree};
use crate::support::install::{deploy, install};

/// A home with a program to install that is another one from version to version.
fn home(version: &str) -> Home {
    let home = Home::new();
    renew(&home, version);
    home
}

fn renew(home: &Home, version: &str) {
    executable(
        home,
        "program",
        &format!("#!/bin/sh\n# {version}\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_authwatch")),
    );
}

fn executable(home: &Home, path: &str, text: &str) -> PathBuf {
    home.write(path, text);
    let path = home.path().join(path);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// Runs the script as it is run without `--destdir`, with nothing of this machine's init systems in its path but what the
/// test puts into `tools`.
fn script(home: &Home, before: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{before}exec sh '{}' \"$@\"", deploy().join("install.sh").display()))
        .arg("install.sh")
        .args(["--binary", home.path().join("program").to_str().unwrap()])
        .args(arguments)
        .env_clear()
        .env("PATH", format!("{}:{}", home.path().join("tools").display(), std::env::var("PATH").unwrap()))
        .env("HOME", home.path())
        .current_dir(home.path());
    run(command)
}

fn root(home: &Home) -> String {
    home.path().join("root").to_str().unwrap().to_owned()
}

#[test]
fn what_the_machine_is_given_can_be_read_however_strict_roots_mask_is() {
    let home = home("1");
    for init in ["systemd", "openrc", "runit", "cron"] {
        let arguments = ["--system", "--init", init, "--prefix", "/opt/aw", "--destdir", &root(&home)];
        let ran = script(&home, "umask 077; ", &arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{init}");
    }
    let shut = |path: &PathBuf| path.metadata().unwrap().permissions().mode() & 0o055 != 0o055;
    let dirs = tree(Path::new(&root(&home))).into_keys().filter(|path| path.is_dir());
    let shut: Vec<PathBuf> = dirs.filter(shut).collect();
    assert!(shut.is_empty(), "nobody but root gets into {shut:?}");
}

#[test]
fn without_a_home_the_machine_is_installed_for_and_a_user_told_what_is_missing() {
    let home = home("1");
    for init in ["systemd", "openrc", "runit", "cron", "none"] {
        let ran = script(&home, "unset HOME; ", &["--system", "--init", init, "--destdir", &root(&home)]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{init}");
    }
    for unset in ["unset HOME; ", "HOME=; "] {
        let ran = script(&home, unset, &["--user", "--init", "none", "--destdir", &root(&home)]);
        assert_eq!(ran.code, 64);
        assert!(ran.stderr.contains("HOME is not set"), "{}", ran.stderr);
    }
}

#[test]
fn a_newer_version_says_how_it_takes_over_from_the_one_that_runs() {
    for (arguments, how) in [
        (&["--user", "--init", "systemd"][..], "systemctl --user try-restart authwatch.service"),
        (&["--system", "--init", "systemd"], "systemctl try-restart authwatch.service"),
        (&["--system", "--init", "openrc"], "rc-service --ifstarted authwatch restart"),
        (&["--system", "--init", "runit"], "sv try-restart authwatch"),
        (&["--user", "--init", "launchd"], "launchctl kickstart -k gui/"),
    ] {
        let home = home("1");
        let destdir = root(&home);
        let arguments = [arguments, &["--destdir", &destdir]].concat();
        let first = script(&home, "", &arguments).stdout;
        let same = script(&home, "", &arguments).stdout;
        renew(&home, "2");
        let newer = script(&home, "", &arguments).stdout;
        assert!(!first.contains(how) && !same.contains(how), "nothing is there to restart: {first}{same}");
        assert!(newer.contains(how), "{newer}");
    }
}

#[test]
fn uninstalling_stops_what_runs_and_what_is_started_by_itself() {
    let home = home("1");
    let asked = home.path().join("asked");
    executable(&home, "tools/systemctl", &format!("#!/bin/sh\necho \"$*\" >>'{}'\n", asked.display()));
    let arguments = ["--user", "--init", "systemd"];
    assert_eq!(script(&home, "", &arguments).code, 0);
    assert!(!asked.exists(), "installing starts nothing");
    let removal = ["--user", "--init", "systemd", "--uninstall"];
    let dry = script(&home, "", &[&removal[..], &["--dry-run"]].concat());
    assert!(dry.code == 0 && !asked.exists(), "a dry run stops nothing: {}{}", dry.stdout, dry.stderr);
    let ran = script(&home, "", &removal);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let asked = std::fs::read_to_string(asked).unwrap();
    let wanted = "--user disable --now authwatch.service authwatch.socket authwatch-check.timer\n--user daemon-reload\n";
    assert_eq!(asked, wanted);
    assert_eq!(dry.stdout, ran.stdout, "a dry run says what is done");
    assert!(!home.path().join(".config/systemd/user/authwatch.service").exists());
}

#[test]
fn uninstalling_goes_on_where_the_init_system_cannot_be_asked() {
    let home = home("1");
    executable(&home, "tools/systemctl", "#!/bin/sh\nexit 1\n");
    assert_eq!(script(&home, "", &["--user", "--init", "systemd"]).code, 0);
    let ran = script(&home, "", &["--user", "--uninstall"]);
    assert!(ran.code == 0 && ran.stdout.contains("That failed"), "{}{}", ran.stdout, ran.stderr);
    assert!(!home.path().join(".local/bin/authwatch").exists());
}

#[test]
fn uninstalling_below_another_root_leaves_this_machines_services_alone() {
    let home = home("1");
    let asked = home.path().join("asked");
    for tool in ["systemctl", "rc-service", "rc-update"] {
        executable(&home, &format!("tools/{tool}"), &format!("#!/bin/sh\ntouch '{}'\n", asked.display()));
    }
    for init in ["systemd", "openrc"] {
        install(&home, &["--system", "--init", init]);
    }
    let ran = script(&home, "", &["--system", "--uninstall", "--destdir", &root(&home)]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("rc-service --ifstarted authwatch stop"), "{}", ran.stdout);
    assert!(!asked.exists() && tree(Path::new(&root(&home))).is_empty());
}
