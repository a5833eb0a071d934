//! What people get: mail through a real server, pushes, webhooks, commands, alerts in a real Alertmanager, heartbeats.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::receiver::{Answer, Receiver};
use crate::support::{Home, document, run};
use crate::watching::Watching;

pub(crate) const CONFIG: &str = ".config/authwatch/config.toml";
const STORE: &str = ".openclaw/agents/main/agent/auth-profiles.json";

/// Now, Unix milliseconds.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A token of xai that ended an hour ago; or one that does not end.
fn broken() -> Value {
    json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t-1", "expires": now() - 3_600_000 } })
}

fn mended() -> Value {
    json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t-2" } })
}

/// A home with a broken login and these settings.
pub(crate) fn home(config: &str) -> Home {
    Home::new().profiles("main", &broken()).file(CONFIG, config)
}

pub(crate) fn once(home: &Home) {
    let ran = home.run(&["watch", "--once", "--no-refresh"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
}

fn waiting(home: &Home) -> Value {
    home.run(&["notify", "history", "--json"]).json()["waiting"].clone()
}

/// A real mail server.
pub(crate) struct MailServer {
    child: Child,
    port: u16,
    dir: PathBuf,
}

impl MailServer {
    /// Starts one with a certificate for `localhost`, whose authority is `ca.pem` in the home directory.
    pub(crate) fn start(home: &Home) -> Self {
        let dir = home.path().join("mail");
        fs::create_dir_all(&dir).unwrap();
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        home.write("ca.pem", certified.cert.pem());
        home.write("key.pem", certified.signing_key.serialize_pem());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail_server.py");
        let in_home = |name: &str| home.path().join(name);
        // Debian's own interpreter: aiosmtpd is installed for it.
        let child = Command::new("/usr/bin/python3")
            .arg(script)
            .args([&in_home("port"), &dir, &in_home("ca.pem"), &in_home("key.pem")])
            .args(["watcher", "canary-mail-password"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(in_home("mail.log")).unwrap())
            .spawn()
            .unwrap_or_else(|problem| panic!("no mail server ({problem}): apt-get install python3-aiosmtpd"));
        let mut server = Self { child, port: 0, dir };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !in_home("port").exists() {
            let log = fs::read_to_string(in_home("mail.log")).unwrap_or_default();
            assert!(server.child.try_wait().unwrap().is_none(), "the mail server has ended: {log}");
            assert!(Instant::now() < deadline, "the mail server does not start: {log}");
            std::thread::sleep(Duration::from_millis(5));
        }
        server.port = fs::read_to_string(in_home("port")).unwrap().parse().unwrap();
        server
    }

    pub(crate) fn config(&self, home: &Home, more: &str) -> String {
        home.write("password", "canary-mail-password\n");
        let path = |name: &str| home.path().join(name).display().to_string();
        format!(
            "[network]\nca_file = \"{}\"\n[notify]\nhost = \"build-host\"\n[notify.email.ops]\nhost = \"localhost\"\nport = {}\n\
             username = \"watcher\"\npassword_file = \"{}\"\nfrom = \"authwatch <watch@example.org>\"\n\
             to = [\"Ops <ops@example.org>\", \"night@example.org\"]\n{more}",
            path("ca.pem"),
            self.port,
            path("password"),
        )
    }

    pub(crate) fn mails(&self) -> Vec<Value> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&self.dir).unwrap().flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn mail_goes_over_tls_with_a_password_to_everybody_and_in_one_thread() {
    let home = home("");
    let server = MailServer::start(&home);
    home.write(CONFIG, server.config(&home, ""));
    once(&home);
    once(&home);
    assert_eq!(
        server.mails().len(),
        1,
        "told once: {}",
        fs::read_to_string(home.path().join("mail.log")).unwrap()
    );
    home.write(STORE, document(&mended()));
    for _ in 0..3 {
        assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 0);
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    let first = &mails[0];
    assert_eq!((&first["tls"], &first["user"]), (&json!(true), &json!("watcher")));
    assert_eq!(first["to"], json!(["ops@example.org", "night@example.org"]));
    assert_eq!(first["headers"]["Subject"], "build-host: xai:default of main has ended");
    assert_eq!(first["headers"]["Auto-Submitted"], "auto-generated");
    assert_eq!(first["headers"]["Importance"], "high");
    let command = "openclaw models auth paste-token --provider xai --agent main";
    for part in ["plain", "html"] {
        assert!(first[part].as_str().unwrap().contains(command), "{part}: {}", first[part]);
    }
    let second = &mails[1];
    assert_eq!(second["headers"]["Subject"], "build-host: xai:default of main is all right again");
    assert!(second["plain"].as_str().unwrap().contains("Valid, no expiry"), "{}", second["plain"]);
    // Both answer a mail that names the incident, so that they are one thread.
    let thread = first["headers"]["In-Reply-To"].as_str().unwrap();
    assert!(thread.starts_with("<authwatch.") && second["headers"]["In-Reply-To"] == thread);
    assert!(second["headers"]["References"].as_str().unwrap().contains(thread));
    assert_ne!(first["headers"]["Message-ID"], second["headers"]["Message-ID"]);
}

#[test]
fn a_certificate_that_does_not_verify_is_refused_and_a_wrong_password_named() {
    let home = home("");
    let server = MailServer::start(&home);
    let config = server.config(&home, "");
    let without_ca = config.replace("ca.pem", "other.pem");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    home.write("other.pem", other.cert.pem());
    home.write(CONFIG, without_ca);
    let ran = home.run(&["notify", "test", "ops"]);
    assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("ops (email): failed (tls): "), "{}", ran.stdout);
    assert!(ran.stdout.contains("certificate does not verify"), "{}", ran.stdout);
    assert!(server.mails().is_empty());
    home.write(CONFIG, &config);
    let ran = home.run(&["notify", "test"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "ops (email): accepted: 250 kept as 1\n"),
        "{}",
        ran.stderr
    );
    home.write("password", "canary-wrong\n");
    let ran = home.run(&["notify", "test", "ops"]);
    assert_eq!(ran.code, 78);
    assert!(
        ran.stdout.contains("refused (authentication): ") && ran.stdout.contains("535"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
}

fn webhook(receiver: &Receiver, name: &str, more: &str) -> String {
    format!("[notify.webhook.{name}]\nurl = \"{}\"\n{more}", receiver.url(&format!("/{name}")))
}

#[test]
fn a_webhook_gets_versioned_json_that_is_signed() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", "secret_file = \"key\"\ntoken_env = \"HOOK_TOKEN\"\n"))
        .file("key", "canary-key\n")
        .env("HOOK_TOKEN", "canary-token");
    once(&home);
    let request = receiver.received().remove(0);
    assert_eq!(request.header("authorization"), Some("Bearer canary-token"));
    let signed = request.header("x-authwatch-signature").unwrap();
    let (time, signature) = signed.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"canary-key");
    let tag = ring::hmac::sign(&key, format!("{time}.{}", request.body).as_bytes());
    let hex = tag.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(signature, hex);
    let message = request.json();
    assert_eq!(message["version"], 1);
    assert_eq!(request.header("idempotency-key"), message["id"].as_str());
    assert_eq!(message["severity"], "critical");
    assert_eq!(message["counts"], json!({ "critical": 1, "warning": 0, "info": 0, "mended": 0 }));
    let change = &message["changes"][0];
    for (key, value) in
        [("change", "new"), ("agent", "main"), ("profile", "xai:default"), ("condition", "expired")]
    {
        assert_eq!(change[key], value, "{key}");
    }
}

