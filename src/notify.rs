//! Notifies people: the right ones, in time, once, with the command that fixes the problem.
//!
//! ```text
//! detect  -> decide  -> message  -> outbox  -> channel
//! problems   changes    one text    on disk    email, ntfy, webhook, command, Alertmanager
//! ```
//!
//! The first three are pure and see the [`crate::model::Snapshot`] only, so nothing they write can contain a secret. [`NotificationStore`] is the
//! one file that remembers what people were notified of and what is still to be sent; a daemon, a daemon that restarts after every
//! check, and a timer notify of the same.

mod alertmanager;
mod body;
mod change;
pub mod channel;
mod chat;
mod check;
mod command;
mod decide;
mod deliver;
mod detect;
mod email;
mod heartbeat;
mod incident;
pub mod message;
mod notifier;
mod ntfy;
mod outbox;
pub mod outcome;
mod policy;
mod problem;
mod records;
mod store;
mod transport;
mod webhook;
mod words;

pub use self::change::{Change, Transition};
pub use self::check::problems;
pub use self::decide::decide;
pub use self::deliver::Work;
pub use self::heartbeat::HeartbeatSignal;
pub use self::incident::Incidents;
pub use self::notifier::Notifier;
pub use self::policy::{Policy, policy};
pub use self::problem::{FailingChannels, Limits, Problem, Subject, SubjectKind};
pub use self::records::{ChannelRecord, DeliveryRecord, Mute, QueuedMessage};
pub use self::store::{NotificationStore, NotificationStoreError};
pub use self::transport::host_name;
