//! Every exit code and what it means: one table for the program, its documents and its tests.
