//! Outcomes to bytes (floor 5).
