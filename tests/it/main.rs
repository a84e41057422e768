//! Integration tests, one binary.
#![expect(unreachable_pub, reason = "one binary: `pub` says what a fixture offers to the tests")]

mod fixtures;
mod layers;
mod support;
