//! TLS and authentication: a web configuration file as Prometheus's exporters have (TLS, users with bcrypt), and a bearer token.
//!
//! Both are read again when they change, so that certificates and passwords can change without a restart. An invalid file is
//! refused, and the previous one stays in effect.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use openclaw_auth::file::Stamp;
use ring::digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio_rustls::TlsAcceptor;

/// The hash that the password of an unknown user is compared with, so that the answer takes as long as for a known user.
const UNKNOWN_USER: &str = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

/// Why access cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`: {problem}")]
pub struct AccessError {
    pub path: PathBuf,
    pub problem: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessDecision {
    Allowed,
    /// With the challenge to answer.
    Refused(&'static str),
}

/// `web.config` of Prometheus's exporter-toolkit, as far as it is used here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WebConfig {
    tls_server_config: Option<TlsConfig>,
    basic_auth_users: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsConfig {
    cert_file: PathBuf,
    key_file: PathBuf,
}

#[derive(Debug, Default)]
pub struct Access {
    web_config: Option<PathBuf>,
    token_file: Option<PathBuf>,
    rules: Mutex<Arc<AccessRules>>,
    /// Digests of credentials that bcrypt has let through: it takes long on purpose, and scrapes come often.
    known: Mutex<BTreeSet<Vec<u8>>>,
}

#[derive(Clone, Default)]
struct AccessRules {
    /// Every file that was read, certificates among them.
    files: FileStamps,
    tls: Option<TlsAcceptor>,
    users: BTreeMap<String, String>,
    token: Option<String>,
}

type FileStamps = Vec<(PathBuf, Option<Stamp>)>;

impl std::fmt::Debug for AccessRules {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AccessRules").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

impl Access {
    /// Reads the files that are named.
    pub fn new(web_config: Option<PathBuf>, token_file: Option<PathBuf>) -> Result<Self, AccessError> {
        let rules =
            AccessRules::read(web_config.as_deref(), token_file.as_deref()).map_err(|(error, _)| error)?;
        Ok(Self { web_config, token_file, rules: Mutex::new(Arc::new(rules)), known: Mutex::default() })
    }

    /// Whether there is TLS or authentication.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        let rules = self.current();
        rules.tls.is_some() || !rules.users.is_empty() || rules.token.is_some()
    }

    #[must_use]
    pub fn tls(&self) -> Option<TlsAcceptor> {
        self.current().tls.clone()
    }

    fn current(&self) -> Arc<AccessRules> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if rules.files.iter().any(|(path, stamp)| Stamp::of(path) != *stamp) {
            match AccessRules::read(self.web_config.as_deref(), self.token_file.as_deref()) {
                Ok(newer) => {
                    *rules = Arc::new(newer);
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    tracing::info!("read TLS and authentication settings again");
                }
                Err((error, files)) => {
                    tracing::warn!("{error}; TLS and authentication stay as they were");
                    // The next attempt is due when a file changes again, not with the next request.
                    *rules = Arc::new(AccessRules { files, ..AccessRules::clone(&rules) });
                }
            }
        }
        Arc::clone(&rules)
    }

    pub async fn check(&self, headers: &HeaderMap) -> AccessDecision {
        let rules = self.current();
        if rules.users.is_empty() && rules.token.is_none() {
            return AccessDecision::Allowed;
        }
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let (Some(token), Some(given)) = (&rules.token, given.strip_prefix("Bearer "))
            && bool::from(token.as_bytes().ct_eq(given.trim().as_bytes()))
        {
            return AccessDecision::Allowed;
        }
        if let Some(given) = given.strip_prefix("Basic ")
            && self.is_user(&rules, given.trim()).await
        {
            return AccessDecision::Allowed;
        }
        AccessDecision::Refused(if rules.users.is_empty() { "Bearer" } else { "Basic realm=\"authwatch\"" })
    }

    async fn is_user(&self, rules: &Arc<AccessRules>, given: &str) -> bool {
        let digest = digest::digest(&digest::SHA256, given.as_bytes()).as_ref().to_vec();
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&digest) {
            return true;
        }
        let Some((user, password)) =
            STANDARD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| {
                text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
            })
        else {
            return false;
        };
        let known = rules.users.get(&user).cloned();
        let hash = known.clone().unwrap_or_else(|| UNKNOWN_USER.to_owned());
        let right =
            tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash).unwrap_or(false)).await;
        let is_user = known.is_some() && right.unwrap_or(false);
        if is_user {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
        }
        is_user
    }
}

impl AccessRules {
    /// Reads all files; an error comes with the stamps of those read so far.
    fn read(web_config: Option<&Path>, token_file: Option<&Path>) -> Result<Self, (AccessError, FileStamps)> {
        let mut rules = Self::default();
        match rules.fill(web_config, token_file) {
            Ok(()) => Ok(rules),
            Err(error) => Err((error, rules.files)),
        }
    }

    fn note(&mut self, path: &Path) {
        self.files.push((path.to_owned(), Stamp::of(path)));
    }

    fn fill(&mut self, web_config: Option<&Path>, token_file: Option<&Path>) -> Result<(), AccessError> {
        for path in [web_config, token_file].into_iter().flatten() {
            self.note(path);
        }
        if let Some(path) = web_config {
            let text = std::fs::read_to_string(path).map_err(|error| failed(path, &error))?;
            let config: WebConfig = yaml_serde::from_str(&text).map_err(|error| failed(path, &error))?;
            if let Some(tls) = config.tls_server_config {
                // Relative paths are relative to the file that names them, as in Prometheus.
                let place = |file: &Path| path.parent().unwrap_or(Path::new(".")).join(file);
                let (certificates, key) = (place(&tls.cert_file), place(&tls.key_file));
                self.note(&certificates);
                self.note(&key);
                self.tls = Some(acceptor(&certificates, &key)?);
            }
            self.users = config.basic_auth_users;
        }
        if let Some(path) = token_file {
            let token = std::fs::read_to_string(path).map_err(|error| failed(path, &error))?;
            let token = token.trim();
            if token.is_empty() {
                return Err(failed(path, &"it is empty"));
            }
            self.token = Some(token.to_owned());
        }
        Ok(())
    }
}

fn failed(path: &Path, problem: &impl ToString) -> AccessError {
    AccessError { path: path.to_owned(), problem: problem.to_string() }
}

fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, AccessError> {
    let open = |path: &Path| File::open(path).map(BufReader::new).map_err(|error| failed(path, &error));
    let chain = CertificateDer::pem_reader_iter(open(certificates)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(certificates, &error))?;
    let secret = PrivateKeyDer::from_pem_reader(open(key)?).map_err(|error| failed(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| failed(certificates, &error))?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}
