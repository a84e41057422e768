//! Where a real server is: `address`, or `mx` with what belongs to it; and `dns`, who
//! is asked about names.

use std::net::IpAddr;
use std::time::Duration;

use crate::dns::{self, Domain, Family};
use crate::plan::MailHosts;
use crate::scenario::target::{Place, host_port};
use crate::yaml::{Diagnostic, Field, Fields};

/// The longest time that a question to the DNS may take.
const LONGEST: Duration = Duration::from_secs(60);

/// The keys of a target that say where a real server is.
pub(in crate::scenario) struct PlaceFields<'n> {
    address: Option<Field<'n>>,
    mx: Option<Field<'n>>,
    hosts: Option<Field<'n>>,
    port: Option<Field<'n>>,
    family: Option<Field<'n>>,
}

impl<'n> PlaceFields<'n> {
    /// Takes them from a target's keys.
    pub(in crate::scenario) fn take(fields: &mut Fields<'n>) -> Self {
        Self {
            address: fields.take("address"),
            mx: fields.take("mx"),
            hosts: fields.take("hosts"),
            port: fields.take("port"),
            family: fields.take("family"),
        }
    }

    /// The key that makes the target a real server.
    pub(in crate::scenario) fn key(&self) -> Option<Field<'n>> {
        self.address.or(self.mx)
    }

    /// None of them is the simulator's.
    pub(in crate::scenario) fn refuse(&self, faults: &mut Vec<Diagnostic>) {
        for field in [self.hosts, self.port, self.family].into_iter().flatten() {
            let why = format!("`{}` is for real servers", field.name());
            faults.push(Diagnostic::error(why, field.key_span()));
        }
    }

    /// The place of a real server.
    pub(in crate::scenario) fn read(&self, faults: &mut Vec<Diagnostic>) -> Option<Place> {
        let families = [("4", Family::V4), ("6", Family::V6)];
        let family = self.family.map(|field| field.word("family", &families, faults));
        let which = [("first", MailHosts::First), ("each", MailHosts::Each)];
        let hosts = self.hosts.map(|field| field.word("choice of hosts", &which, faults));
        let port = self.port.map(|field| field.integer(1..=65_535, faults));
        let place = match (self.address, self.mx) {
            (Some(_), Some(mx)) => {
                let both = Diagnostic::error("a target has `address` or `mx`, not both", mx.key_span());
                faults.push(both.label("`mx` finds the servers by the domain's MX records"));
                return None;
            }
            (Some(address), None) => {
                for field in [self.hosts, self.port].into_iter().flatten() {
                    let fault =
                        Diagnostic::error(format!("`{}` belongs to `mx`", field.name()), field.key_span());
                    faults.push(match field.name() {
                        "port" => fault.label("the port of an `address` stands in it: `host:25`"),
                        _ => fault.label("`address` is one host"),
                    });
                }
                let (host, port) =
                    host_port(address.text(faults)?).map_err(|why| faults.push(address.error(why))).ok()?;
                let family = family.unwrap_or(None);
                let literal = host.parse::<IpAddr>().ok();
                let other = |ip: &IpAddr| family.is_some_and(|family| (family == Family::V4) != ip.is_ipv4());
                if let (Some(field), Some(_)) = (self.family, literal.filter(other)) {
                    faults.push(field.error(format!("`{host}` is an address of the other family")));
                }
                Place::Address { host: host.into(), port, family }
            }
            (None, mx) => {
                let mx = mx?;
                let domain =
                    Domain::parse(mx.text(faults)?).map_err(|why| faults.push(mx.error(why))).ok()?;
                let hosts = hosts.map_or(Some(MailHosts::First), |hosts| hosts)?;
                let port = port.map_or(Some(25), |port| port.and_then(|port| u16::try_from(port).ok()))?;
                Place::Mx { domain, hosts, port, family: family.unwrap_or(None) }
            }
        };
        Some(place)
    }
}

/// Who is asked about names: `{ server: 127.0.0.1:5353, timeout: 5s }`.
pub(in crate::scenario) fn dns(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<dns::Settings> {
    let mut fields = field.fields(faults)?;
    let server = fields.take("server").map(|field| {
        let text = field.text(faults)?;
        dns::Settings::server(text).map_err(|why| faults.push(field.error(why))).ok()
    });
    let timeout = fields.take("timeout").and_then(|field| match field.duration(faults)? {
        time if time.is_zero() || time > LONGEST => {
            faults.push(field.error("`timeout` is more than nothing and at most 60s"));
            None
        }
        time => Some(time),
    });
    fields.finish(faults);
    let mut settings = match server {
        Some(server) => dns::Settings { servers: vec![server?], timeout: dns::Settings::TIMEOUT },
        None => dns::Settings::system(),
    };
    settings.timeout = timeout.unwrap_or(settings.timeout);
    Some(settings)
}
