//! Files that people write, and files that the harness writes for them: scenarios, target files, load plans, exemptions.
//!
//! A text becomes a [`TomlDocument`], a tree of [`Node`]s in which every key and value knows its place. One walk checks it
//! against the JSON Schema of its format; the rules that a schema cannot say are checked by whoever owns the format, on
//! the same tree. Whatever is wrong is a [`Problem`], and a file is told all its problems at once, as [`FileErrors`]:
//! each with its line, what is allowed, the nearest known word and what to do.
//!
//! A file can have rows ([`read_rows`]): one story of many small cases, each of which is then read like a file of its own.
//!
//! Durations, rates and shares are read by one grammar ([`quantity`]) in files and flags alike. [`Writer`] writes TOML.
//!
//! **Invariant:** this crate knows formats, not what they are about: no word of the domain stands in it.

mod document;
mod nearest;
mod node;
mod problem;
pub mod quantity;
mod rows;
mod schema;
mod write;

pub use document::{Checked, TomlDocument, read_text};
pub use nearest::{list, nearest, suggest};
pub use node::{Kind, Node, TableEntry, join};
pub use problem::{FileErrors, Problem, line_of};
pub use rows::{FileRow, ROWS, is_kebab, merge_problems, read_rows, rows_schema};
pub use write::{Writer, spell};
