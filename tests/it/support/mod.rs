//! What the tests play with: real servers, scripted peers, certificates and the
//! program itself.

#![allow(dead_code, reason = "fixtures come before the tests that use them")]

mod add_on;
mod aiosmtpd;
mod browser;
mod cut_over;
mod dir;
mod dovecot;
mod exim;
mod golden;
mod keeper;
mod lab;
mod mta;
mod name_server;
mod need;
mod ocsp;
mod peer;
mod pki;
mod play;
mod postfix;
mod program;
mod relay;
mod systemd;

pub use add_on::{AddOn, field, fields};
pub use aiosmtpd::Aiosmtpd;
pub use browser::Browser;
pub use cut_over::CutOver;
pub use dir::Dir;
pub use dovecot::Dovecot;
pub use exim::Exim;
pub use golden::{golden, steady};
pub use keeper::{Keeper, free_ports, is_root};
pub use lab::Lab;
pub use mta::Mta;
pub use name_server::{Asked, NameServer, Unbound, dns};
pub use need::{find, have, have_python, skip};
pub use ocsp::Ocsp;
pub use peer::{Conn, Peer};
pub use pki::{Issued, Issuer, Leaf, Pki};
pub use play::{Played, ending, play, play_with};
pub use postfix::Postfix;
pub use program::{Program, Ran, Running};
pub use relay::Relay;
pub use systemd::Systemd;
