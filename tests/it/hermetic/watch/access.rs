//! An address that others can reach: refused, or behind TLS and passwords.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::daemon::Daemon;
use crate::support::home::{Home, plain_home};
use crate::support::http::{ask, free_address, received, request, send_quietly};

/// What a user shows.
fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Any free port of every interface.
const EVERYWHERE: &str = "0.0.0.0:0";

#[test]
fn strangers_are_served_only_where_that_is_wanted() {
    for address in [EVERYWHERE, "[::]:0"] {
        let ran = plain_home().run(&["watch", "--no-refresh", "--listen", address]);
        assert_eq!(ran.code, 78, "{address}: {}", ran.stderr);
        assert!(ran.stderr.contains("--insecure-listen"), "{}", ran.stderr);
    }
    for address in ["nonsense", "localhost:80", "127.0.0.1"] {
        let ran = plain_home().run(&["watch", "--no-refresh", "--listen", address]);
        assert_eq!(ran.code, 78, "{address}: {}", ran.stderr);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = plain_home().run(&["watch", "--no-refresh", "--listen", &address]);
    assert!(ran.code == 73 && ran.stderr.contains("another authwatch"), "{}", ran.stderr);

    let log = ["watch", "--no-refresh", "--log-level", "info", "--listen", EVERYWHERE];
    let home = plain_home();
    let mut open = Daemon::listening(home.command(&[&log[..], &["--insecure-listen"]].concat()));
    open.address.set_ip([127, 0, 0, 1].into());
    let answer = open.ask("GET", "/metrics", &["Host: watch.example.org"]);
    assert_eq!(answer.status, 200, "names are the operator's affair there");

    let home = plain_home()
        .file(".config/authwatch/config.toml", "[watch]\nbearer_token_file = \"token\"\n")
        .file("token", "canary-bearer\n");
    let mut guarded = Daemon::listening(home.command(&log));
    guarded.address.set_ip([127, 0, 0, 1].into());
    let answer = guarded.get("/metrics");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    for path in ["/", "/healthz", "/readyz", "/api/v1/status", "/nothing", "/style.css"] {
        assert_eq!(guarded.get(path).status, 401, "{path}");
    }
    for wrong in ["", "canary-beare", "canary-bearer2", "CANARY-BEARER"] {
        let answer = guarded.ask("GET", "/metrics", &[&format!("Authorization: Bearer {wrong}")]);
        assert_eq!(answer.status, 401, "{wrong}");
    }
    let right = guarded.ask("GET", "/metrics", &["Authorization: Bearer canary-bearer"]);
    assert_eq!(right.status, 200);
    home.write("token", "canary-next");
    guarded.wait("the new token is taken", || {
        guarded.ask("GET", "/metrics", &["Authorization: Bearer canary-next"]).status == 200
    });
    assert_eq!(guarded.ask("GET", "/metrics", &["Authorization: Bearer canary-bearer"]).status, 401);
    assert!(!guarded.log().contains("canary"), "{}", guarded.log());

    for (name, content) in [("token", ""), ("missing", "")] {
        let config = format!("[watch]\nbearer_token_file = \"{name}\"\n");
        let home = plain_home().file(".config/authwatch/config.toml", config).file("token", content);
        let ran = home.run(&["watch", "--no-refresh", "--listen", "127.0.0.1:0"]);
        assert!(ran.code == 78 && ran.stderr.contains(name), "{}", ran.stderr);
    }
}

#[test]
fn users_sign_in_with_passwords_and_probes_go_past_them() {
    let hash = bcrypt::hash("canary: password", 4).unwrap();
    let web = format!("basic_auth_users:\n  prometheus: '{hash}'\n");
    let probes = free_address();
    let config = format!("[watch]\nweb_config_file = \"web.yml\"\nhealth_listen = \"{probes}\"\n");
    let home = plain_home().file(".config/authwatch/config.toml", config).file("web.yml", &web);
    let daemon = Daemon::start(&home, &["--no-refresh"]);
    let status = |headers: &[&str]| daemon.ask("GET", "/metrics", headers).status;
    let refused = daemon.get("/metrics");
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Basic realm=\"authwatch\""))
    );
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 200);
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 200, "known by now");
    for (user, password) in [
        ("prometheus", "wrong"),
        ("prometheus", ""),
        ("nobody", "canary: password"),
        ("", ""),
        ("Prometheus", "canary: password"),
    ] {
        assert_eq!(status(&[&basic(user, password)]), 401, "{user}:{password}");
    }
    for odd in [
        "Authorization: Basic",
        "Authorization: Basic !!!",
        "Authorization: Basic bm9jb2xvbg==",
        "Authorization: Digest x",
    ] {
        assert_eq!(status(&[odd]), 401, "{odd}");
    }
    for (path, expected) in
        [("/healthz", 200), ("/metrics", 404), ("/", 404), ("/api/v1/status", 404), ("/fragment", 404)]
    {
        assert_eq!(ask(probes, "GET", path, &[]).status, expected, "{path}");
    }
    assert_eq!(ask(probes, "POST", "/healthz", &[]).status, 405);
    daemon.wait("the probe says ready", || ask(probes, "GET", "/readyz", &[]).status == 200);
    // A wrong file changes nothing; another password ends the old one.
    home.write("web.yml", "basic_auth_users: [");
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 200);
    home.write(
        "web.yml",
        format!("basic_auth_users:\n  prometheus: '{}'\n", bcrypt::hash("other", 4).unwrap()),
    );
    daemon.wait("the new password is taken", || status(&[&basic("prometheus", "other")]) == 200);
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 401);
    assert!(!daemon.log().contains("canary"), "{}", daemon.log());
    let ran = home.file("web.yml", "tls_client_config: {}\n").run(&["watch", "--listen", "127.0.0.1:0"]);
    assert!(ran.code == 78 && ran.stderr.contains("web.yml"), "{}", ran.stderr);
}

