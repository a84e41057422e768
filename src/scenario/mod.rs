//! Files to cases (floor 3).

mod agree;
mod case;
mod expand;
mod expectation;
mod extensions;
mod ids;
mod interpret;
mod judged;
mod load;
mod merge;
mod part;
mod pattern;
mod pieces;
mod project;
#[cfg(any(test, feature = "fuzz"))]
pub mod properties;
mod read;
mod resolve;
mod secret_reader;
mod secret_source;
mod select;
mod share;
mod spec;
mod suite;
mod table;
mod target;
mod told;
mod vars;
mod view;

pub use case::{Case, Repeat, Retry};
pub use expectation::{
    ChainExpect, Delivered, DeliveredTls, Delivery, Expect, Expectations, HeaderMatch, Pattern, Patterns,
    PeerExpect, RecipientExpect, SourceLine, StageExpect, StageExpectations, StepExpect, TextMatch,
    TlsExpect,
};
pub use load::{Loaded, Rejected, Request, hostname, load, nearest_project};
pub use project::{PROJECT_FILE, Project, SimulatorSetup};
pub use read::STEP_VERBS;
pub use resolve::{At, Planned, Resolver};
pub use select::{Selection, Shard};
pub use share::{Bounds, Share};
pub use suite::scenario_keys;
pub use target::{Deliveries, Place, Rate, Target, host_port, is_loopback, written_place};
