//! A mail server that speaks TLS and keeps what it is sent.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::home::Home;

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
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/mail_server.py");
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
