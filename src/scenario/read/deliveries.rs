//! `listen` of a simulator's target, and `deliveries` of the project file: where what
//! a real server passes on arrives.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::super::target::{Deliveries, Place, Target};
use crate::yaml::{Diagnostic, Field, Fields, Span, Value, nearest};

/// How long a server may take to pass a message on, where nothing says.
const WITHIN: Duration = Duration::from_secs(10);
/// The longest that is waited for one.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Where a target of the simulator listens, so that a real server can be told: an
/// address with its port, or a port of loopback. Other hosts are let in by
/// `allow_remote` alone.
pub(in crate::scenario) fn listen(
    fields: &mut Fields<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<(SocketAddr, Span)> {
    let (field, remote) = (fields.take("listen"), fields.take("allow_remote"));
    let let_in = remote.and_then(|field| field.bool(faults)).unwrap_or(false);
    let Some(field) = field else {
        if let Some(remote) = remote {
            faults.push(Diagnostic::error("`allow_remote` without `listen`", remote.key_span()));
        }
        return None;
    };
    let text = field.text(faults)?;
    let address = match text.parse::<u16>() {
        Ok(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Err(_) => text.parse().ok(),
    };
    let Some(address) = address.filter(|address| address.port() != 0) else {
        let fault = field.error(format!("`{text}` is no address with its port"));
        faults.push(fault.label("such as `127.0.0.1:2526`, or a port of loopback: `2526`"));
        return None;
    };
    if !address.ip().to_canonical().is_loopback() && !let_in {
        let fault =
            field.error(format!("{address} is no loopback address: other hosts could reach the simulator"));
        faults.push(fault.label("add `allow_remote: true` if they are to"));
        return None;
    }
    Some((address, field.span()))
}

/// Reads `deliveries` into the targets that it is about. Targets that are `faulty`
/// have been told of.
pub(in crate::scenario) fn deliveries(
    field: Field<'_>,
    targets: &mut [Arc<Target>],
    faulty: &[Arc<str>],
    faults: &mut Vec<Diagnostic>,
) {
    for (key, node) in field.entries(faults).into_iter().flatten() {
        let value = Field::new(&key.name, key.span, node);
        let relay = find(&key.name, key.span, targets, faulty, faults);
        let read = entry(value, targets, faulty, faults);
        let Some(relay) = relay else { continue };
        if targets[relay].is_simulator() {
            let message = format!("`{}` is the simulator itself", key.name);
            let fault = Diagnostic::error(message, key.span);
            faults.push(fault.label("what arrives there is seen anyway: take it out"));
        } else if let Some(read) = read {
            Arc::make_mut(&mut targets[relay]).deliveries = Some(read);
        }
    }
}

/// `mx`, or `{ at: mx, within: 30s }`.
fn entry(
    field: Field<'_>,
    targets: &[Arc<Target>],
    faulty: &[Arc<str>],
    faults: &mut Vec<Diagnostic>,
) -> Option<Deliveries> {
    let (at, within) = match &field.node().value {
        Value::Mapping(_) => {
            let mut fields = field.fields(faults)?;
            let at = fields.require("at", field.key_span(), faults);
            let within = fields.take("within");
            fields.finish(faults);
            (at?, within)
        }
        _ => (field, None),
    };
    let within = match within {
        None => WITHIN,
        Some(field) => match field.duration(faults)? {
            within if within > LONGEST => {
                faults.push(field.error("`within` is at most 1h"));
                return None;
            }
            within => within,
        },
    };
    let name = at.text(faults)?;
    let target = &targets[find(name, at.span(), targets, faulty, faults)?];
    match &target.place {
        Place::Simulator { listen: Some(_), .. } => Some(Deliveries { at: Arc::clone(target), within }),
        Place::Simulator { listen: None, .. } => {
            let fault = at.error(format!("`{name}` listens nowhere that a server could be told"));
            faults.push(fault.label(format!("add `listen: 127.0.0.1:2526` to the target `{name}`")));
            None
        }
        Place::Address { .. } | Place::Mx { .. } => {
            let fault = at.error(format!("`{name}` is a real server"));
            faults.push(fault.label("arrivals can be seen at targets of the simulator alone"));
            None
        }
    }
}

/// Which of the targets is named so.
fn find(
    name: &str,
    at: Span,
    targets: &[Arc<Target>],
    faulty: &[Arc<str>],
    faults: &mut Vec<Diagnostic>,
) -> Option<usize> {
    let found = targets.iter().position(|target| &*target.name == name);
    if found.is_none() && !faulty.iter().any(|faulty| &**faulty == name) {
        faults.push(unknown(name, at, targets));
    }
    found
}

/// A name that `targets` does not have.
pub(in crate::scenario) fn unknown(name: &str, at: Span, targets: &[Arc<Target>]) -> Diagnostic {
    let fault = Diagnostic::error(format!("unknown target `{name}`"), at);
    match nearest(name, targets.iter().map(|target| &*target.name)) {
        Some(near) => fault.label(format!("did you mean `{near}`?")),
        None => fault.label("`targets` of this file does not name it"),
    }
}
