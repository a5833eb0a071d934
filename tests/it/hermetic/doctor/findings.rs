//! `authwatch doctor` on a corpus of broken homes, one for each finding: it reports what was planted and
//! nothing else, fixes what it says it can fix, and prints a command that undoes it.
//!
//! A case is a directory of `tests/fixtures/doctor`, named after its finding (`CODE` or `CODE--VARIANT`):
//! files that are laid over the healthy home, and `case.json` with what git cannot hold. `"@now-3h"` in them
//! stands for that moment in milliseconds.

use std::collections::BTreeMap;

use authwatch::doctor;
use authwatch::doctor::finding::Severity;
use serde_json::{Value, json};

use super::case::{self, Case, cases, codes, lay_out};
use crate::hermetic::openclaw::conformance;
use crate::support::home::{Home, Ran};

fn examined(home: &Home, case: &Case, arguments: &[&str]) -> Ran {
    let flags: Vec<&str> = case.flags.iter().map(String::as_str).collect();
    home.run(&[&["doctor"], arguments, &flags].concat())
}

fn text_fits(home: &Home, case: &Case, width: usize) -> String {
    let mut command = home.command(&["doctor"]);
    let output = command.args(&case.flags).env("COLUMNS", width.to_string()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(crate::support::home::fits(line, width), "{}: too wide for {width}: {line}", case.name);
        assert!(!line.contains('\u{1b}'), "{}: colour without a terminal: {line}", case.name);
    }
    text
}

#[test]
fn every_finding_has_a_case_and_every_case_a_finding() {
    let known: BTreeMap<&str, bool> = doctor::kinds().map(|kind| (kind.code, kind.fixable)).collect();
    assert_eq!(known.len(), doctor::kinds().count(), "each code is declared once");
    let mut fixable: BTreeMap<String, bool> = BTreeMap::new();
    for case in case::all_cases() {
        *fixable.entry(case.code().to_owned()).or_default() |= case.fixable;
    }
    let covered: BTreeMap<&str, bool> =
        fixable.iter().map(|(code, fixable)| (code.as_str(), *fixable)).collect();
    assert_eq!(covered, known);
}

#[test]
fn a_healthy_home_has_no_finding() {
    let home = lay_out(None);
    let ran = home.run(&["doctor", "--json"]);
    assert_eq!(ran.json()["findings"], serde_json::json!([]), "{}", ran.stdout);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stderr, "");
    let ran = home.run(&["doctor"]);
    assert_eq!((ran.stdout.as_str(), ran.code), ("no problems found\n", 0));
    let before = home.tree();
    let ran = home.run(&["doctor", "--fix", "--yes"]);
    assert_eq!((ran.code, home.tree() == before), (0, true), "{}", ran.stderr);
}

/// What a case plants is found, and nothing else.
fn planted(case: &Case, ran: &Ran) -> Vec<String> {
    if case.code() == "check-differs" { codes(ran) } else { case::codes_of_problems(ran) }
}

/// Tries every case, and names all that fail.
fn for_each_case(test: impl Fn(&Case) + std::panic::RefUnwindSafe) {
    let fails = |case: &Case| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(case))).is_err();
    let failed: Vec<String> =
        cases().iter().filter(|case| fails(case)).map(|case| case.name.clone()).collect();
    assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
}

#[test]
fn exactly_what_was_planted_is_named() {
    for_each_case(|case| {
        let home = lay_out(Some(case));
        let ran = examined(&home, case, &["--json"]);
        assert_eq!(planted(case, &ran), [case.code()], "{}: {}{}", case.name, ran.stdout, ran.stderr);
        let found = &ran.json()["findings"][0];
        for (key, expected) in case.expects.as_object().unwrap() {
            let place = |text: &str| text.replace("@HOME@", home.path().to_str().unwrap());
            let expected =
                expected.as_str().map_or_else(|| expected.clone(), |text| Value::from(place(text)));
            match (found[key].as_str(), expected.as_str()) {
                (Some(found), Some(part)) if key == "meaning" || key == "command" => {
                    assert!(found.contains(part), "{}: {key} is {found}", case.name);
                }
                _ => assert_eq!(found[key], expected, "{}: {key}", case.name),
            }
        }
        assert_eq!(found["fixable"], case.fixable, "{}", case.name);
        assert!(found["command"].is_string() || case.without_command, "{}: no command", case.name);
        assert!(!found["meaning"].as_str().unwrap().ends_with('.'), "{}", case.name);
        let usual = doctor::kinds().find(|kind| kind.code == case.code()).unwrap().severity;
        let wanted = case.expects["severity"].as_str().unwrap_or(usual.as_str());
        let is = Severity::ALL.iter().find(|severity| severity.as_str() == wanted).unwrap();
        assert!(*is <= usual, "{}: {wanted} is worse than its kind", case.name);
        assert_eq!(found["severity"], wanted, "{}", case.name);
        let expected = match wanted {
            "critical" => 1,
            "warning" => 2,
            _ => 0,
        };
        assert_eq!(ran.code, expected, "{}", case.name);
        assert_eq!(ran.json()["exitCode"], expected, "{}", case.name);
        let narrow = text_fits(&home, case, 40);
        assert!(narrow.contains(case.code()), "{}: {narrow}", case.name);
    });
}

