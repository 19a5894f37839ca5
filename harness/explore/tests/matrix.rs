//! The matrix: what it counts, what it writes, what it finds.

mod counterexample;
mod export;
mod live;
mod reference;
mod sweep;
