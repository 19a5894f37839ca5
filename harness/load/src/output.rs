//! What a run writes while it goes on: the HdrHistogram log, and the CSV over time.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use jiff::Timestamp;

use super::flow::FlowName;
use super::timeline::Point;

/// Writes an HdrHistogram interval log: one line for each flow and interval, tagged with the flow, values in nanoseconds.
///
/// Any tool for such logs reads it, and logs of several shards can be put together.
pub struct HistogramLog<W: Write> {
    to: W,
    begun: bool,
}

impl<W: Write> std::fmt::Debug for HistogramLog<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HistogramLog")
    }
}

impl<W: Write> HistogramLog<W> {
    /// Makes a log that is written to `to`.
    pub const fn new(to: W) -> Self {
        Self { to, begun: false }
    }

    /// Writes an interval; `started` is when the run began.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(
        &mut self,
        started: Timestamp,
        point: &Point,
        fresh: &BTreeMap<FlowName, Histogram<u64>>,
    ) -> io::Result<()> {
        let mut serializer = V2DeflateSerializer::new();
        let mut text = Vec::new();
        let mut builder = IntervalLogWriterBuilder::new();
        builder
            .with_base_time(SystemTime::from(started))
            .with_start_time(SystemTime::from(started))
            .with_max_value_divisor(1e6);
        if !self.begun {
            builder.add_comment("proofup load; values in nanoseconds, one tag for each flow");
        }
        {
            let mut log = builder.begin_log_with(&mut text, &mut serializer)?;
            let (at, length) = (seconds(point.at), seconds(point.length));
            for (flow, histogram) in fresh.iter().filter(|(_, fresh)| !fresh.is_empty()) {
                log.write_histogram(histogram, at, length, Tag::new(flow.as_str()))
                    .map_err(|error| io::Error::other(format!("{error:?}")))?;
            }
        }
        // The writer begins each time anew: its header is for the first only.
        let text = String::from_utf8_lossy(&text);
        for line in text.lines() {
            let header = line.starts_with('#') || line.starts_with('"');
            if !header || !self.begun {
                writeln!(self.to, "{line}")?;
            }
        }
        self.begun = true;
        self.to.flush()
    }
}

fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

/// Writes the CSV over time.
#[derive(Debug)]
pub struct CsvLog<W: Write> {
    to: W,
    begun: bool,
}

impl<W: Write> CsvLog<W> {
    /// Makes a log that is written to `to`.
    pub const fn new(to: W) -> Self {
        Self { to, begun: false }
    }

    /// Writes an interval.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, point: &Point) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            writeln!(
                self.to,
                "at,length,started,correct,wrong,failed,dropped,underWay,p50Ms,p99Ms,maxMs,generatorBytes,targetBytes"
            )?;
        }
        let number = |number: Option<f64>| number.map_or_else(String::new, |n| format!("{n:.3}"));
        let count = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
        writeln!(
            self.to,
            "{:.3},{:.3},{},{},{},{},{},{},{},{},{},{},{}",
            point.at,
            point.length,
            point.started,
            point.correct,
            point.wrong,
            point.failed,
            point.dropped,
            point.under_way,
            number(point.p50_ms),
            number(point.p99_ms),
            number(point.max_ms),
            count(point.generator_bytes),
            count(point.target_bytes)
        )?;
        self.to.flush()
    }
}
