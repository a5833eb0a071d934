//! The install script, in scratch roots; and the other scripts of `deploy`.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::support::home::{Home, run, tree};
use crate::support::install::{deploy, install, script};

fn exists(home: &Home, path: &str) -> bool {
    home.path().join("root").join(path).exists()
}

fn text(home: &Home, path: &str) -> String {
    let path = home.path().join("root").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

const USER_UNIT: &str = "home/me/.config/systemd/user/authwatch.service";

#[test]
fn installing_twice_changes_nothing_and_uninstalling_leaves_nothing() {
    for (arguments, expected) in [
        (
            &["--user", "--init", "systemd"][..],
            &["home/me/.local/bin/authwatch", USER_UNIT, "home/me/.local/share/man/man1/authwatch-watch.1"][..],
        ),
        (
            &["--system", "--init", "systemd", "--for", "claw", "--home", "/srv/claw"],
            &[
                "usr/local/bin/authwatch",
                "etc/systemd/system/authwatch-check.timer",
                "etc/systemd/system/authwatch.service.d/openclaw-user.conf",
                "usr/local/share/bash-completion/completions/authwatch",
            ],
        ),
        (&["--system", "--init", "openrc"], &["etc/init.d/authwatch", "etc/conf.d/authwatch"]),
        (&["--system", "--init", "runit"], &["etc/sv/authwatch/run", "etc/sv/authwatch/log/run"]),
        (
            &["--system", "--init", "cron", "--prefix", "/opt/aw"],
            &["etc/cron.d/authwatch", "opt/aw/bin/authwatch"],
        ),
        (&["--user", "--init", "launchd"], &["home/me/Library/LaunchAgents/authwatch.plist"]),
        (&["--user", "--init", "none"], &["home/me/.local/bin/authwatch"]),
    ] {
        let home = Home::new();
        let dry = install(&home, &[&["--dry-run"], arguments].concat());
        assert!(!home.path().join("root").exists(), "{arguments:?}: a dry run writes nothing");
        let ran = install(&home, arguments);
        let writes = |said: &str| said.lines().filter(|line| line.starts_with("write ")).count();
        assert!(writes(&ran.stdout) > 10, "{}", ran.stdout);
        assert_eq!(dry.stdout, ran.stdout, "a dry run says what is done");
        for path in expected {
            assert!(exists(&home, path), "{arguments:?}: {path} is there\n{}", ran.stdout);
        }
        let before = tree(&home.path().join("root"));
        let again = install(&home, arguments);
        assert_eq!(writes(&again.stdout), 0, "{}", again.stdout);
        let after = tree(&home.path().join("root"));
        // The manifest is written again, with the same in it.
        let stays = |path: &&PathBuf| !path.ends_with("share/authwatch") && !path.ends_with("manifest");
        for path in before.keys().filter(stays) {
            assert_eq!(before[path], after[path], "{}", path.display());
        }
        assert_eq!(before.len(), after.len());
        let removal = [&["--uninstall"], arguments].concat();
        let dry = script(&home, &[&["--dry-run"], &removal[..]].concat());
        assert!(dry.code == 0 && exists(&home, expected[0]), "{}", dry.stderr);
        let ran = script(&home, &removal);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert_eq!(tree(&home.path().join("root")).len(), 0, "{:?}", tree(&home.path().join("root")).keys());
        let ran = script(&home, &removal);
        assert!(ran.code == 66 && ran.stderr.contains("nothing is installed"), "{}", ran.stderr);
    }
}

#[test]
fn what_somebody_has_edited_is_never_overwritten_nor_removed() {
    let arguments = ["--user", "--init", "systemd"];
    let home = Home::new();
    install(&home, &arguments);
    let unit = home.path().join("root").join(USER_UNIT);
    let edited = format!("{}# mine\n", text(&home, USER_UNIT));
    std::fs::write(&unit, &edited).unwrap();
    // The same version again: there is nothing new to look at.
    let ran = install(&home, &arguments);
    assert!(ran.stdout.contains("authwatch.service stays as it is\n"), "{}", ran.stdout);
    assert!(!exists(&home, &format!("{USER_UNIT}.new")));
    // Another version (here: another place of the program) is put beside it, and everything else follows.
    let moved = [&arguments[..], &["--prefix", "/home/me/.local/../.local"]].concat();
    let ran = install(&home, &moved);
    assert_eq!(text(&home, USER_UNIT), edited);
    assert!(ran.stdout.contains("the new one is beside it"), "{}", ran.stdout);
    let new = text(&home, &format!("{USER_UNIT}.new"));
    assert!(new.contains("ExecStart=/home/me/.local/../.local/bin/authwatch watch"), "{new}");
    let check = text(&home, "home/me/.config/systemd/user/authwatch-check.service");
    assert!(check.contains("ExecStart=/home/me/.local/../.local/"), "what is not edited is updated: {check}");
    let ran = script(&home, &["--user", "--uninstall"]);
    assert!(ran.code == 0 && ran.stdout.contains("edited: "), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(text(&home, USER_UNIT), edited);
    let left: Vec<PathBuf> =
        tree(&home.path().join("root")).into_keys().filter(|path| path.is_file()).collect();
    assert_eq!(left, [unit], "nothing but the edited file is left");
}

#[test]
fn what_was_there_before_is_somebody_elses() {
    let home = Home::new().file(&format!("root/{USER_UNIT}"), "[Service]\nExecStart=/bin/mine\n");
    let ran = install(&home, &["--user", "--init", "systemd"]);
    assert!(ran.stdout.contains("the new one is beside it"), "{}", ran.stdout);
    assert!(text(&home, USER_UNIT).contains("/bin/mine"));
    script(&home, &["--user", "--uninstall"]);
    assert!(text(&home, USER_UNIT).contains("/bin/mine"));
    assert!(!exists(&home, &format!("{USER_UNIT}.new")));
}

#[test]
fn the_services_name_program_and_user_as_they_were_asked_to() {
    let home = Home::new();
    let of = ["--for", "claw", "--home", "/srv/claw", "--prefix", "/opt/aw"];
    for init in ["openrc", "runit", "cron"] {
        install(&home, &[&["--system", "--init", init][..], &of].concat());
    }
    let ran = install(&home, &[&["--system", "--init", "systemd"][..], &of].concat());
    assert!(ran.stdout.contains("There is no user `claw` here"), "{}", ran.stdout);
    let unit = text(&home, "etc/systemd/system/authwatch.service");
    assert!(
        unit.contains("\nExecStart=/opt/aw/bin/authwatch watch\n") && unit.contains("\nUser=claw\n"),
        "{unit}"
    );
    let drop_in = text(&home, "etc/systemd/system/authwatch.service.d/openclaw-user.conf");
    for line in ["User=claw", "Environment=HOME=/srv/claw", "BindPaths=-/srv/claw/.openclaw"] {
        assert!(drop_in.lines().any(|found| found == line), "{line}: {drop_in}");
    }
    let confd = text(&home, "etc/conf.d/authwatch");
    assert!(
        confd.contains("authwatch_user=\"claw\"\n") && confd.contains("authwatch_home=\"/srv/claw\"\n"),
        "{confd}"
    );
    let conf = text(&home, "etc/sv/authwatch/conf");
    assert!(
        conf.contains("authwatch_user=claw\n") && conf.contains("authwatch_home=\"/srv/claw\"\n"),
        "{conf}"
    );
    let cron = text(&home, "etc/cron.d/authwatch");
    assert!(cron.contains("\n*/5 * * * * claw /opt/aw/bin/authwatch watch --once"), "{cron}");
    for (path, mode) in
        [("etc/init.d/authwatch", 0o755), ("etc/sv/authwatch/finish", 0o755), ("etc/cron.d/authwatch", 0o644)]
    {
        let found = std::fs::metadata(home.path().join("root").join(path)).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{path}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_the_way_out() {
    let home = Home::new().file("no-program", "x");
    for (arguments, code, said) in [
        (&["--sytem"][..], 64, "unknown argument `--sytem`"),
        (&["--prefix"], 64, "--prefix needs a value"),
        (&["--prefix", "relative"], 64, "absolute path"),
        (&["--user", "--init", "none", "--prefix", "/a b"], 64, "characters"),
        (&["--init", "upstart"], 64, "unknown init system `upstart`"),
        (&["--user", "--init", "openrc"], 64, "use --system"),
        (&["--system", "--init", "launchd"], 64, "use --user"),
        (&["--user", "--init", "none", "--for", "claw"], 64, "--for is for --system"),
        (&["--system", "--for", "x\nExecStartPre=/bin/evil"], 64, "is no user's name"),
        (&["--system", "--home", "/a|b"], 64, "characters"),
        (&["--user", "--init", "none", "--binary", "no-program"], 66, "`no-program` is no program"),
    ] {
        let ran = script(&home, arguments);
        assert!(ran.code == code && ran.stderr.contains(said), "{arguments:?}: {} {}", ran.code, ran.stderr);
        assert!(!home.path().join("root").exists());
    }
    let ran = script(&home, &["--help"]);
    assert!(ran.code == 0 && ran.stdout.contains("--uninstall"), "{}", ran.stdout);
}

/// Every shell script that is shipped.
#[test]
fn shellcheck_has_nothing_to_say() {
    let (mut open, mut scripts) = (vec![deploy()], Vec::new());
    while let Some(dir) = open.pop() {
        for path in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if std::fs::read(&path).unwrap().starts_with(b"#!") {
                scripts.push(path);
            }
        }
    }
    assert!(scripts.len() >= 5, "{scripts:?}");
    for script in scripts {
        let first = std::fs::read_to_string(&script).unwrap().lines().next().unwrap().to_owned();
        // openrc-run is a POSIX shell with functions of its own.
        let shell = if first.contains("bash") { "bash" } else { "sh" };
        let mut command = Command::new("shellcheck");
        command.args(["--shell", shell]).arg(&script);
        let ran = run(command);
        assert_eq!(ran.code, 0, "{}\n{}", script.display(), ran.stdout);
    }
}
