//! The services of other init systems than systemd, as the install script installs them, run as far as they can be.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::home::{Home, run};
use crate::support::install::{deploy, install};

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
