//! A gateway inside the peer's process: it takes texts and keeps the code of each number until it is asked for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;

/// Holds the newest code of each number. Clones share the same.
#[derive(Debug, Clone, Default)]
pub struct Codes(Arc<Mutex<BTreeMap<String, String>>>);

#[derive(Deserialize)]
struct Text {
    to: String,
    text: String,
}

impl Codes {
    /// Serves the gateway at an address for as long as the runtime lives.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn serve(&self, address: &str) -> io::Result<()> {
        let listener = TcpListener::bind(address).await?;
        let codes = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let codes = codes.clone();
                let service = service_fn(move |request| answer(request, codes.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(())
    }

    /// Takes the code that a number was sent.
    #[must_use]
    pub fn take(&self, number: &str) -> Option<String> {
        self.lock().remove(number)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    request: Request<Incoming>,
    codes: Codes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let taken = serde_json::from_slice::<Text>(&body)
        .ok()
        .and_then(|text| Some((text.to, code(&text.text)?)));
    let status = match taken {
        Some((to, code)) => {
            codes.lock().insert(to, code);
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    };
    let mut response = Response::new(Full::new(Bytes::from_static(b"{\"id\":\"1\"}")));
    *response.status_mut() = status;
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// Finds the six digits of a text that stand alone.
fn code(text: &str) -> Option<String> {
    let digits = text.split(|one: char| !one.is_ascii_digit());
    digits
        .filter(|part| part.len() == 6)
        .map(str::to_owned)
        .next()
}