#[test]
fn what_is_fixed_is_resolved_and_can_be_undone() {
    for_each_case(|case| {
        let home = lay_out(Some(case));
        let before = case::contents(home.path());
        let found = examined(&home, case, &["--json"]).json()["findings"][0].clone();
        let ran = examined(&home, case, &["--fix", "--yes", "--json"]);
        let after = case::contents(home.path());
        if !case.fixable {
            assert_eq!(planted(case, &ran), [case.code()], "{}", case.name);
            assert!(before == after, "{}: something was changed", case.name);
            return;
        }
        assert_eq!(planted(case, &ran), Vec::<String>::new(), "{}: {}{}", case.name, ran.stdout, ran.stderr);
        assert_eq!(ran.code, 0, "{}", case.name);
        assert_eq!(planted(case, &examined(&home, case, &["--json"])), Vec::<String>::new(), "{}", case.name);

        // OpenClaw can still read the stores, and everything else is unchanged.
        for agent in home.run(&["status", "--json"]).json()["agents"].as_array().unwrap() {
            assert_eq!(agent["store"]["error"], Value::Null, "{}: {agent}", case.name);
            assert_ne!(agent["profiles"].as_array().unwrap().len(), 0, "{}: {agent}", case.name);
        }
        let file = home.path().join(found["file"].as_str().unwrap());
        let file = file.strip_prefix(home.path()).unwrap().to_owned();
        let changed = case::changed(&before, &after);
        assert!(!changed.is_empty(), "{}: nothing was changed", case.name);
        for path in &changed {
            let is_concerned = path.starts_with(&file) || case::is_backup(path);
            assert!(is_concerned, "{}: {} was changed", case.name, path.display());
        }
        for (path, stamp) in after.iter().filter(|(path, _)| path.starts_with(case::BACKUPS)) {
            assert!(
                ["40700 ", "100600 "].iter().any(|mode| stamp.starts_with(mode)),
                "{}: {} {stamp}",
                case.name,
                path.display()
            );
        }

        let fixed = ran.json()["mended"].clone();
        assert_eq!(fixed.as_array().unwrap().len(), 1, "{}: {fixed}", case.name);
        assert_eq!((&fixed[0]["code"], &fixed[0]["error"]), (&Value::from(case.code()), &Value::Null));
        let undone = std::process::Command::new("sh")
            .args(["-c", fixed[0]["undo"].as_str().unwrap()])
            .output()
            .unwrap();
        assert!(undone.status.success(), "{}: {undone:?}", case.name);
        let mut different = case::changed(&before, &case::contents(home.path()));
        different.retain(|path| !case::is_backup(path));
        assert!(different.is_empty(), "{}: not undone: {different:?}", case.name);
    });
}

/// What `status` reports by its exit code, doctor has a finding for.
fn assert_not_silent(name: &str, home: &Home) {
    let exit = |flag: &str| home.run(&["status", flag]).code;
    let (check, needs_person) = (exit("--check"), exit("--needs-person"));
    let ran = home.run(&["doctor", "--json"]);
    if [1, 2].contains(&check) {
        assert!(!codes(&ran).is_empty(), "{name}: `--check` exits with {check}, and doctor finds nothing");
    }
    // What only the service's environment holds is not known to the assessment.
    let in_service = codes(&ran).contains(&"key-only-in-service".to_owned());
    if [1, 2].contains(&needs_person) && !in_service {
        assert_ne!(ran.code, 0, "{name}: `--needs-person` exits with {needs_person}: {}", ran.stdout);
    }
}

#[test]
fn doctor_is_never_silent_where_status_is_not_fine() {
    for_each_case(|case| assert_not_silent(&case.name, &lay_out(Some(case))));
    for text in [
        include_str!("../../../fixtures/conformance/check-exit.jsonl"),
        include_str!("../../../fixtures/conformance/profile-health-wider.jsonl"),
    ] {
        for case in conformance::cases(text) {
            assert_not_silent(&case["id"].to_string(), &conformance::lay_out(&case));
        }
    }
}

