//! The units of systemd: verified and rated by systemd itself, and run as it would run them.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::home::{Home, Ran, run};
use crate::support::install::deploy;
use crate::support::notify_socket::Notified;

/// The system's units may be exposed this much at most, of 10.
const EXPOSURE: f64 = 1.5;
const PROGRAM: &str = "/usr/bin/authwatch";

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The units of a scope (`system` or `user`) as they would be installed, with the program where it is; and these drop-ins.
fn installed(scope: &str, drop_ins: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files(&deploy().join("systemd").join(scope)) {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace(PROGRAM, env!("CARGO_BIN_EXE_authwatch"));
        std::fs::write(dir.path().join(file.file_name().unwrap()), text).unwrap();
    }
    for (unit, drop_in) in drop_ins {
        let place = dir.path().join(format!("{unit}.d"));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::copy(deploy().join("systemd/drop-ins").join(drop_in), place.join(drop_in)).unwrap();
    }
    dir
}

fn analyze(arguments: &[&str], units: &Path) -> Ran {
    let mut command = Command::new("systemd-analyze");
    // The units beside it are found, and then the system's own.
    command.args(arguments).env("SYSTEMD_UNIT_PATH", format!("{}:", units.display()));
    // A user's units want a place where a user's manager would keep its sockets.
    command.env("XDG_RUNTIME_DIR", units);
    run(command)
}

const DROP_INS: &[(&str, &str)] = &[
    ("authwatch.service", "openclaw-user.conf"),
    ("authwatch.service", "credentials.conf"),
    ("authwatch.service", "commands.conf"),
    ("authwatch.service", "on-failure.conf"),
    ("authwatch-check.service", "openclaw-user.conf"),
    ("authwatch-check.service", "bad-logins-fail.conf"),
    ("authwatch-check.service", "on-failure.conf"),
];

#[test]
fn systemd_finds_nothing_wrong_with_any_unit() {
    for (scope, drop_ins) in
        [("system", &[][..]), ("user", &[]), ("system", DROP_INS), ("user", &DROP_INS[2..4])]
    {
        let dir = installed(scope, drop_ins);
        let units = files(dir.path()).into_iter().filter(|path| path.is_file());
        let mut verified = 0;
        for unit in units {
            // A template is verified as one of its instances.
            let name = unit.to_str().unwrap().replace("@.", "@authwatch-check.service.");
            if name != unit.to_str().unwrap() {
                std::fs::copy(&unit, &name).unwrap();
            }
            let ran = analyze(&["verify", "--man=no", &format!("--{scope}"), &name], dir.path());
            // Other packages' units are not what is verified here.
            let own: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("authwatch")).collect();
            assert!(ran.code == 0 && own.is_empty(), "{name}: {}{}", ran.stdout, ran.stderr);
            verified += 1;
        }
        assert_eq!(verified, 5, "{scope}");
    }
    // It does notice.
    let dir = installed("system", &[]);
    let unit = dir.path().join("authwatch.service");
    let text = std::fs::read_to_string(&unit).unwrap();
    std::fs::write(&unit, text.replace("WatchdogSec=2min", "WatchdogSec=often")).unwrap();
    let ran = analyze(&["verify", "--man=no", unit.to_str().unwrap()], dir.path());
    assert!(ran.stderr.contains("authwatch.service:17: Failed to parse sec value"), "{}", ran.stderr);
}

#[test]
fn the_systems_services_can_do_little_harm() {
    for drop_ins in [&[][..], &DROP_INS[..2]] {
        let dir = installed("system", drop_ins);
        for service in ["authwatch.service", "authwatch-check.service"] {
            let unit = dir.path().join(service);
            let threshold = format!("--threshold={}", (EXPOSURE * 10.0).round());
            let ran = analyze(
                &["security", "--offline=true", "--no-pager", &threshold, unit.to_str().unwrap()],
                dir.path(),
            );
            let level = ran
                .stdout
                .lines()
                .find_map(|line| line.split_once("Overall exposure level for ")?.1.split_once(": "));
            let (name, level) = level.unwrap_or_else(|| panic!("no level: {}{}", ran.stdout, ran.stderr));
            let level: f64 = level.split(' ').next().unwrap().parse().unwrap();
            assert!(ran.code == 0 && level <= EXPOSURE, "{name}: {level}\n{}", ran.stdout);
        }
    }
}

/// The settings of a unit's service, in order; an empty value forgets what was said before.
struct Service {
    settings: Vec<(String, String)>,
}

