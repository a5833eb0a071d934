//! Alertmanager: it is sent every open problem again and again, and does the rest itself (grouping, repeating, silencing, routing).
//!
//! It gets alerts instead of messages, so nothing waits for it in the outbox.

use std::collections::BTreeSet;
use std::path::PathBuf;

use openclaw_auth::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::{RenderedMessage, rfc3339};
use super::settings::{ChannelSettings, channel_settings, user_in_url};
use super::transport::{DeliveryOutcome, Transport, bearer, secret};
use crate::model::Severity;
use crate::settings::{SecretSource, duration, shown_addresses, without_user};
use crate::texts::text;

/// Alerts are sent again after this part of the hold.
const RESEND_PART: f64 = 0.25;
/// No alert is held for less: it is sent again at a quarter of this, and a check takes its time, too.
const MIN_HOLD: Span = Span::from_mins(1.0);

channel_settings! {
    /// `[notify.alertmanager.NAME]`
    pub struct AlertmanagerConfig {
        /// The addresses of all members of the cluster.
        #[serde(serialize_with = "shown_addresses")]
        pub urls: Vec<String> = Vec::new(),
        /// An alert that is not sent again ends after this.
        #[serde(with = "duration")]
        pub hold: Option<Span> = Some(Span::from_hours(1.0)),
        /// A file that holds a bearer token.
        pub token_file: Option<PathBuf> = None,
        /// A variable that holds a bearer token.
        pub token_env: Option<String> = None,
    }
}

impl ChannelSettings for AlertmanagerConfig {
    fn addresses(&self) -> Vec<&str> {
        self.urls.iter().map(String::as_str).collect()
    }

    fn secrets(&self) -> Vec<SecretSource<'_>> {
        vec![self.token()]
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let no_urls = self.urls.is_empty().then(|| ("urls", text("setting-missing", &[])));
        let is_short = self.hold.is_some_and(|hold| hold < MIN_HOLD);
        let short = is_short.then(|| ("hold", text("setting-hold-too-short", &[])));
        let is_invalid = |url: &&String| url.parse::<hyper::Uri>().is_err() || !url.contains("://");
        let invalid = self.urls.iter().filter(is_invalid);
        let invalid =
            invalid.map(|url| ("urls", text("setting-invalid-url", &[("url", &without_user(url))])));
        let user = self.urls.iter().find_map(|url| user_in_url("urls", url));
        no_urls.into_iter().chain(short).chain(invalid).chain(user).collect()
    }

    /// Sends nothing: Alertmanager gets alerts.
    async fn send(&self, _: &RenderedMessage, _: &Transport) -> Result<DeliveryOutcome, DeliveryOutcome> {
        Ok(DeliveryOutcome::Accepted(String::new()))
    }
}

/// An alert that Alertmanager has accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostedAlert {
    /// What identifies it: `[label, value]`.
    pub labels: Vec<(String, String)>,
    /// RFC 3339.
    pub starts_at: String,
}

/// An alert to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub posted: PostedAlert,
    /// What people read; `None` for an alert that ends.
    pub annotations: Option<Value>,
}

impl AlertmanagerConfig {
    fn token(&self) -> SecretSource<'_> {
        let file = self.token_file.as_deref();
        SecretSource::new("notify.alertmanager", "token", file, self.token_env.as_deref())
    }

    /// How long an alert holds.
    #[must_use]
    pub fn hold(&self) -> Span {
        self.hold.unwrap_or(Span::from_hours(1.0)).max(MIN_HOLD)
    }

    /// How long after a success the same alerts are sent again.
    #[must_use]
    pub fn resend_after(&self) -> Span {
        self.hold() * RESEND_PART
    }

    /// Whether there is anything to send: something has changed, or would expire.
    #[must_use]
    pub fn is_due(
        &self,
        alerts: &[Alert],
        posted: &[PostedAlert],
        last_success: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let posted: BTreeSet<&PostedAlert> = posted.iter().collect();
        let is_posted = |alert: &Alert| alert.annotations.is_some() && posted.contains(&alert.posted);
        let again = last_success.is_none_or(|at| now - at >= self.resend_after() || now < at);
        alerts.iter().any(|alert| !is_posted(alert)) || (!alerts.is_empty() && again)
    }

    /// Sends alerts to every member of the cluster. One success is enough, because members share their alerts.
    pub async fn send_alerts(
        &self,
        alerts: &[Alert],
        now: Timestamp,
        page_url: Option<&str>,
        transport: &Transport,
    ) -> DeliveryOutcome {
        let token = match secret(&self.token()) {
            Ok(token) => token,
            Err(outcome) => return outcome,
        };
        if self.urls.is_empty() {
            return DeliveryOutcome::misconfigured("delivery-no-urls");
        }
        let (token, body) = (token.as_ref(), body(alerts, now, self.hold(), page_url));
        let secrets = [token];
        let members = self.urls.iter().map(|url| {
            let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
            let (body, secrets) = (&body, &secrets);
            async move { transport.post_json(&url, bearer(token), body, secrets).await }
        });
        let outcomes = futures_util::future::join_all(members).await;
        let is_accepted = |outcome: &DeliveryOutcome| matches!(outcome, DeliveryOutcome::Accepted(_));
        let accepted = outcomes.iter().filter(|outcome| is_accepted(outcome)).count();
        let failure = outcomes.into_iter().find(|outcome| !is_accepted(outcome));
        failure.filter(|_| accepted == 0).unwrap_or_else(|| {
            let counts: [(_, &dyn std::fmt::Display); 2] =
                [("accepted", &accepted), ("members", &self.urls.len())];
            DeliveryOutcome::Accepted(text("delivery-by-members", &counts))
        })
    }
}

/// What Alertmanager holds once it has accepted these.
#[must_use]
pub fn posted(alerts: &[Alert]) -> Vec<PostedAlert> {
    alerts.iter().filter(|alert| alert.annotations.is_some()).map(|alert| alert.posted.clone()).collect()
}

fn body(alerts: &[Alert], now: Timestamp, hold: Span, page_url: Option<&str>) -> Value {
    let today = rfc3339(now);
    let one = |alert: &Alert| {
        let labels: serde_json::Map<String, Value> =
            alert.posted.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        // RFC 3339 in one form sorts as time does. A clock that has been set back must not make an alert end before it began.
        let starts_at = alert.posted.starts_at.as_str().min(today.as_str());
        let ends = if alert.annotations.is_some() { now + hold } else { now };
        json!({
            "labels": labels,
            "annotations": alert.annotations.clone().unwrap_or_else(|| json!({})),
            "startsAt": starts_at,
            "endsAt": rfc3339(ends),
            "generatorURL": page_url.unwrap_or_default(),
        })
    };
    alerts.iter().map(one).collect()
}

/// A test: an alert that ends at once.
#[must_use]
pub fn test_alert(host: &str, now: Timestamp) -> Alert {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let labels = vec![
        label("alertname", "AuthwatchTest"),
        label("job", "authwatch"),
        label("instance", host),
        label("severity", Severity::Info.as_str()),
    ];
    Alert {
        posted: PostedAlert { labels, starts_at: rfc3339(now - Span::from_secs(1.0)) },
        annotations: None,
    }
}
