//! Criterion benches live in `benches/`; this library is empty and keeps criterion out of every other build.