impl Service {
    fn read(dir: &Path, unit: &str) -> Self {
        let mut texts = vec![dir.join(unit)];
        let drop_ins = dir.join(format!("{unit}.d"));
        if drop_ins.is_dir() {
            texts.extend(files(&drop_ins));
        }
        let mut settings = Vec::new();
        for path in texts {
            let text = std::fs::read_to_string(path).unwrap();
            let lines = text.lines().skip_while(|line| *line != "[Service]").skip(1);
            for line in lines.take_while(|line| !line.starts_with('[')) {
                let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
                    continue;
                };
                if value.is_empty() {
                    settings.retain(|(known, _)| known != name);
                } else {
                    settings.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        Self { settings }
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.settings.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    fn one(&self, name: &str) -> &str {
        self.all(name).last().copied().unwrap_or_else(|| panic!("no {name}="))
    }

    /// The service's own command, with the environment, state directory and credentials that systemd gives, below `home`.
    fn command(&self, home: &Home) -> Command {
        let mut words = self.one("ExecStart").split(' ');
        let mut command = Command::new(words.next().unwrap());
        let mut environment: BTreeMap<String, String> =
            [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        environment.insert("HOME".to_owned(), home.path().display().to_string());
        for setting in self.all("Environment") {
            let (name, value) = setting.split_once('=').unwrap();
            environment.insert(name.to_owned(), at(home, value));
        }
        for file in self.all("EnvironmentFile") {
            let path = at(home, file.trim_start_matches('-'));
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(_) if file.starts_with('-') => continue,
                Err(error) => panic!("{path}: {error}"),
            };
            for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
                environment.insert(name.to_owned(), value.to_owned());
            }
        }
        for name in self.all("StateDirectory") {
            let path = home.path().join("var/lib").join(name);
            std::fs::create_dir_all(&path).unwrap();
            let mode = u32::from_str_radix(self.one("StateDirectoryMode"), 8).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            environment.insert("STATE_DIRECTORY".to_owned(), path.display().to_string());
        }
        for credential in self.all("LoadCredential") {
            let (id, path) = credential.split_once(':').unwrap();
            let directory = home.path().join("run/credentials");
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::copy(at(home, path), directory.join(id)).unwrap();
            environment.insert("CREDENTIALS_DIRECTORY".to_owned(), directory.display().to_string());
        }
        if self.one("Type") == "notify" {
            environment.insert("NOTIFY_SOCKET".to_owned(), home.path().join("notify").display().to_string());
            assert_eq!(self.one("WatchdogSec"), "2min");
            // A 300th of it, so that a test sees signs of life.
            environment.insert("WATCHDOG_USEC".to_owned(), (120_000_000 / 300).to_string());
        }
        command.args(words).env_clear().envs(environment).current_dir("/");
        command
    }

    /// Whether systemd takes this exit code for a good end.
    fn is_success(&self, code: i32) -> bool {
        let listed = self.all("SuccessExitStatus").join(" ");
        code == 0 || listed.split(' ').any(|listed| listed == code.to_string())
    }
}

/// A place of the machine (`/etc/…`, `%h/…`) in this home.
fn at(home: &Home, place: &str) -> String {
    let place = place.replace("%h", home.path().to_str().unwrap());
    for root in ["/etc", "/home/openclaw"] {
        if place == root || place.starts_with(&format!("{root}/")) {
            let below = if root == "/etc" { &place[1..] } else { &place[root.len()..] };
            return home.path().join(below.trim_start_matches('/')).display().to_string();
        }
    }
    place
}

fn token(ends_in: i64) -> serde_json::Value {
    let now = crate::support::time::now();
    json!({ "anthropic:a": { "type": "token", "provider": "anthropic", "token": "t", "expires": now + ends_in } })
}

const DAYS: i64 = 30 * 24 * 3_600_000;

#[test]
fn the_daemons_unit_tells_systemd_all_it_waits_for() {
    for (scope, drop_ins, state) in
        [("system", &DROP_INS[..2], "var/lib/authwatch"), ("user", &[], ".local/state/authwatch")]
    {
        let config = match scope {
            "system" => {
                "[watch]\nlisten = '127.0.0.1:0'\nbearer_token_file = '$CREDENTIALS_DIRECTORY/bearer-token'\n"
            }
            _ => "[watch]\nlisten = '127.0.0.1:0'\n",
        };
        let home = Home::new()
            .profiles("main", &token(DAYS))
            .file("etc/authwatch/config.toml", config)
            .file(".config/authwatch/config.toml", config)
            .file("etc/authwatch/credentials/bearer-token", "open sesame\n");
        let mut notified = Notified::bind(&home);
        let dir = installed(scope, drop_ins);
        let service = Service::read(dir.path(), "authwatch.service");
        let mut command = service.command(&home);
        // The unit logs what matters; a test reads more.
        command.args(["--log-level", "info"]);
        let mut daemon = Daemon::listening(command);
        notified.wait("READY=1");
        assert!(notified.wait("STATUS=").contains("1 agent: 1 valid"), "{scope}");
        notified.wait("WATCHDOG=1");
        if scope == "system" {
            assert_eq!(daemon.get("/api/v1/status").status, 401, "the credential is in force");
            let shown = daemon.ask("GET", "/api/v1/status", &["Authorization: Bearer open sesame"]);
            assert_eq!(shown.status, 200);
        } else {
            assert_eq!(daemon.get("/api/v1/status").status, 200);
        }
        notified.states.clear();
        assert_eq!(service.one("ExecReload"), "/bin/kill -HUP $MAINPID");
        let pid = daemon.pid().to_string();
        let mut reload = Command::new("sh");
        reload.args(["-c", service.one("ExecReload")]).env("MAINPID", &pid);
        assert_eq!(run(reload).code, 0);
        notified.wait("RELOADING=1");
        notified.wait("READY=1");
        daemon.signal(Signal::TERM);
        notified.wait("STOPPING=1");
        assert_eq!(daemon.ended(), Some(0), "{scope}: {}", daemon.log());
        let made = home.path().join(state);
        let other = if scope == "system" { ".local/state/authwatch" } else { "var/lib/authwatch" };
        assert!(!home.path().join(other).exists(), "{scope} keeps its state in {}", made.display());
    }
}

#[test]
fn the_check_is_a_success_unless_it_is_asked_to_fail() {
    for (scope, drop_in) in [("system", DROP_INS[5]), ("user", DROP_INS[5])] {
        let kind = Service::read(installed(scope, &[]).path(), "authwatch-check.service");
        let strict = Service::read(installed(scope, &[drop_in]).path(), "authwatch-check.service");
        assert_eq!(kind.one("Type"), "oneshot");
        for (ends_in, code) in [(DAYS, 0), (18_000_000, 2), (-3_600_000, 1)] {
            let home = Home::new().profiles("main", &token(ends_in));
            let ran = run(kind.command(&home));
            assert_eq!(ran.code, code, "{scope}: {}", ran.stderr);
            assert!(kind.is_success(code));
            assert_eq!(strict.is_success(code), code == 0);
        }
        // What is authwatch's own trouble is a failure in any case.
        let home = Home::new()
            .profiles("main", &token(DAYS))
            .file("etc/authwatch/config.toml", "[wach]\n")
            .file(".config/authwatch/config.toml", "[wach]\n");
        let ran = run(kind.command(&home));
        assert!(ran.code == 78 && !kind.is_success(78), "{scope}: {}", ran.stderr);
        let daemon = Service::read(installed(scope, &[]).path(), "authwatch.service");
        assert!(daemon.one("RestartPreventExitStatus").split(' ').any(|code| code == "78"));
    }
}

#[test]
fn what_the_environment_file_says_is_heard() {
    for (scope, file) in [("system", "etc/authwatch/environment"), ("user", ".config/authwatch/environment")]
    {
        let home = Home::new().profiles("main", &token(DAYS));
        let elsewhere = Home::new().profiles("main", &token(-1));
        let home = home.file(file, format!("OPENCLAW_STATE_DIR={}\n", elsewhere.state().display()));
        let service = Service::read(installed(scope, &[]).path(), "authwatch-check.service");
        assert_eq!(run(service.command(&home)).code, 1, "{scope}");
    }
}

#[test]
fn the_timer_comes_every_five_minutes_and_makes_up_for_what_it_missed() {
    for scope in ["system", "user"] {
        let path = deploy().join("systemd").join(scope).join("authwatch-check.timer");
        let text = std::fs::read_to_string(path).unwrap();
        for line in ["Persistent=yes", "RandomizedDelaySec=1min"] {
            assert!(text.lines().any(|found| found == line), "{scope}: {line}");
        }
        let calendar = text.lines().find_map(|line| line.strip_prefix("OnCalendar=")).unwrap();
        let ran = analyze(&["calendar", "--iterations=3", calendar], Path::new("/"));
        let minutes = ran.stdout.lines().filter(|line| line.contains(":00 ")).count();
        assert!(ran.code == 0 && minutes >= 3, "{}", ran.stdout);
    }
}
