//! Proof Key for Code Exchange (RFC 7636): who asks for the token is who asked for the code.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openclaw_auth::random;
use openclaw_auth::secret::REDACTED;
use ring::digest;
use zeroize::Zeroizing;

/// A verifier, which stays here until the code is redeemed, and a state, which the answer has to repeat.
pub struct Pkce {
    verifier: Zeroizing<String>,
    /// Shows that an answer belongs to this sign-in.
    pub state: String,
}

impl Pkce {
    #[must_use]
    pub fn new() -> Self {
        let verifier = Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(random::bytes::<32>())));
        Self { verifier, state: URL_SAFE_NO_PAD.encode(random::bytes::<24>()) }
    }

    /// The verifier, for the one request that shows it.
    #[must_use]
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// What the browser carries: the verifier's SHA-256 (`S256`).
    #[must_use]
    pub fn challenge(&self) -> String {
        challenge(&self.verifier)
    }
}

impl Default for Pkce {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pkce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pkce({REDACTED})")
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_rfcs() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let (one, other) = (Pkce::new(), Pkce::new());
        assert!(one.verifier() != other.verifier() && one.state != other.state);
        assert!((43..=128).contains(&one.verifier().len()));
        assert!(!format!("{one:?}").contains(one.verifier()));
    }
}
