//! What is beside the stores: `openclaw.json`, state, legacy files and other programs' logins.

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::hermetic::stores::bad_input::documents::nested;
use crate::hermetic::stores::bad_input::{assert_others_report, assert_others_report_and_exit, fleet};
use crate::support::home::{Home, ids, make_fifo};

#[test]
fn a_broken_store_of_main_leaves_the_others_their_own() {
    let home = fleet();
    fs::write(home.store("main"), "{").unwrap();
    let report = home.status(&["--json"]);
    assert_eq!(report.agent("main")["store"]["error"]["reason"], "parse");
    assert_eq!(ids(&report.agent("other")), ["xai:default"]);
    assert_eq!(report.agent("other")["exitCode"], 0);
    assert_eq!(home.status(&["--check"]).code, 1);
}

#[test]
fn a_broken_configuration_is_said_and_agents_are_found_all_the_same() {
    let text = |content: &str| content.as_bytes().to_vec();
    let contents = [
        (text("{ agents: { list: ["), "parse", "is not JSON5"),
        (text(""), "parse", "is not JSON5"),
        (text("[]"), "parse", "the top level is no object"),
        (b"{ a: '\xff' }".to_vec(), "parse", "is not UTF-8"),
        (text("{} {}"), "parse", "is not JSON5"),
        (text(&format!("{{ a: {} }}", nested(200))), "parse", "nested deeper than"),
        (text(&nested(1_000_000)), "parse", "nested deeper than"),
        (text(&"{a:".repeat(1_000_000)), "parse", "nested deeper than"),
        (vec![b' '; (16 << 20) + 1], "too-large", "are not read"),
    ];
    for (content, reason, says) in contents {
        let home = fleet();
        home.write(".openclaw/openclaw.json", content);
        assert_configuration_is_broken(&home, reason, says);
    }
    let home = fleet();
    fs::remove_file(home.state().join("openclaw.json")).unwrap();
    make_fifo(&home.state().join("openclaw.json"));
    assert_configuration_is_broken(&home, "not-a-file", "is a FIFO");
    let home = fleet();
    fs::remove_file(home.state().join("openclaw.json")).unwrap();
    fs::create_dir(home.state().join("openclaw.json")).unwrap();
    assert_configuration_is_broken(&home, "not-a-file", "is a directory");
}

fn assert_configuration_is_broken(home: &Home, reason: &str, says: &str) {
    let before = home.tree();
    let report = home.status(&["--json"]);
    assert_eq!(report.code, 0, "{}", report.stderr);
    let error = report.json()["config"]["error"].clone();
    assert_eq!(error["reason"], reason, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("openclaw.json") && message.contains(says), "{message} should say {says}");
    // OpenClaw does not start with it, so nothing is vouched for.
    assert_others_report_and_exit(&report, 1);
    assert_eq!(ids(&report.agent("work")), ["anthropic:default"]);
    let table = home.status(&[]).stdout;
    assert!(table.contains("openclaw.json\n"), "people are told, too: {table}");
    assert!(before == home.tree());
}

#[test]
fn brackets_in_strings_and_comments_of_the_configuration_are_no_nesting() {
    let many = "[{".repeat(200);
    let config = format!(
        "// {many}\n/* {many} * / */ {{ a: '{many}\\'{many}', \"b\\\"{many}\": 1, agents: {{ list: [{{ id: 'listed' }}] }} }}"
    );
    let home = fleet().file(".openclaw/openclaw.json", config);
    let report = home.status(&["--json"]);
    assert_eq!(report.json()["config"]["error"], Value::Null);
    assert_eq!(ids(&report.agent("listed")), ["anthropic:default"]);
}

#[test]
fn a_broken_state_file_is_said_and_does_not_count() {
    let contents: [(&[u8], &str); 6] = [
        (b"", "parse"),
        (b"{\"order\":{", "parse"),
        (b"\xff", "parse"),
        (b"\xef\xbb\xbf{}", "parse"),
        (b"{\"x\":\"\\ud800\"", "parse"),
        (b"{\"usageStats\":{\"xai:default\":{\"cooldownUntil\":1e}}}", "parse"),
    ];
    for (content, reason) in contents {
        let home = fleet();
        home.write(".openclaw/agents/other/agent/auth-state.json", content);
        assert_state_is_broken(&home, reason);
    }
    let home = fleet();
    make_fifo(&home.agent_dir("other").join("auth-state.json"));
    assert_state_is_broken(&home, "not-a-file");
    let home = fleet();
    File::create(home.agent_dir("other").join("auth-state.json")).unwrap().set_len(64 << 20).unwrap();
    assert_state_is_broken(&home, "too-large");
}

fn assert_state_is_broken(home: &Home, reason: &str) {
    let before = home.tree();
    let report = home.status(&["--json"]);
    let error = report.agent("other")["store"]["stateError"].clone();
    assert_eq!(error["reason"], reason, "{error}");
    assert!(error["message"].as_str().unwrap().contains("other/agent/auth-state.json"), "{error}");
    assert_others_report(&report);
    assert_eq!(home.status(&["--check"]).code, 0);
    assert!(before == home.tree());
}

#[test]
fn broken_legacy_files_are_passed_over() {
    for content in ["", "[]", "{", "3", "{\"groq\":7}", &nested(200)] {
        let home = fleet();
        home.write(".openclaw/agents/work/agent/auth.json", content);
        home.write(".openclaw/credentials/oauth.json", content);
        let report = home.status(&["--json"]);
        assert_eq!(ids(&report.agent("work")), ["anthropic:default"], "{content}");
        assert_others_report(&report);
    }
}

#[test]
fn broken_files_of_other_programs_are_passed_over() {
    for content in ["", "[]", "{\"claudeAiOauth\":3,\"tokens\":[]}", "\u{feff}{}", &nested(1_000_000)] {
        let mut home = fleet();
        for path in [
            ".claude/.credentials.json",
            ".codex/auth.json",
            ".gemini/oauth_creds.json",
            ".minimax/oauth_creds.json",
            ".openclaw/.env",
        ] {
            home = home.file(path, content);
        }
        let report = home.status(&["--json"]);
        assert_eq!(report.json()["external"], json!([]));
        assert_others_report(&report);
    }
}
