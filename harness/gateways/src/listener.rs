//! A listening port that can be closed for real, and opened again at the same address.
//!
//! `dead` means that nobody listens: the target's connect is refused. So each channel has an address of its own, and the
//! listener sits in a mutex that is held only while polled, where [`Listener::set_open`] can take it away at once. While the
//! listener is closed a socket stays bound to the port without listening: connecting is refused, and nobody else gets the port.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A listener that can be closed and opened again. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Listener(Arc<ListenerState>);

#[derive(Debug)]
struct ListenerState {
    address: SocketAddr,
    runtime: Handle,
    socket: Mutex<ListenerSocket>,
    /// Changes whenever the listener is closed: open connections break.
    closed: watch::Sender<u64>,
    /// Counts the connections that are open.
    connections: watch::Sender<usize>,
}

#[derive(Debug)]
struct ListenerSocket {
    listener: Option<TcpListener>,
    reserved: Option<TcpSocket>,
    waker: Option<Waker>,
    /// Nobody serves here any more: the port is given back, and the listener stays closed.
    gone: bool,
}

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

impl Listener {
    /// Opens a listener at an address; port 0 takes a free one. Must be called within a runtime.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        // The standard listener sets SO_REUSEADDR, without which the listener could not be opened again.
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self(Arc::new(ListenerState {
            address: listener.local_addr()?,
            runtime: Handle::current(),
            socket: Mutex::new(ListenerSocket {
                listener: Some(TcpListener::from_std(listener)?),
                reserved: None,
                waker: None,
                gone: false,
            }),
            closed: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        })))
    }

    /// Returns the address at which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Opens or closes the listener; in force when this returns. Open connections are broken by their own tasks, soon after.
    pub(crate) fn set_open(&self, open: bool) {
        let mut socket = self.socket();
        if open {
            if socket.listener.is_none() && !socket.gone {
                let _runtime = self.0.runtime.enter();
                let reserved = socket.reserved.take().map_or_else(|| self.reserve(), Ok);
                socket.listener = reserved.and_then(|reserved| reserved.listen(BACKLOG)).ok();
                if let Some(waker) = socket.waker.take() {
                    waker.wake();
                }
            }
        } else if let Some(listener) = socket.listener.take() {
            // Both sockets are bound for a moment: were the port free in between, another process could be given it.
            let _ = SockRef::from(&listener).set_reuse_port(true);
            let reserved = self.reserve();
            drop(listener);
            socket.reserved = reserved.or_else(|_| self.reserve()).ok();
            self.0.closed.send_modify(|epoch| *epoch += 1);
        }
    }

    /// Waits, after the listener was closed, until the connections that were open are broken.
    pub(crate) async fn emptied(&self) {
        // The sender lives as long as the listener, so there is always an answer.
        let _ = self
            .0
            .connections
            .subscribe()
            .wait_for(|open| *open == 0)
            .await;
    }

    /// Serves every connection until it is stopped, then ends them all.
    ///
    /// `serve` says when it is done with a connection, and whether it is to be reset.
    pub(crate) async fn serve<F, Fut>(self, stop: CancellationToken, serve: F)
    where
        F: Fn(TcpStream) -> Fut,
        Fut: Future<Output = (TcpStream, bool)> + Send + 'static,
    {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                stream = self.accept() => match stream {
                    Ok(stream) => {
                        let _ = stream.set_nodelay(true);
                        let Ok((stream, shutdown_handle)) = split_for_shutdown(stream) else {
                            continue;
                        };
                        let counted = Counted::new(Arc::clone(&self.0));
                        let served = until_closed(self.0.closed.subscribe(), shutdown_handle, serve(stream));
                        connections.spawn(async move {
                            served.await;
                            drop(counted);
                        });
                    }
                    // Out of file descriptors, as a rule: go on when a connection has ended.
                    Err(_) => {
                        tokio::select! {
                            () = stop.cancelled() => break,
                            _ = connections.join_next() => tokio::task::yield_now().await,
                        }
                    }
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        connections.shutdown().await;
        let mut socket = self.socket();
        socket.gone = true;
        socket.listener = None;
        socket.reserved = None;
    }

    /// Waits for the next connection, also through times in which the listener is closed.
    async fn accept(&self) -> io::Result<TcpStream> {
        poll_fn(|context| self.poll_accept(context)).await
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let mut socket = self.socket();
        socket.waker = Some(context.waker().clone());
        match &socket.listener {
            Some(listener) => listener
                .poll_accept(context)
                .map(|accepted| accepted.map(|(stream, _)| stream)),
            None => Poll::Pending,
        }
    }

    fn reserve(&self) -> io::Result<TcpSocket> {
        let socket = match self.0.address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        SockRef::from(&socket).set_reuse_port(true)?;
        socket.bind(self.0.address)?;
        Ok(socket)
    }

    fn socket(&self) -> MutexGuard<'_, ListenerSocket> {
        self.0.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a connection for as long as it is there.
struct Counted(Arc<ListenerState>);

impl Counted {
    fn new(state: Arc<ListenerState>) -> Self {
        state.connections.send_modify(|open| *open += 1);
        Self(state)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.send_modify(|open| *open -= 1);
    }
}

/// Returns a connection and a second handle of it, by which it can be ended after the first is gone.
fn split_for_shutdown(stream: TcpStream) -> io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let shutdown_handle = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, shutdown_handle))
}

