//! Mail by SMTP: text and HTML, threaded by incident.

use std::path::PathBuf;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};
use openclaw_auth::secret::SecretStr;
use openclaw_auth::words;

use super::markup::html_page;
use super::message::RenderedMessage;
use super::settings::{ChannelSettings, channel_settings, is_this_machine};
use super::transport::{DeliveryOutcome, FailureReason, Transport, host_name, masked, secret};
use crate::model::Severity;
use crate::settings::SecretSource;
use crate::texts::text;

/// The longest that a mail server may take for one step.
const STEP_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest that a mail may take altogether.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(90);
/// Columns of the plain text.
const WIDTH: usize = 72;
/// A mail about more incidents than this starts a thread of its own.
const MAX_REFERENCES: usize = 10;

channel_settings! {
    /// `[notify.email.NAME]`
    pub struct EmailConfig {
        /// The mail server.
        pub host: String = "localhost".to_owned(),
        /// Its port; where unset, 465, 587, or 25, depending on `tls`.
        pub port: Option<u16> = None,
        /// How the connection is protected.
        pub tls: SmtpTls = SmtpTls::default(),
        /// The name to log in with.
        pub username: Option<String> = None,
        /// A file that holds the password.
        pub password_file: Option<PathBuf> = None,
        /// A variable that holds the password.
        pub password_env: Option<String> = None,
        /// The sender.
        pub from: String = String::new(),
        /// The recipients.
        pub to: Vec<String> = Vec::new(),
    }
}

words! {
    /// How the connection to a mail server is protected.
    #[derive(Default)]
    pub enum SmtpTls in "snake_case" {
        /// From the first byte (port 465).
        Implicit,
        /// By STARTTLS; a server without it is refused (port 587).
        #[default]
        Starttls,
        /// Not at all; only to this machine (port 25).
        None,
    }
}

impl EmailConfig {
    fn password(&self) -> SecretSource<'_> {
        let file = self.password_file.as_deref();
        SecretSource::new("notify.email", "password", file, self.password_env.as_deref())
    }

    fn is_plain_to_another_machine(&self) -> bool {
        self.tls == SmtpTls::None && !is_this_machine(&self.host)
    }

    /// Sender and recipients.
    fn addresses(&self) -> Result<(Mailbox, Vec<Mailbox>), String> {
        let parse = |address: &str| {
            let problem =
                |error| text("setting-invalid-mail-address", &[("address", &address), ("error", &error)]);
            address.parse::<Mailbox>().map_err(problem)
        };
        if self.to.is_empty() {
            return Err(text("setting-no-recipients", &[]));
        }
        let from = if self.from.is_empty() {
            format!("authwatch <authwatch@{}>", host_name())
        } else {
            self.from.clone()
        };
        let to: Result<Vec<Mailbox>, String> = self.to.iter().map(|text| parse(text)).collect();
        Ok((parse(&from)?, to?))
    }
}

impl ChannelSettings for EmailConfig {
    fn secrets(&self) -> Vec<SecretSource<'_>> {
        vec![self.password()]
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let plain = self.is_plain_to_another_machine();
        let plain = plain.then(|| ("tls", text("setting-tls-none", &[("host", &self.host)])));
        let addresses = self.addresses().err().map(|problem| ("to", problem));
        let half = match (&self.username, self.password().is_named()) {
            (Some(_), false) => Some("setting-no-password"),
            (None, true) => Some("setting-no-username"),
            _ => None,
        };
        let half = half.map(|name| ("username", text(name, &[])));
        [plain, addresses, half].into_iter().flatten().collect()
    }

    async fn send(
        &self,
        message: &RenderedMessage,
        transport: &Transport,
    ) -> Result<DeliveryOutcome, DeliveryOutcome> {
        let invalid = |problem| DeliveryOutcome::refused(FailureReason::Configuration, problem);
        let password = secret(&self.password())?;
        let server = smtp_transport(self, password.as_ref(), transport).map_err(invalid)?;
        let mail = mail(self, message).map_err(invalid)?;
        let outcome = tokio::time::timeout(TOTAL_TIMEOUT, deliver(&server, &mail, message.is_late))
            .await
            .unwrap_or_else(|_| {
                DeliveryOutcome::later(FailureReason::Timeout, text("delivery-timeout", &[]))
            });
        Ok(outcome.map(|text| masked(text, &[password.as_ref()])))
    }
}

