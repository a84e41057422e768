//! The door to this room.

use std::net::SocketAddr;
use std::pin::{Pin, pin};

use tokio::time::Instant;

use super::dial::dial;
use super::drive::{Drive, Watch};
use super::wire::Wire;
use super::{Line, Observation};
use crate::plan::{Plan, Timeouts};
use crate::tls::Memory;

/// Plays a plan: connects, speaks, and tells what was seen. `watch` hears each
/// line of the dialogue as it is spoken, secrets masked. Where the plan resumes a TLS
/// session, the connection that begins one comes first, in the same time; unless it comes
/// to nothing, no more than its lines is told.
///
/// As soon as `leave` is ready the session is left, with QUIT where the server would
/// take it for a command, within [`PARTING`](super::PARTING);
/// [`Observation::left`] says so.
///
/// Every wait has a deadline, so this ends. Dropping it closes the connection.
pub async fn play(plan: &Plan, watch: Watch<'_>, leave: impl Future<Output = ()>) -> Observation {
    let started = Instant::now();
    let mut leave = pin!(leave);
    let Some(first) = plan.to_be_resumed() else {
        return reach(plan, Drive::new(plan, watch, started), leave).await;
    };
    let memory = Memory::default();
    let drive = Drive::new(&first, watch, started).remembering(&memory);
    let before = reach(&first, drive, leave.as_mut()).await;
    if before.left || before.tls.is_none() || before.event.is_some() {
        return before;
    }
    let note = match memory.holds_session() {
        true => "another connection, to resume the TLS session of the first",
        false => "another connection, though the server gave nothing to resume a TLS session by",
    };
    let drive = Drive::new(plan, watch, started).remembering(&memory).after(before.transcript, note);
    reach(plan, drive, leave).await
}

/// Connects, and plays what there is to be played.
async fn reach(plan: &Plan, drive: Drive<'_>, mut leave: Pin<&mut impl Future<Output = ()>>) -> Observation {
    let Timeouts { connect, session, .. } = plan.timeouts;
    let deadline = (drive.dialled + connect).min(drive.started + session);
    let dialled = tokio::select! {
        biased;
        dialled = dial(&plan.endpoint, deadline) => dialled,
        () = &mut leave => return drive.left(),
    };
    match dialled {
        Ok((stream, peer)) => drive.play(stream, peer, leave).await,
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
