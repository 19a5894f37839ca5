//! Makes values that a JSON Schema describes, so that what is spoilt afterwards is all that is wrong with a request.

use proofup_binding::Variables;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value as Json, json};

use super::openapi::OpenApiDocument;

/// How deep a sample goes: schemas may hold themselves.
const DEPTH_MAX: usize = 8;

/// Makes samples of one document's schemas, of what is known where a name says so.
pub(super) struct Sampler<'a> {
    pub(super) document: &'a OpenApiDocument,
    pub(super) known: &'a Variables,
}

impl Sampler<'_> {
    /// Makes a value; `name` is the property that it is for.
    pub(super) fn sample(
        &self,
        schema: &Json,
        name: &str,
        depth: usize,
        rng: &mut ChaCha8Rng,
    ) -> Json {
        let schema = self.document.resolve(schema);
        if depth > DEPTH_MAX {
            return Json::Null;
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(words) = schema["enum"].as_array().filter(|words| !words.is_empty()) {
            return words[rng.random_range(0..words.len())].clone();
        }
        for key in ["oneOf", "anyOf"] {
            let branches = schema[key].as_array();
            let branches: Vec<&Json> = branches
                .into_iter()
                .flatten()
                .filter(|branch| branch["type"] != "null")
                .collect();
            if !branches.is_empty() {
                let chosen = branches[rng.random_range(0..branches.len())];
                return self.sample(chosen, name, depth + 1, rng);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in parts {
                match self.sample(part, name, depth + 1, rng) {
                    Json::Object(members) => whole.extend(members),
                    other => return other,
                }
            }
            return Json::Object(whole);
        }
        match kind(schema) {
            "object" => self.object(schema, depth, rng),
            "array" => self.array(schema, name, depth, rng),
            "integer" | "number" => number(schema, rng),
            "boolean" => Json::from(rng.random_bool(0.5)),
            "null" => Json::Null,
            _ => self.text(schema, name, rng),
        }
    }

    fn object(&self, schema: &Json, depth: usize, rng: &mut ChaCha8Rng) -> Json {
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let mut members = Map::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&name.as_str()) || rng.random_bool(0.6) {
                members.insert(name.clone(), self.sample(member, name, depth + 1, rng));
            }
        }
        Json::Object(members)
    }

    fn array(&self, schema: &Json, name: &str, depth: usize, rng: &mut ChaCha8Rng) -> Json {
        let length = rng.random_range(1..=2);
        (0..length)
            .map(|_| self.sample(&schema["items"], name, depth + 1, rng))
            .collect()
    }

    fn text(&self, schema: &Json, name: &str, rng: &mut ChaCha8Rng) -> Json {
        if let Some(known) = self.known.get(name).filter(|_| rng.random_bool(0.8)) {
            return known.reveal();
        }
        match schema["format"].as_str() {
            Some("date-time") => Json::from("2026-01-15T09:00:00Z"),
            Some("uri" | "url") => Json::from("http://127.0.0.1:9/nowhere"),
            Some("email") => Json::from("somebody@drawn.example.org"),
            _ => Json::from(format!("drawn{:04x}", rng.random::<u16>())),
        }
    }
}

/// Returns the name of the type of a schema: the first that is not null.
fn kind(schema: &Json) -> &str {
    let one = schema["type"].as_str();
    let many = schema["type"].as_array().into_iter().flatten();
    let of_many = many.filter_map(Json::as_str).find(|kind| *kind != "null");
    one.or(of_many).unwrap_or_else(|| {
        if schema["properties"].is_object() {
            "object"
        } else {
            "string"
        }
    })
}

fn number(schema: &Json, rng: &mut ChaCha8Rng) -> Json {
    let least = schema["minimum"].as_i64().unwrap_or(0);
    json!(least.saturating_add(rng.random_range(0..10)))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn samples_fit_their_schemas() {
        let document = OpenApiDocument::read(json!({
            "openapi": "3.1.0",
            "paths": { "/a": { "get": {} } },
            "components": { "schemas": {
                "Word": { "enum": ["one", "two"] },
                "Loop": { "properties": { "inner": { "$ref": "#/components/schemas/Loop" } }, "required": ["inner"] },
            } },
        }))
        .expect("it is a document");
        let mut known = Variables::default();
        known.insert("address", "me@example.org");
        let sampler = Sampler {
            document: &document,
            known: &known,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let schema = json!({
            "type": "object",
            "required": ["word", "count", "list", "when", "maybe"],
            "properties": {
                "word": { "$ref": "#/components/schemas/Word" },
                "count": { "type": ["integer", "null"], "minimum": 5 },
                "list": { "type": "array", "items": { "type": "boolean" } },
                "when": { "type": "string", "format": "date-time" },
                "maybe": { "oneOf": [{ "type": "null" }, { "const": 7 }] },
            },
        });
        for _ in 0..20 {
            let sample = sampler.sample(&schema, "", 0, &mut rng);
            assert!(["one", "two"].contains(&sample["word"].as_str().expect("a word")));
            assert!(sample["count"].as_i64().expect("a number") >= 5);
            assert!(sample["list"][0].is_boolean() && sample["maybe"] == 7);
            assert_eq!(sample["when"], "2026-01-15T09:00:00Z");
        }
        assert!(
            sampler
                .sample(
                    &json!({ "$ref": "#/components/schemas/Loop" }),
                    "",
                    0,
                    &mut rng
                )
                .is_object()
        );
        let addresses: Vec<Json> = (0..20)
            .map(|_| sampler.sample(&json!({ "type": "string" }), "address", 0, &mut rng))
            .collect();
        assert!(addresses.contains(&json!("me@example.org")));
    }
}
