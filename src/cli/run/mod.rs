//! `relayprobe run`: one file for its flags, one for where its targets are, one
//! for what it does. `forecast` plays with the same pieces.

mod args;
mod arrivals;
mod balance;
mod comparing;
mod descriptors;
mod drive;
mod memory;
mod play;
mod progress;
mod select;
mod servers;
mod signals;
mod standing;
mod table;
mod unattended;
mod versus;

pub(super) use args::Args;
pub(super) use arrivals::Arrivals;
pub(super) use descriptors::room_for;
pub(super) use drive::{Beside, check, drive, plan};
pub(super) use play::{main, once};
pub(super) use progress::Progress;
pub(super) use servers::{limits, listen};
pub(super) use signals::Signals;
