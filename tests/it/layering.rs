//! Imports point one way: every `crate::` path in `src` is held against a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a module (with everything below it) may use besides itself: modules, or paths below them.
const MAY_USE: &[(&str, &[&str])] = &[
    // The nouns and the tools everything rests on.
    ("model", &[]),
    ("secret", &[]),
    ("exit", &[]),
    ("paths", &[]),
    ("logging", &[]),
    ("probe", &[]),
    ("program", &[]),
    ("random", &[]),
    ("checkpoint", &[]),
    ("stop", &[]),
    ("ownership", &[]),
    ("clock", &["model"]),
    // Which providers people sign in to is a fact, and no secret.
    ("remedy", &["causes", "model", "openclaw::provider"]),
    // What failures mean is told by their words alone.
    ("causes", &["model", "openclaw::provider", "secret::REDACTED"]),
    ("config", &["clock", "exit", "model", "paths", "secret"]),
    ("http", &["clock", "model"]),
    ("state", &["model", "random"]),
    ("backup", &["clock", "model", "random", "secret"]),
    // What OpenClaw puts on disk: pure.
    ("openclaw", &["model", "secret"]),
    // The stages, in order.
    ("discover", &["load::file", "model", "openclaw", "paths", "secret"]),
    (
        "load",
        &[
            "clock",
            "discover::Agent",
            "discover::KnownBy",
            "locking",
            "model",
            "openclaw",
            "ownership",
            "paths",
            "secret",
        ],
    ),
    ("classify", &["discover", "exit", "load", "model", "openclaw", "remedy", "state"]),
    // What writes credentials, and what decides to.
    ("locking", &["checkpoint", "clock", "model", "openclaw", "ownership", "random"]),
    (
        "store",
        &[
            "checkpoint",
            "load::file",
            "locking",
            "model",
            "openclaw::document",
            "ownership",
            "random",
            "secret",
        ],
    ),
    (
        "refresh",
        &[
            "checkpoint",
            "clock",
            "config",
            "discover",
            "http",
            "load",
            "locking",
            "model",
            "openclaw",
            "paths",
            "program",
            "random",
            "secret",
            "state",
            "stop",
            "store",
        ],
    ),
    // What a person's explicit command changes.
    (
        "auth",
        &[
            "backup",
            "clock",
            "config",
            "discover",
            "http",
            "load",
            "model",
            "openclaw",
            "paths",
            "random",
            "refresh::answer",
            "refresh::endpoint",
            "refresh::exchange",
            "refresh::outcome",
            "secret",
            "store",
        ],
    ),
    ("terminal", &["stop"]),
    // Whatever tells people sees the snapshot only, so it cannot leak.
    ("publish", &["clock", "exit", "model", "refresh::outcome", "remedy"]),
    (
        "notify",
        &[
            "checkpoint",
            "clock",
            "config",
            "http",
            "model",
            "program",
            "publish::words",
            "random",
            "remedy",
            "secret",
            "state",
        ],
    ),
    ("serve", &["clock", "model", "publish::metrics", "publish::words", "remedy"]),
    // What names the stages, and what calls them.
    ("pipeline", &["classify", "clock", "discover", "load", "model", "openclaw", "paths", "state"]),
    ("demo", &["config", "load", "model", "paths", "random"]),
    // Secrets are read in `doctor::subject` alone and stay there; what it finds is free of them.
    (
        "doctor",
        &[
            "backup",
            "clock",
            "config",
            "discover",
            "exit",
            "http",
            "load",
            "locking",
            "model",
            "notify",
            "openclaw",
            "paths",
            "pipeline",
            "publish::words",
            "random",
            "refresh::endpoint",
            "refresh::recovery",
            "remedy",
            "secret",
            "state",
            "store",
        ],
    ),
    (
        "daemon",
        &[
            "checkpoint",
            "clock",
            "config",
            "discover",
            "exit",
            "model",
            "notify",
            "paths",
            "pipeline",
            "publish",
            "random",
            "refresh",
            "serve",
            "state",
            "stop",
        ],
    ),
    (
        "commands",
        &[
            "auth",
            "causes",
            "cli",
            "clock",
            "config",
            "daemon",
            "demo",
            "discover",
            "doctor",
            "exit",
            "model",
            "notify",
            "openclaw::attempts",
            "openclaw::provider",
            "paths",
            "pipeline",
            "probe",
            "publish",
            "refresh",
            "remedy",
            "state",
            "stop",
            "terminal",
        ],
    ),
    ("cli", &["causes", "commands", "exit", "logging"]),
    ("lib", &[]),
];

/// Modules that may use these packages only.
const PACKAGES: [(&str, &[&str]); 2] =
    [("model", &["serde", "serde_json", "std"]), ("secret", &["std", "zeroize"])];

/// What only some modules may do: the text that shows it, and who may.
const RESERVED: [(&str, &[&str]); 7] = [
    ("SystemTime::now", &["clock"]),
    ("Utc::now", &["clock"]),
    ("Local::now", &["clock"]),
    ("std::env::", &["checkpoint", "cli", "config", "paths"]),
    (
        "std::fs",
        &[
            "backup",
            "checkpoint",
            "clock",
            "commands",
            "config",
            "daemon",
            "demo",
            "discover",
            "doctor",
            "load",
            "locking",
            "notify",
            "ownership",
            "publish",
            "refresh",
            "serve",
            "state",
            "store",
        ],
    ),
    ("rusqlite::", &["demo", "load"]),
    ("std::net", &["auth", "daemon", "demo", "notify", "probe", "refresh", "serve"]),
];

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// A source file: its module path (`load::sqlite`) and its code without comments and unit tests.
struct Source {
    path: Vec<String>,
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        &self.path[0]
    }
}

