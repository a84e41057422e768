//! Many cases (floor 5).
