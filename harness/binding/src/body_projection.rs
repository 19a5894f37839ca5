//! What of a JSON body anything asks for: the rest is read past, and not kept.
//!
//! Load runs look at some five members of each answer; keeping the others costs more than reading all of them.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value as Json};

use super::response::json_text;

/// Members of a body, by what any rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BodyProjection {
    /// These members of an object, and nothing of what is no object.
    Members(Vec<(String, Self)>),
    /// All of it.
    Whole,
}

impl Default for BodyProjection {
    /// Wants nothing.
    fn default() -> Self {
        Self::Members(Vec::new())
    }
}

impl BodyProjection {
    /// Wants what a path of names leads to, whatever it is.
    pub(super) fn want<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let mut place = self;
        for name in names {
            let Self::Members(members) = place else {
                return;
            };
            let at = members.iter().position(|(member, _)| member == name);
            let at = at.unwrap_or_else(|| {
                members.push((name.to_owned(), Self::default()));
                members.len() - 1
            });
            place = &mut members[at].1;
        }
        *place = Self::Whole;
    }

    /// Reads a body as JSON, without what nobody wants; none: it is none.
    pub(super) fn read(&self, body: &[u8]) -> Option<Json> {
        let mut deserializer =
            serde_json::Deserializer::from_str(std::str::from_utf8(json_text(body)).ok()?);
        let read = self.deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        Some(read)
    }
}

impl<'de> DeserializeSeed<'de> for &BodyProjection {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        match self {
            BodyProjection::Whole => Json::deserialize(deserializer),
            BodyProjection::Members(members) => deserializer.deserialize_any(Members(members)),
        }
    }
}

