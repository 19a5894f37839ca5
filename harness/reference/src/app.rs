//! The service as a whole, ready to be served or to be called in process.

use crate::demo;
use crate::http;
pub use crate::http::Reference;
use crate::service::App;
pub use crate::service::{AppConfig, Randomness};

/// Makes the service: every path of the contract, ready to be served or to be called in process.
pub fn app(config: AppConfig) -> Reference {
    let app = App::new(config);
    if app.test_control_token.is_none() {
        demo::create(&app);
    }
    http::service(app)
}
