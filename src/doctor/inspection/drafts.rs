//! Drafts: temporary files that were to replace another file and were left behind.

use std::path::{Path, PathBuf};

use openclaw_auth::locking::inspect;
use openclaw_auth::model::{AgentId, Span, StoreKind, Timestamp};
use openclaw_auth::paths::{self, Roots};

use super::facts::{AgentFacts, Reader};
use crate::doctor::files;

/// A draft that no process works on.
#[derive(Clone, Debug)]
pub struct LeftoverDraft {
    /// The agent whose directory it is in.
    pub agent: Option<AgentId>,
    pub path: PathBuf,
    /// Whether authwatch made it. Its name has the ID of that process, which no longer runs.
    pub ours: bool,
    /// Whether it holds a login that is newer than the store's.
    pub newer: bool,
}

/// A younger draft may still be written: renewing takes two minutes at most.
const YOUNGEST: Span = Span::from_mins(10.0);

/// How the name of an empty file begins that is reserved for a recovery file.
const RESERVED: &str = ".reserved-";

/// Finds the drafts beside stores, locks, and recovery files.
pub(super) fn find(
    reader: &Reader<'_>,
    agents: &[AgentFacts],
    roots: &Roots,
    own_state: Option<&Path>,
    now: Timestamp,
) -> Vec<LeftoverDraft> {
    let mut dirs: Vec<(Option<&AgentFacts>, PathBuf)> =
        agents.iter().map(|agent| (Some(agent), agent.dir.clone())).collect();
    // A store behind a link has its drafts beside the link's target.
    dirs.extend(agents.iter().filter_map(|agent| {
        let dir = agent.real_store.parent()?.to_path_buf();
        (files::real(&agent.dir) != dir && dir.is_dir()).then_some((Some(agent), dir))
    }));
    dirs.push((None, paths::refresh_locks(&roots.state)));
    dirs.extend(own_state.map(|state| (None, state.join("rescue"))));
    let mut drafts: Vec<LeftoverDraft> = Vec::new();
    for (agent, dir) in dirs {
        for (name, path) in files::list(&dir) {
            let Some(maker) = maker(&name) else { continue };
            let Some(facts) = files::facts(&path).filter(|facts| facts.is_file) else { continue };
            let is_alive = matches!(maker, Maker::Process(pid) if inspect::is_alive(pid));
            let is_known = drafts.iter().any(|draft| draft.path == path);
            if is_alive || is_known || now - facts.modified < YOUNGEST {
                continue;
            }
            // A reserved file is blank until it becomes a recovery file.
            let is_filled = name.starts_with(RESERVED) && !files::secret_text(&path).trim().is_empty();
            // Drafts beside a database are older than it, and not an interrupted renewal.
            let holds_newer = |agent: &AgentFacts| {
                matches!(agent.kind, StoreKind::Json | StoreKind::None)
                    && reader.newer_than(&path, &agent.store)
            };
            let newer = is_filled || agent.is_some_and(holds_newer);
            drafts.push(LeftoverDraft {
                agent: agent.map(|agent| agent.id.clone()),
                path,
                ours: matches!(maker, Maker::Process(_)),
                newer,
            });
        }
    }
    drafts
}

#[derive(Debug, PartialEq)]
enum Maker {
    /// A process of this program.
    Process(u32),
    Somebody,
}

/// Reads who made a draft from its name; `None` if that is not a draft's name.
fn maker(name: &str) -> Option<Maker> {
    let ours = [
        (".auth-profiles.json.", ".tmp"),
        (".auth-state.json.", ".tmp"),
        (".authwatch-lock-", ""),
        (RESERVED, ""),
    ];
    for (before, after) in ours {
        let middle = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        if let Some((pid, word)) = middle.and_then(|middle| middle.split_once('-'))
            && word.len() == 12
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return pid.parse().ok().map(Maker::Process);
        }
    }
    let is_temporary = Path::new(name).extension().is_some_and(|extension| extension == "tmp")
        && name.trim_start_matches('.').starts_with("auth-");
    is_temporary.then_some(Maker::Somebody)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_are_known_by_their_names() {
        assert_eq!(maker(".auth-profiles.json.17-0123456789ab.tmp"), Some(Maker::Process(17)));
        assert_eq!(maker(".auth-state.json.17-0123456789ab.tmp"), Some(Maker::Process(17)));
        assert_eq!(maker(".authwatch-lock-17-0123456789ab"), Some(Maker::Process(17)));
        assert_eq!(maker(".reserved-17-0123456789ab"), Some(Maker::Process(17)));
        assert_eq!(maker("auth-profiles.json.17.6f1d.tmp"), Some(Maker::Somebody));
        for name in [
            "auth-profiles.json",
            "auth-profiles.json.lock",
            ".reserved-x",
            "notes.tmp",
            "auth-profiles.json.bak",
        ] {
            assert_eq!(maker(name), None, "{name}");
        }
    }
}