/// `docs/doctor.md` has a section for every kind, which begins with its severity and whether `--fix` resolves
/// it.
#[test]
fn the_manual_has_a_section_for_every_finding() {
    let manual = include_str!("../../../../docs/doctor.md");
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    for section in manual.split("\n### `").skip(1) {
        let (code, text) = section.split_once('`').unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (verdict, rest) = text.split_once(". ").unwrap();
        assert!(rest.len() > 20, "{code} is explained");
        assert!(sections.insert(code, verdict.to_owned()).is_none(), "{code} is there twice");
    }
    let expected: BTreeMap<&str, String> = doctor::kinds()
        .map(|kind| {
            let usual = kind.severity.as_str();
            let usual = usual[..1].to_uppercase() + &usual[1..];
            let milder = match kind.code {
                "login-dead" | "login-expired" | "login-missing" | "entry-mistyped" | "token-cut"
                | "token-pasted-text" | "token-short" | "token-wrong-kind" | "token-placeholder"
                | "key-malformed" => " where a model uses it, else a warning",
                "login-blocked" | "renewal-failing" => {
                    " where its access token has expired and a model uses it, else a warning"
                }
                "provider-without-auth" => ", or a warning where OpenClaw asks the login shell for keys",
                "variable-misspelled" => " where a model needs the provider, else info",
                "key-unseen-by-service" => " where the service's process was seen, else a warning",
                _ => "",
            };
            let fix = if kind.fixable { "; `--fix` resolves it" } else { "" };
            (kind.code, format!("{usual}{milder}{fix}"))
        })
        .collect();
    assert_eq!(sections, expected);
}

/// Agents with the same problem may share a finding, but a report on one of them has it.
#[test]
fn a_report_on_one_agent_has_what_it_shares_with_others() {
    for agents in [2, 9] {
        let list: Vec<Value> = (0..agents).map(|number| json!({ "id": format!("a{number}") })).collect();
        let config = json!({ "agents": { "defaults": { "model": "xai/grok" }, "list": list } });
        let home = Home::new().file(".openclaw/openclaw.json", config.to_string());
        for agent in ["a0", "a1"] {
            let ran = home.run(&["doctor", "--agent", agent, "--json"]);
            assert_eq!(ran.code, 1, "{agent} of {agents}: {}", ran.stdout);
            assert!(ran.stdout.contains("provider-without-auth"), "{}", ran.stdout);
        }
    }
}

/// A name is reported wherever it is set, only while the right one is not, and never one that may be a pasted key.
#[test]
fn misspelled_variables_are_told_from_others() {
    const UNIT: &str = ".config/systemd/user/openclaw-gateway.service";
    let config = |env: &Value| {
        json!({ "agents": { "defaults": { "model": "openrouter/auto" } }, "env": { "vars": env } })
            .to_string()
    };
    let home = |env: &Value| Home::new().file(".openclaw/openclaw.json", config(env));
    let misspelled = |home: &Home| {
        let ran = home.run(&["doctor", "--json"]);
        let found = ran.json()["findings"].as_array().unwrap().clone();
        let is_it = |found: &&Value| found["code"] == "variable-misspelled";
        found
            .iter()
            .filter(is_it)
            .map(|found| found["meaning"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let none = json!({});
    let unit = "[Service]\nExecStart=openclaw gateway\nEnvironment=Openrouter_Api_Key=k\n";
    for (home, name) in [
        (home(&none).file(".openclaw/.env", "OPENROUTER_KEY=k\n"), "OPENROUTER_KEY"),
        (home(&json!({ "OPENROUTER_APIKEY": "k" })), "OPENROUTER_APIKEY"),
        (home(&none).file(UNIT, unit), "Openrouter_Api_Key"),
    ] {
        let found = misspelled(&home);
        assert!(
            found.len() == 1 && found[0].contains(name) && found[0].contains("`OPENROUTER_API_KEY`"),
            "{found:?}"
        );
        assert_eq!(misspelled(&home.env("OPENROUTER_API_KEY", "k")), [] as [&str; 0], "the right one is set");
    }
    let others = "OPENAI_BASE_URL=u\nOPENAI_ORG_ID=o\nOPENAI_API_KEYS=a,b\nANTHROPIC_BASE_URL=u\nANTHROPIC_MODEL=m\n\
        ANTHROPIC_AUTH_TOKEN=t\nGEMINI_MODEL=m\nGITHUB_TOKEN=t\nTAVILY_API_KEY=k\nEXA_API_KEY=k\n\
        OPENCLAW_GATEWAY_TOKEN=t\nsk-or-v1-0123456789abcdef=\n";
    assert_eq!(misspelled(&home(&none).file(".openclaw/.env", others)), [] as [&str; 0]);
}
