//! Mail through a real server, over TLS.

use std::fs;

use serde_json::json;

use crate::support::home::{HOUR, Home, NOW, document, token};
use crate::support::mail_server::MailServer;
use crate::support::notify::{CONFIG, STORE, fixed, home, once};
use crate::support::time::now;

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
fn a_mail_as_its_recipient_reads_it() {
    let home = Home::new()
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'xai/grok' } } }")
        .profiles(
            "main",
            &json!({ "xai:default": token("xai", -HOUR), "anthropic:default": token("anthropic", 5 * HOUR) }),
        );
    let server = MailServer::start(&home);
    home.write(
        CONFIG,
        server.config(&home, "").replace("[notify]", "[notify]\npage_url = \"https://watch.example/\""),
    );
    home.run(&["watch", "--once", "--no-refresh", "--at", &NOW.to_string()]);
    let mail = &server.mails()[0];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().replace("\r\n", "\n");
    let header = |name: &str| format!("{name}: {}\n", text(&mail["headers"][name]));
    let headers: String =
        ["From", "To", "Subject", "Importance", "X-Authwatch-Severity"].map(header).concat();
    insta::assert_snapshot!(format!("{headers}\n{}\n\n{}", text(&mail["plain"]), text(&mail["html"])));
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
        "sent once: {}",
        fs::read_to_string(home.path().join("mail.log")).unwrap()
    );
    home.write(STORE, document(&fixed()));
    for _ in 0..3 {
        assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 0);
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    let first = &mails[0];
    assert_eq!((&first["tls"], &first["user"]), (&json!(true), &json!("watcher")));
    assert_eq!(first["to"], json!(["ops@example.org", "night@example.org"]));
    assert_eq!(first["headers"]["Subject"], "build-host: agent main: xai:default expired");
    assert_eq!(first["headers"]["Auto-Submitted"], "auto-generated");
    assert_eq!(first["headers"]["Importance"], "high");
    let command = "authwatch auth paste-token --provider xai --profile-id xai:default --agent main";
    for part in ["plain", "html"] {
        assert!(first[part].as_str().unwrap().contains(command), "{part}: {}", first[part]);
    }
    let second = &mails[1];
    let subject = second["headers"]["Subject"].as_str().unwrap();
    assert!(subject.starts_with("build-host: agent main: xai:default resolved after "), "{subject}");
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

#[test]
fn one_address_that_does_not_exist_keeps_the_mail_from_nobody() {
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
fn one_mailbox_that_is_full_for_days_keeps_the_mail_from_nobody() {
    let home = home("");
    let server = MailServer::start(&home);
    home.write(CONFIG, server.config(&home, "").replace("Ops <ops@example.org>", "Full <full@example.org>"));
    let pass = |minutes: i64| {
        home.run(&["watch", "--once", "--at", &(now() + minutes * 60_000).to_string()]);
    };
    // It may well be a moment's trouble (greylisting): then everybody gets one mail, and nobody two.
    for minutes in 0..15 {
        pass(minutes);
        assert!(server.mails().is_empty(), "after {minutes} minutes");
    }
    pass(40);
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "the other one has waited long enough");
    assert_eq!(mails[0]["to"], json!(["night@example.org"]));
    pass(41);
    pass(120);
    assert_eq!(server.mails().len(), 1);
    let history = home.run(&["notify", "history", "--json"]).json();
    let last = history["history"].as_array().unwrap().last().unwrap().clone();
    assert!(last["answer"].as_str().unwrap().contains("mailbox full"), "{last}");
}
