//! Facts that hold for every policy, user and instant.
//!
//! Policies that should have been refused are drawn too: whatever a decision is asked, it must not break these. The seed
//! is fixed, so that a failure is found again by running the same test.

mod commands;
mod decisions;
mod draw;
mod machine;
mod window;

use proptest::test_runner::{Config, RngSeed};

/// Gives the settings of every property here.
fn config() -> Config {
    Config {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_190_213),
        ..Config::default()
    }
}
