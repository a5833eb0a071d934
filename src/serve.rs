//! The HTTP server: page, metrics, probes, and the report as JSON.
//!
//! No request starts work or changes anything: every answer is made from what the last pass published. The server sees the
//! [`crate::model::Snapshot`] only, so it cannot leak a secret.

pub mod access;
mod answer;
pub mod page;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use self::access::Access;
use self::answer::Admission;
pub use self::answer::{Board, Paths, Published};

/// Connections at a time. Idle and slow ones count until they time out, so there are many; but stores need file descriptors
/// as well, and a process is commonly allowed 1024.
const MOST_CONNECTIONS: usize = 512;
/// A request's head must arrive within this time; an idle connection is kept as long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// No answer takes longer, however slowly it is read.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);
/// No request's head is longer.
const MOST_HEAD_BYTES: usize = 16 * 1024;

/// Serves until `stop` completes. Needs a `LocalSet`.
pub async fn run(
    listener: TcpListener,
    board: Board,
    access: Arc<Access>,
    paths: Paths,
    stop: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let admission = Arc::new(Admission { access, paths, local: listener.local_addr().ok() });
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Mostly out of descriptors: some connection ends soon.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::debug!("too many connections: one is closed");
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (board, admission) = (board.clone(), Arc::clone(&admission));
        tokio::task::spawn_local(async move {
            let served = async {
                // Probes cannot check certificates, and their answers need no protection.
                match admission.access.tls().filter(|_| admission.paths == Paths::All) {
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => connection(stream, board, &admission).await,
                        Err(error) => tracing::debug!("the TLS handshake failed: {error}"),
                    },
                    None => connection(stream, board, &admission).await,
                }
            };
            if tokio::time::timeout(CONNECTION_TIMEOUT, served).await.is_err() {
                tracing::debug!("a connection took too long");
            }
            drop(permit);
        });
    }
}

async fn connection<S>(stream: S, board: Board, admission: &Admission)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn(move |request| {
        let published = Arc::clone(&board.borrow());
        async move { Ok::<_, Infallible>(answer::answer(&request, &published, admission).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MOST_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!("a connection ended early: {error}");
    }
}
