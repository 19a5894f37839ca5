//! The runner: a whole run of the suite, the doctor, planted faults, and two runs side by side.
//!
//! `run` lets scenarios happen, `full` adds what nobody scripted as cases of the same run, `doctor` tells mistakes of a target
//! file from nonconformance, `faults` asks whether planted faults are noticed, and `compare` lays two runs side by side.
//!
//! **Invariant:** nothing here knows the reference implementation; a target is a file and a transport.

pub mod compare;
mod declared_limits;
pub mod doctor;
mod every_answer;
pub mod faults;
pub mod full;
pub mod run;
