//! Circles of modules: a folder's modules stand above each other, and none is reached again from what it uses.
//!
//! Compared are the modules of one folder, each with all that lies below it; a module and the folder that it lies in may use
//! each other. What a folder hands on (`pub use`) counts for the module that it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// The names on the way from the root of a crate to one of its modules; empty: the root.
type Module = Vec<String>;

/// What each module of a folder uses of its neighbours.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The code of one crate, by module.
pub(crate) struct Crate {
    code: BTreeMap<Module, String>,
    /// Where a name comes from that a module takes in or hands on.
    taken: BTreeMap<(Module, String), Module>,
    /// The names by which the crate calls itself.
    own: BTreeSet<String>,
}

impl Crate {
    /// Reads a crate: paths below its `src`, each with its text.
    pub(crate) fn read<'a>(files: impl IntoIterator<Item = (&'a Path, &'a str)>) -> Self {
        let code: BTreeMap<Module, String> = files
            .into_iter()
            .map(|(path, text)| (module_of(path), code_of(text)))
            .filter(|(module, _)| module.last().is_none_or(|name| name != "tests"))
            .collect();
        let root = code.get(&Module::new()).map_or("", String::as_str);
        let own = root
            .split("extern crate self as ")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(';')?.0.to_owned()))
            .collect();
        let mut read = Self {
            code,
            taken: BTreeMap::new(),
            own,
        };
        let taken: Vec<_> = read
            .code
            .iter()
            .flat_map(|(module, code)| used(code).into_iter().map(move |path| (module, path)))
            .filter_map(|(module, path)| {
                let path = read.absolute(module, &path)?;
                let name = path.last()?.clone();
                let from = match read.code.contains_key(&path) {
                    true => path,
                    false => path[..path.len() - 1].to_vec(),
                };
                let known = read.code.contains_key(&from) && from != *module;
                known.then(|| ((module.clone(), name), from))
            })
            .collect();
        read.taken.extend(taken);
        read
    }

    /// Lists the circles, each as the names of the modules in it, below the name of their folder.
    pub(crate) fn circles(&self) -> Vec<String> {
        let mut folders: BTreeMap<Module, Uses> = BTreeMap::new();
        for (module, code) in &self.code {
            let targets = used(code)
                .into_iter()
                .filter_map(|path| self.place_of(self.absolute(module, &path)?));
            for target in targets {
                let alike = module
                    .iter()
                    .zip(&target)
                    .take_while(|(one, other)| one == other);
                let depth = alike.count();
                if depth < module.len() && depth < target.len() {
                    let folder = folders.entry(module[..depth].to_vec()).or_default();
                    let uses = folder.entry(module[depth].clone()).or_default();
                    uses.insert(target[depth].clone());
                }
            }
        }
        let told = |(folder, uses): (&Module, &Uses)| -> Vec<String> {
            let place = folder.join("::");
            let circles = circles_in(uses).into_iter();
            circles
                .map(|circle| format!("{place}: {}", circle.join(" -> ")))
                .collect()
        };
        folders.iter().flat_map(told).collect()
    }

    /// Returns a path from the root of the crate, or none if it leads elsewhere.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        match path.first()?.as_str() {
            "crate" => {
                let rest = &path[1..];
                let is_own = rest.first().is_some_and(|name| self.own.contains(name));
                Some(rest[usize::from(is_own)..].to_vec())
            }
            "self" => Some([module, &path[1..]].concat()),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                let base = module.get(..module.len().checked_sub(ups)?)?;
                Some([base, &path[ups..]].concat())
            }
            child => {
                let below = [module.as_slice(), &[child.to_owned()]].concat();
                let is_child = self.code.contains_key(&below);
                is_child.then(|| [module.as_slice(), path].concat())
            }
        }
    }

    /// Finds the module that a path leads to, past those that only hand its name on.
    fn place_of(&self, path: Module) -> Option<Module> {
        let mut path = path;
        let mut passed = BTreeSet::new();
        loop {
            let known = (0..=path.len())
                .rev()
                .find(|end| self.code.contains_key(&path[..*end]))?;
            let place = path[..known].to_vec();
            let handed = path.get(known).and_then(|name| {
                let key = (place.clone(), name.clone());
                Some((self.taken.get(&key)?, name))
            });
            let Some((from, name)) = handed else {
                return Some(place);
            };
            if !passed.insert(path.clone()) {
                return Some(place);
            }
            let is_the_module = from.last() == Some(name);
            path = [from.as_slice(), &path[known + usize::from(is_the_module)..]].concat();
        }
    }
}

/// Returns the module of a file below `src`.
fn module_of(path: &Path) -> Module {
    let parts = path.with_extension("");
    let parts = parts.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    let module: Module = parts.collect();
    let is_root = matches!(module.as_slice(), [name] if name == "lib" || name == "main");
    if is_root { Module::new() } else { module }
}

