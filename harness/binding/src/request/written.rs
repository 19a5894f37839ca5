//! Requests as they stand on the wire (RFC 9112), written straight from the template.

use std::borrow::Cow;

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method};

use super::body::{BodyTemplate, encoded};
use super::{RequestTemplate, header_value, pairs};
use crate::operation::Operation;
use crate::raw_connection::Direct;
use crate::template::{Unbound, percent_encode_to};
use crate::transport::TransportError;
use crate::value::Variables;

impl RequestTemplate {
    /// Returns whether it can be written without being built first: nothing in it speaks of the connection itself.
    pub(crate) fn can_write_directly(&self) -> bool {
        let of_connection = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];
        self.is_plain()
            && self.method.is_some()
            && self.path.is_some()
            && !self
                .headers
                .iter()
                .any(|(name, _)| of_connection.contains(name))
    }

    /// Writes the request; `body` serves to learn the length of its body before that is written.
    ///
    /// What comes out is what [`Self::render`] builds.
    pub(crate) fn write(
        &self,
        operation: Operation,
        direct: &Direct,
        shared: &HeaderMap,
        variables: &Variables,
        (out, body): (&mut Vec<u8>, &mut Vec<u8>),
    ) -> Result<(), TransportError> {
        let unbound = |Unbound(variable)| TransportError::Unbound {
            operation,
            variable,
        };
        let method = self.method.as_ref().unwrap_or(&Method::POST);
        out.extend_from_slice(method.as_str().as_bytes());
        out.push(b' ');
        self.write_target(direct, variables, out)
            .map_err(unbound)
            .and_then(|whole| {
                whole.ok_or_else(|| {
                    TransportError::NotSent("a variable of its path has no value".to_owned())
                })
            })?;
        out.extend_from_slice(b" HTTP/1.1\r\nhost: ");
        out.extend_from_slice(direct.host().as_bytes());
        let own_type = self.write_headers(operation, shared, variables, out)?;
        let kind = self.write_body(variables, body).map_err(unbound)?;
        if let Some(kind) = kind.filter(|_| !own_type) {
            header(out, CONTENT_TYPE.as_str(), kind.as_bytes());
        }
        let may_be_without = matches!(*method, Method::GET | Method::HEAD);
        if !(body.is_empty() && may_be_without) {
            header(
                out,
                CONTENT_LENGTH.as_str(),
                body.len().to_string().as_bytes(),
            );
        }
        out.extend_from_slice(b"\r\n\r\n");
        Ok(())
    }

    /// Writes path and query; none: a variable of the path has no value.
    fn write_target(
        &self,
        direct: &Direct,
        variables: &Variables,
        out: &mut Vec<u8>,
    ) -> Result<Option<()>, Unbound> {
        let begin = out.len();
        out.extend_from_slice(direct.prefix().as_bytes());
        let Some(path) = &self.path else {
            return Ok(None);
        };
        if !path.write(variables, percent_encode_to, out)? {
            return Ok(None);
        }
        if !self.query.is_empty() {
            let query = pairs(&self.query, variables)?;
            if !query.is_empty() {
                out.push(if out[begin..].contains(&b'?') {
                    b'&'
                } else {
                    b'?'
                });
                out.extend_from_slice(encoded(&query).as_bytes());
            }
        }
        if out.len() == begin {
            out.push(b'/');
        }
        Ok(Some(()))
    }

    /// Writes the headers; tells whether one of them is the type of the body.
    fn write_headers(
        &self,
        operation: Operation,
        shared: &HeaderMap,
        variables: &Variables,
        out: &mut Vec<u8>,
    ) -> Result<bool, TransportError> {
        let mut own_type = false;
        for (name, template) in &self.headers {
            let rendered = template.render(variables, str::to_owned);
            let text = rendered.map_err(|Unbound(variable)| TransportError::Unbound {
                operation,
                variable,
            })?;
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                continue;
            };
            let value = header_value(name, &text)?;
            header(out, name.as_str(), value.as_bytes());
            own_type |= *name == CONTENT_TYPE;
        }
        for (name, value) in shared {
            // A request's own headers replace those of the file.
            if self.headers.iter().all(|(own, _)| own != name) {
                header(out, name.as_str(), value.as_bytes());
                own_type |= *name == CONTENT_TYPE;
            }
        }
        Ok(own_type)
    }

    /// Writes the body; gives its type, where it has one.
    fn write_body(
        &self,
        variables: &Variables,
        body: &mut Vec<u8>,
    ) -> Result<Option<Cow<'static, str>>, Unbound> {
        if let BodyTemplate::Json(template) = &self.body {
            template.write_body(variables, body)?;
            return Ok(Some(Cow::Borrowed("application/json")));
        }
        let (kind, written) = self.body.render(variables)?.write();
        body.extend_from_slice(&written);
        Ok(kind.map(Cow::Owned))
    }
}

