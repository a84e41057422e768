//! Exchange Online, as rules (floor 1).
