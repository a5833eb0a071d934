//! `authwatch watch`: the real daemon, asked as Prometheus, browsers, systemd and strangers ask.

mod http;
#[cfg(feature = "sqlite")]
mod idle;
mod passes;
mod strangers;
mod systemd;

pub(crate) use self::systemd::Notified;