fn sources() -> Vec<Source> {
    let (root, mut found) = (source_root(), Vec::new());
    let mut open = vec![root.clone()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.strip_prefix(&root).unwrap().with_extension("");
                let module = module.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                found.push(Source { path: module, code: code(&fs::read_to_string(&path).unwrap()) });
            }
        }
    }
    // The binary's own file uses the library from outside.
    found.retain(|source| source.module() != "main");
    assert!(found.len() > 30, "only {} files", found.len());
    found
}

/// The text without comments, and without the unit tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths behind every `prefix` (such as `crate::`) in the code, with the groups of `use` taken apart.
fn paths_behind(code: &str, prefix: &str) -> Vec<String> {
    let boundary =
        |at: usize| !code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:$".contains(before));
    code.match_indices(prefix)
        .filter(|(at, _)| boundary(*at))
        .flat_map(|(at, _)| tree(&mut code[at + prefix.len()..].chars().peekable(), ""))
        .collect()
}

/// Reads `a::{b, c::d}` as `a::b` and `a::c::d`.
fn tree(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, before: &str) -> Vec<String> {
    let mut path = before.to_owned();
    loop {
        match rest.peek() {
            Some('{') => {
                rest.next();
                let mut all = Vec::new();
                loop {
                    while rest.next_if(|next| next.is_whitespace() || *next == ',').is_some() {}
                    if rest.next_if_eq(&'}').is_some() || rest.peek().is_none() {
                        return all;
                    }
                    all.extend(tree(rest, &path));
                    // An `as` clause names, it does not lead anywhere.
                    while rest.next_if(|next| !",}".contains(*next)).is_some() {}
                }
            }
            Some(next) if next.is_alphanumeric() || "_:*".contains(*next) => path.extend(rest.next()),
            _ => return vec![path],
        }
    }
}

fn is_below(path: &str, allowed: &str) -> bool {
    path.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn paths_are_taken_apart() {
    let code = "use crate::a::{self, b::{C, D as E}, f};\nlet x = crate::g::h(3); $crate::no; mycrate::no";
    assert_eq!(paths_behind(code, "crate::"), ["a::self", "a::b::C", "a::b::D", "a::f", "g::h"]);
    assert!(is_below("load::file::read", "load::file") && !is_below("loading", "load"));
}

#[test]
fn every_module_is_in_the_table_and_every_line_of_it_is_a_module() {
    let modules: BTreeSet<String> = sources().iter().map(|source| source.module().to_owned()).collect();
    let table: BTreeSet<String> = MAY_USE.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(modules, table);
}

#[test]
fn imports_point_one_way() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for source in sources() {
        let module = source.module();
        let Some(allowed) = table.get(module) else {
            wrong.push(format!("{module} is missing from the table"));
            continue;
        };
        for path in paths_behind(&source.code, "crate::") {
            checked += 1;
            if !is_below(&path, module) && !allowed.iter().any(|allowed| is_below(&path, allowed)) {
                wrong.push(format!("{} uses crate::{path}", source.path.join("::")));
            }
        }
        // `super` must not climb out of its top-level module past the table.
        let climb = "super::".repeat(source.path.len());
        if source.code.contains(&climb) && module != "lib" {
            wrong.push(format!("{} climbs to the root with {climb}", source.path.join("::")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 80, "only {checked} paths were checked");
}

#[test]
fn what_the_table_allows_has_no_circle_but_the_known_ones() {
    // Agents are found with the reader of files, and loading is told of agents; the commands print through the command line.
    let known = BTreeSet::from([
        ("discover", "load"),
        ("load", "discover"),
        ("cli", "commands"),
        ("commands", "cli"),
    ]);
    let mut reach: BTreeMap<&str, BTreeSet<&str>> = MAY_USE
        .iter()
        .map(|(module, allowed)| {
            let direct = allowed.iter().map(|path| path.split("::").next().unwrap());
            (*module, direct.filter(|to| !known.contains(&(*module, *to))).collect())
        })
        .collect();
    for _ in 0..MAY_USE.len() {
        let before = reach.clone();
        for reached in reach.values_mut() {
            let further: Vec<&str> = reached.iter().flat_map(|to| before[to].iter().copied()).collect();
            reached.extend(further);
        }
    }
    for (module, reached) in &reach {
        assert!(!reached.contains(module), "{module} reaches itself");
    }
}

#[test]
fn the_lowest_modules_use_few_packages() {
    for (module, allowed) in PACKAGES {
        for source in sources().iter().filter(|source| source.module() == module) {
            let used = source.code.lines().filter_map(|line| line.trim().strip_prefix("use "));
            for line in used {
                let package = line.split("::").next().unwrap();
                let is_own = matches!(package, "super" | "self");
                assert!(is_own || allowed.contains(&package), "{module} uses {line}");
            }
        }
    }
}

#[test]
fn what_is_reserved_is_done_where_it_belongs() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (text, allowed) in RESERVED {
            if source.code.contains(text) && !allowed.contains(&source.module()) {
                wrong.push(format!("{} has {text}", source.path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
