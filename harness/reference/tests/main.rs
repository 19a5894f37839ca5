//! The reference implementation, as its clients and its providers see it.

mod api;
mod delivery;
