//! A store whose content is wrong.

use std::fs;

use serde_json::{Value, json};

use crate::hermetic::stores::bad_input::{assert_broken, assert_others_report, fleet, profile};
use crate::support::home::{DAY, HOUR, NOW, document, ids, token};

/// `work`'s `auth-profiles.json` holds these bytes.
fn assert_content_is_broken(content: impl AsRef<[u8]>, reason: &str, says: &str) {
    let home = fleet();
    fs::write(home.store("work"), content).unwrap();
    assert_broken(&home, reason, &home.store("work"), says);
}

#[test]
fn an_empty_file() {
    assert_content_is_broken("", "parse", "not JSON at line 1");
    assert_content_is_broken(" \n\t\n", "parse", "not JSON at line");
}

#[test]
fn a_truncated_file() {
    let whole = document(&json!({ "zai:default": token("zai", DAY) }));
    for length in [1, 20, whole.len() / 2, whole.len() - 1] {
        assert_content_is_broken(&whole[..length], "parse", "not JSON at line 1, column");
    }
    assert_content_is_broken(format!("{whole}\n{{"), "parse", "not JSON at line 2");
}

#[test]
fn a_file_that_is_not_utf8() {
    assert_content_is_broken(b"{\"profiles\":{\"\xff\xfe\":1}", "parse", "is not UTF-8 at byte 14");
    assert_content_is_broken(b"\xff\xfe{\0}\0", "parse", "is not UTF-8 at byte 0");
    assert_content_is_broken([0; 4096], "parse", "not JSON");
}

#[test]
fn a_byte_order_mark() {
    let content = format!("\u{feff}{}", document(&json!({})));
    assert_content_is_broken(content, "parse", "byte order mark");
}

