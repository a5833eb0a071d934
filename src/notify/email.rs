//! Mail by SMTP: text and HTML, threaded by incident.

mod html;

use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};
use openclaw_auth::secret::SecretStr;

use super::message::Message;
use super::outcome::{DeliveryOutcome, FailureReason};
use super::transport::{Transport, secret};
use super::words::severity_word;
use crate::config::{EmailConfig, SmtpTls};
use crate::model::Severity;

/// No mail server may take longer for one step.
const TIMEOUT: Duration = Duration::from_secs(30);
/// No mail takes longer in all.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(90);
/// Columns of the text.
const WIDTH: usize = 72;
/// A mail that answers more incidents than this has a thread of its own.
const MOST_REFERENCES: usize = 10;

pub(super) async fn send(config: &EmailConfig, message: &Message, transport: &Transport) -> DeliveryOutcome {
    let password = match secret(&config.password()) {
        Ok(password) => password,
        Err(outcome) => return outcome,
    };
    let prepared = smtp_transport(config, password.as_ref().map(SecretStr::expose), transport)
        .and_then(|transport| Ok((transport, mail(config, message)?)));
    let (transport, mail) = match prepared {
        Ok(prepared) => prepared,
        Err(problem) => return DeliveryOutcome::refused(FailureReason::Configuration, problem),
    };
    let has_waited = message.late_by.is_some();
    let outcome = tokio::time::timeout(TOTAL_TIMEOUT, hand_over(&transport, &mail, has_waited))
        .await
        .unwrap_or_else(|_| DeliveryOutcome::later(FailureReason::Timeout, "the mail server took too long"));
    outcome.map(|text| super::transport::masked(text, &password.iter().collect::<Vec<_>>()))
}

/// Hands a mail over. A server refuses it for all if it does not know one of them: then it goes to each by itself. So it does once a
/// server that only puts it off has done so for long enough: greylisting is over by then, and one full mailbox stays full.
async fn hand_over(
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    mail: &Mail,
    has_waited: bool,
) -> DeliveryOutcome {
    let (envelope, content) = (mail.envelope(), mail.formatted());
    let all = attempt(transport, envelope, &content).await;
    let may_be_about_one = match &all {
        DeliveryOutcome::Refused { reason, .. } => *reason == FailureReason::Refused,
        DeliveryOutcome::Later { reason, .. } => has_waited && *reason == FailureReason::ServerError,
        DeliveryOutcome::Accepted(_) => false,
    };
    if !may_be_about_one || envelope.to().len() < 2 {
        return all;
    }
    let (mut taken, mut refused, mut put_off) = (0, Vec::new(), None);
    for address in envelope.to() {
        let one =
            Envelope::new(envelope.from().cloned(), vec![address.clone()]).expect("there is a recipient");
        let one = attempt(transport, &one, &content).await;
        match one {
            DeliveryOutcome::Accepted(_) => taken += 1,
            DeliveryOutcome::Refused { problem, .. } => refused.push(format!("{address}: {problem}")),
            DeliveryOutcome::Later { ref problem, .. } => {
                refused.push(format!("{address}: {problem}"));
                put_off.get_or_insert(one);
            }
        }
    }
    if taken == 0 {
        // As long as one of them may take it, it is not refused.
        return put_off.unwrap_or(all);
    }
    let refused = super::words::clip(&refused.join("; "));
    tracing::warn!("a mail has not reached everybody: {refused}");
    DeliveryOutcome::Accepted(format!("taken for {taken} of {}; {refused}", envelope.to().len()))
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
        Err(error) => judge(&error),
    }
}

