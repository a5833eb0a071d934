//! Imports point one way inside `src`: every path is held against a table. What OpenClaw puts on disk is a crate of its own,
//! `openclaw-auth`, whose direction the compiler keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What a module (with everything below it) may use besides itself, the nouns of `openclaw_auth::model` and the
/// macro `openclaw_auth::words`: modules, or paths below
/// them. `openclaw_auth` alone is the whole crate.
const MAY_USE: &[(&str, &[&str])] = &[
    // The nouns and the tools everything rests on.
    ("model", &["openclaw_auth::check", "openclaw_auth::release"]),
    ("exit", &["model"]),
    ("logging", &[]),
    ("program", &[]),
    ("stop", &[]),
    ("texts", &[]),
    ("clock", &["openclaw_auth::clock", "openclaw_auth::process"]),
    ("terminal", &["exit", "stop"]),
    // Which providers people sign in to is a fact, and no secret.
    ("error_catalog", &["model", "openclaw_auth::provider", "openclaw_auth::secret::REDACTED"]),
    (
        "remedy",
        &[
            "error_catalog",
            "model",
            "openclaw_auth::paths",
            "openclaw_auth::provider",
            "openclaw_auth::release",
            "texts",
        ],
    ),
    ("http", &["clock"]),
    ("settings", &["clock", "openclaw_auth::secret"]),
    // Channels send what others have written: they know no login, and their settings are part of the configuration.
    (
        "channel",
        &[
            "clock",
            "http",
            "model",
            "openclaw_auth::digest",
            "openclaw_auth::secret",
            "program",
            "settings",
            "texts",
        ],
    ),
    (
        "config",
        &[
            "channel",
            "clock",
            "exit",
            "model",
            "openclaw_auth::paths",
            "openclaw_auth::provider",
            "settings",
            "texts",
        ],
    ),
    ("state", &["model", "openclaw_auth::digest", "openclaw_auth::random"]),
    ("backup", &["clock", "openclaw_auth::random", "openclaw_auth::secret"]),
    // The stages, in order.
    ("classify", &["exit", "model", "openclaw_auth", "state"]),
    (
        "assess",
        &["clock", "config", "model", "openclaw_auth::check", "openclaw_auth::release", "remedy", "texts"],
    ),
    ("pipeline", &["assess", "classify", "clock", "config", "model", "openclaw_auth", "remedy", "state"]),
    ("refresh", &["clock", "config", "http", "model", "openclaw_auth", "state", "stop", "texts"]),
    // Whatever tells people sees the snapshot only, so it cannot leak.
    ("publish", &["assess", "clock", "exit", "model", "openclaw_auth::digest", "refresh::outcome", "texts"]),
    (
        "serve",
        &[
            "assess",
            "clock",
            "model",
            "openclaw_auth::digest",
            "openclaw_auth::file::Stamp",
            "publish::metrics",
            "publish::words",
            "remedy",
            "texts",
        ],
    ),
    (
        "notify",
        &[
            "assess",
            "channel",
            "clock",
            "config",
            "model",
            "openclaw_auth::checkpoint",
            "openclaw_auth::digest",
            "openclaw_auth::file::Stamp",
            "openclaw_auth::random",
            "publish::words",
            "remedy",
            "state",
            "texts",
        ],
    ),
    // What a person's explicit command changes.
    (
        "auth",
        &[
            "backup",
            "clock",
            "config",
            "http",
            "openclaw_auth",
            "refresh::answer",
            "refresh::endpoint",
            "refresh::outcome",
        ],
    ),
    // Secrets are read in `doctor::inspection` alone and stay there; what it finds is free of them.
    (
        "doctor",
        &[
            "assess",
            "backup",
            "clock",
            "config",
            "exit",
            "http",
            "model",
            "notify",
            "openclaw_auth",
            "pipeline",
            "publish::words",
            "refresh::endpoint",
            "refresh::recovery",
            "remedy",
            "state",
            "texts",
        ],
    ),
    ("demo", &["config", "openclaw_auth::load", "openclaw_auth::paths", "openclaw_auth::random"]),
    // What names the stages, and what calls them.
    (
        "daemon",
        &[
            "assess",
            "clock",
            "config",
            "exit",
            "model",
            "notify",
            "openclaw_auth::checkpoint",
            "openclaw_auth::digest",
            "openclaw_auth::discover",
            "openclaw_auth::paths",
            "openclaw_auth::random",
            "pipeline",
            "publish",
            "refresh",
            "remedy",
            "serve",
            "state",
            "stop",
            "texts",
        ],
    ),
    (
        "commands",
        &[
            "assess",
            "auth",
            "clock",
            "config",
            "daemon",
            "demo",
            "doctor",
            "error_catalog",
            "exit",
            "logging",
            "model",
            "notify",
            "openclaw_auth::attempts",
            "openclaw_auth::discover",
            "openclaw_auth::load",
            "openclaw_auth::paths",
            "openclaw_auth::provider",
            "openclaw_auth::release",
            "openclaw_auth::store::SEMANTICS",
            "pipeline",
            "publish",
            "refresh",
            "remedy",
            "state",
            "stop",
            "terminal",
            "texts",
        ],
    ),
    ("cli", &["commands", "error_catalog", "exit", "logging", "terminal"]),
    ("lib", &[]),
];

