//! Mail through a real server, over TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CONFIG, STORE, home, mended, now, once};
use crate::support::{Home, document};

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
    let command = "openclaw models auth --agent main paste-token --provider xai";
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
