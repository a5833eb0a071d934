//! Nothing that is shipped is run from, or leads to, an address that nobody of the project answers for.

use std::path::{Path, PathBuf};

/// Hosts that may be named, each with all below it, and why.
const ALLOWED: [(&str, &[&str]); 9] = [
    ("stands for what the reader knows", &["host", "HOST"]),
    ("this machine", &["127.0.0.1", "localhost", "0.0.0.0"]),
    (
        "reserved for examples and for what must not exist (RFC 2606, RFC 6762, ICANN 2024)",
        &["example", "example.org", "invalid", "internal"],
    ),
    ("another container of deploy/container", &["prometheus"]),
    (
        "providers' own sign-in and token endpoints, and the pages where their keys are made",
        &[
            "aistudio.google.com",
            "accounts.google.com",
            "oauth2.googleapis.com",
            "anthropic.com",
            "claude.ai",
            "claude.com",
            "api.chutes.ai",
            "deepseek.com",
            "console.groq.com",
            "console.mistral.ai",
            "openai.com",
            "openrouter.ai",
            "x.ai",
        ],
    ),
    ("services that notifications go to where a user sets them up", &["api.telegram.org", "ntfy.sh"]),
    ("names of formats, which nothing opens", &["www.w3.org", "www.apple.com"]),
    ("other projects' own homes, for people", &["github.com/openclaw/openclaw", "termux.dev", "semver.org"]),
    ("the text of the license", &["www.apache.org"]),
];

/// Not shipped: tests of all kinds, benches, and what building leaves.
const NOT_SHIPPED: [&str; 7] = [
    "target",
    ".git",
    "tests",
    "benches",
    "crates/openclaw-auth/tests",
    "deploy/prometheus/tests",
    "termux/tests",
];

fn shipped() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut open) = (Vec::new(), vec![root.to_owned()]);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap();
            if NOT_SHIPPED.iter().any(|skipped| name == Path::new(skipped))
                || entry.file_type().unwrap().is_symlink()
            {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if name != Path::new("Cargo.lock") {
                files.push(path);
            }
        }
    }
    files
}

/// What a file holds for users: a module's tests are not.
fn text(path: &Path) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    match text.split_once("#[cfg(test)]") {
        Some((shipped, _)) if path.extension().is_some_and(|extension| extension == "rs") => {
            shipped.to_owned()
        }
        _ => text,
    }
}

/// The addresses of a text: what follows `://`, a mailbox's or an SSH host's `@`, or names a place on GitHub.
fn addresses(text: &str) -> Vec<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-._/".contains(character);
    let after =
        |at: usize| -> String { text[at..].chars().take_while(|character| is_part(*character)).collect() };
    let mut found: Vec<String> = text.match_indices("://").map(|(at, mark)| after(at + mark.len())).collect();
    found.extend(text.match_indices("github.com").map(|(at, _)| after(at)));
    for (at, _) in text.match_indices('@') {
        let host = after(at + 1);
        let host = host.split('/').next().unwrap_or_default();
        let top = host.trim_end_matches(['.', '-']).rsplit_once('.').map_or("", |(_, top)| top);
        // Units of systemd's are templates, and releases of OpenClaw's are versions.
        let is_unit = matches!(top, "service" | "timer" | "socket" | "conf" | "html");
        if text[..at].ends_with(|before: char| before.is_ascii_alphanumeric())
            && top.len() > 1
            && !is_unit
            && top.chars().all(|character| character.is_ascii_lowercase())
        {
            found.push(host.trim_end_matches(['.', '-']).to_owned());
        }
    }
    // `http://` and nothing more is a scheme, and a placeholder is filled in by whoever reads it.
    found.retain(|address| address.starts_with(|first: char| first.is_ascii_alphanumeric()));
    found
}

fn is_allowed(address: &str) -> bool {
    let host = address.split('/').next().unwrap_or_default();
    ALLOWED.iter().flat_map(|(_, hosts)| *hosts).any(|allowed| match allowed.split_once('/') {
        Some(_) => address.starts_with(allowed),
        None => host == *allowed || host.ends_with(&format!(".{allowed}")),
    })
}

#[test]
fn nothing_shipped_leads_to_an_address_that_nobody_answers_for() {
    let mut wrong = Vec::new();
    let files = shipped();
    assert!(files.len() > 200, "{} files are shipped", files.len());
    for path in files {
        for address in addresses(&text(&path)).into_iter().filter(|address| !is_allowed(address)) {
            wrong.push(format!("{}: {address}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_address_is_found_however_it_is_written() {
    for text in [
        "git clone https://github.com/authwatch/authwatch",
        "[home](http://authwatch.dev/docs)",
        "git@github.com:authwatch/authwatch",
        "write to help@authwatch.dev.",
        "see github.com/authwatch/authwatch",
        "curl ftp://evil.example.com.attacker.net/x",
    ] {
        assert!(addresses(text).iter().any(|address| !is_allowed(address)), "{text}: {:?}", addresses(text));
    }
    for text in [
        "https://auth.x.ai/token",
        "http://127.0.0.1:10979/",
        "authwatch-failed@.service",
        "me@server.example",
    ] {
        assert!(addresses(text).iter().all(|address| is_allowed(address)), "{text}: {:?}", addresses(text));
    }
}
