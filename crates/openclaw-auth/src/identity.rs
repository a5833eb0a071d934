//! Whose login a credential is. A token of one account is never put in the place of another's.

use super::credential::Credential;
use super::text;

fn account(credential: &Credential<'_>) -> Option<String> {
    credential.account_id.as_deref().and_then(text::non_empty).map(str::to_owned)
}

fn email(credential: &Credential<'_>) -> Option<String> {
    credential.email.as_deref().and_then(text::non_empty).map(str::to_lowercase)
}

/// Whether the credential says whose it is.
#[must_use]
pub fn is_known(credential: &Credential<'_>) -> bool {
    account(credential).is_some() || email(credential).is_some()
}

/// Whether `newer` may take the place of `existing`: the same account by id, else by e-mail; anyone's where the existing
/// one has no identity at all. Not symmetrical: a credential with an identity is never replaced by one without.
#[must_use]
pub fn may_replace(existing: &Credential<'_>, newer: &Credential<'_>) -> bool {
    if existing.provider != newer.provider {
        return false;
    }
    if let (Some(one), Some(other)) = (account(existing), account(newer)) {
        return one == other;
    }
    if let (Some(one), Some(other)) = (email(existing), email(newer)) {
        return one == other;
    }
    !is_known(existing)
}

/// Whether both name an account, or both an e-mail, and not the same.
#[must_use]
pub fn contradict(one: &Credential<'_>, other: &Credential<'_>) -> bool {
    let differ = |one: Option<String>, other: Option<String>| matches!((one, other), (Some(one), Some(other)) if one != other);
    differ(account(one), account(other)) || differ(email(one), email(other))
}
