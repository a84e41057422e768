//! The door to this room.

use std::net::SocketAddr;
use std::pin::pin;

use tokio::time::Instant;

use super::dial::dial;
use super::drive::{Drive, Watch};
use super::wire::Wire;
use super::{Line, Observation};
use crate::plan::Plan;

/// Plays a plan: connects, speaks, and tells what was seen. `watch` hears each
/// line of the dialogue as it is spoken, secrets masked.
///
/// As soon as `leave` is ready the session is left, with QUIT where the server would
/// take it for a command, within [`PARTING`](super::PARTING);
/// [`Observation::left`] says so.
///
/// Every wait has a deadline, so this ends. Dropping it closes the connection.
pub async fn play(plan: &Plan, watch: Watch<'_>, leave: impl Future<Output = ()>) -> Observation {
    let started = Instant::now();
    let drive = Drive::new(plan, watch, started);
    let within = plan.timeouts.connect.min(plan.timeouts.session);
    let mut leave = pin!(leave);
    let dialled = tokio::select! {
        biased;
        dialled = dial(&plan.endpoint, started + within) => dialled,
        () = &mut leave => return drive.left(),
    };
    match dialled {
        Ok((stream, peer)) => drive.play(stream, Some(peer), leave).await,
        Err(event) => drive.unreached(event),
    }
}

/// Plays a plan to its end on a connection that stands already. Where no peer is
/// named, it counts as this very host.
pub async fn play_on<S: Wire>(plan: &Plan, io: S, peer: Option<SocketAddr>, watch: Watch<'_>) -> Observation {
    Drive::new(plan, watch, Instant::now()).play(io, peer, std::future::pending()).await
}

/// Hears nothing: for those who read the transcript afterwards.
pub fn unwatched(_: Line<'_>) {}
