//! Targets, scenarios, judging, transcripts and reports.