#[test]
fn chats_and_pushes_get_what_they_expect() {
    let receiver = Receiver::start();
    let presets = ["slack", "discord", "telegram", "gotify", "mattermost"];
    let mut config = format!(
        "[notify]\nhost = \"build-host\"\npage_url = \"https://watch.example/\"\n[notify.ntfy.phone]\ntopic = \"logins\"\nserver = \"{}\"\ntoken_file = \"token\"\n",
        receiver.url("")
    );
    for preset in presets {
        let more = match preset {
            "telegram" => "chat_id = \"42\"\n",
            "gotify" => "token_file = \"token\"\n",
            _ => "",
        };
        config += &webhook(&receiver, preset, &format!("preset = \"{preset}\"\n{more}"));
    }
    let profile = json!({ "xai:<!channel> @everyone *b*": { "type": "token", "provider": "xai", "token": "t", "expires": 5 } });
    let home = Home::new().profiles("main", &profile).file(CONFIG, &config).file("token", "canary-token\n");
    once(&home);
    let text = |path: &str, field: &str| {
        let body = receiver.at(path).remove(0);
        body[field].as_str().unwrap_or_else(|| panic!("no {field}: {body}")).to_owned()
    };
    let command = "openclaw models auth paste-token --provider xai --agent main";
    assert!(text("/slack", "text").contains("&lt;!channel&gt;"), "{}", text("/slack", "text"));
    assert!(text("/slack", "text").contains(&format!("`{command}`")));
    assert!(!text("/mattermost", "text").contains("@everyone"));
    assert!(text("/discord", "content").contains("\\*b\\*"), "{}", text("/discord", "content"));
    assert_eq!(receiver.at("/discord")[0]["allowed_mentions"], json!({ "parse": [] }));
    assert_eq!(receiver.at("/telegram")[0]["chat_id"], "42");
    assert!(text("/telegram", "text").contains(command));
    assert_eq!(receiver.at("/gotify")[0]["priority"], 8);
    let push = &receiver.at("/")[0];
    assert_eq!((&push["topic"], &push["priority"]), (&json!("logins"), &json!(5)));
    assert_eq!(push["click"], "https://watch.example/");
    assert_eq!(push["actions"][0]["url"], "https://watch.example/");
    assert!(push["message"].as_str().unwrap().contains(command));
    let header = |path: &str, name: &str| {
        let requests = receiver.received();
        let request = requests.iter().find(|request| request.path == path).unwrap();
        request.header(name).map(str::to_owned)
    };
    assert_eq!(header("/gotify", "x-gotify-key").as_deref(), Some("canary-token"));
    assert_eq!(header("/", "authorization").as_deref(), Some("Bearer canary-token"));
}

