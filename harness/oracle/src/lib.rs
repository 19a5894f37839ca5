//! What should happen: pure decisions over domain values, written from domain.md alone.
