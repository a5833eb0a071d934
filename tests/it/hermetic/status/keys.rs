//! Keys that are in no store, and which login or key each model is called with.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::home::{DAY, HOUR, Home, NOW, oauth};

const UNIT: &str = ".config/systemd/user/openclaw-gateway.service";

fn using(models: &[&str]) -> Home {
    let model = json!({ "primary": models[0], "fallbacks": models[1..] });
    Home::new().file(
        ".openclaw/openclaw.json",
        json!({ "meta": { "lastTouchedVersion": "2026.4.29" }, "agents": { "defaults": { "model": model } } })
            .to_string(),
    )
}

fn models(home: &Home) -> Value {
    home.status(&["--json"]).agent("main")["models"].clone()
}

#[test]
fn keys_of_every_origin_have_a_line_that_names_it() {
    let home = using(&["openai/gpt-5.5", "openrouter/auto", "mistral/large", "lotus/m"])
        .file(".openclaw/.env", "OPENROUTER_API_KEY=k\n")
        .env("OPENAI_API_KEY", "k")
        .file(UNIT, "[Service]\nExecStart=openclaw gateway\n")
        .file(&format!("{UNIT}.d/keys.conf"), "[Service]\nEnvironmentFile=-%h/keys\n")
        .file("keys", "MISTRAL_API_KEY=k\n");
    let config = home.state().join("openclaw.json");
    let mut settings: Value = serde_json::from_str(&std::fs::read_to_string(&config).unwrap()).unwrap();
    settings["models"] = json!({ "providers": { "lotus": { "baseUrl": "http://127.0.0.1:1/v1", "api": "openai-completions", "models": [{ "id": "m", "name": "m" }] } } });
    std::fs::write(&config, settings.to_string()).unwrap();

    let report = home.run(&["status"]).stdout;
    for line in [
        "OPENAI_API_KEY",
        "key of openai from the environment, for openai/gpt-5.5",
        "key of openrouter from .env, for openrouter/auto",
        "key of mistral from the gateway's service, for mistral/large",
        "needs no key, for lotus/m",
    ] {
        assert!(
            report.split_whitespace().collect::<Vec<_>>().join(" ").contains(line),
            "no {line} in {report}"
        );
    }
    assert!(report.starts_with("All logins are OK"), "{report}");
    let plain = home.run(&["status", "--format", "plain"]).stdout;
    assert!(plain.contains("main\tenv:OPENROUTER_API_KEY\topenrouter\tenv\tstatic\tvalid"), "{plain}");
    assert_eq!(
        models(&home)[1],
        json!({ "model": "openrouter/auto", "calledWith": "variable", "variable": "OPENROUTER_API_KEY", "origin": "dotenv" })
    );
    assert!(!report.contains("no logins"), "{report}");
}

#[test]
fn a_key_that_only_the_service_has_is_one_answer_everywhere() {
    let home = using(&["openrouter/auto"])
        .file(UNIT, "[Service]\nExecStart=openclaw gateway\nEnvironment=OPENROUTER_API_KEY=k\n");
    // OpenClaw's own command does not see it, and --check answers as that does.
    let check = home.run(&["status", "--check"]);
    assert_eq!(check.code, 1, "{}", check.stdout);
    assert!(
        check.stdout.contains("a model needs openrouter, and OpenClaw finds no login"),
        "{}",
        check.stdout
    );
    assert_eq!(home.run(&["status", "--needs-person"]).code, 0);
    assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 0);
    let doctor = home.run(&["doctor", "--json"]);
    assert_eq!(doctor.code, 0, "{}", doctor.stdout);
    assert!(doctor.stdout.contains("key-only-in-service"), "{}", doctor.stdout);
}

#[test]
fn the_model_falls_to_the_login_that_works() {
    let stored = json!({
        "anthropic:default": oauth("anthropic", 30 * DAY),
        "anthropic:key": { "type": "api_key", "provider": "anthropic", "key": "k" },
    });
    let home = using(&["anthropic/claude-opus-4-7"]).profiles("main", &stored);
    let called_with = |home: &Home| models(home)[0]["profile"].as_str().unwrap().to_owned();
    assert_eq!(called_with(&home), "anthropic:default");
    let state = json!({ "version": 1, "usageStats": { "anthropic:default": {
        "disabledUntil": NOW + HOUR, "disabledReason": "billing", "errorCount": 1 } } });
    let home = home.file(".openclaw/agents/main/agent/auth-state.json", state.to_string());
    assert_eq!(called_with(&home), "anthropic:key", "the paid key answers");
}

