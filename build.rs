//! Tells the program what it was built from: `authwatch_build_info` shows it.

use std::process::Command;

fn main() {
    let output = |program: &str, arguments: &[&str]| {
        let output =
            Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&rustc, &["--version"]).and_then(|text| text.split(' ').nth(1).map(str::to_owned));
    set("AUTHWATCH_RUSTC", version);
    // Not there in a package from the registry.
    set("AUTHWATCH_REVISION", output("git", &["rev-parse", "--short=12", "HEAD"]));
    put("cargo::rerun-if-changed=build.rs");
}

fn set(name: &str, value: Option<String>) {
    put(&format!("cargo::rustc-env={name}={}", value.unwrap_or_else(|| "unknown".to_owned())));
}

fn put(line: &str) {
    println!("{line}");
}
