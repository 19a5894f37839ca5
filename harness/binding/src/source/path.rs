//! Paths into JSON (RFC 9535), and what they select as a list.

use serde_json::Value as Json;
use serde_json_path::JsonPath;

use crate::body_projection::BodyProjection;
use crate::problem::Mistake;

/// A JSONPath, and the part of it before anything that selects several nodes.
#[derive(Debug, Clone)]
pub(crate) struct BodyPath {
    whole: JsonPath,
    /// Its names, where it is nothing but names: most are, and going from name to name needs no query.
    names: Option<Vec<String>>,
    container: Option<JsonPath>,
}

impl BodyPath {
    /// Reads a JSONPath.
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        let whole = JsonPath::parse(text).map_err(|error| Mistake::BadPath {
            path: text.to_owned(),
            reason: if text.starts_with('$') {
                format!("stopped at character {}", error.position() + 1)
            } else {
                "it does not begin with `$`".to_owned()
            },
        })?;
        let container = several_from(text).and_then(|at| JsonPath::parse(&text[..at]).ok());
        Ok(Self {
            whole,
            names: names_of(text),
            container,
        })
    }

    /// Selects nodes, JSON null left out.
    pub(crate) fn select<'a>(&self, node: &'a Json) -> Vec<&'a Json> {
        if let Some(names) = &self.names {
            return named(names, node).into_iter().collect();
        }
        self.whole
            .query(node)
            .all()
            .into_iter()
            .filter(|found| !found.is_null())
            .collect()
    }

    /// Selects the first node, JSON null left out.
    pub(crate) fn first<'a>(&self, node: &'a Json) -> Option<&'a Json> {
        match &self.names {
            Some(names) => named(names, node),
            None => self.select(node).into_iter().next(),
        }
    }

    /// Adds what it selects to what is wanted of a body.
    pub(crate) fn want(&self, wanted: &mut BodyProjection) {
        match &self.names {
            Some(names) => wanted.want(names.iter().map(String::as_str)),
            None => *wanted = BodyProjection::Whole,
        }
    }

    /// Selects a list. `$.value` and `$.value[*]` both mean the list's elements; an empty list is a list, and where
    /// there is none at all there is nothing.
    pub(crate) fn select_list(&self, node: &Json) -> Option<Vec<Json>> {
        let found = self.select(node);
        match (found.as_slice(), &self.container) {
            ([Json::Array(list)], None) => Some(list.clone()),
            ([], Some(container)) => (!container.query(node).is_empty()).then(Vec::new),
            ([], None) => None,
            _ => Some(found.into_iter().cloned().collect()),
        }
    }
}

/// Goes from name to name; none: there is nothing, or JSON null.
fn named<'a>(names: &[String], node: &'a Json) -> Option<&'a Json> {
    let found = names
        .iter()
        .try_fold(node, |node, name| node.as_object()?.get(name));
    found.filter(|one| !one.is_null())
}

/// Reads a path of plain names, such as `$.user.id`.
fn names_of(text: &str) -> Option<Vec<String>> {
    let names = text.strip_prefix("$.")?.split('.');
    let is_plain = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|one| one.is_ascii_alphanumeric())
    };
    names
        .map(|name| is_plain(name).then(|| name.to_owned()))
        .collect()
}

/// Finds where a path begins to select several nodes: a wildcard, a filter, a slice, a list or a descent.
fn several_from(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut bracket = 0;
    let mut previous = ' ';
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if character == open && previous != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => bracket = at,
            (None, '*' | '?' | ':' | ',') if previous == '.' => return Some(at - 1),
            (None, '*' | '?' | ':' | ',') => return Some(bracket),
            (None, '.') if previous == '.' => return Some(at - 1),
            (None, _) => {}
        }
        previous = character;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_names_are_found_as_the_query_finds_them() {
        let body = json!({"a": {"b": 1, "n": null, "l": [{"c": 2}]}, "b": [{"c": 1}]});
        let paths = [
            "$.a", "$.a.b", "$.a.n", "$.a.b.c", "$.a.l", "$.a.l.c", "$.b.c", "$.x", "$.a.x",
        ];
        for path in paths {
            let path = BodyPath::parse(path).expect("the path is well formed");
            assert!(path.names.is_some(), "{path:?}");
            let query = BodyPath {
                names: None,
                ..path.clone()
            };
            assert_eq!(path.select(&body), query.select(&body), "{path:?}");
            assert_eq!(path.first(&body), query.first(&body), "{path:?}");
        }
        for path in ["$", "$.a[0]", "$.a.*", "$..a", "$['a']", "$.a[?@.b == 1]"] {
            let path = BodyPath::parse(path).expect("the path is well formed");
            assert!(path.names.is_none(), "{path:?}");
        }
    }

    #[test]
    fn lists_are_selected_by_this_table() {
        let body = json!({"value": [{"id": 1}, {"id": 2}], "none": [], "one": 3, "nothing": null, "a:b": [4]});
        let table = [
            ("$.value[*].id", Some(json!([1, 2]))),
            ("$.value", Some(json!([{"id": 1}, {"id": 2}]))),
            ("$.none", Some(json!([]))),
            ("$.none[*].id", Some(json!([]))),
            ("$.none[?@.id == 1]", Some(json!([]))),
            ("$.missing[*]", None),
            ("$.missing", None),
            ("$.nothing", None),
            ("$.one", Some(json!([3]))),
            ("$['a:b'][*]", Some(json!([4]))),
            ("$['a:b']", Some(json!([4]))),
            ("$..id", Some(json!([1, 2]))),
            ("$.none.*", Some(json!([]))),
        ];
        for (path, expected) in table {
            let path = BodyPath::parse(path).expect("the path is well formed");
            assert_eq!(
                path.select_list(&body).map(Json::from),
                expected,
                "{path:?}"
            );
        }
    }
}
