//! The login to renew, as its store holds it under the locks.

use zeroize::Zeroizing;

use super::candidates::Identity;
use crate::state::Fingerprint;

/// A login that is due, as its store holds it while the locks are held.
pub(super) struct Current {
    /// Its refresh token, which is about to be spent.
    pub(super) token: Zeroizing<String>,
    pub(super) fingerprint: Fingerprint,
    /// The JSON text of its entry.
    pub(super) entry: Zeroizing<String>,
    /// Its provider as it is written.
    pub(super) provider: String,
    pub(super) identity: Identity,
}
