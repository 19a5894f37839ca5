//! Drives a whole run: cases side by side, events for whoever watches.
