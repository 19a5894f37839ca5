//! Paths into JSON (RFC 9535), and what they select as a list.

use serde_json::Value as Json;
use serde_json_path::JsonPath;

use crate::target::problem::Problem;

/// Holds a JSONPath, and the part of it before anything that selects several nodes.
#[derive(Debug, Clone)]
pub(in crate::target) struct Path {
    whole: JsonPath,
    container: Option<JsonPath>,
}

impl Path {
    /// Reads a JSONPath.
    pub(in crate::target) fn parse(text: &str) -> Result<Self, Problem> {
        let whole = JsonPath::parse(text).map_err(|error| Problem::BadPath {
            path: text.to_owned(),
            reason: if text.starts_with('$') {
                format!("stopped at character {}", error.position() + 1)
            } else {
                "it does not begin with `$`".to_owned()
            },
        })?;
        let container = several_from(text).and_then(|at| JsonPath::parse(&text[..at]).ok());
        Ok(Self { whole, container })
    }

    /// Selects nodes, JSON null left out.
    pub(in crate::target) fn select<'a>(&self, node: &'a Json) -> Vec<&'a Json> {
        self.whole
            .query(node)
            .all()
            .into_iter()
            .filter(|found| !found.is_null())
            .collect()
    }

    /// Selects a list. `$.value` and `$.value[*]` both mean the list's elements; an empty list is a list, and where
    /// there is none at all there is nothing.
    pub(in crate::target) fn select_list(&self, node: &Json) -> Option<Vec<Json>> {
        let found = self.select(node);
        match (found.as_slice(), &self.container) {
            ([Json::Array(list)], None) => Some(list.clone()),
            ([], Some(container)) => (!container.query(node).is_empty()).then(Vec::new),
            ([], None) => None,
            _ => Some(found.into_iter().cloned().collect()),
        }
    }
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
            let path = Path::parse(path).expect("the path is well formed");
            assert_eq!(
                path.select_list(&body).map(Json::from),
                expected,
                "{path:?}"
            );
        }
    }
}
