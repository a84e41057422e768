//! What one session will do (floor 2): the narrow waist between the files that
//! people write and the driver that plays them.
//!
//! A plan holds no expectation, so the driver cannot help a test pass; what the
//! driver must do differently for an assertion, such as holding QUIT back to see
//! who closes, is a field here. Everything in it is checked: playing a plan can
//! meet a refusal or an event, never bad input.

mod extensions;
mod session;
mod steps;

pub use extensions::Extensions;
pub use session::{
    Auth, Endpoint, Handshake, Hello, HelloVerb, MailHosts, Mx, Plan, Proxy, ProxyVersion, Reach, Recipient,
    Route, Timeouts, TlsMode, TlsPlan, Transaction,
};
pub use steps::{Chunks, Close, GoesOn, Say, Step, Steps, StepsAfter};
