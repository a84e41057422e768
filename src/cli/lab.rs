//! The simulator inside a command.

use std::io;
use std::sync::Arc;

use super::tell::{BAD_INPUT, ERROR, complain};
use crate::exchange::Tenants;
use crate::scenario::At;
use crate::simulator::{Lab, LabConfig, Limits, Listen};
use crate::smtp::Stage;
use crate::tls::Trust;

/// Starts the simulator with these front doors, and says where each of them is. It
/// runs until what is given back is dropped.
///
/// # Errors
///
/// The exit status, the reason having been told.
pub(super) fn start_lab(
    listen: Vec<Listen>,
    tenants: Arc<Tenants>,
    client_ca: Option<Vec<u8>>,
    up_to: Option<Stage>,
) -> Result<(Lab, Vec<At>), u8> {
    start(listen, tenants, client_ca, up_to).map_err(|error| {
        let bad_file = error.kind() == io::ErrorKind::InvalidInput;
        complain(&format!("the simulator does not start: {error}"), if bad_file { BAD_INPUT } else { ERROR })
    })
}

fn start(
    listen: Vec<Listen>,
    tenants: Arc<Tenants>,
    client_ca: Option<Vec<u8>>,
    up_to: Option<Stage>,
) -> io::Result<(Lab, Vec<At>)> {
    let names: Vec<_> = listen.iter().map(|listen| listen.cloud.host(listen.endpoint)).collect();
    let lab = Lab::start(LabConfig { tenants, client_ca, listen, limits: Limits::default() })?;
    let trust = Arc::new(Trust::from_pem(lab.ca_pem()).map_err(io::Error::other)?);
    let at = names.into_iter().enumerate().map(|(n, name)| At {
        server_name: Some(name.into()),
        trust: Some(Arc::clone(&trust)),
        up_to,
        lab: true,
        ..At::address(lab.address(n).ip().to_string().into(), lab.address(n).port())
    });
    let at = at.collect();
    Ok((lab, at))
}