fn header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use serde_json::{Value as Json, json};
    use url::Url;

    use super::*;
    use crate::transport::TransportOptions;
    use crate::{CompiledTarget, Value};

    const REFERENCE: &str = include_str!("../../../../fixtures/targets/reference.toml");

    fn target() -> CompiledTarget {
        CompiledTarget::compile("reference.toml", REFERENCE).expect("it compiles")
    }

    /// Sets every variable of an operation to a value that has to be escaped; of the optional ones, or not.
    fn variables(operation: Operation, optional: bool) -> Variables {
        let specs = operation.variables().iter();
        specs
            .filter(|spec| optional || !spec.optional)
            .map(|spec| (spec.name, Value::from(json!("a/b \"ü\" {c}"))))
            .collect()
    }

    /// Returns a request in a form in which both ways can be compared.
    fn told(method: &str, target: &str, headers: &HeaderMap, body: &[u8]) -> Json {
        let own = |name: &HeaderName| ![HOST, CONTENT_LENGTH].contains(name);
        let mut headers: Vec<(String, String)> = headers
            .iter()
            .filter(|(name, _)| own(name))
            .map(|(name, value)| (name.to_string(), format!("{value:?}")))
            .collect();
        headers.sort();
        let body = String::from_utf8_lossy(body);
        json!({ "method": method, "target": target, "headers": headers, "body": body })
    }

    fn written(bytes: &[u8]) -> Json {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(bytes).expect("it is HTTP");
        let httparse::Status::Complete(length) = parsed else {
            panic!("the head is not whole: {}", String::from_utf8_lossy(bytes));
        };
        let mut map = HeaderMap::new();
        for header in request.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes()).expect("a name");
            map.append(
                name,
                HeaderValue::from_bytes(header.value).expect("a value"),
            );
        }
        let told_length = map
            .get(CONTENT_LENGTH)
            .map(|value| value.to_str().expect("digits"));
        let body = &bytes[length..];
        assert_eq!(told_length.unwrap_or("0"), body.len().to_string());
        assert_eq!(map.get(HOST).expect("it names the host"), "127.0.0.1:8080");
        told(
            request.method.expect("a method"),
            request.path.expect("a target"),
            &map,
            body,
        )
    }

    #[test]
    fn what_is_written_is_what_would_be_built() {
        let target = target();
        let base = Url::parse("http://127.0.0.1:8080/under").expect("a URL");
        let direct = Direct::of(&base, TransportOptions::default()).expect("it is plain");
        let mut compared = 0;
        for (operation, binding) in &target.operations {
            for (template, optional) in binding
                .requests()
                .flat_map(|one| [(one, true), (one, false)])
            {
                assert!(template.can_write_directly(), "{operation}");
                let variables = variables(*operation, optional);
                let built = template.render(*operation, base.as_str(), &target.headers, &variables);
                let (mut out, mut body) = (Vec::new(), Vec::new());
                let how = (&mut out, &mut body);
                let wrote = template.write(*operation, &direct, &target.headers, &variables, how);
                match (built, wrote) {
                    (Ok(built), Ok(())) => {
                        out.extend_from_slice(&body);
                        let path = built.uri().path_and_query().expect("a path");
                        let method = built.method().as_str();
                        let built = told(method, path.as_str(), built.headers(), built.body());
                        assert_eq!(written(&out), built, "{operation}");
                        compared += 1;
                    }
                    (Err(built), Err(wrote)) => assert_eq!(wrote, built, "{operation}"),
                    (built, wrote) => panic!("{operation}: {built:?} and {wrote:?}"),
                }
            }
        }
        assert!(compared > 60, "{compared}");
    }
}
