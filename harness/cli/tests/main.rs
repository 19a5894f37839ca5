//! The command line as a process, what it leaves behind, and the shape of the project.

mod cli;
#[path = "../../binding/tests/support/hostile_server.rs"]
mod hostile_server;
mod secrets;
mod tidy;
