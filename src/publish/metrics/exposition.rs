//! The forms in which a scrape gets the metrics.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// What is scraped. The part about credentials is kept from pass to pass as long as it holds; the forms a scrape
/// may ask for are made when one first does.
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

    /// The same, compressed.
    pub fn text_gzip(&self) -> Bytes {
        self.text_gzip.get_or_init(|| gzip(self.joined().as_bytes())).clone()
    }

    /// `OpenMetrics` 1.0.
    pub fn open_metrics(&self) -> Bytes {
        self.open_metrics.get_or_init(|| Bytes::from(open_metrics(&self.joined()))).clone()
    }

    /// The same, compressed.
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