/// Sends a mail to all recipients at once. If the server refuses one of them, it refuses the mail; then each gets it by itself.
///
/// The same goes for a server that has put off the mail for long enough: greylisting is over by then, and a full mailbox stays full.
async fn deliver(
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    mail: &Mail,
    is_late: bool,
) -> DeliveryOutcome {
    let (envelope, content) = (mail.envelope(), mail.formatted());
    let all = attempt(transport, envelope, &content).await;
    let may_be_about_one = match &all {
        DeliveryOutcome::Refused { reason, .. } => *reason == FailureReason::Refused,
        DeliveryOutcome::Later { reason, .. } => is_late && *reason == FailureReason::ServerError,
        DeliveryOutcome::Accepted(_) => false,
    };
    if !may_be_about_one || envelope.to().len() < 2 {
        return all;
    }
    let (mut accepted, mut failures, mut later) = (0, Vec::new(), None);
    for address in envelope.to() {
        let one =
            Envelope::new(envelope.from().cloned(), vec![address.clone()]).expect("there is a recipient");
        let one = attempt(transport, &one, &content).await;
        match one {
            DeliveryOutcome::Accepted(_) => accepted += 1,
            DeliveryOutcome::Refused { problem, .. } => failures.push(format!("{address}: {problem}")),
            DeliveryOutcome::Later { ref problem, .. } => {
                failures.push(format!("{address}: {problem}"));
                later.get_or_insert(one);
            }
        }
    }
    if accepted == 0 {
        // As long as one of them may still accept it, it is not refused.
        return later.unwrap_or(all);
    }
    let failures = failures.join("; ");
    tracing::warn!(failures = ?failures, "a mail did not reach every recipient");
    let recipients = envelope.to().len();
    DeliveryOutcome::Accepted(text(
        "delivery-to-some",
        &[("accepted", &accepted), ("recipients", &recipients), ("failures", &failures)],
    ))
}

async fn attempt(
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    envelope: &Envelope,
    content: &[u8],
) -> DeliveryOutcome {
    match transport.send_raw(envelope, content).await {
        Ok(response) => {
            let said = response.message().collect::<Vec<_>>().join(" ");
            DeliveryOutcome::Accepted(format!("{} {said}", response.code()))
        }
        Err(error) => outcome(&error),
    }
}

/// What an error of SMTP means.
fn outcome(error: &lettre::transport::smtp::Error) -> DeliveryOutcome {
    // lettre keeps the cause, which is what people need, behind `source`.
    let mut problem = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !problem.contains(&cause_text) {
            problem = format!("{problem}: {cause_text}");
        }
        source = cause.source();
    }
    let lower = problem.to_lowercase();
    if error.is_tls() || lower.contains("certificate") {
        let problem = text("delivery-mail-tls", &[("problem", &problem)]);
        return DeliveryOutcome::later(FailureReason::Tls, problem);
    }
    if error.is_timeout() {
        return DeliveryOutcome::later(FailureReason::Timeout, problem);
    }
    if error.is_permanent() {
        // 530 to 538 are about authentication.
        let reason = match error.status().map_or(0, u16::from) {
            530..=538 => FailureReason::Authentication,
            _ => FailureReason::Refused,
        };
        return DeliveryOutcome::refused(reason, problem);
    }
    if error.is_transient() {
        return DeliveryOutcome::later(FailureReason::ServerError, problem);
    }
    if lower.contains("starttls") || lower.contains("authentication mechanism") {
        return DeliveryOutcome::refused(FailureReason::Configuration, problem);
    }
    if lower.contains("lookup") || lower.contains("dns") {
        return DeliveryOutcome::later(FailureReason::Dns, problem);
    }
    DeliveryOutcome::later(FailureReason::Connect, problem)
}

