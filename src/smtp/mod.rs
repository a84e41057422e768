//! The wire's vocabulary, without IO or clock (floor 0).

mod address;
mod data;
mod ehlo;
mod enhanced;
mod event;
mod reply;
mod sasl;
mod stage;
mod visible;

pub use address::{AddressError, ForwardPath, Mailbox, ReversePath};
pub use data::stuff;
pub use ehlo::{EhloKeyword, EhloResponse};
pub use enhanced::EnhancedStatus;
pub use event::{Event, EventKind, UnknownEvent};
pub use reply::{Reply, ReplyCode, ReplyDecoder, ReplyError, ReplyLimits, lossless};
pub use sasl::{SaslClient, SaslError};
pub use stage::{Stage, UnknownStage};
pub use visible::visible;
