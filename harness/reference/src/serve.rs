//! Serving over a socket: HTTP/1.1, and nothing between a connection and the service.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io::{Error, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

/// Serves until `shutdown` is over, then lets the requests under way finish.
///
/// The service must always be ready, as [`Reference`](crate::app::Reference) is: it is not asked. Connections that cannot be accepted
/// are left out.
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    shutdown: impl Future<Output = ()> + Send + 'static,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => serve_one(stream, Ready(service.clone()), &connections),
            Err(error) if is_of_the_connection(&error) => {}
            // Out of file handles, as a rule: there will be some when connections have ended.
            Err(_) => {
                let _ = tokio::time::timeout(PAUSE, pending::<()>()).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// How long nothing is accepted after that failed.
const PAUSE: Duration = Duration::from_secs(1);

fn serve_one<S>(stream: TcpStream, service: Ready<S>, connections: &GracefulShutdown)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        // Most answers are short: copying them behind their heads costs less than telling the kernel of two pieces.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    let served = connections.watch(connection);
    tokio::spawn(async move {
        // What a client does to its connection is no concern of the others.
        let _ = served.await;
    });
}

/// Returns whether an error is that of one connection, after which the next can be accepted at once.
fn is_of_the_connection(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

/// A service that is always ready, as hyper wants it.
struct Ready<S>(S);

impl<S> hyper::service::Service<hyper::Request<Incoming>> for Ready<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    type Response = Response;
    type Error = Infallible;
    type Future = S::Future;

    fn call(&self, request: hyper::Request<Incoming>) -> S::Future {
        self.0.clone().call(request.map(Body::new))
    }
}