fn smtp_transport(
    config: &EmailConfig,
    password: Option<&SecretStr<'_>>,
    transport: &Transport,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    if config.is_plain_to_another_machine() {
        return Err(text("setting-tls-none", &[("host", &config.host)]));
    }
    let (tls, usual_port) = match config.tls {
        SmtpTls::None => (Tls::None, 25),
        SmtpTls::Implicit => (Tls::Wrapper(tls(config, transport)?), 465),
        SmtpTls::Starttls => (Tls::Required(tls(config, transport)?), 587),
    };
    let host = config.host.trim_matches(['[', ']']);
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(config.port.unwrap_or(usual_port))
        .tls(tls)
        .timeout(Some(STEP_TIMEOUT))
        .hello_name(ClientId::Domain(host_name()));
    match (&config.username, password) {
        (Some(name), Some(password)) => {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        (Some(_), None) => return Err(text("setting-no-password", &[])),
        (None, Some(_)) => return Err(text("setting-no-username", &[])),
        (None, None) => {}
    }
    Ok(builder.build())
}

fn tls(config: &EmailConfig, transport: &Transport) -> Result<TlsParameters, String> {
    let host = config.host.trim_matches(['[', ']']).to_owned();
    let mut builder = TlsParameters::builder(host);
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        // Containers and Termux may have none: then Mozilla's, as compiled in.
        builder = builder.certificate_store(CertificateStore::WebpkiRoots);
    } else {
        builder = builder.certificate_store(CertificateStore::None);
        // A certificate that cannot be read is skipped.
        for certificate in found.certs.iter().filter_map(|der| Certificate::from_der(der.to_vec()).ok()) {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if let Some(path) = transport.ca_file() {
        let pem = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        builder = builder
            .add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unreadable(path, &error))?);
    }
    builder.build_rustls().map_err(|error| text("delivery-no-tls", &[("error", &error)]))
}

fn unreadable(path: &std::path::Path, error: &dyn std::fmt::Display) -> String {
    text("delivery-unreadable-certificates", &[("path", &path.display()), ("error", &error)])
}

fn mail(config: &EmailConfig, message: &RenderedMessage) -> Result<Mail, String> {
    let (from, to) = config.addresses()?;
    let domain = from.email.domain().to_owned();
    let id = |name: &str| format!("<authwatch.{name}@{domain}>");
    let mut builder = Mail::builder()
        .from(from)
        .message_id(Some(id(&message.id)))
        .subject(message.title.clone())
        .header(Header("Auto-Submitted", "auto-generated".to_owned()))
        .header(Header("X-Authwatch-Severity", message.severity_word().to_owned()));
    for recipient in to {
        builder = builder.to(recipient);
    }
    if message.severity == Some(Severity::Critical) {
        builder = builder.header(Header("Importance", "high".to_owned()));
    }
    // Mails about one incident refer to a common id, which no mail has: clients put them into one thread.
    let mut threads: Vec<String> = message.incidents.iter().map(|incident| id(incident)).collect();
    threads.dedup();
    threads.truncate(MAX_REFERENCES);
    if let Some(first) = threads.first() {
        builder = builder.in_reply_to(first.clone()).references(threads.join(" "));
    }
    let parts = MultiPart::alternative_plain_html(message.text(WIDTH), html_page(message));
    builder.multipart(parts).map_err(|error| text("delivery-mail-not-written", &[("error", &error)]))
}

/// A header that lettre has no type for.
#[derive(Clone)]
struct Header(&'static str, String);

impl lettre::message::header::Header for Header {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Authwatch")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Err("only ever written".into())
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(HeaderName::new_from_ascii_str(self.0), self.1.clone())
    }
}