#[test]
fn a_command_gets_data_and_no_shell_and_is_ended_with_all_it_has_started() {
    let script = "#!/bin/sh\ncat > message.json\nprintf '%s\\n' \"$AUTHWATCH_SEVERITY\" \"$AUTHWATCH_TITLE\" \"$AUTHWATCH_COMMAND\" > words\n";
    let profile = json!({ "x; touch oops; $(touch oops)": { "type": "token", "provider": "xai", "token": "t", "expires": 5 } });
    let home = Home::new().profiles("main", &profile).file("tell", script);
    let program = home.path().join("tell");
    set_mode(&program, 0o700);
    home.write(CONFIG, format!("[notify.command.toast]\nrun = [\"{}\"]\n", program.display()));
    once(&home);
    let words = fs::read_to_string(home.path().join("words")).unwrap();
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines[0], "critical");
    assert_eq!(lines[1], "x; touch oops; $(touch oops) of main has ended");
    assert!(lines[2].starts_with("openclaw models auth paste-token"), "{words}");
    let message: Value =
        serde_json::from_slice(&fs::read(home.path().join("message.json")).unwrap()).unwrap();
    assert_eq!(message["changes"][0]["profile"], "x; touch oops; $(touch oops)");
    assert!(!home.path().join("oops").exists());

    home.write("tell", "#!/bin/sh\n(sleep 3600; true) &\necho $! > child\nsleep 3600\n");
    home.write(
        CONFIG,
        format!("[notify.command.toast]\nrun = [\"{}\"]\ntimeout = \"300ms\"\n", program.display()),
    );
    let ran = home.run(&["notify", "test", "toast"]);
    assert_eq!(ran.code, 75, "{}", ran.stdout);
    assert!(ran.stdout.contains("failed (timeout)"), "{}", ran.stdout);
    let child = fs::read_to_string(home.path().join("child")).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while is_running(child.trim()) {
        assert!(Instant::now() < deadline, "what the command has started is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
    home.write("tell", "#!/bin/sh\necho 'no battery' >&2\nexit 3\n");
    let ran = home.run(&["notify", "test", "toast"]);
    assert!(ran.stdout.contains("failed (command)") && ran.stdout.contains("no battery"), "{}", ran.stdout);
    home.write(CONFIG, "[notify.command.toast]\nrun = [\"/nowhere/tell\"]\n");
    assert_eq!(home.run(&["notify", "test"]).code, 78);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn a_heartbeat_says_that_a_pass_has_begun_and_how_it_ended() {
    let receiver = Receiver::start();
    let config = |report: &str| {
        format!(
            "[notify.heartbeat]\nurl = \"{}\"\nreport = \"{report}\"\n",
            receiver.url("/ping/canary-uuid")
        )
    };
    let home = home(&config("pass"));
    let paths = || {
        let requests = receiver.received();
        assert!(requests.iter().all(|request| request.method == "GET"), "{requests:?}");
        requests.into_iter().map(|request| request.path).collect::<Vec<_>>()
    };
    once(&home);
    assert_eq!(paths(), ["/ping/canary-uuid/start", "/ping/canary-uuid"]);
    receiver.forget();
    home.write(CONFIG, config("check"));
    once(&home);
    assert_eq!(paths(), ["/ping/canary-uuid/start", "/ping/canary-uuid/1"]);
    // One that does not answer holds nothing up, and its address is no part of what is said.
    receiver.answer(Answer::With(500, "", "{head}"));
    let ran = home.run(&["watch", "--once", "--no-refresh", "--log-level", "trace"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("the heartbeat was not taken") && !ran.stderr.contains("canary"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_refused_is_not_tried_for_ever_and_not_lost_either() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(404, "", "no such hook"));
    let home = home(&webhook(&receiver, "own", ""));
    // From a timer, ten minutes apart, for three days.
    let start = now();
    let later = |minutes: i64| (start + minutes * 60_000).to_string();
    for pass in 0..(3 * 24 * 6) {
        home.run(&["watch", "--once", "--at", &later(pass * 10)]);
        if receiver.received().len() >= 6 {
            break;
        }
    }
    let waits = waiting(&home)["own"].clone();
    let tried = receiver.received().len();
    assert!((5..=30).contains(&tried), "{tried}");
    assert!(waits.as_array().is_some_and(|waits| !waits.is_empty()), "{waits}");
    // Another address, and it goes.
    let other = Receiver::start();
    home.write(CONFIG, webhook(&other, "own", ""));
    home.run(&["watch", "--once", "--at", &later(4 * 24 * 60)]);
    let taken = other.at("/own");
    // All that was refused in one, and what this pass has to say.
    assert!((1..=2).contains(&taken.len()), "{taken:?}");
    assert_eq!(taken[0]["changes"][0]["profile"], "xai:default");
    assert_eq!(taken[0]["changes"][0]["change"], "new", "nobody has heard of it yet");
    assert_eq!(waiting(&home)["own"].as_array().map_or(0, Vec::len), 0);
}

#[test]
fn a_channel_that_hangs_delays_no_other_and_no_pass() {
    let (good, hanging) = (Receiver::start(), Receiver::start());
    hanging.answer(Answer::Hang);
    let config = webhook(&good, "good", "") + &webhook(&hanging, "hanging", "");
    let home = home(&config);
    let watching = Watching::start(&home, &["--no-refresh", "--interval", "100ms"]);
    watching.wait("the good channel to be told", || good.received().len() == 1);
    watching.wait("the hanging channel to be called", || hanging.received().len() == 1);
    // While one hangs, a change goes through by the other.
    home.write(STORE, document(&mended()));
    watching.wait("the good channel to hear of the end", || good.received().len() == 2);
    assert_eq!(hanging.received().len(), 1);
    watching.wait_for_metric("authwatch_notifications_total{channel=\"good\"}", 2.0);
    watching.wait_for_metric("authwatch_notifications_total{channel=\"hanging\"}", 0.0);
    assert!(
        watching
            .metric("authwatch_notification_last_success_timestamp_seconds{channel=\"hanging\"}")
            .is_none()
    );
    assert!(watching.metric("authwatch_notifications_waiting{channel=\"hanging\"}").unwrap() >= 1.0);
}

#[test]
fn failures_are_counted_by_reason_and_over_restarts() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(503, "Retry-After: 7200\r\n", "later"));
    let home = home(&webhook(&receiver, "own", ""));
    let failed = "authwatch_notification_failures_total{channel=\"own\",reason=\"server_error\"}";
    {
        let watching = Watching::start(&home, &["--no-refresh"]);
        watching.wait_for_metric(failed, 1.0);
        watching
            .wait_for_metric("authwatch_notification_failures_total{channel=\"own\",reason=\"dns\"}", 0.0);
    }
    let textfile = home.path().join("authwatch.prom");
    let ran = home.run(&["watch", "--once", "--no-refresh", "--textfile", textfile.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let text = fs::read_to_string(&textfile).unwrap();
    assert!(text.contains(&format!("{failed} 1\n")), "not asked again before it wants to be: {text}");
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn a_hundred_kills_lose_nothing_and_repeat_one_message_at_most() {
    const KILLS: usize = 100;
    // What is sent and not yet noted is sent again: that is the one window in which there is a duplicate.
    let steps = [("notify-sending", 0), ("notify-sent", 1)];
    let mut duplicates = 0;
    for kill in 0..KILLS {
        let (step, allowed) = steps[kill % steps.len()];
        let receiver = Receiver::start();
        let home = home(&webhook(&receiver, "own", ""));
        let marker = home.path().join("marker");
        let mut child = home
            .command(&["watch", "--once", "--no-refresh"])
            .env("AUTHWATCH_TEST_PAUSE", step)
            .env("AUTHWATCH_TEST_MARKER", &marker)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        crate::refresh::wait_until(|| marker.exists());
        child.kill().unwrap();
        child.wait().unwrap();
        once(&home);
        let messages = receiver.at("/own");
        assert!(!messages.is_empty(), "killed at {step}: lost");
        let more = messages.len() - 1;
        assert!(more <= allowed, "killed at {step}: {more} duplicates");
        // Who gets it twice can tell.
        assert!(messages.iter().all(|message| message["id"] == messages[0]["id"]));
        duplicates += more;
        once(&home);
        assert_eq!(receiver.at("/own").len(), messages.len());
    }
    // Shown by `cargo test -- --nocapture`.
    println!(
        "{KILLS} kills, nothing lost, {duplicates} messages sent twice, all of them killed before that was noted"
    );
}

#[test]
fn alertmanager_is_told_what_is_so_and_what_has_ended() {
    let config = json!({ "route": { "receiver": "none" }, "receivers": [{ "name": "none" }] });
    let mut server = crate::servers::alertmanager(&config, None);
    let home = home("");
    // One of the members does not answer; the other does.
    let setting = format!(
        "[notify]\nhost = \"build-host\"\n[notify.alertmanager.main]\nurls = [\"http://{}\", \"http://{}\"]\n",
        crate::servers::free_address(),
        server.address
    );
    home.write(CONFIG, setting);
    let ran = home.run(&["notify", "test"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "main (alertmanager): accepted: 1 of 2 took it\n"));
    once(&home);
    let active = |server: &crate::servers::Server| {
        let alerts = server.api("/api/v2/alerts?active=true");
        let alerts = alerts.as_array().unwrap().clone();
        alerts.into_iter().filter(|alert| alert["labels"]["alertname"] != "AuthwatchTest").collect::<Vec<_>>()
    };
    server.wait("the alert", |server| active(server).len() == 1);
    let alert = active(&server).remove(0);
    let labels = &alert["labels"];
    for (name, value) in [
        ("alertname", "AuthwatchLoginExpired"),
        ("severity", "critical"),
        ("instance", "build-host"),
        ("agent", "main"),
        ("profile", "xai:default"),
        ("provider", "xai"),
    ] {
        assert_eq!(labels[name], value, "{alert}");
    }
    assert!(alert["annotations"]["command"].as_str().unwrap().contains("paste-token"), "{alert}");
    home.write(STORE, document(&mended()));
    for _ in 0..2 {
        assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 0);
    }
    server.wait("its end", |server| active(server).is_empty());
}

#[test]
fn silences_hold_and_the_commands_say_what_they_do() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", ""));
    let ran = home.run(&["notify", "silence", "xai:default", "2h"]);
    assert!(
        ran.code == 0 && ran.stdout.starts_with("xai:default is silent for 2 h, until "),
        "{}",
        ran.stdout
    );
    assert!(home.run(&["notify", "silence", "--list"]).stdout.starts_with("xai:default until "));
    once(&home);
    assert!(receiver.received().is_empty());
    assert_eq!(home.run(&["notify", "silence", "xai:default", "--end"]).code, 0);
    assert_eq!(home.run(&["notify", "silence", "xai:default", "--end"]).code, 66);
    once(&home);
    assert_eq!(receiver.received().len(), 1);
    let history = home.run(&["notify", "history"]);
    assert!(history.stdout.contains("own  accepted  xai:default of main has ended"), "{}", history.stdout);
    assert_eq!(home.run(&["notify", "test", "nobody"]).code, 78);
    assert_eq!(home.run(&["notify", "silence", "xai:default", "soon"]).code, 64);
    assert_eq!(home.run(&["notify", "silence"]).code, 64);
    assert_eq!(Home::new().run(&["notify", "test"]).code, 78);
    assert_eq!(Home::new().run(&["notify", "history"]).stdout, "nothing has been told yet\n");
}

#[test]
fn a_state_directory_that_has_gone_is_told_by_a_timer_too() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", "")).profiles("main", &mended());
    assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 0);
    assert!(receiver.received().is_empty());
    fs::rename(home.state(), home.path().join("unmounted")).unwrap();
    once(&home);
    let message = &receiver.at("/own")[0];
    assert_eq!(message["changes"][0]["condition"], "gone", "{message}");
}

#[test]
fn the_old_scripts_variables_tell_through_ntfy() {
    let receiver = Receiver::start();
    let soon = json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t", "expires": now() + 3 * 3_600_000 } });
    let topic = receiver.url("/old-topic");
    let home = Home::new().profiles("main", &soon).env("NOTIFY_NTFY", &topic).env("WARN_HOURS", "2");
    home.run(&["watch", "--once", "--no-refresh"]);
    assert!(receiver.received().is_empty(), "three hours are more than two");
    let home = home.env("WARN_HOURS", "48");
    home.run(&["watch", "--once", "--no-refresh"]);
    assert_eq!(receiver.at("/")[0]["topic"], "old-topic");
    assert_eq!(home.env("WARN_HOURS", "soon").run(&["watch", "--once"]).code, 78);
}

#[test]
fn config_check_names_what_will_not_do() {
    let check = |config: &str| {
        let home = Home::new().file(CONFIG, config).file("open", "secret").file("closed", "secret");
        set_mode(&home.path().join("open"), 0o644);
        set_mode(&home.path().join("closed"), 0o600);
        let ran = home.run(&["config", "check"]);
        (ran.code, ran.stderr)
    };
    for (config, expected) in [
        (
            "[notify.email.a]\nhost = \"mail.example\"\ntls = \"none\"\nto = [\"a@b.example\"]\n",
            "notify.email.a.tls: ",
        ),
        ("[notify.email.a]\nto = []\n", "notify.email.a.to: it has no recipients"),
        ("[notify.email.a]\nto = [\"nobody\"]\n", "`nobody` is no mail address"),
        ("[notify.email.a]\nto = [\"a@b.example\"]\nusername = \"x\"\n", "notify.email.a.username: "),
        ("[notify.ntfy.a]\ntopic = \"x\"\ntoken_file = \"open\"\n", "(chmod 600 open)"),
        (
            "[notify.ntfy.a]\ntopic = \"x\"\ntoken_file = \"gone\"\n",
            "notify.ntfy.a.token_file: cannot read `gone`",
        ),
        (
            "[notify.ntfy.a]\ntopic = \"x\"\ntoken_env = \"UNSET\"\n",
            "notify.ntfy.a.token_env: the variable `UNSET`",
        ),
        (
            "[notify.ntfy.a]\ntopic = \"x\"\nserver = \"http://ntfy.example\"\ntoken_file = \"closed\"\n",
            "in the open",
        ),
        (
            "[notify.webhook.a]\npreset = \"telegram\"\nurl = \"https://x.example\"\n",
            "notify.webhook.a.chat_id: ",
        ),
        ("[notify.alertmanager.a]\nurls = [\"nowhere\"]\n", "`nowhere` is no address"),
        (
            "[notify.alertmanager.a]\nurls = [\"http://x.example\"]\nhold = \"0s\"\n",
            "notify.alertmanager.a.hold: ",
        ),
        ("[notify.command.a]\n", "notify.command.a.run: "),
        ("[notify.alertmanager.a]\nurls = [\"http://me:pw@127.0.0.1:9093\"]\n", "in an address are not used"),
        ("[notify]\nthresholds = [\"0s\"]\n", "a threshold of 0"),
        ("[notify]\nquiet_hours = \"night\"\n", "`night` is no part of the day"),
        ("[notify.email.Ops]\n", "`Ops` is no name of a channel"),
        ("[notify.email.a]\n[notify.ntfy.a]\n", "there is another channel called `a`"),
        ("[notify.email.a]\npasword_file = \"x\"\n", "did you mean `password_file`?"),
    ] {
        let (code, said) = check(config);
        assert!(code == 78 && said.contains(expected), "{config}\nexit {code}: {said}");
    }
    assert_eq!(check("[notify.ntfy.a]\ntopic = \"x\"\ntoken_file = \"closed\"\n").0, 0);
}

#[test]
fn what_is_told_reads_like_this() {
    let receiver = Receiver::start();
    let config = webhook(&receiver, "own", "min_severity = \"info\"\n") + "[notify]\nhost = \"build-host\"\n";
    let at = crate::support::NOW;
    let token =
        |ends: i64| json!({ "type": "token", "provider": "anthropic", "token": "t", "expires": at + ends });
    let home = Home::new()
        .file(CONFIG, config)
        .file(".openclaw/openclaw.json", r#"{ agents: { defaults: { model: "anthropic/claude-opus-4-5" } } }"#)
        .profiles("main", &json!({ "anthropic:default": token(5 * 3_600_000), "zai:old": { "type": "api_key", "provider": "zai" } }))
        .profiles("night-shift", &json!({ "anthropic:own": token(-3_600_000) }))
        .file(".openclaw/agents/translator/agent/auth-profiles.json", "{ not json");
    let pass = |minutes: i64| home.run(&["watch", "--once", "--at", &(at + minutes * 60_000).to_string()]);
    pass(0);
    let token =
        |ends: i64| json!({ "type": "token", "provider": "anthropic", "token": "t", "expires": at + ends });
    home.write(
        ".openclaw/agents/night-shift/agent/auth-profiles.json",
        document(&json!({ "anthropic:own": token(40 * 86_400_000) })),
    );
    pass(60);
    pass(61);
    let messages = receiver.at("/own");
    assert_eq!(messages.len(), 2, "{messages:#?}");
    let shown = |message: &Value| {
        let text = message["text"].as_str().unwrap().replace(&home.path().display().to_string(), "[home]");
        format!("{}\n\n{text}", message["title"].as_str().unwrap())
    };
    insta::assert_snapshot!("the_first_message", shown(&messages[0]));
    insta::assert_snapshot!("a_recovery", shown(&messages[1]));
    let narrow = home.path().join("narrow");
    home.write(CONFIG, format!("[notify]\nhost = \"build-host\"\n[notify.command.phone]\nrun = [\"sh\", \"-c\", 'printf %s \"$AUTHWATCH_BODY\" > {}']\n", narrow.display()));
    fs::remove_file(home.path().join(".local/state/authwatch/notify.json")).unwrap();
    pass(0);
    let text = fs::read_to_string(narrow).unwrap().replace(&home.path().display().to_string(), "[home]");
    for line in text.lines().filter(|line| !line.trim_start().starts_with('$') && !line.contains("[home]")) {
        assert!(line.chars().count() <= 40, "{line}");
    }
    insta::assert_snapshot!("a_message_on_a_phone", text);
}

/// A guard against the tests themselves: what ends is awaited.
#[test]
fn sigterm_lets_a_message_on_its_way_arrive() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", ""));
    let mut watching = Watching::start(&home, &["--no-refresh"]);
    watching.wait("the message", || receiver.received().len() == 1);
    watching.signal(rustix::process::Signal::TERM);
    assert_eq!(watching.ended(), Some(0));
    assert!(waiting(&home).as_object().unwrap().values().all(|waits| waits.as_array().unwrap().is_empty()));
    let mut again = home.command(&["watch", "--once", "--no-refresh"]);
    again.stdin(Stdio::null());
    run(again);
    assert_eq!(receiver.received().len(), 1);
}

const BOOK: &str = ".local/state/authwatch/notify.json";

#[test]
fn a_damaged_record_is_put_aside_and_a_newer_one_is_left_alone() {
    let receiver = Receiver::start();
    let config =
        webhook(&receiver, "own", "") + &format!("[notify.heartbeat]\nurl = \"{}\"\n", receiver.url("/beat"));
    let home = home(&config);
    once(&home);
    home.write(BOOK, "{\"version\": 1, \"ledger\": {\"inc");
    once(&home);
    once(&home);
    assert_eq!(receiver.at("/own").len(), 2, "once more, for nobody knows any more that it has been told");
    let aside = fs::read_to_string(home.path().join(format!("{BOOK}.damaged"))).unwrap();
    assert!(aside.ends_with("{\"inc"), "{aside}");
    let newer = "{\"version\": 99, \"ledger\": []}";
    home.write(BOOK, newer);
    let ran = home.run(&["watch", "--once", "--no-refresh"]);
    assert!(ran.stderr.contains("newer authwatch"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(home.path().join(BOOK)).unwrap(), newer);
    // Who watches the watcher hears that it cannot do its work.
    let paths: Vec<String> = receiver.received().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.last().map(String::as_str), Some("/beat/73"), "{paths:?}");
}

#[test]
fn a_daemon_that_cannot_write_its_record_tells_all_the_same_and_once() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", ""));
    // A full disk, as far as this file goes; even root cannot open these for writing.
    for lock in ["notify.lock", "notify-own.lock"] {
        fs::create_dir_all(home.path().join(".local/state/authwatch").join(lock)).unwrap();
    }
    let watching = Watching::start(&home, &["--no-refresh", "--interval", "100ms"]);
    watching.wait("the message", || receiver.received().len() == 1);
    home.write(STORE, document(&mended()));
    watching.wait("the end of it", || receiver.received().len() == 2);
    assert!(!home.path().join(BOOK).exists());
    assert!(watching.log().contains("remembered in memory alone"), "{}", watching.log());
    for lock in ["notify.lock", "notify-own.lock"] {
        fs::remove_dir(home.path().join(".local/state/authwatch").join(lock)).unwrap();
    }
    watching.wait("the record to be written", || home.path().join(BOOK).exists());
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_message_on_its_way_survives_new_settings_and_is_not_sent_twice() {
    let home = home("");
    let (begun, go) = (home.path().join("begun"), home.path().join("go"));
    let script = format!("echo x >> {}; until [ -e {} ]; do sleep 0.05; done", begun.display(), go.display());
    home.write(CONFIG, format!("[notify.command.own]\nrun = [\"sh\", \"-c\", \"{script}\"]\n"));
    let watching = Watching::start(&home, &["--no-refresh"]);
    watching.wait("the command to run", || begun.exists());
    watching.signal(rustix::process::Signal::HUP);
    watching.wait("the settings to be read", || watching.log().contains("read the configuration again"));
    fs::write(&go, "").unwrap();
    watching.wait("the message to be taken", || waiting(&home)["own"].as_array().map_or(0, Vec::len) == 0);
    watching.wait_for_metric("authwatch_notifications_total{channel=\"own\"}", 1.0);
    assert_eq!(fs::read_to_string(&begun).unwrap(), "x\n");
}

#[test]
fn a_channel_that_is_new_or_renamed_hears_of_what_is_so() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(503, "", "down"));
    let home = home(&webhook(&receiver, "before", ""));
    once(&home);
    receiver.answer(Answer::With(200, "", "ok"));
    // What waits for a name that is no more would be lost with it.
    home.write(CONFIG, webhook(&receiver, "after", ""));
    once(&home);
    once(&home);
    let told = receiver.at("/after");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["changes"][0]["profile"], &told[0]["severity"]),
        (&json!("xai:default"), &json!("critical"))
    );
}

