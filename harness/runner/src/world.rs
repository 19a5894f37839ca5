//! The world of one case: its people, its gateways, what was bound, and the steps as they happen.
