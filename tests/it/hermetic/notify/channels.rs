//! What each channel but mail sends, and what it makes of what comes back.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::home::{DAY, HOUR, Home, NOW, document, token};
use crate::support::notify::{CONFIG, home, once, set_mode, webhook};
use crate::support::receiver::{Answer, Receiver};
use crate::support::time::now;

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

/// A request's body as its recipient reads it: a line for each value, texts as they are.
fn shown(body: &Value) -> String {
    fn lines(path: &str, value: &Value) -> String {
        let below = |key: &str, value: &Value| lines(format!("{path}.{key}").trim_start_matches('.'), value);
        match value {
            Value::Object(fields) => fields.iter().map(|(key, value)| below(key, value)).collect(),
            Value::Array(values) => {
                values.iter().enumerate().map(|(index, value)| below(&index.to_string(), value)).collect()
            }
            Value::String(text) if text.contains('\n') => format!("{path}:\n{}\n", text.trim_end()),
            Value::String(text) => format!("{path}: {text}\n"),
            other => format!("{path}: {other}\n"),
        }
    }
    lines("", body)
}

const PRESETS: [&str; 5] = ["slack", "discord", "telegram", "gotify", "mattermost"];

/// Channels of all kinds that need no secret file: their configuration.
fn every_kind(receiver: &Receiver) -> String {
    let mut config = format!(
        "[notify]\nhost = \"build-host\"\npage_url = \"https://watch.example/\"\n\
         [notify.ntfy.phone]\ntopic = \"logins\"\nserver = \"{}\"\ntoken_file = \"token\"\n",
        receiver.url("")
    );
    for preset in PRESETS {
        let more = match preset {
            "telegram" => "chat_id = \"42\"\n",
            "gotify" => "token_file = \"token\"\n",
            _ => "",
        };
        config += &webhook(receiver, preset, &format!("preset = \"{preset}\"\n{more}"));
    }
    config
}

#[test]
fn a_problem_and_its_recovery_on_every_kind_of_channel() {
    let receiver = Receiver::start();
    let script = "printf '%s\\n' \"$AUTHWATCH_SEVERITY\" \"$AUTHWATCH_TITLE\" \"$AUTHWATCH_BODY\" \
                  \"$AUTHWATCH_COMMAND\" \"$AUTHWATCH_URL\" \"$AUTHWATCH_HOST\" >> shown";
    let config = every_kind(&receiver)
        + &webhook(&receiver, "own", "")
        + &format!("[notify.alertmanager.main]\nurls = [\"{}\"]\n", receiver.url(""))
        + &format!("[notify.command.toast]\nrun = [\"sh\", \"-c\", {}]\n", json!(script));
    let home = Home::new()
        .file(CONFIG, config)
        .file("token", "canary-token\n")
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }")
        .profiles("main", &json!({ "anthropic:default": token("anthropic", 5 * HOUR), "zai:old": { "type": "api_key", "provider": "zai" } }))
        .profiles("night-shift", &json!({ "anthropic:own": token("anthropic", -HOUR) }))
        .file(".openclaw/agents/translator/agent/auth-profiles.json", "{ not json");
    let check = |minutes: i64| home.run(&["watch", "--once", "--at", &(NOW + minutes * 60_000).to_string()]);
    check(0);
    let fixed = json!({ "anthropic:own": token("anthropic", 40 * DAY) });
    home.write(".openclaw/agents/night-shift/agent/auth-profiles.json", document(&fixed));
    check(60);
    check(61);
    let without_home = |text: String| text.replace(&home.path().display().to_string(), "[home]");
    let messages =
        |path: &str| without_home(receiver.at(path).iter().map(shown).collect::<Vec<_>>().join("\n"));
    for kind in PRESETS.iter().chain(&["own"]) {
        assert_eq!(receiver.at(&format!("/{kind}")).len(), 2, "{kind}");
        insta::assert_snapshot!(*kind, messages(&format!("/{kind}")));
    }
    insta::assert_snapshot!("ntfy", messages("/"));
    insta::assert_snapshot!("alertmanager", messages("/api/v2/alerts"));
    let on_a_phone = without_home(fs::read_to_string(home.path().join("shown")).unwrap());
    let is_copied = |line: &&str| line.trim_start().starts_with('$') || line.contains("[home]");
    for line in on_a_phone.lines().filter(|line| !is_copied(line) && !line.starts_with("build-host: ")) {
        assert!(line.chars().count() <= 40, "{line}");
    }
    insta::assert_snapshot!("command", on_a_phone);
    receiver.forget();
    assert_eq!(home.run(&["notify", "test", "telegram"]).code, 0);
    insta::assert_snapshot!("a_test_message", shown(&receiver.at("/telegram")[0]));
}

/// A profile ID that chats would act on.
const ID: &str = "xai:<!channel> @everyone *b*";