/// What an error of the mail server's means.
fn judge(error: &lettre::transport::smtp::Error) -> DeliveryOutcome {
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
        let hint = "the server's certificate does not verify, or it has no TLS";
        return DeliveryOutcome::later(FailureReason::Tls, format!("{hint}: {problem}"));
    }
    if error.is_timeout() {
        return DeliveryOutcome::later(FailureReason::Timeout, problem);
    }
    if error.is_permanent() {
        // 530 to 538: authentication, in one way or another.
        let code = error.status().map_or(0, u16::from);
        let reason = match code {
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
    password: Option<&str>,
    transport: &Transport,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    if config.tls == SmtpTls::None && !is_this_machine(&config.host) {
        return Err(format!("`tls = \"none\"` is for this machine only, and `{}` is another", config.host));
    }
    let tls = match config.tls {
        SmtpTls::None => Tls::None,
        SmtpTls::Implicit => Tls::Wrapper(tls(config, transport)?),
        SmtpTls::Starttls => Tls::Required(tls(config, transport)?),
    };
    let port = config.port.unwrap_or(match config.tls {
        SmtpTls::None => 25,
        SmtpTls::Implicit => 465,
        SmtpTls::Starttls => 587,
    });
    let host = config.host.trim_matches(['[', ']']);
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .tls(tls)
        .timeout(Some(TIMEOUT))
        .hello_name(ClientId::Domain(super::transport::host_name()));
    match (&config.username, password) {
        (Some(name), Some(password)) => {
            builder = builder.credentials(Credentials::new(name.clone(), password.to_owned()));
        }
        (Some(_), None) => return Err("it has a username and no password_file or password_env".to_owned()),
        (None, Some(_)) => return Err("it has a password and no username".to_owned()),
        (None, None) => {}
    }
    Ok(builder.build())
}

/// Whether a host is this machine by its name alone.
pub(super) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
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
        for certificate in found.certs {
            // One that cannot be read is as good as none.
            if let Ok(certificate) = Certificate::from_der(certificate.to_vec()) {
                builder = builder.add_root_certificate(certificate);
            }
        }
    }
    if let Some(path) = transport.ca_file() {
        let unreadable = |error: &dyn std::fmt::Display| {
            format!("cannot read the certificates in `{}`: {error}", path.display())
        };
        let pem = std::fs::read(path).map_err(|error| unreadable(&error))?;
        builder =
            builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unreadable(&error))?);
    }
    builder.build_rustls().map_err(|error| format!("cannot set up TLS: {error}"))
}

/// The addresses of a configuration, read.
pub(super) fn addresses(config: &EmailConfig) -> Result<(Mailbox, Vec<Mailbox>), String> {
    let parse =
        |text: &str| text.parse::<Mailbox>().map_err(|error| format!("`{text}` is no mail address: {error}"));
    if config.to.is_empty() {
        return Err("it has no recipients (to)".to_owned());
    }
    let from = if config.from.is_empty() {
        format!("authwatch <authwatch@{}>", super::transport::host_name())
    } else {
        config.from.clone()
    };
    let to: Result<Vec<Mailbox>, String> = config.to.iter().map(|text| parse(text)).collect();
    Ok((parse(&from)?, to?))
}

fn mail(config: &EmailConfig, message: &Message) -> Result<Mail, String> {
    let (from, to) = addresses(config)?;
    let domain = from.email.domain().to_owned();
    let id = |name: &str| format!("<authwatch.{name}@{domain}>");
    let mut builder = Mail::builder()
        .from(from)
        .message_id(Some(id(&message.id)))
        .subject(message.title())
        .header(Header("Auto-Submitted", "auto-generated".to_owned()))
        .header(Header("X-Authwatch-Severity", severity_word(message.severity()).to_owned()));
    for recipient in to {
        builder = builder.to(recipient);
    }
    if message.severity() == Some(Severity::Critical) {
        builder = builder.header(Header("Importance", "high".to_owned()));
    }
    // Mails of one incident refer to the same name, which no mail has: clients put them into one thread.
    let mut threads: Vec<String> = message.changes.iter().map(|change| id(&change.incident)).collect();
    threads.dedup();
    threads.truncate(MOST_REFERENCES);
    if let Some(first) = threads.first() {
        builder = builder.in_reply_to(first.clone()).references(threads.join(" "));
    }
    let parts = MultiPart::alternative_plain_html(message.text(WIDTH), html::page(message));
    builder.multipart(parts).map_err(|error| format!("cannot write the mail: {error}"))
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
