//! Digests as text.

use ring::digest::{SHA256, digest};

/// Two lower-case digits a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The first 16 hex digits of the SHA-256: to tell contents apart, not to prove anything.
#[must_use]
pub fn short(content: impl AsRef<[u8]>) -> String {
    hex(&digest(&SHA256, content.as_ref()).as_ref()[..8])
}