/// A certificate for localhost and its key, as files.
fn certify(home: &Home) -> CertificateDer<'static> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    // The key first: a certificate without its key is refused, and the one before stays in force.
    home.write("key.pem", certified.signing_key.serialize_pem());
    home.write("cert.pem", certified.cert.pem());
    certified.cert.der().clone()
}

/// Asks over TLS, trusting this certificate alone; `None` where it is another.
fn ask_over_tls(address: SocketAddr, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tls = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    tls.write_all(request(address, "GET", "/metrics", &[]).as_bytes()).ok()?;
    Some(String::from_utf8(received(tls)).unwrap())
}

#[test]
fn tls_is_spoken_and_a_renewed_certificate_taken_up() {
    let home = plain_home()
        .file(".config/authwatch/config.toml", "[watch]\nweb_config_file = \"tls/web.yml\"\n")
        .file("tls/web.yml", "tls_server_config:\n  cert_file: ../cert.pem\n  key_file: ../key.pem\n");
    let first = certify(&home);
    let probes = free_address();
    let daemon = Daemon::start(&home, &["--no-refresh"]);
    assert!(daemon.log().contains("serving on https://"), "{}", daemon.log());
    let answered = |certificate: &CertificateDer<'static>| {
        ask_over_tls(daemon.address, certificate).is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    };
    assert!(answered(&first));
    let plain = send_quietly(daemon.address, &request(daemon.address, "GET", "/metrics", &[]));
    assert!(!plain.starts_with(b"HTTP/1.1 200"), "nothing is said in the open");
    let second = certify(&home);
    daemon.wait("the renewed certificate is shown", || answered(&second));
    assert!(!answered(&first));
    home.write("cert.pem", "broken");
    assert!(answered(&second), "a broken one is refused");
    drop(daemon);
    let ran = home.run(&["watch", "--no-refresh", "--listen", "127.0.0.1:0"]);
    assert!(ran.code == 78 && ran.stderr.contains("cert.pem"), "{}", ran.stderr);

    // Probes are asked by what knows nothing of certificates.
    let config = format!("[watch]\nweb_config_file = \"tls/web.yml\"\nhealth_listen = \"{probes}\"\n");
    home.write(".config/authwatch/config.toml", config);
    let third = certify(&home);
    let daemon = Daemon::start(&home, &["--no-refresh"]);
    assert!(ask_over_tls(daemon.address, &third).is_some());
    assert_eq!(ask(probes, "GET", "/healthz", &[]).status, 200);
}
