//! Secrets that cannot be printed.
//!
//! Everything read from a credential store passes through these two types. Neither implements `Serialize`, both
//! redact `Debug`, and both wipe the memory they own when they are dropped.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize;

/// What is shown in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A piece of text that may be a secret: an access token, a refresh token, a key.
///
/// Borrows from the file it was read from wherever JSON needed no unescaping, so reading a store copies nothing.
pub struct SecretStr<'a>(Cow<'a, str>);

impl<'a> SecretStr<'a> {
    /// Wraps text borrowed from a [`SecretBuffer`].
    #[must_use]
    pub fn borrowed(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Wraps text of its own; it is wiped on drop.
    #[must_use]
    pub fn owned(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    /// The secret itself. Every call is a place where it could leak: keep them few.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text itself, where it turns out to be none: an account's name, say.
    #[must_use]
    pub fn reveal(mut self) -> Cow<'a, str> {
        std::mem::take(&mut self.0)
    }

    /// Detaches the secret from the buffer it was read from.
    #[must_use]
    pub fn into_owned(self) -> SecretStr<'static> {
        SecretStr::owned(self.0.to_string())
    }
}

impl fmt::Debug for SecretStr<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl fmt::Display for SecretStr<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl Drop for SecretStr<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

/// The bytes of one store. Reused from file to file, wiped when dropped.
#[derive(Default)]
pub struct SecretBuffer(Vec<u8>);

impl SecretBuffer {
    /// The bytes read last.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes over bytes.
    #[must_use]
    pub fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The buffer to read into. Growing it must not leave unwiped copies behind, so reserve before reading.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// Empties the buffer and makes room for `capacity` bytes, wiping the old allocation if it has to move.
    pub fn reset(&mut self, capacity: usize) {
        if self.0.capacity() < capacity {
            self.0.zeroize();
            self.0 = Vec::with_capacity(capacity);
        } else {
            self.0.clear();
        }
    }
}

impl fmt::Debug for SecretBuffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl Drop for SecretBuffer {
    fn drop(&mut self) {
        // `Vec::zeroize` wipes the whole capacity, so what longer files left behind goes too.
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_the_secret() {
        let secret = SecretStr::owned("sk-canary".to_owned());
        assert_eq!(format!("{secret:?} {secret}"), "[redacted] [redacted]");
        assert_eq!(secret.expose(), "sk-canary");
        let mut buffer = SecretBuffer::default();
        buffer.bytes_mut().extend_from_slice(b"sk-canary");
        assert_eq!(format!("{buffer:?}"), "[redacted]");
    }
}
