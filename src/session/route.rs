//! From a mail domain to the hosts that take its mail.

use tokio::time::Instant;

use super::drive::Drive;
use super::{Observation, unwatched};
use crate::dns::{self, Domain};
use crate::plan::{Plan, Route};
use crate::smtp::{Event, EventKind};

/// As many hosts of one domain are played against; who publishes more is not after
/// mail.
const MOST_HOSTS: usize = 50;

/// The plans that are played for this one: for a domain one for each of its hosts that
/// is wanted, in the order in which they are tried, else the plan itself. MX records
/// are looked up, within the time for the connection, and not after `leave` is ready.
///
/// # Errors
///
/// The session that never came to be: `dns_failure`, or left.
pub async fn route(plan: &Plan, leave: impl Future<Output = ()>) -> Result<Vec<Plan>, Box<Observation>> {
    let Route::Domain(wanted) = plan.endpoint.route else { return Ok(vec![plan.clone()]) };
    let started = Instant::now();
    let looked_up = async {
        let domain = &plan.endpoint.host;
        let domain = Domain::parse(domain).map_err(|why| {
            Event::new(EventKind::DnsFailure, dns::Reason::Malformed.as_str()).with_detail(why)
        })?;
        let deadline = started + plan.timeouts.connect.min(plan.timeouts.session);
        let resolver = plan.endpoint.dns.as_ref().expect("who goes by MX records has a resolver");
        let hosts = resolver.mail_hosts(&domain, deadline).await.map_err(failure)?;
        let plans = plan.via(&hosts, wanted);
        if plans.len() > MOST_HOSTS {
            let why =
                format!("{domain} has {} MX hosts; {MOST_HOSTS} are the most that are played", plans.len());
            return Err(Event::new(EventKind::DnsFailure, "too_many_hosts").with_detail(why));
        }
        Ok(plans)
    };
    tokio::select! {
        biased;
        plans = looked_up => {
            plans.map_err(|event| Box::new(Drive::new(plan, &mut unwatched, started).unreached(event)))
        }
        () = leave => Err(Box::new(Drive::new(plan, &mut unwatched, started).left())),
    }
}

/// A look-up that led nowhere, as an end of the session.
pub(super) fn failure(failure: dns::Failure) -> Event {
    Event::new(EventKind::DnsFailure, failure.reason.as_str()).with_detail(failure.detail)
}
