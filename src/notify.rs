//! Notifies people: the right ones, in time, once, with the command that fixes the problem.
//!
//! ```text
//! problem -> decide  -> message  -> outbox  -> crate::channel
//! detected   changes    one text    on disk    email, ntfy, webhook, command, Alertmanager
//! ```
//!
//! The first three are pure and see only the [`crate::model::Snapshot`], so nothing they write can contain a secret. A daemon, a
//! daemon that restarts after every check, and a timer notify alike, because all they remember is in the [`NotificationStore`].

mod alerts;
mod decide;
mod deliver;
mod incident;
pub mod message;
mod notifier;
mod outbox;
mod problem;
mod records;
mod removed;
mod render;
mod store;

pub use self::decide::{Policy, decide, policy};
pub use self::deliver::Work;
pub use self::incident::{Change, Incidents, Transition};
pub use self::notifier::Notifier;
pub use self::problem::{DetectionLimits, FailingChannels, Problem, Subject, SubjectKind};
pub use self::records::{ChannelRecord, DeliveryRecord, Mute, QueuedMessage};
pub use self::store::{NotificationStore, NotificationStoreError};
pub use crate::channel::heartbeat::HeartbeatSignal;
pub use crate::channel::transport::{DeliveryOutcome, host_name};