#[test]
fn a_top_level_of_the_wrong_type() {
    for content in ["[]", "[{\"profiles\":{}}]", "null", "3", "true", "\"profiles\""] {
        assert_content_is_broken(content, "schema", "the top level is no object");
    }
    assert_content_is_broken("{}", "schema", "there is no `profiles`");
    assert_content_is_broken(r#"{"version":1,"Profiles":{}}"#, "schema", "there is no `profiles`");
}

#[test]
fn profiles_of_the_wrong_type() {
    // An array passes for an object in the release that is assumed here.
    for profiles in ["null", "3", "-0.5", "false", "\"x\""] {
        let content = format!("{{\"version\":1,\"profiles\":{profiles}}}");
        assert_content_is_broken(content, "schema", "`profiles` is no object");
    }
}

#[test]
fn entries_of_the_wrong_type_are_rejected_one_by_one() {
    let entries = json!({
        "a-null": null, "b-bool": true, "c-number": 3, "d-text": "x", "e-list": [], "f-empty": {},
        "g-type": { "type": 3, "provider": "xai" }, "h-type": { "type": "password", "provider": "xai" },
        "i-type": { "type": null, "mode": "token", "provider": "xai" }, "j-none": { "type": "token" },
        "k-number": { "type": "token", "provider": 7 }, "l-blank": { "type": "oauth", "provider": " " },
        "zai:default": token("zai", DAY * 9),
    });
    let home = fleet().profiles("work", &entries);
    let before = home.tree();
    let report = home.status(&["--json"]);
    let work = report.agent("work");
    assert_eq!(work["store"]["error"], Value::Null);
    assert_eq!(ids(&work), ["anthropic:default", "zai:default"]);
    let rejected: Vec<_> = work["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| (rejected["profileId"].as_str().unwrap(), rejected["reason"].as_str().unwrap()))
        .collect();
    let expected = [
        ("a-null", "non_object"),
        ("b-bool", "non_object"),
        ("c-number", "non_object"),
        ("d-text", "non_object"),
        ("e-list", "invalid_type"),
        ("f-empty", "invalid_type"),
        ("g-type", "invalid_type"),
        ("h-type", "invalid_type"),
        ("i-type", "invalid_type"),
        ("j-none", "missing_provider"),
        ("k-number", "missing_provider"),
        ("l-blank", "missing_provider"),
    ];
    assert_eq!(rejected, expected);
    assert_others_report(&report);
    assert!(home.status(&[]).stdout.contains("c-number"), "people are told, too");
    assert!(before == home.tree());
}

#[test]
fn fields_of_the_wrong_type_break_their_profile_only() {
    let profiles = json!({
        "a:key": { "type": "api_key", "provider": "a", "key": ["k"], "metadata": 3 },
        "b:token": { "type": "token", "provider": "b", "token": 7, "expires": NOW + DAY },
        "c:expires": { "type": "token", "provider": "c", "token": "t", "expires": "soon" },
        "d:oauth": { "type": "oauth", "provider": "d", "access": {}, "refresh": 1, "expires": NOW + DAY },
        "e:expires": { "type": "oauth", "provider": "e", "access": "a", "refresh": "r", "expires": [NOW] },
        "f:email": { "type": "token", "provider": "f", "token": "t", "email": {}, "accountId": [] },
    });
    let home = fleet().profiles("work", &profiles);
    let report = home.status(&["--json"]);
    let work = report.agent("work");
    assert_eq!(work["store"]["error"], Value::Null);
    let verdicts = [
        ("a:key", "missing", json!("missing_credential")),
        ("b:token", "missing", json!("missing_credential")),
        ("c:expires", "missing", json!("invalid_expires")),
        ("d:oauth", "missing", json!("missing_credential")),
        ("e:expires", "missing", Value::Null),
        ("f:email", "static", Value::Null),
    ];
    for (id, status, reason) in verdicts {
        let profile = profile(&work, id);
        assert_eq!(profile["status"], status, "{profile:#}");
        if !reason.is_null() {
            assert_eq!(profile["reasonCode"], reason, "{profile:#}");
        }
    }
    assert_others_report(&report);
    assert_eq!(home.status(&["--check"]).code, 1);
}

pub(crate) fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn nesting_without_end() {
    let entry = |value: &str| {
        format!(r#"{{"profiles":{{"a":{{"type":"token","provider":"x","token":"t","extra":{value}}}}}}}"#)
    };
    let field =
        |value: &str| format!(r#"{{"profiles":{{"a":{{"type":"token","provider":"x","token":{value}}}}}}}"#);
    let objects = format!("{}1{}", r#"{"id":"#.repeat(200), "}".repeat(200));
    let documents = [
        nested(200),
        objects.clone(),
        format!(r#"{{"extra":{},"profiles":{{}}}}"#, nested(200)),
        format!(r#"{{"profiles":{}}}"#, nested(200)),
        format!(r#"{{"profiles":{{"a":{}}}}}"#, nested(200)),
        entry(&nested(200)),
        entry(&objects),
        field(&nested(200)),
        field(&objects),
        // So deep that a parser that recurses would overflow its stack.
        nested(1_000_000),
        entry(&nested(1_000_000)),
        "{\"a\":".repeat(1_000_000),
    ];
    for content in documents {
        assert_content_is_broken(content, "parse", "not JSON at line 1");
    }
}

#[test]
fn duplicate_keys_are_no_error_and_the_last_one_wins() {
    let content = format!(
        r#"{{"profiles":{{"gone:a":{{"type":"api_key","provider":"gone","key":"k"}}}},"version":1,
            "profiles":{{"x:a":{{"type":"token","type":"api_key","provider":"y","provider":"x","key":"k"}},
                         "x:b":3,"x:b":{{"type":"token","provider":"x","token":"t","expires":1,"expires":{}}}}}}}"#,
        NOW + HOUR
    );
    let home = fleet();
    fs::write(home.store("work"), content).unwrap();
    let report = home.status(&["--json"]);
    let work = report.agent("work");
    assert_eq!(work["store"]["error"], Value::Null);
    assert_eq!(work["rejected"], json!([]));
    assert_eq!(ids(&work), ["anthropic:default", "x:a", "x:b"]);
    assert_eq!(profile(&work, "x:a")["type"], "api_key");
    assert_eq!(profile(&work, "x:b")["status"], "expiring");
    assert_eq!(profile(&work, "x:b")["remainingMs"], HOUR);
    assert_others_report(&report);
    assert_eq!(home.status(&["--check"]).code, 2);
}
