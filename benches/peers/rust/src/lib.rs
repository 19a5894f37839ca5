//! What the peers share: the setting that the script hands them, the gateway inside their process, and what they use of the
//! processor.

pub mod gateway;
pub mod processor;
pub mod setting;
pub mod wire;
