//! The markers by which OpenClaw 2026.9 replaces a credential while it refreshes it: a *fence*.
//!
//! A fence is a claim on one *generation*, which is one refresh token of one profile. Everybody who finds the generation claimed waits
//! for whoever has claimed it. A fence that failed ends the login.

use std::fmt;

use ring::digest::{SHA256, digest};

use crate::digest::hex;
use crate::random;

/// A refresh that OpenClaw, or somebody who acts as it does, has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Under way.
    Pending,
    /// Failed for good: sign in again.
    Failed,
}

const PREFIX: &str = "openclaw-oauth-refresh-fence:v1:";
/// What a fence has for `expires`.
pub const EXPIRES: f64 = 1.0;

/// Which of a credential's tokens a marker stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Access,
    Refresh,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// A marker, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marker<'a> {
    claim: &'a str,
    fence: Fence,
    digest: &'a str,
}

/// Takes `openclaw-oauth-refresh-fence:v1:<32 hex>:[failed:](access|refresh):<64 hex>` apart.
fn parse(token: &str, kind: Kind) -> Option<Marker<'_>> {
    let (claim, rest) = token.strip_prefix(PREFIX)?.split_once(':')?;
    let (fence, rest) = match rest.strip_prefix("failed:") {
        Some(rest) => (Fence::Failed, rest),
        None => (Fence::Pending, rest),
    };
    let digest = rest.strip_prefix(kind.word())?.strip_prefix(':')?;
    (is_hex(claim, 32) && is_hex(digest, 64)).then_some(Marker { claim, fence, digest })
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The fence that an OAuth credential's fields are, and the generation it claims. Both tokens have to be markers of one claim and one
/// state; anything else is a credential.
#[must_use]
pub fn of<'a>(access: &'a str, refresh: &'a str, expires: Option<f64>) -> Option<(Fence, &'a str)> {
    let (access, refresh) = (parse(access, Kind::Access)?, parse(refresh, Kind::Refresh)?);
    let is_one = access.claim == refresh.claim && access.fence == refresh.fence;
    (is_one && expires == Some(EXPIRES)).then_some((refresh.fence, refresh.digest))
}

/// The generation of a refresh token, in hex.
#[must_use]
pub fn generation(profile: &str, provider: &str, refresh: &str) -> String {
    token_digest(profile, provider, Kind::Refresh, refresh)
}

fn token_digest(profile: &str, provider: &str, kind: Kind, token: &str) -> String {
    let about = ("openclaw.oauth-refresh-generation", 1, profile, provider, kind.word(), token);
    let json = zeroize::Zeroizing::new(serde_json::to_vec(&about).expect("texts and a number are JSON"));
    hex(digest(&SHA256, &json).as_ref())
}

/// A claim on a generation of our own: what takes the place of the tokens. Holds no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    id: String,
    access: String,
    refresh: String,
}

impl fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Claim").field(&self.id).finish()
    }
}

impl Claim {
    /// A new claim on a credential's tokens.
    #[must_use]
    pub fn new(profile: &str, provider: &str, access: &str, refresh: &str) -> Self {
        Self::with_id(hex(&random::bytes::<16>()), profile, provider, access, refresh)
    }

    fn with_id(id: String, profile: &str, provider: &str, access: &str, refresh: &str) -> Self {
        Self {
            id,
            access: token_digest(profile, provider, Kind::Access, access),
            refresh: token_digest(profile, provider, Kind::Refresh, refresh),
        }
    }

    /// The markers for `access` and `refresh`.
    #[must_use]
    pub fn markers(&self, fence: Fence) -> [String; 2] {
        let state = if fence == Fence::Failed { "failed:" } else { "" };
        let marker =
            |kind: Kind, digest: &str| format!("{PREFIX}{}:{state}{}:{digest}", self.id, kind.word());
        [marker(Kind::Access, &self.access), marker(Kind::Refresh, &self.refresh)]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Computed by the real 2026.9.6 package.
    fn vectors() -> Value {
        serde_json::from_str(include_str!("../tests/fence_vectors.json")).expect("JSON")
    }

    fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
        vector[field].as_str().expect("a text")
    }

    #[test]
    fn markers_are_openclaws_own() {
        for vector in vectors()["vectors"].as_array().expect("a list") {
            let of = |field| text(vector, field);
            let (profile, provider) = (of("profileId"), of("provider"));
            let claim =
                Claim::with_id(of("claim").to_owned(), profile, provider, of("access"), of("refresh"));
            assert_eq!(claim.markers(Fence::Pending), [of("fenceAccess"), of("fenceRefresh")]);
            assert_eq!(claim.markers(Fence::Failed), [of("failedAccess"), of("failedRefresh")]);
            assert_eq!(generation(profile, provider, of("refresh")), of("generation"));
            for (fence, access, refresh) in [
                (Fence::Pending, "fenceAccess", "fenceRefresh"),
                (Fence::Failed, "failedAccess", "failedRefresh"),
            ] {
                let read = super::of(of(access), of(refresh), Some(EXPIRES));
                assert_eq!(read, Some((fence, of("generation"))));
            }
            assert_eq!(crate::lock::newer_refresh_lock_name(provider, profile) + ".lock", of("lock"));
        }
    }

    #[test]
    fn nothing_else_is_a_fence() {
        let all = vectors();
        for (name, other) in all["notFences"].as_object().expect("a table") {
            if other["type"] == "oauth" {
                let read = of(text(other, "access"), text(other, "refresh"), other["expires"].as_f64());
                assert_eq!(read, None, "{name}");
            }
        }
        assert_eq!(of("sk-ant-oat01-x", "r", Some(EXPIRES)), None);
    }

    #[test]
    fn every_claim_is_its_own() {
        let claim = || Claim::new("openai:default", "openai", "a", "r");
        let (one, other) = (claim(), claim());
        assert_ne!(one, other);
        let [access, refresh] = one.markers(Fence::Pending);
        assert_eq!(
            of(&access, &refresh, Some(EXPIRES)),
            Some((Fence::Pending, &*generation("openai:default", "openai", "r")))
        );
    }
}
