//! The providers over real sockets: every form, every behaviour, both hosts.

mod behaviours;
mod client;
mod forms;
mod mail;
mod people;
mod standalone;
