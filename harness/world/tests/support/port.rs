//! A port that belongs to one test for as long as the test needs it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A loopback port that is bound and does not listen.
///
/// Connecting to it is refused, and the system gives it to nobody who asks for a free port or connects elsewhere. Who is told
/// its number can listen there all the same: both sides set `SO_REUSEADDR`, and on Linux that is enough while only one of
/// them listens. A port that is bound, dropped and hoped for goes to somebody else on a busy machine.
pub(crate) struct HeldPort {
    number: u16,
    /// None where the system would keep the listener out, too: there the port can only be hoped for.
    _socket: Option<TcpSocket>,
}

impl HeldPort {
    /// Takes a free port.
    pub(crate) fn take() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option of sockets");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(any).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        Self {
            number: address.port(),
            _socket: Some(socket).filter(|_| cfg!(target_os = "linux")),
        }
    }

    /// Returns its number.
    pub(crate) const fn number(&self) -> u16 {
        self.number
    }
}
