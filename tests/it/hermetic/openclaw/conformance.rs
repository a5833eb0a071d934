//! What real OpenClaw releases answered, case by case, through the binary.

use serde_json::Value;

use crate::support::home::Home;

pub(in crate::hermetic) fn cases(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(in crate::hermetic) fn lay_out(case: &Value) -> Home {
    let mut home = Home::new();
    for (path, content) in case["files"].as_object().unwrap() {
        let content = content.as_str().unwrap().replace("@HOME@", home.path().to_str().unwrap());
        home = home.file(path, content);
    }
    let state = home.state();
    home = home.env("OPENCLAW_STATE_DIR", state.to_str().unwrap());
    for (name, value) in case["env"].as_object().into_iter().flatten() {
        home = home.env(name, value.as_str().unwrap());
    }
    home
}

/// The keys that are compared, with numbers as numbers.
fn essence(profile: &Value) -> Vec<Option<Value>> {
    let number = |key: &str| profile.get(key).map(|value| Value::from(value.as_f64().unwrap()));
    let text = |key: &str| profile.get(key).cloned();
    vec![
        text("profileId"),
        text("provider"),
        text("type"),
        text("status"),
        text("reasonCode"),
        number("expiresAt"),
        number("remainingMs"),
    ]
}

/// How many answers were compared.
fn compare(cases: &[Value]) -> usize {
    let (mut compared, mut wrong) = (0, Vec::new());
    for case in cases {
        let home = lay_out(case);
        for (semantics, agents) in case["expected"].as_object().unwrap() {
            for (agent, expected) in agents.as_object().unwrap() {
                let now = case["now"].to_string();
                let warn = case["warnAfterMs"].as_u64().map(|warn| format!("{warn}ms"));
                let mut arguments =
                    vec!["status", "--json", "--agent", agent, "--at", &now, "--semantics", semantics];
                arguments.extend(warn.iter().flat_map(|warn| ["--warn", warn]));
                let answer = home.run(&arguments).agent(agent);
                let list = |value: &Value| value.as_array().unwrap().iter().map(essence).collect::<Vec<_>>();
                let providers = |value: &Value| {
                    let pair = |health: &Value| (health["provider"].clone(), health["status"].clone());
                    value.as_array().unwrap().iter().map(pair).collect::<Vec<_>>()
                };
                if list(&answer["profiles"]) != list(&expected["profiles"])
                    || providers(&answer["providers"]) != providers(&expected["providers"])
                {
                    wrong.push(format!(
                        "{} {semantics} {agent}:\n{}\nexpected {expected}",
                        case["id"], answer["profiles"]
                    ));
                }
                compared += 1;
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n\n")
    );
    compared
}

#[test]
fn every_profile_is_judged_as_the_releases_judge_it() {
    let cases = cases(include_str!("../../../fixtures/conformance/profile-health.jsonl"));
    let compared = compare(&cases);
    assert!(cases.len() >= 700 && compared >= 1500, "only {compared} comparisons in {} cases", cases.len());
}

/// Cases of the same kind that were drawn at random, from a wider range, and answered by the packages of 2026.4.29 and 2026.9.6:
/// those that authwatch once judged otherwise, and as many others.
#[test]
fn stranger_profiles_are_judged_alike_too() {
    assert!(compare(&cases(include_str!("../../../fixtures/conformance/profile-health-wider.jsonl"))) >= 160);
}

#[test]
fn every_check_exits_as_the_release_does() {
    let cases = cases(include_str!("../../../fixtures/conformance/check-exit.jsonl"));
    let mut wrong = Vec::new();
    for case in &cases {
        let home = lay_out(case);
        let agent = case["agent"].as_str().unwrap_or("main");
        let expected = &case["expected"]["2026.4"];
        let now = case["now"].to_string();
        let check = [
            "status",
            "--check",
            "--json",
            "--semantics",
            "2026.4",
            "--scope",
            "all",
            "--at",
            &now,
            "--agent",
            agent,
        ];
        let ran = home.run(&check);
        let missing = &ran.agent(agent)["missingProvidersInUse"];
        if expected["exit"] != ran.code
            || expected.get("missingProvidersInUse").is_some_and(|expected| expected != missing)
        {
            wrong.push(format!("{}: exit {} with {missing}, expected {expected}", case["id"], ran.code));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 90, "only {} cases", cases.len());
}
