//! Target files: what they refuse, what they send, what they make of answers, what they never show.

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
