//! Scenario files: the grammar, the loader and its diagnostics, the suite.
