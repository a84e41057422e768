//! The SMTP server that answers as Exchange Online would (floor 3).
