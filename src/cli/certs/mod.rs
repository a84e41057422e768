//! `relayprobe certs`: the lab's certificates, as `certs/lab.yaml` wants them.

mod command;
mod folder;
mod spec;

pub(super) use command::{Args, main};
