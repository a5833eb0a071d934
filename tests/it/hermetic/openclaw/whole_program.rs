//! What the releases' own `openclaw models status --check` answered on whole state directories, and what authwatch answers there:
//! with the release named, and found out. The cases and answers are in `tests/fixtures/conformance/whole-program`; how they
//! are recorded for a newer release is in its README.

use serde_json::Value;

use crate::support::openclaw_releases::Release;
use crate::support::state_directories::Case;

/// Every case that is answered otherwise, with its cause. None is a 0 where OpenClaw answers otherwise.
const KNOWN: &[(&str, &[&str])] = &[
    // The command printed two documents: what it answered is not certain.
    ("h0090", &["2026.2.26"]),
    // 2026.8 and later look into the directory of OPENCLAW_AGENT_DIR, and authwatch into the shared database.
    ("agent-dir-variable", &["2026.8.2", "2026.9.6"]),
    // A leftover `oauth.json` refuses an agent without a database of its own only if a model needs its providers.
    ("h0020", &["2026.8.2", "2026.9.6"]),
    ("h0065", &["2026.8.2", "2026.9.6"]),
];

/// Whether an answer says nothing about the release: what the sandbox caused in which it was recorded, and a malformed case.
fn is_left_out(case: &Value, expected: &Value) -> bool {
    let refused = expected["refused"].as_str().unwrap_or_default().to_lowercase();
    expected.is_null()
        || expected.get("runtime").is_some()
        || refused.contains("gateway")
        || case["id"] == "fence-failed"
}

/// Compares the exit codes on all cases, with the release named and found out; returns how many were compared of each.
fn compare(release: &Release) -> [usize; 2] {
    let (mut compared, mut wrong) = ([0; 2], Vec::new());
    for case in Case::all() {
        let expected = &case.value["expected"][&release.version];
        if is_left_out(&case.value, expected) {
            continue;
        }
        let (home, _held) = case.lay_out(release);
        let mut ask = |way: usize, more: &[&str]| {
            let code = case.ask(&home, more);
            compared[way] += 1;
            if i64::from(code) != expected["exit"].as_i64().unwrap() {
                let id = case.id();
                let known = KNOWN
                    .iter()
                    .any(|(known, versions)| *known == id && versions.contains(&release.version.as_str()));
                if !known || code == 0 {
                    wrong.push(format!("{id} {more:?}: OpenClaw {expected}, authwatch {code}"));
                }
            }
        };
        ask(0, &["--openclaw-version", &release.version]);
        if case.name_release(&home, release) {
            ask(1, &[]);
        }
    }
    assert!(wrong.is_empty(), "{}: {} of {compared:?}:\n{}", release.version, wrong.len(), wrong.join("\n"));
    compared
}

macro_rules! releases {
    ($($test:ident: $version:literal, $named:literal and $found:literal;)+) => {
        $(
            #[test]
            fn $test() {
                let [named, found] = compare(&Release::of($version));
                assert!(named >= $named && found >= $found, "too few cases: {named} and {found}");
            }
        )+
    };
}

releases! {
    as_2026_2_26_answers: "2026.2.26", 430 and 200;
    as_2026_4_29_answers: "2026.4.29", 420 and 200;
    as_2026_5_28_answers: "2026.5.28", 420 and 200;
    as_2026_6_11_answers: "2026.6.11", 420 and 200;
    as_2026_7_35_answers: "2026.7.35", 420 and 200;
    as_2026_8_2_answers: "2026.8.2", 320 and 150;
    as_2026_9_6_answers: "2026.9.6", 400 and 200;
}
