//! Transcripts: the run as told, in aliases.