#[test]
fn one_address_that_is_no_more_keeps_the_mail_from_nobody() {
    let home = home("");
    let server = MailServer::start(&home);
    home.write(CONFIG, server.config(&home, "").replace("Ops <ops@example.org>", "Gone <gone@example.org>"));
    once(&home);
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], json!(["night@example.org"]));
    once(&home);
    assert_eq!(server.mails().len(), 1);
    let history = home.run(&["notify", "history", "--json"]).json();
    assert!(history["history"][0]["answer"].as_str().unwrap().contains("no such user"), "{history}");
}

#[test]
fn alertmanager_hears_of_warnings_in_quiet_hours_for_it_has_its_own() {
    let receiver = Receiver::start();
    let minute = now() / 60_000 % 1440;
    let clock = |minute: i64| format!("{:02}:{:02}", minute.rem_euclid(1440) / 60, minute.rem_euclid(60));
    let config = format!(
        "[notify]\nquiet_hours = \"{}-{}\"\n[notify.alertmanager.main]\nurls = [\"{}\"]\n",
        clock(minute - 60),
        clock(minute + 60),
        receiver.url("")
    );
    let soon = json!({ "xai:default":
        { "type": "token", "provider": "xai", "token": "t-1", "expires": now() + 20 * 3_600_000 } });
    let home = Home::new().profiles("main", &soon).file(CONFIG, config + &webhook(&receiver, "own", ""));
    assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 2);
    assert_eq!(receiver.at("/own").len(), 0);
    let alerts = receiver.at("/api/v2/alerts");
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0][0]["labels"]["severity"], "warning");
}

