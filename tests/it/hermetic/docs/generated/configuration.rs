//! docs/configuration.md: every setting with its default from the code, and its meaning from the template or, where that has
//! no comment on it, from the setting's own documentation.

use std::collections::BTreeMap;
use std::path::Path;

use authwatch::config::{Config, TEMPLATE};

use crate::hermetic::docs::generated::fields::{Kind, Setting, settings};

/// The whole page.
pub(super) fn reference() -> String {
    let (template, documentation) = (template(), documentation());
    let mut page = "<!-- Written from the code: REGENERATE=1 cargo test --test it generated -->\n\n# Configuration\n\n\
        No file is needed: every setting has a default. authwatch looks for `$XDG_CONFIG_HOME/authwatch/config.toml`\n\
        (`~/.config/authwatch/config.toml`; the system's service: `/etc/authwatch/config.toml`), or takes what `--config` names.\n\
        `authwatch config init` writes one with all of this in it, `authwatch config check` checks yours, and\n\
        `authwatch config show` prints the effective settings. Flags win over the file.\n\n\
        Durations are written as `90s`, `5m`, `36h`, `3d`, or `1h 30m`. A setting whose name ends in `_file` may begin with\n\
        `$CREDENTIALS_DIRECTORY/`, where systemd puts the files of `LoadCredential=`.\n"
        .to_owned();
    let mut table = None;
    for setting in settings() {
        if table.as_ref() != Some(&setting.table) {
            page.push_str(&heading(&setting, &documentation));
            table = Some(setting.table.clone());
        }
        let key = (setting.table.join("."), setting.name.to_owned());
        let told = template.get(&key);
        let meaning = told
            .map(|told| told.comment.clone())
            .filter(|comment| !comment.is_empty())
            .or_else(|| documentation.get(&(setting.structure.to_owned(), setting.name.to_owned())).cloned())
            // What all structures of a kind have stands in the macro that declares them.
            .or_else(|| documentation.get(&("$name".to_owned(), setting.name.to_owned())).cloned())
            .unwrap_or_else(|| {
                panic!("neither the template nor {} documents {}", setting.structure, setting.path())
            });
        let example = told.map_or("", |told| told.value.as_str());
        let default = match default(&setting) {
            Some(value) => format!("`{value}`"),
            None if example.is_empty() => "not set".to_owned(),
            None => format!("not set; such as `{example}`"),
        };
        let meaning = match &setting.kind {
            Kind::Choice(choices) => {
                let choices: Vec<String> = choices.iter().map(|choice| format!("`\"{choice}\"`")).collect();
                format!("{meaning} One of {}.", choices.join(", "))
            }
            _ => meaning,
        };
        page.push_str(&format!("| `{}` | {default} | {} |\n", setting.name, meaning.replace('|', "\\|")));
    }
    page
}

fn heading(setting: &Setting, documentation: &BTreeMap<(String, String), String>) -> String {
    let of_table =
        documentation.get(&(setting.structure.to_owned(), String::new())).map_or("", String::as_str);
    // `[watch]` as the documentation of a structure says no more than the heading.
    let of_table = if of_table.starts_with('`') || setting.table.is_empty() { "" } else { of_table };
    let title = match setting.table.last().map(String::as_str) {
        None => "At the top".to_owned(),
        Some("[]") => format!("`[[{}]]`", setting.table[..setting.table.len() - 1].join(".")),
        Some(_) => format!("`[{}]`", setting.table.join(".")),
    };
    let text = if of_table.is_empty() { String::new() } else { format!("{of_table}\n\n") };
    format!("\n## {title}\n\n{text}| Setting | Default | Meaning |\n|---|---|---|\n")
}

/// The default of a setting as the program prints it; none where it has none.
pub(super) fn default(setting: &Setting) -> Option<String> {
    // A table with a name of the user's choice has defaults once it is there.
    let names: Vec<&str> =
        setting.table.iter().map(|name| if name == "<id>" { "id" } else { name }).collect();
    let there = match names.split_last() {
        Some((&"[]", list)) => format!("[[{}]]", list.join(".")),
        Some(_) => format!("[{}]", names.join(".")),
        None => String::new(),
    };
    let config = Config::parse(&there, Path::new("reference")).ok()?;
    let mut value = toml::Value::Table(toml::from_str(&config.to_toml()).unwrap());
    for name in names.into_iter().chain([setting.name]) {
        value = if name == "[]" { value.get(0)? } else { value.get(name)? }.clone();
    }
    (!value.is_table()).then(|| value.to_string())
}

/// What the template says about a setting.
struct Told {
    comment: String,
    value: String,
}

/// Every setting of the template, those that are commented out among them, by table and name.
fn template() -> BTreeMap<(String, String), Told> {
    let (mut table, mut comment, mut all) = (String::new(), Vec::new(), BTreeMap::new());
    for line in TEMPLATE.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = generic(name);
            comment.clear();
        } else if let Some((name, value)) = assignment(bare) {
            all.insert(
                (table.clone(), name.to_owned()),
                Told { comment: comment.join(" "), value: value.to_owned() },
            );
            comment.clear();
        } else if line.is_empty() {
            comment.clear();
        } else {
            comment.push(bare);
        }
    }
    all
}

/// `refresh.providers.google` as `refresh.providers.<id>`, by the settings there are.
fn generic(name: &str) -> String {
    let parts: Vec<&str> = name.trim_matches(['[', ']']).split('.').collect();
    let fits = |table: &[String]| {
        let table: Vec<&String> = table.iter().filter(|part| *part != "[]").collect();
        table.len() == parts.len()
            && table.iter().zip(&parts).all(|(one, other)| *one == other || *one == "<id>")
    };
    let tables = settings().into_iter().map(|setting| setting.table);
    tables.into_iter().find(|table| fits(table)).map_or_else(|| name.to_owned(), |table| table.join("."))
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(" = ")?;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some((name, value))
}

/// The documentation of every structure (under an empty name) and field in the source of the configuration and its channels.
fn documentation() -> BTreeMap<(String, String), String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut dirs) =
        (vec![source.join("config.rs")], vec![source.join("config"), source.join("channel")]);
    while let Some(dir) = dirs.pop() {
        for path in std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() { dirs.push(path) } else { files.push(path) }
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut all = BTreeMap::new();
    for file in files {
        let (mut structure, mut text) = (String::new(), Vec::new());
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line = line.trim();
            if let Some(words) = line.strip_prefix("///") {
                text.push(words.trim().to_owned());
            } else if let Some(rest) = line.strip_prefix("pub struct ") {
                rest.split([' ', '<', '(']).next().unwrap_or_default().clone_into(&mut structure);
                all.insert((structure.clone(), String::new()), text.join(" "));
                text.clear();
            } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")) {
                all.insert((structure.clone(), name.to_owned()), text.join(" "));
                text.clear();
            } else if line.is_empty() || line == "}" {
                text.clear();
            }
        }
    }
    all
}
