//! A credential to store: the fields to set, and the fields of an older one to remove.

use openclaw_auth::edit::{self, EditError, FieldChange, member};
use openclaw_auth::jwt;
use openclaw_auth::model::{CredentialKind, Timestamp};
use zeroize::Zeroizing;

use crate::refresh::endpoint::Issued;

pub const EMPTY_STORE: &str = "{\n  \"version\": 1,\n  \"profiles\": {}\n}\n";

/// A credential's fields. Whatever else an older entry of the same login holds stays.
pub struct Entry {
    fields: Vec<FieldChange>,
    /// Fields of an older entry that would contradict these.
    stale: &'static [&'static str],
}

impl Entry {
    /// A pasted token; `expires` where that is known.
    pub fn token(provider: &str, token: &str, expires: Option<Timestamp>) -> Self {
        let mut fields = vec![
            ("type", edit::text(CredentialKind::Token.as_str())),
            ("provider", edit::text(provider)),
            ("token", edit::text(token)),
        ];
        fields.extend(expires.map(|at| ("expires", moment(at))));
        Self { fields, stale: &["expires", "tokenRef", "mode"] }
    }

    pub fn api_key(provider: &str, key: &str) -> Self {
        let fields = vec![
            ("type", edit::text(CredentialKind::ApiKey.as_str())),
            ("provider", edit::text(provider)),
            ("key", edit::text(key)),
        ];
        Self { fields, stale: &["apiKey", "keyRef", "mode"] }
    }

    /// A new sign-in. Where the provider issues no refresh token, the older one of this login stays.
    pub fn oauth(provider: &str, issued: &Issued) -> Self {
        let (account, email) = (jwt::openai_account(&issued.tokens.access), email(issued));
        let mut fields = vec![
            ("type", edit::text(CredentialKind::OAuth.as_str())),
            ("provider", edit::text(provider)),
            ("access", edit::text(&issued.tokens.access)),
        ];
        fields.extend(issued.tokens.refresh.as_ref().map(|refresh| ("refresh", edit::text(refresh))));
        fields.push(("expires", moment(issued.expires)));
        fields.extend(account.map(|account| ("accountId", edit::text(&account))));
        fields.extend(email.map(|email| ("email", edit::text(&email))));
        fields.extend(issued.tokens.id.as_ref().map(|id| ("idToken", edit::text(id))));
        Self { fields, stale: &["idToken", "oauthRef", "mode"] }
    }

    /// A store with nothing else in it.
    pub fn alone(&self, profile: &str) -> Result<Zeroizing<String>, EditError> {
        edit::put_profile(EMPTY_STORE, profile, &self.text())
    }

    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new("{".to_owned());
        for (name, value) in &self.fields {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&edit::text(name));
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        text
    }

    /// The store `json` with it in place of the older entry of the same login.
    pub fn over(&self, json: &str, profile: &str) -> Result<Zeroizing<String>, EditError> {
        let mut json = Zeroizing::new(json.to_owned());
        for field in self.stale {
            if let Some(without) = member::remove(&json, &["profiles", profile, field])? {
                json = without;
            }
        }
        edit::set_fields(&json, profile, &self.fields)
    }
}

/// Whose login it is, as far as the provider says so.
pub fn email(issued: &Issued) -> Option<String> {
    let tokens = &issued.tokens;
    let claimed = || tokens.id.as_deref().and_then(|token| jwt::email(token));
    tokens.email.clone().or_else(claimed).or_else(|| jwt::email(&tokens.access))
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Entry({})", openclaw_auth::secret::REDACTED)
    }
}

fn moment(at: Timestamp) -> Zeroizing<String> {
    Zeroizing::new(format!("{:.0}", at.as_millis()))
}
