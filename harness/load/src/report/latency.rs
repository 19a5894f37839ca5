//! A histogram as reports tell it: the quantiles that people read, and the whole of it for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::histogram;

/// How long something took.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How often it was measured.
    pub count: u64,
    /// The median in milliseconds; none: never measured, as all below.
    pub p50_ms: Option<f64>,
    /// The 90th percentile.
    pub p90_ms: Option<f64>,
    /// The 99th percentile.
    pub p99_ms: Option<f64>,
    /// The 99.9th percentile.
    pub p999_ms: Option<f64>,
    /// The highest value.
    pub max_ms: Option<f64>,
    /// The mean.
    pub mean_ms: Option<f64>,
    /// All of it in nanoseconds: an HdrHistogram, V2 compressed, base64.
    pub histogram: String,
}

/// Why a histogram in a report cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a histogram of the report cannot be read: {0}")]
pub struct HistogramError(String);

impl Latency {
    /// Returns a histogram.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let measured = !histogram.is_empty();
        let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let at = |q: f64| measured.then(|| milliseconds(histogram.value_at_quantile(q)));
        let mut bytes = Vec::new();
        // Writing to memory fails only where memory does.
        let written = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
        Self {
            count: histogram.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: measured.then(|| milliseconds(histogram.max())),
            mean_ms: measured.then(|| histogram.mean() / 1e6),
            histogram: if written.is_ok() {
                STANDARD.encode(bytes)
            } else {
                String::new()
            },
        }
    }

    /// Reads the histogram back.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(&self) -> Result<Histogram<u64>, HistogramError> {
        let bytes = STANDARD
            .decode(&self.histogram)
            .map_err(|error| HistogramError(error.to_string()))?;
        let read: Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| HistogramError(format!("{error:?}")))?;
        // Into one with our own bounds, so that all can be added up.
        let mut whole = histogram();
        whole
            .add(&read)
            .map_err(|error| HistogramError(format!("{error:?}")))?;
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_comes_back_as_it_was_told() {
        let mut one = histogram();
        for value in [700, 1_000_000, 1_000_000, 2_000_000_000] {
            one.saturating_record(value);
        }
        let told = Latency::of(&one);
        assert_eq!(told.count, 4);
        assert_eq!(told.read().expect("it is one"), one);
        let broken = Latency {
            histogram: "AAAA".to_owned(),
            ..told
        };
        assert!(broken.read().is_err());
    }

    #[test]
    fn nothing_measured_has_no_quantiles() {
        let told = Latency::of(&histogram());
        assert_eq!((told.count, told.p50_ms, told.max_ms), (0, None, None));
    }
}
