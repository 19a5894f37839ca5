//! Simulated people and their devices. They read inboxes and say which request to make; they never send.

pub mod authenticator;
pub mod handset;
pub mod mailbox;
