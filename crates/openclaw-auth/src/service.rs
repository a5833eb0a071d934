//! OpenClaw's gateway, as its systemd unit or its process shows it, and the variables that it has.

use crate::model::VariableOrigin;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::environment::{Environment, Variables, parse_dotenv};
use crate::file::{list, secret_text};
use crate::paths::Roots;

/// A process of the user's that has the same home or state directory.
#[derive(Debug)]
pub struct UserProcess {
    /// Its command line.
    pub arguments: Vec<String>,
    /// Its variables that are set to something. Their values are keys, and are not kept.
    variables: Environment,
    /// Its home directory, and the state directory of its OpenClaw.
    places: Vec<PathBuf>,
}

/// OpenClaw's gateway.
#[derive(Debug)]
pub struct Gateway {
    /// Its unit or its process, for people.
    pub seen_as: String,
    /// Whether its process was seen.
    pub runs: bool,
    /// Its unit.
    pub unit: Option<PathBuf>,
    /// The variables it has.
    pub variables: Environment,
}

/// Finds the gateway: its process says more than its unit.
#[must_use]
pub fn gateway(roots: &Roots) -> Option<Gateway> {
    let unit = units(roots, "openclaw-gateway")
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "service"));
    let is_gateway = |arguments: &[String]| {
        let named = |name: &str| arguments.iter().any(|argument| argument.contains(name));
        named("openclaw-gateway")
            || named("openclaw") && arguments.iter().any(|argument| argument == "gateway")
    };
    if let Some((pid, process)) = processes(roots, is_gateway).into_iter().next() {
        let variables = process.variables;
        return Some(Gateway { seen_as: format!("process {pid}"), runs: true, unit, variables });
    }
    let path = unit?;
    let mut variables = unit_variables(&path, &roots.home);
    // What the user's systemd gives to all its services.
    let shared = list(&roots.user_config.join("environment.d"));
    for file in shared.into_iter().map(|(_, path)| path).chain([PathBuf::from("/etc/environment")]) {
        variables.extend(parse_dotenv(&secret_text(&file), VariableOrigin::Service));
    }
    Some(Gateway {
        runs: false,
        seen_as: path.file_name()?.to_string_lossy().into_owned(),
        unit: Some(path),
        variables,
    })
}

/// The systemd units whose names begin with `name`, the user's own first.
#[must_use]
pub fn units(roots: &Roots, name: &str) -> Vec<PathBuf> {
    let user = roots.user_config.join("systemd/user");
    let of_user = list(&user).into_iter();
    let home = roots.home.to_string_lossy().into_owned();
    // A system unit counts if it is about this user: it names the home directory.
    let of_system = ["/etc/systemd/system", "/usr/lib/systemd/system"]
        .iter()
        .flat_map(|dir| list(Path::new(dir)))
        .filter(|(found, path)| {
            found.starts_with(name) && home.len() > 1 && secret_text(path).contains(&home)
        });
    of_user.chain(of_system).filter(|(found, _)| found.starts_with(name)).map(|(_, path)| path).collect()
}

/// The variables a unit sets: `Environment=`, `PassEnvironment=`, and `EnvironmentFile=`, drop-ins included.
/// `%h` is the home directory.
fn unit_variables(unit: &Path, home: &Path) -> Environment {
    let mut drop_ins = unit.as_os_str().to_owned();
    drop_ins.push(".d");
    let parts = list(Path::new(&drop_ins)).into_iter().map(|(_, path)| path);
    let (mut set, mut passed, mut unset) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut files = Vec::new();
    let words = |value: &str| value.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for path in std::iter::once(unit.to_path_buf()).chain(parts) {
        let text = Zeroizing::new(secret_text(&path).replace("\\\n", " "));
        for line in text.lines().map(str::trim) {
            let Some((key, value)) = line.split_once('=') else { continue };
            match (key.trim(), value.trim()) {
                // Nothing after it takes back what was set before.
                ("Environment", "") => set.clear(),
                ("PassEnvironment", "") => passed.clear(),
                ("EnvironmentFile", "") => files.clear(),
                ("UnsetEnvironment", "") => unset.clear(),
                ("Environment", value) => {
                    for (name, value) in assignments(value) {
                        set.insert(name, value);
                    }
                }
                ("PassEnvironment", value) => passed.extend(words(value)),
                ("EnvironmentFile", value) => {
                    files.push(value.trim_start_matches('-').replace("%h", &home.to_string_lossy()));
                }
                ("UnsetEnvironment", value) => unset.extend(words(value)),
                _ => {}
            }
        }
    }
    let mut found = Variables::of(set, VariableOrigin::Service).environment();
    found.add(passed, VariableOrigin::Service);
    for file in files {
        found.extend(parse_dotenv(&secret_text(Path::new(&file)), VariableOrigin::Service));
    }
    found.without(&unset)
}

