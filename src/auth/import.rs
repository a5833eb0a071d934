//! The import that OpenClaw's first use makes: a store from the flat `auth.json` and from the `oauth.json` that all agents share.
//! The legacy files are only read.

use std::path::{Path, PathBuf};

use openclaw_auth::credential::Credential;
use openclaw_auth::discover::Agent;
use openclaw_auth::document::{Document, Profile};
use openclaw_auth::edit::{self, EditError, member};
use openclaw_auth::file;
use openclaw_auth::load::{self, Buffers};
use openclaw_auth::model::{CredentialKind, StoreError, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::SEMANTICS;
use zeroize::Zeroizing;

use super::entry::EMPTY_STORE;

pub struct ImportedStore {
    pub json: Zeroizing<String>,
    pub profiles: Vec<String>,
    pub sources: Vec<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{}", .0.message)]
    Read(StoreError),
    #[error("`{}` is {problem}", .path.display())]
    Broken { path: PathBuf, problem: String },
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Makes a store of an agent's legacy files.
///
/// OpenClaw skips a file it cannot read. Here that is an error, because otherwise people would believe that all logins were
/// imported. A login that main has renewed since is not imported: it would shadow the newer one that the agent inherits.
pub fn read(agent: &Agent, main: &Agent, roots: &Roots) -> Result<ImportedStore, ImportError> {
    let mut buffers = Buffers::default();
    let inherited = if agent.is_main() { None } else { load::load(main, roots, SEMANTICS, &mut buffers) };
    let inherited = inherited.map(|main| main.document).unwrap_or_default();
    let is_superseded = |old: &Profile<'_>| {
        inherited.profiles.iter().any(|new| new.id == old.id && supersedes(new, &old.credential))
    };
    let mut import = ImportedStore {
        json: Zeroizing::new(EMPTY_STORE.to_owned()),
        profiles: Vec::new(),
        sources: Vec::new(),
    };
    import.add(
        &agent.dir.join("auth.json"),
        |text| Document::parse_flat(text, SEMANTICS),
        of_auth_json,
        is_superseded,
    )?;
    import.add(
        &roots.oauth.join("oauth.json"),
        |text| Document::parse_oauth_file(text, SEMANTICS),
        of_oauth_json,
        is_superseded,
    )?;
    Ok(import)
}

/// Whether main's login is a later one than that of a legacy file.
fn supersedes(new: &Profile<'_>, old: &Credential<'_>) -> bool {
    let end = |credential: &Credential<'_>| credential.expires.moment(SEMANTICS).unwrap_or(Timestamp::EPOCH);
    let refresh = |credential: &Credential<'_>| {
        credential.refresh.as_ref().map(|token| Zeroizing::new(token.expose().to_owned()))
    };
    !new.source.is_import_only()
        && new.credential.kind == CredentialKind::OAuth
        && refresh(&new.credential) != refresh(old)
        && end(&new.credential) > end(old)
}

type Parsed<'t> = Result<Option<Document<'t>>, openclaw_auth::document::DocumentError>;

impl ImportedStore {
    fn add(
        &mut self,
        path: &Path,
        parse: impl for<'t> Fn(&'t str) -> Parsed<'t>,
        entry: impl Fn(&str, CredentialKind, &str) -> Result<Zeroizing<String>, EditError>,
        is_superseded: impl Fn(&Profile<'_>) -> bool,
    ) -> Result<(), ImportError> {
        let mut buffer = SecretBuffer::default();
        if file::read(path, &mut buffer).map_err(ImportError::Read)?.is_none() {
            return Ok(());
        }
        let text = file::text(path, &buffer).map_err(ImportError::Read)?;
        let broken = |problem: String| ImportError::Broken { path: path.to_owned(), problem };
        let Some(document) = parse(text).map_err(|error| broken(error.to_string()))? else { return Ok(()) };
        for profile in &document.profiles {
            let id = &*profile.id;
            if self.profiles.iter().any(|known| known == id) || is_superseded(profile) {
                continue;
            }
            let key = id.strip_suffix(":default").unwrap_or(id);
            let Some(raw) = member::get(text, &[key]) else { continue };
            let entry = entry(raw, profile.credential.kind, &profile.credential.provider)?;
            self.json = edit::put_profile(&self.json, id, &entry)?;
            self.profiles.push(id.to_owned());
            if self.sources.last().is_none_or(|last| last != path) {
                self.sources.push(path.to_owned());
            }
        }
        Ok(())
    }
}

/// Of `auth.json` the fields of the kind survive, and whose login it is.
fn of_auth_json(raw: &str, kind: CredentialKind, provider: &str) -> Result<Zeroizing<String>, EditError> {
    let fields: &[&str] = match kind {
        CredentialKind::ApiKey => &["key", "email"],
        CredentialKind::Token => &["token", "expires", "email"],
        CredentialKind::OAuth => &[
            "access",
            "refresh",
            "expires",
            "email",
            "accountId",
            "projectId",
            "enterpriseUrl",
            "clientId",
            "idToken",
        ],
    };
    let mut entry = member::put("{}", &["type"], &edit::text(kind.as_str()))?;
    entry = member::put(&entry, &["provider"], &edit::text(provider))?;
    for field in fields {
        let stand_in = if *field == "key" { member::get(raw, &["apiKey"]) } else { None };
        let value = member::get(raw, &[field]).or(stand_in);
        // A token's end is kept only if it is a number.
        let is_kept = |value: &&str| {
            kind != CredentialKind::Token || *field != "expires" || value.parse::<f64>().is_ok()
        };
        if let Some(value) = value.filter(is_kept) {
            entry = member::put(&entry, &[field], value)?;
        }
    }
    Ok(entry)
}

/// Of `oauth.json` everything survives; an entry says only what differs from an OAuth login of the key's provider.
fn of_oauth_json(raw: &str, kind: CredentialKind, provider: &str) -> Result<Zeroizing<String>, EditError> {
    let raw = if raw.starts_with('{') { raw } else { "{}" };
    let mut entry = Zeroizing::new(raw.to_owned());
    if member::get(raw, &["type"]).is_none() {
        entry = member::put(&entry, &["type"], &edit::text(kind.as_str()))?;
    }
    if member::get(raw, &["provider"]).is_none() {
        entry = member::put(&entry, &["provider"], &edit::text(provider))?;
    }
    Ok(entry)
}
