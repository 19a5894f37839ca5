//! Shows an exchange that was had without being masked: for callers of [`CompiledTarget::ask`], once in a while.

use bytes::Bytes;
use http::{Request, Response};
use proofup_domain::secret::Secret;

use super::CompiledTarget;
use super::call::secret_of;
use super::exchange::Exchange;
use super::mask::{Masker, texts};
use super::operation::Operation;
use super::response::RawResponse;
use super::transport::TransportError;

impl CompiledTarget {
    /// Masks a request and what came back, as [`CompiledTarget::call`] would have.
    ///
    /// `secrets` is everything secret that the caller knows of; what the answer keeps for later steps is masked too.
    #[must_use]
    pub fn show(
        &self,
        operation: Option<Operation>,
        request: &Request<Bytes>,
        outcome: Result<&Response<Bytes>, &TransportError>,
        secrets: &[Secret],
    ) -> Exchange {
        let mut masker = Masker::default();
        masker.learn(texts(&self.environment_secrets));
        masker.learn(texts(secrets));
        let raw = outcome.map(|response| RawResponse::of(response.clone()));
        let binding = operation.and_then(|operation| self.operations.get(&operation));
        if let (Ok(raw), Some(binding)) = (&raw, binding) {
            let body = raw.json();
            for variant in &binding.ways {
                let kept = variant.meaning.kept(raw, body.as_ref());
                masker.learn(kept.iter().filter_map(|(_, value)| secret_of(value)));
            }
        }
        let name = operation.map_or("callback", Operation::as_str);
        let exchange = Exchange::of_request(name, request, false, &masker);
        match &raw {
            Ok(raw) => exchange.answered(raw, &masker),
            Err(error) => exchange.failed(error),
        }
    }
}