/// Keeps the members of an object that are wanted; of anything else nothing is.
struct Members<'a>(&'a [(String, BodyProjection)]);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut kept = Map::new();
        while let Some(found) = map.next_key_seed(MemberName(self.0))? {
            match found {
                Some((name, wanted)) => {
                    let value = map.next_value_seed(wanted)?;
                    kept.insert(name.clone(), value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Json::Object(kept))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
}

/// Finds a name among those that are wanted.
struct MemberName<'a>(&'a [(String, BodyProjection)]);

impl<'de, 'a> DeserializeSeed<'de> for MemberName<'a> {
    type Value = Option<&'a (String, BodyProjection)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for MemberName<'a> {
    type Value = Option<&'a (String, BodyProjection)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, found: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(name, _)| name == found))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proofup_domain::answer::Answer;
    use serde_json::json;

    use super::*;
    use crate::matcher::{Conditions, Recogniser, Statuses, Test};
    use crate::meaning::{AnswerRule, FieldRules, Meaning};
    use crate::source::Source;
    use crate::{CompiledTarget, RawResponse};

    const REFERENCE: &str = include_str!("../../../fixtures/targets/reference.toml");

    /// Makes a body in which there is something wherever the file points, and more.
    fn filled(leaf: &Json) -> Json {
        let paths = regex::Regex::new(r"\$\.([A-Za-z.]+)").expect("an expression");
        let pointed = paths.captures_iter(REFERENCE);
        let pointed = pointed.map(|found| found[1].to_owned());
        let own = ["type", "title", "status", "code", "more"].map(str::to_owned);
        let mut body = json!({});
        for path in pointed.chain(own) {
            let mut place = &mut body;
            for name in path.split('.') {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[name];
            }
            if place.is_null() {
                *place = leaf.clone();
            }
        }
        body
    }

    #[test]
    fn an_answer_means_the_same_without_what_nobody_wants() {
        let target = CompiledTarget::compile("reference.toml", REFERENCE).expect("it is right");
        for (operation, binding) in &target.operations {
            for variant in &binding.ways {
                for leaf in [json!("signedIn"), json!([{"id": "1"}]), json!(3)] {
                    let body = filled(&leaf);
                    let wanted = variant.wanted.read(body.to_string().as_bytes());
                    let wanted = wanted.expect("it is JSON");
                    // What is asked for by a query, and not by names, is kept whole.
                    let is_short = wanted != body;
                    assert_eq!(
                        is_short,
                        variant.wanted != BodyProjection::Whole,
                        "{operation}"
                    );
                    for status in [200, 201, 202, 204, 400, 401, 404, 409, 422, 429, 500] {
                        let raw = RawResponse::made(status, Bytes::from(body.to_string()));
                        let meant = |body| {
                            let kept = variant.meaning.kept(&raw, Some(body));
                            (
                                kept,
                                variant.meaning.read(&raw, Some(body), &target.refusals),
                            )
                        };
                        assert_eq!(meant(&wanted), meant(&body), "{operation} {status} {leaf}");
                    }
                }
            }
        }
    }

    fn wanted(paths: &[&str]) -> BodyProjection {
        let mut wanted = BodyProjection::default();
        for path in paths {
            wanted.want(path.split('.').filter(|name| !name.is_empty()));
        }
        wanted
    }

    #[test]
    fn what_is_wanted_is_kept_by_this_table() {
        let body = r#"{"a": {"b": [1, {"x": null}], "c": 2}, "d": "é", "e": null, "f": [{"a": 1}], "a2": true}"#;
        let table: [(&[&str], &str); 9] = [
            (&[], "{}"),
            (&["d"], r#"{"d":"é"}"#),
            (&["a.b", "e"], r#"{"a":{"b":[1,{"x":null}]},"e":null}"#),
            (&["a.b", "a"], r#"{"a":{"b":[1,{"x":null}],"c":2}}"#),
            (&["a", "a.b"], r#"{"a":{"b":[1,{"x":null}],"c":2}}"#),
            (&["f.a"], r#"{"f":null}"#),
            (&["d.x", "a2.x"], r#"{"d":null,"a2":null}"#),
            (&["missing", "a.missing"], r#"{"a":{}}"#),
            (&["c"], "{}"),
        ];
        for (paths, kept) in table {
            let read = wanted(paths).read(body.as_bytes());
            assert_eq!(read.expect("it is JSON").to_string(), kept, "{paths:?}");
        }
        let whole = wanted(&[""]).read(body.as_bytes());
        assert_eq!(whole, serde_json::from_str(body).ok());
    }

    #[test]
    fn of_several_members_with_one_name_the_last_counts() {
        let read = wanted(&["a"]).read(br#"{"a": 1, "b": 2, "a": 3}"#);
        assert_eq!(read.expect("it is JSON").to_string(), r#"{"a":3}"#);
    }

    #[test]
    fn what_is_no_json_is_none_wherever_it_is_wrong() {
        for body in [
            "",
            "{",
            "{}x",
            r#"{"a": }"#,
            r#"{"b": [1, }"#,
            r#"{"b": "\q"}"#,
            "[1,]",
            "nope",
        ] {
            assert_eq!(wanted(&["a"]).read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(wanted(&["a"]).read(b"{\"b\": \"\xff\"}"), None);
        for scalar in ["1", "-1", "1.5", "true", "null", "\"x\"", "[{\"a\": 1}]"] {
            let read = wanted(&["a"]).read(scalar.as_bytes());
            assert_eq!(read, Some(Json::Null), "{scalar}");
        }
    }

    #[test]
    fn what_answers_are_recognised_by_and_an_unknown_code_are_wanted() {
        let next = Source::parse("$.next").expect("a path");
        let meaning = Meaning {
            answers: vec![AnswerRule {
                recogniser: Recogniser {
                    statuses: Statuses(vec![401..=401]),
                    conditions: Conditions(vec![(next, Test::Equals(json!("who")))]),
                },
                fields: FieldRules::default(),
            }],
            ..Meaning::default()
        };
        let wanted = meaning.wanted(&[]);
        let meant = |body: &str| {
            let raw = RawResponse::made(401, Bytes::from(body.to_owned()));
            meaning.read(&raw, wanted.read(body.as_bytes()).as_ref(), &[])
        };
        assert!(matches!(meant(r#"{"next": "who"}"#), Answer::Success(_)));
        let unknown = Answer::Unrecognised {
            status: 401,
            code: Some("odd".to_owned()),
        };
        assert_eq!(meant(r#"{"next": "what", "code": "odd"}"#), unknown);
    }
}