/// `A=1 "B=two words" C=`: the names and values, as systemd tells them apart.
fn assignments(line: &str) -> Vec<(String, Zeroizing<String>)> {
    let (mut words, mut quote, mut escaped) = (vec![Zeroizing::new(String::new())], None, false);
    for character in line.chars() {
        let Some(word) = words.last_mut() else { break };
        match character {
            _ if escaped => {
                word.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' | '\'' if quote == Some(character) => quote = None,
            '"' | '\'' if quote.is_none() && (word.is_empty() || word.ends_with('=')) => {
                quote = Some(character);
            }
            ' ' | '\t' if quote.is_none() => words.push(Zeroizing::new(String::new())),
            _ => word.push(character),
        }
    }
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned()))).collect()
}

/// The processes with the same home or state directory whose command lines are wanted, as far as this user may read their
/// environment.
#[must_use]
pub fn processes(roots: &Roots, is_wanted: impl Fn(&[String]) -> bool) -> Vec<(u32, UserProcess)> {
    let ours = [&roots.home, &roots.state];
    let pids = list(Path::new("/proc")).into_iter().filter_map(|(name, _)| name.parse::<u32>().ok());
    let read = |pid| process(pid, &is_wanted).map(|process| (pid, process));
    pids.filter_map(read)
        .filter(|(_, process)| process.places.iter().any(|place| ours.contains(&place)))
        .collect()
}

fn process(pid: u32, is_wanted: impl Fn(&[String]) -> bool) -> Option<UserProcess> {
    let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).ok().map(Zeroizing::new);
    let words = |bytes: &[u8]| -> Vec<Zeroizing<String>> {
        let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        words.map(|word| Zeroizing::new(String::from_utf8_lossy(word).into_owned())).collect()
    };
    // First, because most processes end here.
    let arguments: Vec<String> = words(&read("cmdline")?).iter().map(|word| word.to_string()).collect();
    if !is_wanted(&arguments) {
        return None;
    }
    let environment = words(&read("environ")?);
    let pairs =
        || environment.iter().filter_map(|word| word.split_once('=')).filter(|(_, value)| !value.is_empty());
    Some(UserProcess {
        arguments,
        variables: Variables::of(
            pairs().map(|(name, value)| (name.to_owned(), value.to_owned())),
            VariableOrigin::Service,
        )
        .environment(),
        places: pairs()
            .filter(|(name, _)| matches!(*name, "HOME" | "OPENCLAW_STATE_DIR"))
            .map(|(_, value)| PathBuf::from(value))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_says_what_it_sets() {
        let dir = tempfile::tempdir().expect("a directory");
        let unit = dir.path().join("x.service");
        let keys = dir.path().join("keys");
        std::fs::write(&keys, "C=1\nD=\n").expect("writable");
        let text = format!(
            "[Service]\nEnvironment=A=1 \"B=two words\" E=\nPassEnvironment=F G\nEnvironmentFile=-{}\nEnvironmentFile=%h/more\nExecStart=/bin/x H=1\n",
            keys.display()
        );
        std::fs::write(dir.path().join("more"), "J=1\n").expect("writable");
        std::fs::write(&unit, text).expect("writable");
        let drop_ins = dir.path().join("x.service.d");
        std::fs::create_dir(&drop_ins).expect("writable");
        let more = "[Service]\nEnvironment='I=1' K=1 L=1\nEnvironment=K=\nUnsetEnvironment=L\n";
        std::fs::write(drop_ins.join("more.conf"), more).expect("writable");
        let found = unit_variables(&unit, dir.path());
        let names: Vec<&str> = found.names().collect();
        assert_eq!(names, ["A", "B", "C", "F", "G", "I", "J"], "what is emptied or unset later is gone");
        assert_eq!(found.mistake("A"), None);
        std::fs::write(drop_ins.join("reset.conf"), "[Service]\nEnvironment=\n").expect("writable");
        let found = unit_variables(&unit, dir.path());
        assert_eq!(found.names().collect::<Vec<_>>(), ["C", "F", "G", "J"]);
    }
}
