//! `make bench`: speed and memory as ratios against the peers.
//!
//! Absolute figures belong to the machine they were taken on; ratios of two
//! programs that took turns in one run hold better. Everything is played on
//! loopback against smtp-sink, or against the small TLS server of this program,
//! which is started as processes of its own (`peers serve …`).

mod estate;
mod measure;
mod simulator;
mod tls;
mod works;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", folder] => tls::serve(folder.as_ref()),
        ["idle", folder] => simulator::hold(folder.as_ref()),
        ["handshakes", folder] => tls::handshakes(folder.as_ref()),
        _ => return works::all(),
    }
    ExitCode::SUCCESS
}
