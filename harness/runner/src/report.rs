//! What a run tells others: JSON and JUnit.
