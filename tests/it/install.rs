//! The install script, in scratch roots; and the services of other init systems, as it installs them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Home, Ran, run, tree};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// Runs the script in this home, with everything put below `root`.
fn script(home: &Home, arguments: &[&str]) -> Ran {
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

fn install(home: &Home, arguments: &[&str]) -> Ran {
    // A debug build has 100 MB, and its checksum is not what is tested here.
    let program = home.path().join("program");
    std::fs::write(&program, format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_authwatch")))
        .unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let ran = script(home, &[&["--binary", program.to_str().unwrap()], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}: {}", ran.stdout);
    ran
}

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

/// A directory of programs that say how they were called, in place of ones that cannot run here.
fn stand_ins(home: &Home, names: &[&str]) -> String {
    for name in names {
        home.write(
            &format!("stand-ins/{name}"),
            format!("#!/bin/sh\necho \"{name} $*\" >> '{}/called'\n", home.path().display()),
        );
        let path = home.path().join("stand-ins").join(name);
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    format!("{}:{}", home.path().join("stand-ins").display(), std::env::var("PATH").unwrap())
}

fn called(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("called")).unwrap_or_default()
}

fn healthy() -> serde_json::Value {
    json!({ "groq:default": { "type": "api_key", "provider": "groq", "key": "k" } })
}

/// `OpenRC` is not there on a machine with systemd: its variables and functions are, as openrc-run would use them.
#[test]
fn the_openrc_service_says_what_openrc_needs_to_know() {
    let home = Home::new().profiles("main", &healthy());
    install(
        &home,
        &["--system", "--init", "openrc", "--for", "root", "--home", home.path().to_str().unwrap()],
    );
    let path = stand_ins(&home, &["checkpath", "supervise-daemon", "ebegin", "eend", "need", "use", "after"]);
    let run_part = |what: &str| {
        let mut command = Command::new("sh");
        let script = format!(
            "RC_SVCNAME=authwatch; . ./root/etc/conf.d/authwatch; . ./root/etc/init.d/authwatch; command='{}'; {what}",
            env!("CARGO_BIN_EXE_authwatch")
        );
        command
            .args(["-euc", &script])
            .env("PATH", &path)
            .env("HOME", "/nonexistent")
            .current_dir(home.path());
        run(command)
    };
    let ran =
        run_part("depend; start_pre; reload; echo \"$supervisor|$command_args|$command_user|$retry\"; env");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("supervise-daemon|watch |root|TERM/45/KILL/5\n"), "{}", ran.stdout);
    let home_line = format!("HOME={}", home.path().display());
    for line in [home_line.as_str(), "XDG_CONFIG_HOME=/etc", "STATE_DIRECTORY=/var/lib/authwatch"] {
        assert!(ran.stdout.lines().any(|found| found == line), "{line}: {}", ran.stdout);
    }
    let calls = called(&home);
    assert!(calls.contains("checkpath --directory --mode 0700 --owner root /var/lib/authwatch\n"), "{calls}");
    assert!(calls.contains("supervise-daemon authwatch --signal HUP\n"), "{calls}");
    // It does not start with a configuration that is wrong.
    home.write("conf/authwatch/config.toml", "[wach]\n");
    let xdg = home.path().join("conf");
    let ran = run_part(&format!("XDG_CONFIG_HOME='{}'; start_pre", xdg.display()));
    assert!(ran.code == 78 && ran.stderr.contains("did you mean `watch`"), "{}{}", ran.code, ran.stderr);
}

/// runit itself supervises the installed service: up, reloaded, down, and not again and again with a wrong configuration.
#[test]
fn runit_supervises_the_service() {
    let home = Home::new().profiles("main", &healthy());
    let user = run({
        let mut command = Command::new("id");
        command.arg("-un");
        command
    });
    let home_dir = home.path().to_str().unwrap();
    install(&home, &["--system", "--init", "runit", "--for", user.stdout.trim(), "--home", home_dir]);
    let service = home.path().join("root/etc/sv/authwatch");
    let config = home.path().join("etc/authwatch/config.toml");
    home.write("etc/authwatch/config.toml", "[watch]\nlisten = '127.0.0.1:0'\n");
    // What the script has for the real machine, below this home.
    let script = std::fs::read_to_string(service.join("run")).unwrap();
    let script = script
        .replace("/usr/local/bin/authwatch", env!("CARGO_BIN_EXE_authwatch"))
        .replace("XDG_CONFIG_HOME=/etc", &format!("XDG_CONFIG_HOME={home_dir}/etc"))
        .replace("/var/lib/authwatch", &format!("{home_dir}/state"))
        .replace("chpst -u \"$authwatch_user\"", "env");
    assert!(script.contains("exec env "), "{script}");
    std::fs::write(service.join("run"), script).unwrap();
    std::fs::remove_dir_all(service.join("log")).unwrap();
    let mut runsv = Command::new("runsv").arg(&service).spawn().unwrap_or_else(|problem| {
        panic!("cannot run runsv ({problem}): apt-get install runit");
    });
    let sv = |arguments: &[&str]| {
        let mut command = Command::new("sv");
        command.args(arguments).arg(&service);
        run(command).stdout
    };
    let wait = |what: &str, condition: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !condition() {
            assert!(Instant::now() < deadline, "{what} did not happen: {}", sv(&["status"]));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait("it is up", &|| sv(&["status"]).starts_with("run:") && home.path().join("state").is_dir());
    assert!(sv(&["hup"]).is_empty());
    std::fs::write(&config, "[wach]\n").unwrap();
    sv(&["restart"]);
    wait("it stays down", &|| {
        let status = sv(&["status"]);
        status.starts_with("down:") && !status.contains("want up")
    });
    std::fs::write(&config, "[watch]\nlisten = '127.0.0.1:0'\n").unwrap();
    sv(&["up"]);
    wait("it is up again", &|| sv(&["status"]).starts_with("run:"));
    sv(&["exit"]);
    assert!(runsv.wait().unwrap().success());
}

#[test]
fn the_plist_is_one_and_says_what_launchd_should_do() {
    let home = Home::new();
    install(&home, &["--user", "--init", "launchd"]);
    let mut command = Command::new("python3");
    let read = "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
    command.args(["-c", read]).arg(home.path().join("root/home/me/Library/LaunchAgents/authwatch.plist"));
    let plist = run(command).json();
    assert_eq!(plist["ProgramArguments"], json!(["/home/me/.local/bin/authwatch", "watch"]));
    assert_eq!(plist["KeepAlive"], json!({ "SuccessfulExit": false }));
    assert_eq!((&plist["RunAtLoad"], &plist["Umask"]), (&json!(true), &json!(0o077)));
    assert_eq!(plist["StandardErrorPath"], "/home/me/Library/Logs/authwatch.log");
}

/// cron hands what follows the user to `sh -c`.
#[test]
fn the_cron_line_is_quiet_about_bad_logins_and_loud_about_its_own_trouble() {
    let text = std::fs::read_to_string(deploy().join("cron/authwatch")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let [line] = lines[..] else { panic!("{lines:?}") };
    let fields: Vec<&str> = line.splitn(7, ' ').collect();
    assert_eq!(fields[..6], ["*/5", "*", "*", "*", "*", "openclaw"]);
    let line = fields[6].replace("/usr/bin/authwatch", env!("CARGO_BIN_EXE_authwatch"));
    assert!(!line.contains('%'), "cron reads a % as the end of the line");
    let cron = |home: &Home| {
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        run(command)
    };
    let ended =
        json!({ "anthropic:a": { "type": "token", "provider": "anthropic", "token": "t", "expires": 1 } });
    for profiles in [healthy(), ended] {
        let ran = cron(&Home::new().profiles("main", &profiles));
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    }
    let home = Home::new().profiles("main", &healthy()).file(".config/authwatch/config.toml", "[wach]\n");
    let ran = cron(&home);
    assert!(ran.code != 0 && ran.stderr.contains("wach"), "{}", ran.stderr);
}

#[test]
fn release_notes_are_a_part_of_the_changelog() {
    let notes = |version: &[&str]| {
        let mut command = Command::new("sh");
        command.arg(deploy().join("release-notes.sh")).args(version);
        run(command)
    };
    let changelog = include_str!("../../CHANGELOG.md");
    let ran = notes(&[]);
    assert!(ran.code == 0 && ran.stdout.starts_with("- "), "{}", ran.stderr);
    assert!(changelog.contains(ran.stdout.trim_end()) && !ran.stdout.contains("\n## "), "{}", ran.stdout);
    let ran = notes(&["99.0"]);
    assert!(
        ran.code == 66 && ran.stderr.contains("no section for `99.0`") && ran.stdout.is_empty(),
        "{}",
        ran.stderr
    );
}
