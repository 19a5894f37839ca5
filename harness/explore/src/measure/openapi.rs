//! Reads an OpenAPI 3 document, as far as drawing requests needs it.

use http::Method;
use serde_json::Value as Json;

/// A document and the endpoints in it.
#[derive(Debug)]
pub(super) struct OpenApiDocument {
    root: Json,
    pub(super) endpoints: Vec<Endpoint>,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) method: Method,
    /// The path, with `{placeholders}`.
    pub(super) path: String,
    /// Media types of bodies, with their schemas.
    pub(super) bodies: Vec<(String, Json)>,
    /// A request has to have a body.
    pub(super) needs_body: bool,
    /// The names of query parameters.
    pub(super) query: Vec<String>,
}

/// The methods that a path may have. HEAD and OPTIONS say nothing of their own.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// The methods that a path of the document may lack.
pub(super) const OTHER_METHODS: [Method; 6] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::TRACE,
];

impl OpenApiDocument {
    /// Reads a document; what is none tells why.
    pub(super) fn read(root: Json) -> Result<Self, String> {
        let version = root["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.") {
            return Err("it is not an OpenAPI 3 document".to_owned());
        }
        let paths = root["paths"].as_object();
        let paths = paths.ok_or("it has no `paths`")?;
        let mut endpoints = Vec::new();
        for (path, item) in paths {
            for method in METHODS {
                let operation = &item[method.as_str().to_ascii_lowercase()];
                if operation.is_object() && path.starts_with('/') {
                    endpoints.push(endpoint(&root, method, path, item, operation));
                }
            }
        }
        if endpoints.is_empty() {
            return Err("it has no endpoint".to_owned());
        }
        Ok(Self { root, endpoints })
    }

    /// Follows a reference within the document; anything else is what it is.
    pub(super) fn resolve<'a>(&'a self, schema: &'a Json) -> &'a Json {
        resolve(&self.root, schema)
    }

    /// Lists the methods that a path has.
    pub(super) fn methods_of(&self, path: &str) -> Vec<&Method> {
        let at = self.endpoints.iter().filter(|one| one.path == path);
        at.map(|one| &one.method).collect()
    }
}

/// How many references are followed: a document that refers in circles ends here.
const REFERENCES_MAX: usize = 16;

fn resolve<'a>(root: &'a Json, schema: &'a Json) -> &'a Json {
    let mut found = schema;
    for _ in 0..REFERENCES_MAX {
        let pointer = found["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix('#'));
        let Some(next) = pointer.and_then(|pointer| root.pointer(pointer)) else {
            return found;
        };
        found = next;
    }
    found
}

fn endpoint(root: &Json, method: Method, path: &str, item: &Json, operation: &Json) -> Endpoint {
    let parameters = [item, operation].into_iter().flat_map(|holder| {
        let list = holder["parameters"].as_array();
        list.into_iter().flatten()
    });
    let query = parameters
        .map(|parameter| resolve(root, parameter))
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str());
    let body = resolve(root, &operation["requestBody"]);
    let content = body["content"].as_object();
    let bodies = content.into_iter().flatten();
    Endpoint {
        method,
        path: path.to_owned(),
        query: query.map(str::to_owned).collect(),
        bodies: bodies
            .map(|(media, content)| (media.clone(), content["schema"].clone()))
            .collect(),
        needs_body: body["required"] == Json::Bool(true),
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn endpoints_are_read_with_their_bodies_and_parameters() {
        let document = OpenApiDocument::read(json!({
            "openapi": "3.1.0",
            "paths": { "/a/{id}": {
                "parameters": [{ "$ref": "#/components/parameters/top" }, { "in": "path", "name": "id" }],
                "post": { "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object" } } } } },
                "get": {},
                "summary": "not a method",
            } },
            "components": { "parameters": { "top": { "in": "query", "name": "top" } } },
        }));
        let document = document.expect("it is a document");
        let told: Vec<String> = document.endpoints.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["GET /a/{id}", "POST /a/{id}"]);
        let post = &document.endpoints[1];
        assert_eq!(post.query, ["top"]);
        assert!(post.needs_body && post.bodies[0].0 == "application/json");
        assert_eq!(document.methods_of("/a/{id}").len(), 2);
    }

    #[test]
    fn what_is_no_document_is_told() {
        for root in [
            json!({}),
            json!({ "openapi": "3.0.0" }),
            json!({ "openapi": "3.0.0", "paths": {} }),
            json!(7),
        ] {
            assert!(OpenApiDocument::read(root.clone()).is_err(), "{root}");
        }
    }

    #[test]
    fn circles_end() {
        let root = json!({ "a": { "$ref": "#/b" }, "b": { "$ref": "#/a" } });
        assert!(resolve(&root, &root["a"]).is_object());
    }
}
