//! Files that were meant to take another's place, and did not come to that.

use std::path::{Path, PathBuf};

use openclaw_auth::locking::inspect;
use openclaw_auth::model::{AgentId, Span, StoreKind, Timestamp};
use openclaw_auth::paths::{self, Roots};

use super::facts::{AgentFacts, Reader};
use crate::doctor::files;

/// A draft that nobody works on any more.
#[derive(Clone, Debug)]
pub struct LeftoverDraft {
    /// The agent whose directory it is in.
    pub agent: Option<AgentId>,
    pub path: PathBuf,
    /// Whether this program made it: then its name tells the process that did, and that is gone.
    pub ours: bool,
    /// Whether it holds a login that is newer than the store's.
    pub newer: bool,
}

/// How long a draft is left alone. Renewing takes two minutes at most.
const PATIENCE: Span = Span::from_mins(10.0);

/// How room for a recovery file is named.
const RESERVED: &str = ".reserved-";

/// Finds the drafts beside stores, locks and recovery files.
pub(super) fn find(
    reader: &Reader<'_>,
    agents: &[AgentFacts],
    roots: &Roots,
    own_state: Option<&Path>,
    now: Timestamp,
) -> Vec<LeftoverDraft> {
    let mut dirs: Vec<(Option<&AgentFacts>, PathBuf)> =
        agents.iter().map(|agent| (Some(agent), agent.dir.clone())).collect();
    // A store behind a link has its drafts where it really is.
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
            let Some(facts) = files::look(&path).filter(|facts| facts.is_file) else { continue };
            let is_alive = matches!(maker, Maker::Process(pid) if inspect::is_alive(pid));
            let is_known = drafts.iter().any(|draft| draft.path == path);
            if is_alive || is_known || now - facts.modified < PATIENCE {
                continue;
            }
            // Room for a recovery file is blank until there is a login to be rescued.
            let is_filled = name.starts_with(RESERVED) && !files::text(&path).trim().is_empty();
            // OpenClaw has moved on from drafts beside a database: they are no renewal that was cut off.
            let has_rival = |agent: &AgentFacts| {
                matches!(agent.kind, StoreKind::Json | StoreKind::None)
                    && reader.newer_than(&path, &agent.store)
            };
            let newer = is_filled || agent.is_some_and(has_rival);
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

/// Reads a draft's name; `None` where the name is no draft's.
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
    fn drafts_are_told_by_their_names() {
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
