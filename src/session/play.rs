//! The door to this room.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::dial::dial;
use super::drive::{Drive, Watch};
use super::wire::Wire;
use super::{Line, Observation};
use crate::plan::Plan;

/// Plays a plan: connects, speaks, and tells what was seen. `watch` hears each
/// line of the dialogue as it is spoken, secrets masked.
///
/// Every wait has a deadline, so this ends. Dropping it closes the connection.
pub async fn play(plan: &Plan, watch: Watch<'_>) -> Observation {
    let started = Instant::now();
    let drive = Drive::new(plan, watch, started);
    let within = plan.timeouts.connect.min(plan.timeouts.session);
    match dial(&plan.endpoint, started + within).await {
        Ok((stream, peer)) => drive.play(stream, Some(peer)).await,
        Err(event) => drive.unreached(event),
    }
}

/// Plays a plan on a connection that stands already. Where no peer is named, it
/// counts as this very host.
pub async fn play_on<S: Wire>(plan: &Plan, io: S, peer: Option<SocketAddr>, watch: Watch<'_>) -> Observation {
    Drive::new(plan, watch, Instant::now()).play(io, peer).await
}

/// Hears nothing: for those who read the transcript afterwards.
pub fn unwatched(_: Line<'_>) {}