#[test]
fn hostile_ids_stay_on_their_line_in_mails_and_commands() {
    let home = home("");
    let server = MailServer::start(&home);
    home.write(CONFIG, server.config(&home, ""));
    let id = "xai:a\r\nBcc: evil@example.org\r\n\r\n<b>\u{1b}[31m";
    let profiles = json!({ id: { "type": "token", "provider": "xai\n\n@channel", "token": "t", "expires": now() - 1000 } });
    home.write(STORE, document(&profiles));
    once(&home);
    let mails = server.mails();
    let mail = &mails[0];
    assert!(mail["headers"]["Bcc"].is_null() && !mail["html"].as_str().unwrap().contains("<b>"), "{mail}");
    let plain = mail["plain"].as_str().unwrap();
    assert!(!plain.contains('\u{1b}') && !plain.lines().any(|line| line.starts_with("@channel")), "{plain}");
    let longer = format!("xai:{}", "x".repeat(300_000));
    home.write(
        STORE,
        document(&json!({ longer: { "type": "token", "provider": "xai", "token": "t", "expires": 1 } })),
    );
    home.write(CONFIG, "[notify.command.own]\nrun = [\"true\"]\n");
    once(&home);
    let history = home.run(&["notify", "history", "--json"]).json();
    assert_eq!(history["history"].as_array().unwrap().last().unwrap()["accepted"], true, "{history}");
}

