//! Serving over a socket.

use std::convert::Infallible;
use std::future::Future;

use axum::ServiceExt as _;
use axum::extract::Request;
use axum::response::Response;
use tokio::net::TcpListener;
use tower::Service;

/// Serves until `shutdown` is over, then lets the requests under way finish.
///
/// # Errors
/// What the listener reports.
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    axum::serve(listener, service.into_make_service())
        .with_graceful_shutdown(shutdown)
        .await
}
