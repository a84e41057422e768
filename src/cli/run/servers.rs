//! Where the cases of a run are played: real servers, the simulator, or where
//! `--target` points.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use super::args::{Args, Pointed};
use super::arrivals::{Arrivals, Behind};
use crate::cli::lab::start_lab;
use crate::exchange::Tenants;
use crate::runner::Limits;
use crate::scenario::{At, Case, Deliveries, Loaded, Place, Target, is_loopback};
use crate::simulator::{Lab, Listen};
use crate::tls::Trust;
use crate::yaml::nearest;

/// Connections at once to a real server that says nothing of it: contract §5.
const POLITE: usize = 4;

/// Where each target of a run is.
pub(super) struct Servers {
    servers: Vec<Server>,
    by_target: HashMap<Arc<str>, usize>,
    /// What `--target` points to is verified against.
    trust: Option<Arc<Trust>>,
}

/// One server.
pub(super) struct Server {
    place: Place,
    limits: Limits,
    /// `None` for the simulator before it is started.
    at: Option<At>,
    /// The day whose rules it follows, where it is the simulator of this run.
    pub(super) simulated: Option<NaiveDate>,
    /// Where the simulator is to listen, if not anywhere.
    listen: Option<SocketAddr>,
    /// The simulator's front door, once it is started, by its index.
    door: Option<usize>,
}

impl Servers {
    /// The servers of these cases.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags, in words.
    pub(super) fn of(args: &Args, loaded: &Loaded, cases: &[Arc<Case>]) -> Result<Self, String> {
        let known = || {
            let cases = loaded.cases.iter().map(|case| &*case.target);
            loaded.project.targets.iter().map(|target| &**target).chain(cases)
        };
        for pointed in &args.targets {
            let Some(target) = known().find(|target| *target.name == *pointed.name) else {
                return Err(unknown(pointed, known().map(|target| &*target.name)));
            };
            let guarded = target.is_simulator() && !is_loopback(&pointed.host);
            if guarded && args.up_to.is_none() && !args.deliver {
                return Err(unguarded(pointed));
            }
        }
        let mut all = Self { servers: Vec::new(), by_target: HashMap::new(), trust: trust(args)? };
        for case in cases {
            all.add(&case.target, args);
            // Where it passes mail on to must be there, whether or not this case asks
            // what arrives: else its mail would wait in the server for a later run.
            if let Some(deliveries) = &case.target.deliveries {
                all.add(&deliveries.at, args);
            }
        }
        Ok(all)
    }

    fn add(&mut self, target: &Target, args: &Args) {
        if self.by_target.contains_key(&target.name) {
            return;
        }
        let pointed = args.targets.iter().rfind(|pointed| *pointed.name == *target.name);
        let server = Server::of(target, pointed, args, self.trust.as_ref());
        // Two names of one server share what it bears.
        let same = |other: &Server| other.is_same(&server);
        let at = self.servers.iter().position(same).unwrap_or(self.servers.len());
        match self.servers.get_mut(at) {
            Some(same) => same.limits = same.limits.and(server.limits),
            None => self.servers.push(server),
        }
        self.by_target.insert(Arc::clone(&target.name), at);
    }

    /// Where what arrives of a case can be seen.
    pub(super) fn arrivals<'l>(&self, lab: Option<&'l Lab>, case: &Case) -> Arrivals<'l> {
        let Some(lab) = lab else { return Arrivals::Unseen };
        let door = |target: &Target| self.servers[self.by_target[&target.name]].door;
        match &case.target.deliveries {
            Some(Deliveries { at, within }) => match door(at) {
                Some(door) => {
                    Arrivals::Behind(Behind { lab, door, at: Arc::clone(&at.name), within: *within })
                }
                None => Arrivals::Unseen,
            },
            None if door(&case.target).is_some() => Arrivals::Here(lab),
            None => Arrivals::Unseen,
        }
    }

    /// Sees to it that what arrives of a case can be seen in this run.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    pub(super) fn shows_arrivals(&self, case: &Case) -> Result<(), String> {
        let target = case.target.deliveries.as_ref().map_or(&case.target, |deliveries| &deliveries.at);
        match self.servers[self.by_target[&target.name]].simulated {
            Some(_) => Ok(()),
            None => {
                let name = &target.name;
                Err(format!("what arrives at {name} cannot be seen there: --target points it away"))
            }
        }
    }

    /// Which server a case is played against.
    pub(super) fn index(&self, case: &Case) -> usize {
        self.by_target[&case.target.name]
    }

    /// The server of a case.
    pub(super) fn server(&self, case: &Case) -> &Server {
        &self.servers[self.index(case)]
    }

    /// The server of the target of this name, if it is among them.
    pub(super) fn named(&self, target: &str) -> Option<&Server> {
        self.by_target.get(target).map(|at| &self.servers[*at])
    }

    /// What each server may be asked to bear.
    pub(super) fn limits(&self) -> Vec<Limits> {
        self.servers.iter().map(|server| server.limits).collect()
    }

    /// Whether the simulator is among them, to be started by this run.
    pub(super) fn need_lab(&self) -> bool {
        self.servers.iter().any(|server| server.simulated.is_some())
    }

    /// Whether the simulator is among them, by whomever it is started: its
    /// passwords stand in the tenants file.
    pub(super) fn need_tenants(&self) -> bool {
        self.need_lab() || self.servers.iter().any(|server| server.at.as_ref().is_some_and(|at| at.lab))
    }

    /// Starts the simulator with the endpoints that are played, and no others.
    /// It runs until what is given back is dropped.
    ///
    /// # Errors
    ///
    /// The exit status, the reason having been told.
    pub(super) fn start_lab(
        &mut self,
        args: &Args,
        tenants: Arc<Tenants>,
        client_ca: Option<Vec<u8>>,
    ) -> Result<Lab, u8> {
        let mine: Vec<&mut Server> =
            self.servers.iter_mut().filter(|server| server.simulated.is_some()).collect();
        let listen = mine.iter().filter_map(|server| {
            let door = listen(&server.place, None)?;
            Some(Listen { address: server.listen.unwrap_or(door.address), ..door })
        });
        let (lab, at) = start_lab(listen.collect(), tenants, client_ca, args.up_to)?;
        for (door, (server, at)) in mine.into_iter().zip(at).enumerate() {
            (server.at, server.door) = (Some(at), Some(door));
        }
        Ok(lab)
    }
}