/// Takes comments, texts and the tests at the end of a file away.
fn code_of(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let mut code = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        let skipped = if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with('/') || before.ends_with('\'') {
            code.push_str(&from[..1]);
            1
        } else if before.ends_with("r#") {
            from[1..].find("\"#").map_or(from.len(), |end| end + 3)
        } else {
            closing(from)
        };
        rest = &from[skipped..];
    }
    code + rest
}

/// Counts the bytes of a text in quotes.
fn closing(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Lists every path that code names, `use` and its braces spelt out.
fn used(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some(at) = next_use(rest) {
        paths.extend(inline(&rest[..at]));
        let from = &rest[at + "use ".len()..];
        let end = from.find(';').unwrap_or(from.len());
        paths.extend(spelt_out("", &from[..end]));
        rest = &from[end..];
    }
    paths.extend(inline(rest));
    paths
}

/// Finds the next `use` that begins an item.
fn next_use(code: &str) -> Option<usize> {
    code.match_indices("use ").map(|(at, _)| at).find(|at| {
        let line = code[..*at].rsplit('\n').next().unwrap_or_default().trim();
        line.is_empty() || line.starts_with("pub")
    })
}

/// Spells a `use` out into its paths.
fn spelt_out(before: &str, tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((head, inner)) = tree.split_once('{') else {
        let path = format!("{before}{}", tree.split(" as ").next().unwrap_or_default());
        let names = path
            .split("::")
            .map(str::trim)
            .filter(|name| !name.is_empty());
        return vec![names.map(str::to_owned).collect()];
    };
    let before = format!("{before}{}", head.trim());
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| spelt_out(&before, part)).collect()
}

/// Lists the paths that stand in code itself.
fn inline(code: &str) -> Vec<Vec<String>> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| word.contains("::") && !word.starts_with(':'))
        .map(|word| {
            let names = word.split("::").filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        })
        .collect()
}

/// Lists the circles among neighbours: the groups in which each reaches each.
fn circles_in(uses: &Uses) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        let mut waiting: Vec<&String> = uses.get(from).into_iter().flatten().collect();
        while let Some(next) = waiting.pop() {
            if seen.insert(next) {
                waiting.extend(uses.get(next).into_iter().flatten());
            }
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        uses.keys().map(|from| (from, reached(from))).collect();
    let groups: BTreeSet<Vec<String>> = reach
        .iter()
        .filter(|(from, seen)| seen.contains(*from))
        .map(|(from, seen)| {
            let back = |other: &&&String| reach.get(**other).is_some_and(|all| all.contains(from));
            seen.iter()
                .filter(back)
                .map(|name| (*name).clone())
                .collect()
        })
        .collect();
    groups.into_iter().collect()
}

#[test]
fn a_circle_is_seen_through_braces_folders_and_names_that_are_handed_on() {
    let circles = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(path, text)| (Path::new(*path), *text));
        Crate::read(files).circles()
    };
    let none: [&[(&str, &str)]; 5] = [
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use crate::b::X;"),
            ("b.rs", ""),
        ],
        &[("lib.rs", "mod a;\nuse a::X;"), ("a.rs", "use super::Y;")],
        &[
            ("lib.rs", ""),
            ("a.rs", "use super::b::X;"),
            ("b.rs", "// use crate::a::Y;"),
        ],
        &[
            ("lib.rs", ""),
            ("a.rs", "use super::b::X;"),
            ("b.rs", "const A: &str = \"crate::a::Y\";"),
        ],
        &[
            ("lib.rs", ""),
            ("a.rs", "use super::b::X;"),
            (
                "b.rs",
                "#[cfg(test)]\nmod tests {\n    use crate::a::Y;\n}\n",
            ),
        ],
    ];
    for files in none {
        assert_eq!(circles(files), Vec::<String>::new(), "{files:?}");
    }
    let some: [&[(&str, &str)]; 5] = [
        &[
            ("lib.rs", ""),
            ("a.rs", "use crate::{\n    c,\n    b::{X, Y},\n};"),
            ("b.rs", "fn f(a: super::a::Z) {}"),
        ],
        &[
            ("lib.rs", "mod a;\npub use b::X;"),
            ("a.rs", "use crate::X;"),
            ("b.rs", "use crate::a;"),
        ],
        &[
            ("lib.rs", ""),
            ("a/deep.rs", "use super::super::b::X;"),
            ("a.rs", ""),
            ("b.rs", "use crate::a::deep::Y;"),
        ],
        &[
            ("lib.rs", "extern crate self as me;"),
            ("a.rs", "use crate::me::b::X;"),
            ("b.rs", "use super::a::Y;"),
        ],
        &[
            ("lib.rs", ""),
            ("a.rs", "use super::c::X;"),
            ("b.rs", "use super::a::Y;"),
            ("c.rs", "use super::b::Z;"),
        ],
    ];
    for files in some {
        assert_eq!(circles(files).len(), 1, "{files:?}");
    }
}
