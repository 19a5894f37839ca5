//! How results look on a terminal.

pub(crate) mod doctor;
pub(crate) mod failures;
pub(crate) mod header;
pub(crate) mod load;
pub(crate) mod matrix;
pub(crate) mod measure;
pub(crate) mod race;
pub(crate) mod rules;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod table;