#[test]
fn what_was_refused_is_tried_again_as_soon_as_its_secret_is_another() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(401, "", "who are you"));
    let home = home("");
    home.write("token", "old");
    let file = home.path().join("token").display().to_string();
    home.write(CONFIG, webhook(&receiver, "own", &format!("token_file = \"{file}\"\n")));
    once(&home);
    once(&home);
    assert_eq!(receiver.received().len(), 1, "a refusal is not hurried");
    receiver.answer(Answer::With(200, "", "ok"));
    home.write("token", "new");
    once(&home);
    let requests = receiver.received();
    assert_eq!((requests.len(), requests[1].header("authorization")), (2, Some("Bearer new")));
}

#[test]
fn what_a_command_leaves_running_does_not_make_it_a_failure() {
    let home = home("");
    let begun = home.path().join("begun");
    let script = format!("echo x >> {}; head -c 9000000 /dev/zero; sleep 20 & echo $!", begun.display());
    home.write(
        CONFIG,
        format!("[notify.command.own]\nrun = [\"sh\", \"-c\", \"{script}\"]\ntimeout = \"10s\"\n"),
    );
    once(&home);
    let history = home.run(&["notify", "history", "--json"]).json();
    assert_eq!(history["history"][0]["accepted"], true, "{history}");
    once(&home);
    assert_eq!(fs::read_to_string(&begun).unwrap(), "x\n");
}
