//! Wall clocks that jump.

use std::process::Command;

use serde_json::json;

use crate::support::home::{Ran, stored};
use crate::support::renewal::{PROFILE, home};
use crate::support::time::now;
use crate::support::token_server::{Fault, TokenServer};

#[test]
fn a_wall_clock_that_jumps_neither_storms_the_provider_nor_skips_a_refresh() {
    let server = TokenServer::start();
    let home = home(&server);
    let faked = |by: &str| {
        let mut command = Command::new("faketime");
        command.args(["-f", by, env!("CARGO_BIN_EXE_authwatch"), "refresh"]);
        let inner = home.command(&[]);
        command.env_clear().env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        for (name, value) in inner.get_envs() {
            command.env(name, value.unwrap());
        }
        Ran::of(command.output().expect("faketime is installed (Debian: faketime)"))
    };
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 1));
    // Five days ahead the token looks expired: renewed once, and not again and again.
    for _ in 0..5 {
        let ran = faked("+5d");
        assert_eq!((ran.code, server.calls()), (0, 2), "{}{}", ran.stdout, ran.stderr);
    }
    // Back to now: by the wall clock the new token lives for five days and an hour; by the other clock for an hour.
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 2), "{}", ran.stdout);
    let state = home.path().join(".local/state/authwatch/state.json");
    let mut memory = stored(&state);
    let records = memory["logins"].as_object_mut().unwrap().values_mut();
    for record in records.filter(|record| record["issued"].is_object()) {
        let at = record["issued"]["at"].as_f64().unwrap();
        record["issued"]["at"] = json!(at - 3_600_000.0);
    }
    std::fs::write(&state, memory.to_string()).unwrap();
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 3), "an hour later it is renewed");
    // Two days back, a failure's pause does not become two days long.
    server.fail(Fault::Answer(500, "", String::new()));
    assert_eq!(home.run(&["refresh", "--force"]).code, 75);
    server.recover();
    let mut entry = stored(&home.store("main"));
    entry["profiles"][PROFILE]["expires"] = json!(now() - 3 * 86_400_000);
    std::fs::write(home.store("main"), entry.to_string()).unwrap();
    let calls = server.calls();
    let ran = faked("-2d");
    assert_eq!((ran.code, server.calls()), (0, calls + 1), "{}{}", ran.stdout, ran.stderr);
}
