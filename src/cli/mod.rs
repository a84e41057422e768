//! The command line (floor 6): one file a command.

mod args;
mod audit;
mod cases;
mod certs;
mod check;
mod command;
mod compare;
mod explain;
mod forecast;
mod guard;
mod help;
mod init;
mod lab;
mod manners;
mod probe;
mod report;
mod run;
mod schema;
mod simulate;
mod tell;
mod watch;

pub use command::main;
