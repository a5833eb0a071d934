//! How metrics reach Prometheus: the forms of a scrape, and the textfile for `node_exporter`'s collector.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The metrics of one pass. The part about credentials is kept from pass to pass while it is unchanged; each form is made
/// when it is first requested.
#[derive(Debug, Default)]
pub struct Exposition {
    own: String,
    credentials: Arc<str>,
    text: OnceLock<Bytes>,
    text_gzip: OnceLock<Bytes>,
    open_metrics: OnceLock<Bytes>,
    open_metrics_gzip: OnceLock<Bytes>,
}

impl Exposition {
    pub(super) fn new(own: String, credentials: Arc<str>) -> Self {
        Self { own, credentials, ..Self::default() }
    }

    /// The part about credentials, to be used again.
    #[must_use]
    pub fn credentials(&self) -> Arc<str> {
        Arc::clone(&self.credentials)
    }

    pub(super) fn joined(&self) -> String {
        let mut text = String::with_capacity(self.own.len() + self.credentials.len());
        text.push_str(&self.own);
        text.push_str(&self.credentials);
        text
    }

    /// Text format 0.0.4.
    pub fn text(&self) -> Bytes {
        self.text.get_or_init(|| Bytes::from(self.joined())).clone()
    }

    pub fn text_gzip(&self) -> Bytes {
        self.text_gzip.get_or_init(|| gzip(self.joined().as_bytes())).clone()
    }

    /// `OpenMetrics` 1.0.
    pub fn open_metrics(&self) -> Bytes {
        self.open_metrics.get_or_init(|| Bytes::from(open_metrics(&self.joined()))).clone()
    }

    pub fn open_metrics_gzip(&self) -> Bytes {
        self.open_metrics_gzip.get_or_init(|| gzip(open_metrics(&self.joined()).as_bytes())).clone()
    }
}

/// The same samples in `OpenMetrics`: a counter's family is named without `_total`, and the end is marked.
pub(super) fn open_metrics(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 8);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix("# HELP ") else {
            result += line;
            result.push('\n');
            continue;
        };
        let is_counter = lines.peek().is_some_and(|next| next.ends_with(" counter"));
        let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
        let kind = lines.next().and_then(|next| next.rsplit(' ').next()).unwrap_or_default();
        let name = if is_counter { name.strip_suffix("_total").unwrap_or(name) } else { name };
        result += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }
    result + "# EOF\n"
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes").into()
}

/// Adds a label to every series.
pub(super) fn with_label(text: &str, label: &str) -> String {
    let labelled = |line: &str| match line.find(['{', ' ']) {
        Some(at) if !line.starts_with('#') => {
            let (name, rest) = line.split_at(at);
            match rest.strip_prefix('{') {
                Some(rest) => format!("{name}{{{label},{rest}"),
                None => format!("{name}{{{label}}}{rest}"),
            }
        }
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(labelled).collect()
}

/// Replaces the textfile, whole or not at all.
pub fn write_textfile(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The collector reads `*.prom` only, so the draft is never taken for the file.
    let mut file = tempfile::Builder::new().prefix(".authwatch-").suffix(".tmp").tempfile_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
