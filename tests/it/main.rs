//! Integration tests, one binary.
#![expect(unreachable_pub, reason = "one binary: `pub` says what a fixture offers to the tests")]

mod addon_loop;
mod audit;
mod bad_input;
mod canary;
mod cases;
mod clouds;
mod compare;
mod delivered;
mod deliveries;
mod deploy;
mod docs;
mod expiry;
mod explain;
mod exports;
mod faults;
mod fixtures;
mod forecast;
mod formats;
mod front_end;
mod golden;
mod help;
mod hostile;
mod hostile_files;
mod html;
mod init;
mod layers;
mod postfix;
mod probe;
mod run;
mod scenarios;
mod schema;
mod simulator;
mod support;
mod terminal;
mod unattended;
