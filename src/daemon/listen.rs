//! Where the daemon is reached, and by whom.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::config::Config;
use crate::exit::{self, Failure};
use crate::serve::access::Access;

pub(super) fn access(config: &Config) -> Result<Access, Failure> {
    Access::new(config.watch.web_config_file.clone(), config.watch.bearer_token_file.clone())
        .map_err(|error| Failure::new(exit::CONFIGURATION, error.to_string()))
}

/// The socket to serve on; an open one only with something to keep strangers out.
pub(super) async fn listen(address: &str, access: &Access, insecure: bool) -> Result<TcpListener, Failure> {
    let handed_over = handed_over()?;
    let was_handed_over = handed_over.is_some();
    let listener = match handed_over {
        Some(listener) => listener,
        None => bind(address).await?,
    };
    let local = listener.local_addr().map_err(|error| Failure::internal("cannot tell the address", error))?;
    let address = if was_handed_over { local.to_string() } else { address.to_owned() };
    if !local.ip().is_loopback() && !access.is_protected() && !insecure {
        return Err(Failure::new(
            exit::CONFIGURATION,
            format!("`{address}` can be reached from other machines, and nothing keeps strangers out"),
        )
        .hint("set watch.web_config_file or watch.bearer_token_file, or give --insecure-listen"));
    }
    Ok(listener)
}

/// The socket systemd hands over, if it does.
fn handed_over() -> Result<Option<TcpListener>, Failure> {
    let taken = listenfd::ListenFd::from_env().take_tcp_listener(0);
    let Some(listener) = taken.ok().flatten() else { return Ok(None) };
    let ready = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    ready.map(Some).map_err(|error| Failure::internal("cannot use the socket that was handed over", error))
}

/// A socket at an address.
pub(super) async fn bind(address: &str) -> Result<TcpListener, Failure> {
    let parsed: SocketAddr = address.parse().map_err(|_| {
        Failure::new(exit::CONFIGURATION, format!("`{address}` is no address to listen on"))
            .hint("give an IP address and a port, such as 127.0.0.1:10979 or [::1]:10979")
    })?;
    TcpListener::bind(parsed).await.map_err(|error| {
        Failure::new(exit::CANNOT_WRITE, format!("cannot listen on {address}"))
            .caused_by(error)
            .hint("another authwatch may be running; `--listen 127.0.0.1:0` takes any free port")
    })
}
