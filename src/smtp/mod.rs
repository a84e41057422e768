//! The wire's vocabulary, without IO or clock (floor 0).

mod address;
mod command;
mod data;
mod ehlo;
mod enhanced;
mod event;
mod extension;
mod pattern;
#[cfg(any(test, feature = "fuzz"))]
pub mod properties;
mod receive;
mod reply;
mod sasl;
mod stage;
mod steady;
mod unescape;
mod visible;

pub use address::{AddressError, ForwardPath, Mailbox, ReversePath};
pub use command::{Command, CommandError, Param};
pub use data::stuff;
pub use ehlo::{EhloKeyword, EhloResponse};
pub use enhanced::EnhancedStatus;
pub use event::{Event, EventKind, UnknownEvent};
pub use extension::{has_param, needed_by, original_recipient, xtext};
pub use pattern::{CodePattern, EnhancedPattern, ReplyPattern};
pub use receive::DataReceiver;
pub use reply::{Reply, ReplyCode, ReplyDecoder, ReplyError, ReplyLimits, lossless};
pub use sasl::{
    Credential, MOST_ITERATIONS, Mechanism, SaslAnswer, SaslClient, SaslError, SaslLogin, SaslServer,
    SaslStep, fresh_nonce,
};
pub use stage::{Stage, UnknownStage};
pub use steady::{NOISE, Noise, named, steady};
pub use unescape::unescape;
pub use visible::{is_hidden, visible};