/// Runs a connection to its end; breaks it when the listener is closed.
///
/// When the listener is closed the connection is closed, not reset, and it is waited for until the other side has seen that and
/// closed it too: otherwise a target that keeps connections could use this one once more after the listener is open again.
async fn until_closed(
    mut closed: watch::Receiver<u64>,
    shutdown_handle: std::net::TcpStream,
    connection: impl Future<Output = (TcpStream, bool)>,
) {
    tokio::select! {
        (stream, reset) = connection => {
            if reset {
                let _ = stream.set_zero_linger();
            }
            return;
        }
        _ = closed.changed() => {}
    }
    let Ok(mut shutdown_handle) = TcpStream::from_std(shutdown_handle) else {
        return;
    };
    let closing = async {
        let mut rest = [0; 1024];
        if shutdown_handle.shutdown().await.is_ok() {
            while let Ok(1..) = shutdown_handle.read(&mut rest).await {}
        }
    };
    let _ = tokio::time::timeout(CLOSING, closing).await;
}

/// How long the other side may take to see that a connection was closed.
const CLOSING: Duration = Duration::from_millis(500);

/// Carries bytes between a client and an upstream server; true if the upstream left a request without an answer.
pub(crate) async fn relay(client: &mut TcpStream, upstream: SocketAddr) -> bool {
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        return true;
    };
    let _ = server.set_nodelay(true);
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let unanswered = AtomicBool::new(false);
    let there = async {
        let mut buffer = vec![0; 8 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            unanswered.store(true, Ordering::Relaxed);
            if to_server.write_all(&buffer[..read]).await.is_err() {
                // The other direction sees the end of the server.
                std::future::pending::<()>().await;
            }
        }
    };
    let back = async {
        let mut buffer = vec![0; 8 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            unanswered.store(false, Ordering::Relaxed);
            if to_client.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = there => false,
        () = back => unanswered.load(Ordering::Relaxed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_else_is_given_the_port_while_it_is_closed_and_opened() {
        let listener =
            Listener::open("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let address = listener.address();
        let over = Arc::new(AtomicBool::new(false));
        let other = std::thread::spawn({
            let over = Arc::clone(&over);
            move || {
                let (mut tries, mut taken) = (0_u32, 0_u32);
                while !over.load(Ordering::Relaxed) {
                    tries += 1;
                    // As whoever is given a free port: without SO_REUSEADDR.
                    let socket = TcpSocket::new_v4().expect("a socket");
                    taken += u32::from(socket.bind(address).is_ok());
                }
                (tries, taken)
            }
        });
        for _ in 0..5_000 {
            listener.set_open(false);
            listener.set_open(true);
            assert!(listener.socket().listener.is_some(), "it is open again");
        }
        over.store(true, Ordering::Relaxed);
        let (tries, taken) = other.join().expect("the other thread ends");
        assert!(tries > 0);
        assert_eq!(taken, 0, "of {tries} tries");
    }
}
