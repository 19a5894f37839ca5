//! The matrix: what it counts, what it writes, what it finds.

mod export;
mod sweep;
