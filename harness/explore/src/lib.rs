//! What nobody scripted: stories that are drawn ([`explore`]), commands at the same moment ([`race`]), every combination of a
//! policy ([`matrix`]), and what only statistics and malformed requests show ([`measure`]).
//!
//! **Invariant:** the oracle decides what is right; nothing here knows how the target was built.

pub mod explore;
pub mod matrix;
pub mod measure;
pub mod race;

use proofup_binding as target;
use proofup_judge as judge;
#[cfg(test)]
use proofup_scenario::catalogue;
use proofup_scenario::{self as scenario, transcript};
use proofup_world as world;