#[test]
fn a_variable_that_nothing_sets_needs_a_person() {
    let stored = json!({ "nvidia:manual": { "type": "api_key", "provider": "nvidia",
        "keyRef": { "source": "env", "provider": "default", "id": "NVIDIA_API_KEY" } } });
    let home = using(&["nvidia/nemotron"]).profiles("main", &stored);
    let report = home.run(&["status"]).stdout;
    assert!(report.starts_with("1 login needs you") && report.contains("NVIDIA_API_KEY"), "{report}");
    // Wherever it is set, it is fine.
    let fine = |home: &Home| assert_eq!(home.run(&["status", "--needs-person"]).code, 0);
    let unit = "[Service]\nExecStart=openclaw gateway\nEnvironment=NVIDIA_API_KEY=k\n";
    fine(&using(&["nvidia/nemotron"]).profiles("main", &stored).file(UNIT, unit));
    fine(&home.file(".openclaw/.env", "NVIDIA_API_KEY=k\n"));
}

#[test]
fn a_placeholder_is_no_key() {
    let stored = json!({ "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "__OPENCLAW_REDACTED__" } });
    let home = using(&["anthropic/claude-opus-4-7"]).profiles("main", &stored);
    assert_eq!(home.run(&["status", "--check"]).code, 0, "as OpenClaw's own check does");
    let main = home.status(&["--json"]).agent("main");
    assert_eq!(main["profiles"][0]["mistake"], "placeholder");
    assert_eq!(main["profiles"][0]["assessment"]["severity"], "critical");
    assert!(home.run(&["status"]).stdout.contains("placeholder"));
    assert!(home.run(&["doctor"]).stdout.contains("token-placeholder"));
    assert_eq!(home.run(&["status", "--needs-person"]).code, 1);
}

/// One answer in the report, in what needs a person, in messages, on the page's data, and in doctor; and OpenClaw's own code.
fn assert_needs_a_person(name: &str, home: &Home, expected: &str) {
    let report = home.run(&["status"]).stdout;
    let words = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.starts_with("1 problem needs you") && words.contains(expected), "{name}: {report}");
    assert_eq!(home.run(&["status", "--needs-person"]).code, 1, "{name}");
    let json = home.status(&["--json"]).agent("main");
    let assessment = &json["providerAssessments"][0]["assessment"];
    assert_eq!(assessment["severity"], "critical", "{name}: {json}");
    assert_eq!(home.run(&["status", "--check"]).code, 0, "{name}: as OpenClaw's own check does");
    let doctor = home.run(&["doctor", "--json"]);
    assert_eq!(doctor.code, 1, "{name}: {}", doctor.stdout);
    let doctor = doctor.json();
    let found = doctor["findings"].as_array().unwrap();
    let is_it =
        |found: &Value| found["meaning"].as_str().unwrap().contains(assessment["summary"].as_str().unwrap());
    assert!(found.iter().any(is_it), "{name}: {doctor}");
}

#[test]
fn a_key_that_cannot_work_is_a_problem_wherever_it_is() {
    let using = || using(&["openrouter/auto"]);
    let unit = |value: &str| {
        format!("[Service]\nExecStart=openclaw gateway\nEnvironment=\"OPENROUTER_API_KEY={value}\"\n")
    };
    let placeholder = |place: &str| format!("the key in {place} is a placeholder");
    for value in [
        "your_api_key_here",
        "__OPENCLAW_REDACTED__",
        "<key>",
        "$OPENROUTER_KEY",
        "${OTHER_KEY}",
        "sk-or-v1-****",
    ] {
        let home = using().file(".openclaw/.env", format!("OPENROUTER_API_KEY={value}\n"));
        assert_needs_a_person(value, &home, &placeholder("OPENROUTER_API_KEY in OpenClaw's .env"));
    }
    for value in [
        "\"sk-or-v1-open",
        "\"'sk-or-v1-quoted'\"",
        "Bearer sk-or-v1-x",
        "export OPENROUTER_API_KEY=sk-or-v1-x",
    ] {
        let home = using().file(".openclaw/.env", format!("OPENROUTER_API_KEY={value}\n"));
        assert_needs_a_person(value, &home, "OPENROUTER_API_KEY in OpenClaw's .env has an unclosed quote");
    }
    let home = using().env("OPENROUTER_API_KEY", "changeme");
    assert_needs_a_person("shell", &home, &placeholder("OPENROUTER_API_KEY in the environment"));
    let home =
        using().file(".openclaw/.env", "OPENROUTER_API_KEY=sk-or-v1-fine\n").file(UNIT, unit("your_key"));
    assert_eq!(home.run(&["status", "--needs-person"]).code, 0, "what .env has is used");
    let config = |part: Value| {
        let mut settings = json!({ "meta": { "lastTouchedVersion": "2026.4.29" }, "agents": { "defaults": { "model": "openrouter/auto" } } });
        settings.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        let home = Home::new().file(".openclaw/openclaw.json", settings.to_string());
        // What others' demos leave in the common directory is no finding about this home.
        let temporary = home.path().to_str().unwrap().to_owned();
        home.env("TMPDIR", &temporary)
    };
    let home = config(json!({ "env": { "OPENROUTER_API_KEY": "your_api_key_here" } }));
    assert_needs_a_person("env", &home, &placeholder("OPENROUTER_API_KEY in openclaw.json"));
    let provider = |key: &str, url: &str| {
        config(json!({ "models": { "providers": { "openrouter": { "baseUrl": url, "apiKey": key,
            "api": "openai-completions", "models": [{ "id": "auto", "name": "a" }] } } } }))
    };
    let away = "https://openrouter.ai/api/v1";
    let home = provider("__OPENCLAW_REDACTED__", away);
    assert_needs_a_person(
        "apiKey",
        &home,
        &placeholder("`models.providers` of openclaw.json for openrouter"),
    );
    let home = provider("${OPENROUTER_API_KEY}", away).file(".openclaw/.env", "OPENROUTER_API_KEY=<yours>\n");
    assert_needs_a_person("reference", &home, &placeholder("OPENROUTER_API_KEY in OpenClaw's .env"));
    // The real 2026.4.29 says \"feature using this value will be unavailable\", and its check is 0.
    assert_needs_a_person(
        "unset",
        &provider("${GONE_KEY}", away),
        "from the variable GONE_KEY, which nothing",
    );
    let set = provider("${GONE_KEY}", away)
        .file(UNIT, "[Service]\nExecStart=openclaw gateway\nEnvironment=GONE_KEY=sk-or-v1-x\n");
    assert_eq!(set.run(&["status", "--needs-person"]).code, 0);
    let keeps_key = provider("sk-or-v1-0123", away);
    let path = keeps_key.state().join("openclaw.json");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for fine in [provider("placeholder", "http://127.0.0.1:8080/v1"), keeps_key] {
        assert_eq!(fine.run(&["status", "--needs-person"]).code, 0);
        assert_eq!(fine.run(&["doctor", "--json"]).json()["findings"], json!([]));
    }
    // The service alone has it: OpenClaw's own command finds none.
    let home = using().file(UNIT, unit("your_api_key_here"));
    assert_eq!(home.run(&["status", "--needs-person"]).code, 1);
    assert!(home.run(&["status"]).stdout.contains("of the gateway's service"));
    // A login that refers to such a variable is no better.
    let stored = json!({ "openrouter:default": { "type": "api_key", "provider": "openrouter",
        "keyRef": { "source": "env", "provider": "default", "id": "OPENROUTER_API_KEY" } } });
    let home = using().profiles("main", &stored).file(".openclaw/.env", "OPENROUTER_API_KEY=changeme\n");
    assert!(home.run(&["status"]).stdout.starts_with("1 login needs you"));
    assert!(home.run(&["doctor"]).stdout.contains("key-malformed"));
}

#[test]
fn the_daemon_follows_what_the_service_has() {
    let home = using(&["openrouter/auto"]);
    let daemon = Daemon::ready(&home, &["--no-refresh", "--interval", "1s"]);
    let missing = "authwatch_provider_in_use_missing{agent=\"main\",provider=\"openrouter\"}";
    let key = "authwatch_model_key_info{agent=\"main\",provider=\"openrouter\",origin=\"service\"}";
    daemon.wait_for_metric(missing, 1.0);
    home.write(UNIT, "[Service]\nExecStart=openclaw gateway\nEnvironment=OPENROUTER_API_KEY=k\n");
    daemon.wait_for_metric(key, 1.0);
    assert_eq!(daemon.metric(missing), None);
    home.write(&format!("{UNIT}.d/none.conf"), "[Service]\nUnsetEnvironment=OPENROUTER_API_KEY\n");
    daemon.wait_for_metric(missing, 1.0);
    assert_eq!(daemon.metric(key), None);
}

#[test]
fn what_may_be_a_pasted_key_is_not_shown_as_a_variable() {
    let pasted = "xai-0123456789abcdef0123456789abcdef";
    let stored = json!({ "xai:a": { "type": "api_key", "provider": "xai",
        "keyRef": { "source": "env", "provider": "default", "id": pasted } } });
    let home = using(&["xai/grok"]).profiles("main", &stored);
    for arguments in
        [&["status"][..], &["status", "--json"], &["status", "--check"], &["doctor"], &["doctor", "--json"]]
    {
        let ran = home.run(arguments);
        assert!(
            !ran.stdout.contains(pasted) && !ran.stderr.contains(pasted),
            "{arguments:?}: {}",
            ran.stdout
        );
    }
    assert!(home.run(&["status"]).stdout.starts_with("1 login needs you"));
}
