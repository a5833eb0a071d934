//! The nouns: secret-free, without I/O and without a clock.

mod credential;
mod ids;
mod store;
mod time;

pub use self::credential::{
    Cooldown, CooldownKind, CredentialKind, ReasonCode, SecretReference, Semantics, Source, VariableOrigin,
};
pub use self::ids::{AgentId, MAIN_AGENT, ProfileId, ProfileIds, ProviderId};
pub use self::store::{
    ConfigHealth, Fault, IncompleteMigration, MigrationKind, Mode, RejectReason, Rejected, StoreError,
    StoreErrorReason, StoreHealth, StoreKind, Unimportable, shown_path,
};
pub use self::time::{Count, Span, Timestamp};
