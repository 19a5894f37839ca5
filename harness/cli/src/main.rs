//! proofup
fn main() {}
