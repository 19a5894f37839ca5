//! Walks a file's tree against the schema: unknown, missing and mistyped keys, and words that nobody knows.

use serde_json::{Map, Value};

use super::grammar::resolve;
use super::problem::{Problem, list, suggest};
use super::tree::{Entry, Kind, Node};

/// Collects what does not fit the schema.
pub fn walk(file: &Node, schema: &'static Value, problems: &mut Vec<Problem>) {
    let mut walker = Walker {
        problems,
        place: Vec::new(),
    };
    walker.node(file, schema);
}

struct Walker<'p> {
    problems: &'p mut Vec<Problem>,
    /// The keys that lead here; a step and a user begin anew.
    place: Vec<String>,
}

impl Walker<'_> {
    fn node(&mut self, node: &Node, schema: &'static Value) {
        let schema = resolve(schema);
        let branches = branches(schema);
        match (&node.kind, branches.as_slice()) {
            (_, [only]) => self.single(node, only),
            (Kind::Table(_), several) => self.table_choice(node, several),
            (_, several) => self.scalar_choice(node, several),
        }
    }

    /// Checks a value against a schema that is no choice.
    fn single(&mut self, node: &Node, schema: &'static Value) {
        let Some(wanted) = schema.get("type").and_then(Value::as_str) else {
            return;
        };
        match (&node.kind, wanted) {
            (Kind::Table(entries), "object") => self.table(node, entries, schema),
            (Kind::List(items), "array") => self.list(node, items, schema),
            (Kind::String(text), "string") => self.word(node, text, &[schema]),
            (Kind::Integer(number), "integer") => self.integer(node, *number, schema),
            (Kind::Boolean(truth), "boolean") => {
                if let Some(only) = schema.get("const").filter(|only| **only != *truth) {
                    self.report(node, format!("only `{only}` can be written here"), None);
                }
            }
            _ => self.mistyped(node, &[schema]),
        }
    }

    fn scalar_choice(&mut self, node: &Node, branches: &[&'static Value]) {
        let wanted = match node.kind {
            Kind::String(_) => "string",
            Kind::Integer(_) => "integer",
            Kind::Boolean(_) => "boolean",
            Kind::List(_) => "array",
            Kind::Float(_) | Kind::Table(_) => "",
        };
        let fitting: Vec<&'static Value> = branches
            .iter()
            .copied()
            .filter(|branch| branch["type"] == wanted)
            .collect();
        match (&node.kind, fitting.as_slice()) {
            (_, []) => self.mistyped(node, branches),
            (Kind::String(text), words) => self.word(node, text, words),
            (_, [first, ..]) => self.single(node, first),
        }
    }

    /// Picks the branch that a table was meant to be: by its `do`, else by the keys it has.
    fn table_choice(&mut self, node: &Node, branches: &[&'static Value]) {
        let tables: Vec<&'static Value> = branches
            .iter()
            .copied()
            .filter(|branch| branch["type"] == "object")
            .collect();
        if tables.is_empty() {
            self.mistyped(node, branches);
            return;
        }
        let is_command = |branch: &&'static Value| {
            let word = branch["properties"].get("do");
            word.is_some_and(|word| word.get("const").is_some())
        };
        let (commands, others): (Vec<_>, Vec<_>) = tables.iter().copied().partition(is_command);
        if !commands.is_empty() {
            match others.first().filter(|_| node.get("together").is_some()) {
                Some(together) => self.together(node, together),
                None => self.step(node, &commands),
            }
            return;
        }
        let fit = |branch: &Value| {
            let known = &branch["properties"];
            let entries = node.entries().iter();
            entries
                .filter(|entry| known.get(&entry.key).is_some())
                .count()
        };
        let best = tables
            .iter()
            .copied()
            .rev()
            .max_by_key(|branch| fit(branch));
        match best {
            Some(best) if fit(best) > 0 || node.entries().is_empty() => self.single(node, best),
            _ => {
                let known: Vec<&str> = tables.iter().copied().flat_map(properties).collect();
                for entry in node.entries() {
                    self.unknown_key(entry, &known);
                }
            }
        }
    }

    fn step(&mut self, node: &Node, branches: &[&'static Value]) {
        let word = |branch: &&'static Value| branch["properties"]["do"]["const"].as_str();
        let words: Vec<&str> = branches.iter().filter_map(word).collect();
        let Some(named) = node.get("do") else {
            let problem = Problem::new(
                "a step without `do`",
                "this step needs it",
                node.span.clone(),
            );
            self.problems
                .push(problem.help(format!("allowed: {}", list(&words))));
            return;
        };
        let Some(text) = named.text() else {
            self.mistyped(
                named,
                &branches
                    .iter()
                    .map(|branch| &branch["properties"]["do"])
                    .collect::<Vec<_>>(),
            );
            return;
        };
        match branches.iter().find(|branch| word(branch) == Some(text)) {
            Some(branch) => self.table(node, node.entries(), branch),
            None => self.problems.push(
                Problem::new(
                    format!("unknown command `{text}`"),
                    "no command is called so",
                    named.span.clone(),
                )
                .help(suggest(text, words)),
            ),
        }
    }

    /// Checks a step whose commands are sent at the same moment.
    fn together(&mut self, node: &Node, schema: &'static Value) {
        let outer = std::mem::replace(&mut self.place, vec!["a `together` step".to_owned()]);
        self.table(node, node.entries(), schema);
        self.place = outer;
    }

    fn table(&mut self, node: &Node, entries: &[Entry], schema: &'static Value) {
        let empty = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&empty);
        let outer = self.place.clone();
        if let Some(word) = known.get("do").and_then(|word| word["const"].as_str()) {
            self.place = vec![format!("a `{word}` step")];
        }
        let names: Vec<&str> = properties(schema).collect();
        for entry in entries {
            match schema["properties"].get(&entry.key) {
                Some(property) => {
                    self.place.push(entry.key.clone());
                    self.node(&entry.node, property);
                    self.place.pop();
                }
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    self.unknown_key(entry, &names);
                }
                None => {}
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for key in required.filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == key) {
                self.missing(node, key, &schema["properties"][key]);
            }
        }
        self.place = outer;
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &'static Value) {
        if items.is_empty() && schema.get("minItems").is_some() {
            self.report(node, format!("{} is empty", self.key()), None);
        }
        for (index, item) in items.iter().enumerate() {
            let again = items[..index]
                .iter()
                .find(|earlier| earlier.json() == item.json());
            if let (Some(Value::Bool(true)), Some(earlier)) = (schema.get("uniqueItems"), again) {
                let message = format!("{} is listed twice", shown(item));
                let problem = Problem::new(message, "again", item.span.clone());
                self.problems
                    .push(problem.beside(earlier.span.clone(), "first"));
            }
            if let Some(schema) = schema.get("items") {
                self.node(item, schema);
            }
        }
    }

    /// Checks a string against what strings may be here: any text, or one of some words.
    fn word(&mut self, node: &Node, text: &str, schemas: &[&'static Value]) {
        let words: Vec<&str> = schemas
            .iter()
            .filter_map(|schema| schema.get("const").and_then(Value::as_str))
            .collect();
        if words.len() < schemas.len() || words.contains(&text) {
            return;
        }
        let message = format!("unknown word `{text}` for {}", self.key());
        self.report(node, message, Some(suggest(text, words)));
    }

    fn integer(&mut self, node: &Node, number: i64, schema: &'static Value) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
        let (lowest, highest) = match schema.get("format").and_then(Value::as_str) {
            Some("uint32") => (0, i64::from(u32::MAX)),
            Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let lowest = bound("minimum").unwrap_or(lowest);
        let highest = bound("maximum").unwrap_or(highest);
        if number < lowest || number > highest {
            let message = format!("{number} is out of range for {}", self.key());
            let help = format!("write a whole number from {lowest} to {highest}");
            self.report(node, message, Some(help));
        }
    }

    fn unknown_key(&mut self, entry: &Entry, known: &[&str]) {
        let message = match self.place.as_slice() {
            [] => format!("unknown key `{}`", entry.key),
            place => format!("unknown key `{}` in {}", entry.key, told(place)),
        };
        let problem = Problem::new(message, "not known here", entry.key_span.clone());
        self.problems
            .push(problem.help(suggest(&entry.key, known.iter().copied())));
    }

    fn missing(&mut self, node: &Node, key: &str, property: &'static Value) {
        let message = match self.place.as_slice() {
            [] => format!("`{key}` is missing"),
            place => format!("`{key}` is missing in {}", told(place)),
        };
        let mut help = format!("add `{key} = …`");
        if let Some(about) = property.get("description").and_then(Value::as_str) {
            help = format!("{help}: {}", about.replace('\n', " "));
        }
        let words: Vec<&str> = words(property).collect();
        if !words.is_empty() {
            help = format!("{help}; allowed: {}", list(&words));
        }
        self.problems
            .push(Problem::new(message, "it belongs here", node.span.clone()).help(help));
    }

    fn mistyped(&mut self, node: &Node, schemas: &[&'static Value]) {
        let mut wanted: Vec<String> = Vec::new();
        for schema in schemas {
            let text = describe(schema);
            if !wanted.contains(&text) {
                wanted.push(text);
            }
        }
        let message = format!("{} cannot be {}", self.key(), node.what());
        let mut help = format!("write {}", wanted.join(" or "));
        let words: Vec<&str> = schemas.iter().copied().flat_map(words).collect();
        if !words.is_empty() {
            help = format!("{help}; allowed: {}", list(&words));
        }
        self.report(node, message, Some(help));
    }

    fn report(&mut self, node: &Node, message: String, help: Option<String>) {
        let mut problem = Problem::new(message, "here", node.span.clone());
        problem.help = help;
        self.problems.push(problem);
    }

    /// Names the key whose value is looked at.
    fn key(&self) -> String {
        match self.place.as_slice() {
            [] => "the file".to_owned(),
            place => told(place),
        }
    }
}

/// Tells a place in words: `policy.twoStep`, or `expect.deferral` of a step.
fn told(place: &[String]) -> String {
    match place {
        [step] if step.starts_with("a ") => step.clone(),
        [step, keys @ ..] if step.starts_with("a ") => format!("`{}` of {step}", keys.join(".")),
        keys => format!("`{}`", keys.join(".")),
    }
}

/// Spreads a choice into its branches, nested choices too; anything else is its own only branch.
fn branches(schema: &'static Value) -> Vec<&'static Value> {
    let schema = resolve(schema);
    match schema.get("oneOf").or_else(|| schema.get("anyOf")) {
        Some(Value::Array(several)) => several.iter().flat_map(branches).collect(),
        _ => vec![schema],
    }
}

fn properties(schema: &'static Value) -> impl Iterator<Item = &'static str> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys().map(String::as_str))
}

/// Lists the words that may be written, in a list too.
fn words(schema: &'static Value) -> impl Iterator<Item = &'static str> {
    branches(schema)
        .into_iter()
        .flat_map(|branch| match branch.get("items") {
            Some(items) => branches(items),
            None => vec![branch],
        })
        .filter_map(|branch| branch.get("const").and_then(Value::as_str))
}

fn describe(schema: &'static Value) -> String {
    match schema["type"].as_str() {
        Some("string") if schema.get("const").is_some() => "one of the words".to_owned(),
        Some("string") => "a string".to_owned(),
        Some("integer") => "a whole number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => "a list".to_owned(),
        _ => match properties(schema).collect::<Vec<_>>().as_slice() {
            [only] => format!("`{{ {only} = … }}`"),
            _ => "a table".to_owned(),
        },
    }
}

fn shown(node: &Node) -> String {
    match node.text() {
        Some(text) => format!("`{text}`"),
        None => node.json().to_string(),
    }
}
