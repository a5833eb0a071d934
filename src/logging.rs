//! Talk goes to stderr; data goes to stdout and is no log.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people and the journal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The least severe lines that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Nothing at all.
    Off,
    /// A stage is lost.
    Error,
    /// The operator should act.
    #[default]
    Warn,
    /// Something changed.
    Info,
    /// What others can trigger.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

/// Starts logging. Only this program's own lines: libraries may log what they send, and that may be a secret.
pub fn start(level: LogLevel, format: LogFormat, color: bool) {
    let ours = ["authwatch", "openclaw_auth"].map(|ours| (ours, level.filter()));
    let ours = Targets::new().with_targets(ours);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(color);
    let layer = match format {
        LogFormat::Text => layer.without_time().with_target(false).boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::registry().with(layer.with_filter(ours)).try_init();
}
