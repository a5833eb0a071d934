//! Randomness for jitter and for names that must not collide.

use ring::rand::{SecureRandom, SystemRandom};

use super::digest::hex;

/// Random bytes from the system.
#[must_use]
pub fn bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// A number from 0 up to, and without, 1.
#[must_use]
pub fn fraction() -> f64 {
    f64::from(u32::from_le_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// Twelve hex digits.
#[must_use]
pub fn word() -> String {
    hex(&bytes::<6>())
}
