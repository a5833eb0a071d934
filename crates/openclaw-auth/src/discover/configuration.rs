//! Reading `openclaw.json` and what it includes.
//!
//! An included file is read under OpenClaw's own precautions, for a configuration must not bring in what is none: it lies, links
//! resolved, below the directory of the configuration (or one of `OPENCLAW_INCLUDE_ROOTS`), is a plain file with one name only,
//! and is not large.

use std::path::{Path, PathBuf};

use std::os::unix::fs::MetadataExt;

use crate::environment::Variables;
use crate::file;
use crate::include;
use crate::model::{ConfigHealth, StoreError, StoreErrorReason};
use crate::paths::Roots;
use crate::secret::SecretBuffer;
use crate::settings::{self, Settings};

/// OpenClaw includes no larger file.
const MAX_INCLUDED_BYTES: u64 = 2 * 1024 * 1024;
/// Files can include one another over and over; no sensible configuration consists of more.
const MAX_INCLUDED_FILES: usize = 1000;

/// The configuration, as far as it can be read; what it sets in `env` is added to the variables, and what it includes to `included`.
pub(super) fn read(
    roots: &Roots,
    variables: &mut Variables,
    included: &mut Vec<PathBuf>,
) -> (Settings, ConfigHealth) {
    let path = roots.config.clone();
    match settings(roots, variables, included) {
        Ok(settings) => (settings, ConfigHealth { path, error: None }),
        Err(error) => (Settings::default(), ConfigHealth { path, error: Some(error) }),
    }
}

fn settings(
    roots: &Roots,
    variables: &mut Variables,
    included: &mut Vec<PathBuf>,
) -> Result<Settings, StoreError> {
    let path = &roots.config;
    let mut buffer = SecretBuffer::default();
    if file::read(path, &mut buffer)?.is_none() {
        return Ok(Settings::default());
    }
    let broken = |message: String| StoreError::new(StoreErrorReason::Parse, message);
    let not_json5 = |problem: &str| broken(format!("`{}` is not JSON5: {problem}", path.display()));
    let tree =
        settings::tree(file::text_after_mark(path, &buffer)?).map_err(|problem| not_json5(&problem))?;
    if !tree.is_object() {
        return Err(not_json5("the top level is no object"));
    }
    let mut files = Includes::new(roots);
    let mut open = |path: &Path| {
        included.push(path.to_owned());
        files.open(path)
    };
    let tree = include::resolve(tree, path, &mut open).map_err(broken)?;
    Settings::of(tree, variables).map_err(|problem| broken(format!("`{}`: {problem}", path.display())))
}

/// Where included files may be, each by its name and by where that leads.
struct Includes {
    allowed: Vec<(PathBuf, PathBuf)>,
    files: usize,
    bytes: u64,
}

impl Includes {
    fn new(roots: &Roots) -> Self {
        let own = roots.config.parent().map(Path::to_path_buf);
        let allowed = own.into_iter().chain(roots.include.iter().cloned()).map(|dir| {
            let dir = include::normalized(&dir);
            let real = std::fs::canonicalize(&dir).unwrap_or_else(|_| dir.clone());
            (dir, real)
        });
        Self { allowed: allowed.collect(), files: 0, bytes: 0 }
    }

    /// Reads and parses an included file; the error continues a sentence about it.
    fn open(&mut self, path: &Path) -> Result<serde_json::Value, String> {
        if !self.allowed.iter().any(|(dir, _)| path.starts_with(dir)) {
            return Err("is outside of the configuration's directory".to_owned());
        }
        // What is not there has no place to lead to, and says so when it is opened.
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let is_inside = self.allowed.iter().any(|(dir, by)| real.starts_with(by) || real.starts_with(dir));
        if !is_inside {
            return Err("leads out of the configuration's directory".to_owned());
        }
        let Some((opened, facts)) = file::open(path).map_err(|error| error.message)? else {
            return Err("is not there".to_owned());
        };
        drop(opened);
        if facts.nlink() > 1 {
            return Err("has several names (hard links), which OpenClaw does not include".to_owned());
        }
        if facts.len() > MAX_INCLUDED_BYTES {
            return Err(format!("has more than {MAX_INCLUDED_BYTES} bytes, which OpenClaw does not include"));
        }
        self.files += 1;
        self.bytes += facts.len();
        if self.files > MAX_INCLUDED_FILES || self.bytes > file::MAX_BYTES {
            return Err("is one file too many".to_owned());
        }
        let mut buffer = SecretBuffer::default();
        file::read(path, &mut buffer).map_err(|error| error.message)?;
        let text = file::text_after_mark(path, &buffer).map_err(|error| error.message)?;
        settings::tree(text).map_err(|problem| format!("is not JSON5: {problem}"))
    }
}
