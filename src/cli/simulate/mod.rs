//! `relayprobe simulate`: the simulator as servers, and the script that exports an
//! organisation for it.

mod command;
mod faults;

pub(super) use command::{Args, main};
