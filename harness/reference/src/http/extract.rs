//! Extractors: every rejection is a problem document, and none repeats what the client sent.

use axum::body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::BodyExt as _;
use proofup_domain::refusal::Refusal;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::refused::Refused;
use crate::service::{App, Visitor};
use crate::tokens::TokenKind;

/// The largest body that is read.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// The media types of JSON bodies.
const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// A JSON body.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _app: &App) -> Result<Self, Refused> {
        check_type(request.headers(), &[JSON])?;
        from_json(&read(request.into_body()).await?).map(Self)
    }
}

/// A JSON body that may call itself a merge patch (RFC 7396).
#[derive(Debug)]
pub(crate) struct PatchBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for PatchBody<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _app: &App) -> Result<Self, Refused> {
        check_type(request.headers(), &[MERGE_PATCH, JSON])?;
        from_json(&read(request.into_body()).await?).map(Self)
    }
}

/// A JSON body, or the form that providers post.
#[derive(Debug)]
pub(crate) enum JsonOrForm<J, F> {
    Json(J),
    Form(F),
}

impl<J: DeserializeOwned, F: DeserializeOwned> FromRequest<App> for JsonOrForm<J, F> {
    type Rejection = Refused;

    async fn from_request(request: Request, _app: &App) -> Result<Self, Refused> {
        const FORM: &str = "application/x-www-form-urlencoded";
        check_type(request.headers(), &[JSON, FORM])?;
        let is_form = check_type(request.headers(), &[FORM]).is_ok();
        let bytes = read(request.into_body()).await?;
        if !is_form {
            return from_json(&bytes).map(Self::Json);
        }
        match serde_urlencoded::from_bytes(&bytes) {
            Ok(form) => Ok(Self::Form(form)),
            Err(_) => Err(Refused::because(
                Refusal::InvalidInput,
                "the form lacks a field that is needed",
            )),
        }
    }
}

/// Refuses a body that says it is too large, wherever it is sent.
pub(crate) fn check_length(headers: &HeaderMap) -> Result<(), Refused> {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match length {
        Some(length) if length > BODY_LIMIT => Err(Refusal::PayloadTooLarge.into()),
        _ => Ok(()),
    }
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or(value);
    Some(essence.trim())
}

fn check_type(headers: &HeaderMap, accepted: &[&str]) -> Result<(), Refused> {
    let kind = media_type(headers);
    let is = |accepted: &&str| kind.is_some_and(|kind| kind.eq_ignore_ascii_case(accepted));
    if accepted.iter().any(is) {
        Ok(())
    } else {
        Err(Refusal::UnsupportedMediaType.into())
    }
}

/// Reads a body whole. Most come in one piece, which is taken as it is.
async fn read(mut body: body::Body) -> Result<Bytes, Refused> {
    let first = read_piece(&mut body).await?.unwrap_or_default();
    let mut whole = BytesMut::new();
    let mut length = first.len();
    loop {
        if length > BODY_LIMIT {
            return Err(Refusal::PayloadTooLarge.into());
        }
        let Some(piece) = read_piece(&mut body).await? else {
            break;
        };
        if whole.is_empty() {
            whole.extend_from_slice(&first);
        }
        length += piece.len();
        whole.extend_from_slice(&piece);
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// Reads the next piece of a body; none if there is no more. Trailers are passed over.
async fn read_piece(body: &mut body::Body) -> Result<Option<Bytes>, Refused> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::Malformed)?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Reads JSON: what cannot be read is `malformed`, what is not as it must be is `invalidInput` with its field.
///
/// What a body is read into knows every field of it, so what can be read at once holds nothing else that could be wrong.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(bytes).or_else(|_| from_faulty_json(bytes))
}

/// Finds out what is wrong with JSON that cannot be read at once.
fn from_faulty_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    // A first pass tells syntax from meaning: a body that breaks off must not be taken for one that lacks a field.
    if serde_json::from_slice::<serde_json::Value>(bytes).is_err()
        || std::str::from_utf8(bytes).is_err()
    {
        return Err(Refusal::Malformed.into());
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        if error.inner().is_data() {
            invalid_field(&error)
        } else {
            Refusal::Malformed.into()
        }
    })
}

/// Returns the field that an error is about, never what stood in it.
pub(crate) fn invalid_field(error: &serde_path_to_error::Error<serde_json::Error>) -> Refused {
    let path = error.path().to_string();
    let path = path.strip_suffix(".?").unwrap_or(&path);
    let path = if path == "." || path == "?" { "" } else { path };
    let message = error.inner().to_string();
    let (named, detail) = if let Some(rest) = message.strip_prefix("missing field `") {
        (rest.split('`').next(), "the field is missing")
    } else if message.starts_with("unknown field `") {
        (None, "there is no such field")
    } else {
        (
            None,
            "the field is not of the type or value that it must have",
        )
    };
    let field = match (path, named) {
        ("", None) => return Refused::because(Refusal::InvalidInput, detail),
        ("", Some(named)) => named.to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(named)) => format!("{path}.{named}"),
    };
    Refused::field(Refusal::InvalidInput, field, detail)
}

/// Finds the bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("Bearer")
        .then_some(token.trim())
        .filter(|token| !token.is_empty())
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        Self::find(&parts.headers, app)
    }
}

impl Visitor {
    /// Finds the session that the bearer token of these headers opened.
    pub(crate) fn find(headers: &HeaderMap, app: &App) -> Result<Self, Refused> {
        let token = bearer(headers).ok_or(Refusal::Unauthenticated)?;
        let (tenant, session) = app
            .find(TokenKind::Session, token)
            .ok_or(Refusal::Unauthenticated)?;
        Ok(Self { tenant, session })
    }
}

/// The bearer secret of a callback, if there is one.
#[derive(Debug)]
pub(crate) struct CallbackSecretHeader(pub(crate) Option<proofup_domain::secret::Secret>);

impl FromRequestParts<App> for CallbackSecretHeader {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refused> {
        let header = bearer(&parts.headers).map(proofup_domain::secret::Secret::new);
        let query = parts.uri.query().unwrap_or_default();
        let in_query = || {
            let pairs = url::form_urlencoded::parse(query.as_bytes());
            let mut pairs = pairs.filter(|(name, _)| name == "secret");
            pairs.next().map(|(_, value)| value.into_owned())
        };
        let secret = header.or_else(|| in_query().map(proofup_domain::secret::Secret::new));
        Ok(Self(secret))
    }
}

/// Test control's own token. Where test control is off, its paths do not exist.
#[derive(Debug)]
pub(crate) struct Controller;

impl FromRequestParts<App> for Controller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let expected = app.test_control_token.as_ref().ok_or(Refusal::NotFound)?;
        let token = bearer(&parts.headers).ok_or(Refusal::Unauthenticated)?;
        // Hashes are compared, so that the time tells nothing about the token.
        if Sha256::digest(token) == Sha256::digest(expected.expose()) {
            Ok(Self)
        } else {
            Err(Refusal::Unauthenticated.into())
        }
    }
}

/// The parameters of the path; what cannot be read names nothing.
#[derive(Debug)]
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, app).await;
        match path {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Refusal::NotFound.into()),
        }
    }
}