#[test]
fn chats_and_pushes_get_what_they_expect() {
    let receiver = Receiver::start();
    let profile = json!({ ID: { "type": "token", "provider": "xai", "token": "t", "expires": 5 } });
    let home = Home::new()
        .profiles("main", &profile)
        .file(CONFIG, every_kind(&receiver))
        .file("token", "canary-token\n");
    once(&home);
    let text = |path: &str, field: &str| {
        let body = receiver.at(path).remove(0);
        body[field].as_str().unwrap_or_else(|| panic!("no {field}: {body}")).to_owned()
    };
    let command =
        |id: &str| format!("authwatch auth paste-token --provider xai --profile-id '{id}' --agent main");
    assert!(text("/slack", "text").contains("&lt;!channel&gt;"), "{}", text("/slack", "text"));
    let attachment = receiver.at("/slack")[0]["attachments"][0].clone();
    assert_eq!(attachment["color"], "#b3261e");
    assert!(
        attachment["text"]
            .as_str()
            .unwrap()
            .contains(&format!("`{}`", command("xai:&lt;!channel&gt; @everyone *b*"))),
        "{attachment}"
    );
    // Nobody is called by what stands in code, which is there to be copied as it is.
    let mattermost = text("/mattermost", "text").replace(&format!("`{}`", command(ID)), "");
    assert!(!mattermost.contains("@everyone"), "{mattermost}");
    assert!(text("/discord", "content").contains("\\*b\\*"), "{}", text("/discord", "content"));
    assert_eq!(receiver.at("/discord")[0]["allowed_mentions"], json!({ "parse": [] }));
    let embed = receiver.at("/discord")[0]["embeds"][0].clone();
    assert_eq!(embed["color"], 0x00b3_261e);
    assert!(embed["description"].as_str().unwrap().contains(&format!("`{}`", command(ID))), "{embed}");
    let telegram = &receiver.at("/telegram")[0];
    assert_eq!((&telegram["chat_id"], &telegram["parse_mode"]), (&json!("42"), &json!("HTML")));
    assert!(
        text("/telegram", "text")
            .contains(&format!("<code>{}</code>", command("xai:&lt;!channel&gt; @everyone *b*")))
    );
    assert!(
        text("/telegram", "text")
            .starts_with("<b>build-host: agent main: xai:&lt;!channel&gt; @everyone *b* expired</b>")
    );
    assert_eq!(receiver.at("/gotify")[0]["priority"], 8);
    let push = &receiver.at("/")[0];
    assert_eq!((&push["topic"], &push["priority"]), (&json!("logins"), &json!(5)));
    assert_eq!(push["click"], "https://watch.example/");
    assert_eq!(push["actions"][0]["url"], "https://watch.example/");
    assert!(push["message"].as_str().unwrap().contains(&command(ID)));
    let header = |path: &str, name: &str| {
        let requests = receiver.received();
        let request = requests.iter().find(|request| request.path == path).unwrap();
        request.header(name).map(str::to_owned)
    };
    assert_eq!(header("/gotify", "x-gotify-key").as_deref(), Some("canary-token"));
    assert_eq!(header("/", "authorization").as_deref(), Some("Bearer canary-token"));
}

#[test]
fn a_command_gets_data_and_no_shell_and_is_stopped_with_all_it_started() {
    let script = "#!/bin/sh\ncat > message.json\nprintf '%s\\n' \"$AUTHWATCH_SEVERITY\" \"$AUTHWATCH_TITLE\" \"$AUTHWATCH_COMMAND\" > words\n";
    let profile = json!({ "x; touch oops; $(touch oops)": { "type": "token", "provider": "xai", "token": "t", "expires": 5 } });
    let home = Home::new().profiles("main", &profile).file("toast", script);
    let program = home.path().join("toast");
    set_mode(&program, 0o700);
    home.write(
        CONFIG,
        format!(
            "[notify]\nhost = \"build-host\"\n[notify.command.toast]\nrun = [\"{}\"]\n",
            program.display()
        ),
    );
    once(&home);
    let words = fs::read_to_string(home.path().join("words")).unwrap();
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines[0], "critical");
    assert_eq!(lines[1], "build-host: agent main: x; touch oops; $(touch oops) expired");
    assert!(lines[2].starts_with("authwatch auth paste-token "), "{words}");
    let message: Value =
        serde_json::from_slice(&fs::read(home.path().join("message.json")).unwrap()).unwrap();
    assert_eq!(message["changes"][0]["profile"], "x; touch oops; $(touch oops)");
    assert!(!home.path().join("oops").exists());

    home.write("toast", "#!/bin/sh\n(sleep 3600; true) &\necho $! > child\nsleep 3600\n");
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
    home.write("toast", "#!/bin/sh\necho 'no battery' >&2\nexit 3\n");
    let ran = home.run(&["notify", "test", "toast"]);
    assert!(ran.stdout.contains("failed (command)") && ran.stdout.contains("no battery"), "{}", ran.stdout);
    home.write(CONFIG, "[notify.command.toast]\nrun = [\"/nowhere/toast\"]\n");
    assert_eq!(home.run(&["notify", "test"]).code, 78);
}

fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn a_heartbeat_reports_the_start_and_the_end_of_a_check() {
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
fn variables_of_the_old_script_notify_through_ntfy() {
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
fn alertmanager_gets_warnings_in_quiet_hours() {
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
