//! Target files: what they refuse, what they send, what they make of answers, what they never show.

#[path = "support/end.rs"]
mod end;
#[expect(dead_code, reason = "runs need more of it than target files do")]
#[path = "support/hostile_server.rs"]
mod hostile_server;

mod answers;
mod browsing;
mod hostile;
mod loading;
mod masking;
mod recognising;
mod reference_page;
mod rendering;
mod support;
mod ways;
mod wire;
