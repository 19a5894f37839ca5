//! Load runs: against the reference over loopback, against faulty ones, and against servers that stall or die.

mod faulty;
mod plans;
mod runs;
mod support;
mod trouble;
