//! One word, one meaning: names of types, and how doc comments begin.

use std::collections::BTreeMap;

use super::{root, sources, text};

/// The names that two types may bear, and why.
const SHARED_NAMES: &[(&str, &str)] = &[(
    "Security",
    "the TLS settings of a transport, in a build with TLS and in one without",
)];

/// Verbs with which no doc comment begins: it begins with "Returns" or with what the thing is.
const NO_OPENINGS: [&str; 5] = ["Tells", "Holds", "Says", "Gives", "Names"];

/// Macros that declare types of the name before the brace.
const DECLARING_MACROS: [&str; 3] = ["words! {", "shape! {", "faults! {"];

/// The sources of all crates, without their tests, as a path and a text.
fn code() -> Vec<(String, String)> {
    let root = root();
    let sources = sources().into_iter().map(|(_, file)| {
        let path = file.strip_prefix(&root).unwrap_or(&file);
        (path.display().to_string(), text(&file))
    });
    sources.filter(|(path, _)| !is_test(path)).collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Lists the types that a source declares, without those of its module of tests and without associated types.
fn declared(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next();
    let mut names = Vec::new();
    let mut in_macro = false;
    for line in code.unwrap_or_default().lines() {
        if line == "}" {
            in_macro = false;
        }
        in_macro |= DECLARING_MACROS.contains(&line);
        let is_inner = line.starts_with(' ');
        let mut words = line.split_whitespace().peekable();
        if words.peek().is_some_and(|word| word.starts_with("pub")) {
            words.next();
            // `pub(in path)` is two words.
            words.next_if(|word| word.ends_with(')'));
        }
        let (Some(word), Some(name)) = (words.next(), words.next()) else {
            continue;
        };
        let declares =
            matches!(word, "struct" | "enum" | "union" | "trait") || word == "type" && !is_inner;
        let by_macro = in_macro && name == "{" && word.starts_with(char::is_uppercase);
        let name = if by_macro { word } else { name };
        if declares || by_macro {
            let end = name.find(|letter: char| !letter.is_alphanumeric());
            let name = &name[..end.unwrap_or(name.len())];
            // A name that a macro is given stands where the macro is used.
            names.extend((!name.is_empty()).then(|| name.to_owned()));
        }
    }
    names
}

/// Lists the names that more than one type bears, each with the files that declare them.
fn homonyms(code: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut bearers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, source) in code {
        for name in declared(source) {
            bearers.entry(name).or_default().push(path.clone());
        }
    }
    bearers.retain(|_, files| files.len() > 1);
    bearers
}

/// Lists the lines at which a doc comment begins with one of the verbs, counted from 1.
fn odd_openings(source: &str) -> Vec<usize> {
    let doc = |line: &str| {
        let line = line.trim_start();
        let rest = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"));
        rest.map(|rest| rest.trim_start().to_owned())
    };
    let mut found = Vec::new();
    let mut before = None;
    for (number, line) in source.lines().enumerate() {
        let comment = doc(line);
        if let (None, Some(comment)) = (&before, &comment) {
            let opening = comment.split(' ').next().unwrap_or_default();
            if NO_OPENINGS.contains(&opening) {
                found.push(number + 1);
            }
        }
        before = comment;
    }
    found
}

#[test]
fn no_two_types_bear_one_name() {
    let mut found = homonyms(&code());
    for (name, reason) in SHARED_NAMES {
        assert!(!reason.is_empty(), "why may two types be called {name}?");
        assert!(
            found.remove(*name).is_some(),
            "only one type is called {name}"
        );
    }
    assert!(found.is_empty(), "one name, several types: {found:#?}");
}

#[test]
fn doc_comments_say_what_a_thing_is_or_returns() {
    let root = root();
    let mut found = Vec::new();
    for (_, file) in sources() {
        let path = file.strip_prefix(&root).unwrap_or(&file).display();
        let lines = odd_openings(&text(&file)).into_iter();
        found.extend(lines.map(|line| format!("{path}:{line}")));
    }
    assert!(
        found.is_empty(),
        "these begin with one of {NO_OPENINGS:?}: {found:#?}"
    );
}

#[test]
fn a_name_is_found_however_its_type_is_declared() {
    let source = "pub(crate) struct Door(u8);\nenum Kind<T> {\n    Door { at: T },\n}\n\
        impl Deref for Door {\n    type Target = u8;\n}\ntype Key = u8;\n    pub(in crate::a) struct Inner;\n\
        words! {\n    /// A word.\n    Spoken {\n        Yes = \"yes\",\n    }\n}\n\
        #[cfg(test)]\nmod tests {\n    struct Fake;\n}\n";
    assert_eq!(declared(source), ["Door", "Kind", "Key", "Inner", "Spoken"]);
}

#[test]
fn a_second_bearer_of_a_name_is_reported_with_both_files() {
    let file = |path: &str, source: &str| (path.to_owned(), source.to_owned());
    let code = [
        file("a.rs", "struct Door;\nstruct Wall;"),
        file("b.rs", "pub enum Door {}"),
    ];
    let found = homonyms(&code);
    let files = vec!["a.rs".to_owned(), "b.rs".to_owned()];
    assert_eq!(found, BTreeMap::from([("Door".to_owned(), files)]));
}

#[test]
fn only_the_opening_of_a_doc_comment_is_looked_at() {
    let source = "//! Names things.\n\n/// Returns one.\n/// Holds on until the end.\nfn one() {}\n\
        // Says nothing.\n    /// Tells two.\n    two: u8,\n";
    assert_eq!(odd_openings(source), [1, 7]);
}
