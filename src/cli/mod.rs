//! The command line (floor 6): one file a command.

mod args;
mod audit;
mod certs;
mod check;
mod command;
mod explain;
mod probe;
mod run;
mod simulate;

pub use command::main;
