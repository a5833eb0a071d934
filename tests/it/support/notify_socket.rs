//! A notification socket such as systemd's.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::support::home::Home;

/// A socket such as systemd's, and what has been sent to it so far.
pub(crate) struct Notified {
    socket: UnixDatagram,
    pub(crate) states: Vec<String>,
}

impl Notified {
    pub(crate) fn bind(home: &Home) -> Self {
        let socket = UnixDatagram::bind(home.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, states: Vec::new() }
    }

    /// Waits for a state that begins so; returns it.
    pub(crate) fn wait(&mut self, beginning: &str) -> String {
        let mut datagram = [0; 4096];
        loop {
            let read = self
                .socket
                .recv(&mut datagram)
                .unwrap_or_else(|problem| panic!("no {beginning} ({problem}) in {:?}", self.states));
            let states = String::from_utf8(datagram[..read].to_vec()).unwrap();
            self.states.extend(states.lines().map(str::to_owned));
            if let Some(found) = states.lines().find(|state| state.starts_with(beginning)) {
                return found.to_owned();
            }
        }
    }
}