/// The front door of the simulator that a place is, under the rules of this day or,
/// without one, of its own; `None` for a real server.
pub(in crate::cli) fn listen(place: &Place, day: Option<NaiveDate>) -> Option<Listen> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    match place {
        Place::Simulator { endpoint, cloud, as_of, faults, .. } => Some(Listen {
            endpoint: *endpoint,
            cloud: *cloud,
            as_of: day.unwrap_or(*as_of),
            faults: *faults,
            address,
        }),
        Place::Address { .. } | Place::Mx { .. } => None,
    }
}

impl Server {
    fn of(target: &Target, pointed: Option<&Pointed>, args: &Args, trust: Option<&Arc<Trust>>) -> Self {
        match (&target.place, pointed) {
            (Place::Simulator { as_of, listen, .. }, None) => Self {
                place: target.place.clone(),
                limits: limits(target, usize::MAX),
                at: None,
                simulated: Some(*as_of),
                listen: *listen,
                door: None,
            },
            (own, pointed) => {
                let place = match pointed {
                    Some(Pointed { host, port, .. }) => {
                        Place::Address { host: Arc::clone(host), port: *port, family: None }
                    }
                    None => own.clone(),
                };
                let at = At::of_place(&place).expect("the simulator has no arm here");
                // A simulator's target on this host is taken to be `relayprobe
                // simulate`: source addresses are announced to it.
                let lab = target.is_simulator() && is_loopback(&at.host);
                let trust = trust.filter(|_| pointed.is_some()).cloned();
                let at = At { up_to: args.up_to, lab, malformed: args.allow_malformed, trust, ..at };
                Self {
                    place,
                    limits: limits(target, POLITE),
                    at: Some(at),
                    simulated: None,
                    listen: None,
                    door: None,
                }
            }
        }
    }

    /// Where it is.
    ///
    /// # Panics
    ///
    /// For the simulator before [`Servers::start_lab`].
    pub(super) fn at(&self) -> &At {
        self.at.as_ref().expect("the simulator is started before anybody asks where it is")
    }

    /// Whether another target is this very server, spoken to in the same way.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let announced = |server: &Self| server.at.as_ref().is_some_and(|at| at.lab);
        self.place == other.place && announced(self) == announced(other)
    }
}

/// What a target may be asked to bear; `most` connections at once where it does not
/// say.
pub(in crate::cli) fn limits(target: &Target, most: usize) -> Limits {
    Limits {
        at_once: target.max_connections.map_or(most, |most| most as usize),
        spacing: target.rate.map_or(Duration::ZERO, |rate| rate.per / rate.count),
    }
}

/// The certificates of `--ca`.
fn trust(args: &Args) -> Result<Option<Arc<Trust>>, String> {
    let Some(file) = &args.ca else { return Ok(None) };
    match Trust::from_pem_file(file) {
        Ok(trust) => Ok(Some(Arc::new(trust))),
        Err(error) => Err(format!("--ca {}: {error}", file.display())),
    }
}

fn unknown<'a>(pointed: &Pointed, known: impl Iterator<Item = &'a str>) -> String {
    let hint = match nearest(&pointed.name, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    format!("--target {pointed}: no target is named `{}`{hint}", pointed.name)
}

fn unguarded(pointed: &Pointed) -> String {
    format!(
        "--target {pointed} points a simulator target at a server that is not this host\n\
         \x20 scenarios for the simulator hold forged senders and real-looking recipients; say how far they may go:\n\
         \x20 --up-to rcpt_to   plays nothing past RCPT TO: no message leaves this host\n\
         \x20 --deliver         plays to the end: the server may deliver every message\n\
         nothing was sent"
    )
}
