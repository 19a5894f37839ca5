//! Serving over a socket.

use std::future::Future;

use axum::Router;
use tokio::net::TcpListener;

/// Serves until `shutdown` is over, then lets the requests under way finish.
///
/// # Errors
/// What the listener reports.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, app)
        .with_graceful_shutdown(shutdown)
        .await
}