/// Modules that may use these packages only.
const PACKAGES: [(&str, &[&str]); 1] = [("model", &["openclaw_auth", "serde", "serde_json", "std"])];

/// What only some modules may do: the text that shows it, and who may.
const RESERVED: [(&str, &[&str]); 7] = [
    ("SystemTime::now", &[]),
    ("Utc::now", &[]),
    ("Local::now", &[]),
    ("std::env::", &["cli", "commands", "terminal", "settings"]),
    (
        "std::fs",
        &[
            "backup", "channel", "clock", "commands", "config", "daemon", "demo", "doctor", "notify",
            "publish", "refresh", "serve", "settings", "state",
        ],
    ),
    ("rusqlite::", &["demo"]),
    ("std::env::", &["cli", "commands", "terminal", "settings"]),
];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
    sources_in(&project().join("src"))
}

fn sources_in(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.strip_prefix(root).unwrap().with_extension("");
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

/// The files a file's code refers to: every path in it leads to the file of the innermost module it names.
fn references<'s>(source: &Source, files: &'s BTreeMap<Vec<String>, Source>) -> BTreeSet<&'s [String]> {
    let mut paths: Vec<Vec<String>> = Vec::new();
    let mut behind = |prefix: &str, base: &[String]| {
        // `super::super::` is one climb of two steps.
        for path in paths_behind(&source.code, prefix).into_iter().filter(|path| !path.starts_with("super")) {
            paths.push(base.iter().cloned().chain(path.split("::").map(str::to_owned)).collect());
        }
    };
    behind("crate::", &[]);
    behind("self::", &source.path);
    for climb in 1..=source.path.len() {
        behind(&"super::".repeat(climb), &source.path[..source.path.len() - climb]);
    }
    for line in source.code.lines().map(str::trim) {
        let declared =
            line.split_once("mod ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"));
        if let Some(child) = declared.and_then(|(_, name)| name.strip_suffix(';')) {
            let base: Vec<String> = source.path.iter().cloned().chain([child.to_owned()]).collect();
            behind(&format!("{child}::"), &base);
        }
    }
    let owner = |path: Vec<String>| {
        (0..=path.len())
            .rev()
            .find_map(|length| files.get_key_value(&path[..length]))
            .map(|(path, _)| path.as_slice())
    };
    paths.into_iter().filter_map(owner).filter(|owner| *owner != source.path.as_slice()).collect()
}

/// Files that import each other in a circle, each with the file in the circle it refers to.
fn circles(root: &Path) -> Vec<String> {
    let files: BTreeMap<Vec<String>, Source> = sources_in(root)
        .into_iter()
        .map(|mut source| {
            source.path.retain(|name| name != "lib");
            (source.path.clone(), source)
        })
        .collect();
    let direct: BTreeMap<&[String], BTreeSet<&[String]>> =
        files.iter().map(|(path, source)| (path.as_slice(), references(source, &files))).collect();
    let reachable = |start: &[String]| {
        let mut reached: BTreeSet<&[String]> = BTreeSet::new();
        let mut open: Vec<&[String]> = direct[start].iter().copied().collect();
        while let Some(path) = open.pop() {
            if reached.insert(path) {
                open.extend(&direct[path]);
            }
        }
        reached
    };
    let reach: BTreeMap<&[String], BTreeSet<&[String]>> =
        direct.keys().map(|path| (*path, reachable(path))).collect();
    let mut found = Vec::new();
    for (path, direct) in &direct {
        for to in direct.iter().filter(|to| reach[*to].contains(path)) {
            found.push(format!("{} -> {}", path.join("::"), to.join("::")));
        }
    }
    found
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
        let own = paths_behind(&source.code, "crate::");
        let core = paths_behind(&source.code, "openclaw_auth::");
        for path in own.into_iter().chain(core.into_iter().map(|path| format!("openclaw_auth::{path}"))) {
            checked += 1;
            let everybodys = ["openclaw_auth::model", "openclaw_auth::words"]
                .iter()
                .any(|allowed| is_below(&path, allowed));
            if !everybodys
                && !is_below(&path, module)
                && !allowed.iter().any(|allowed| is_below(&path, allowed))
            {
                wrong.push(format!("{} uses {path}", source.path.join("::")));
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
fn what_the_table_allows_has_no_circle() {
    let modules: BTreeSet<&str> = MAY_USE.iter().map(|(module, _)| *module).collect();
    let mut reach: BTreeMap<&str, BTreeSet<&str>> = MAY_USE
        .iter()
        .map(|(module, allowed)| {
            let direct = allowed.iter().map(|path| path.split("::").next().unwrap());
            (*module, direct.filter(|to| modules.contains(to)).collect())
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
fn no_files_import_each_other_in_a_circle() {
    for root in ["src", "crates/openclaw-auth/src"] {
        let found = circles(&project().join(root));
        assert!(found.is_empty(), "in {root}:\n{}", found.join("\n"));
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
