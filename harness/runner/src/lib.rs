//! The runner: targets, scenarios, judging, transcripts and reports.
//!
//! `scenario` reads what people write, `target` turns commands into HTTP, `world` plays the people, `judge` compares,
//! `run` drives it all and `report` tells others.
//!
//! **Invariant:** nothing here knows the reference implementation; a target is a file and a transport.

pub mod catalogue;
pub mod compare;
pub mod doctor;
pub mod explore;
pub mod faults;
pub mod foresee;
pub mod full;
pub mod judge;
pub mod load;
pub mod matrix;
pub mod measure;
pub mod race;
pub mod report;
pub mod run;
pub mod scenario;
pub mod surroundings;
pub mod target;
pub mod transcript;
pub mod world;
