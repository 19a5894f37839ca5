//! The catalogue of requirements, read from its file.
