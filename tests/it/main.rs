//! Integration tests, one binary.

mod layers;
