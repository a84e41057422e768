//! The session as a whole.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::{Extensions, Say, Steps, StepsAfter};
use crate::dns::{self, Family, MailHost};
use crate::message::Draft;
use crate::secret::Secret;
use crate::smtp::{ForwardPath, Mechanism, ReplyLimits, ReversePath, Stage};
use crate::tls;

/// What one session will do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to connect, and as whom.
    pub endpoint: Endpoint,
    /// Clear text, STARTTLS or TLS from the first byte.
    pub tls: TlsMode,
    /// The name given, and by which verb.
    pub hello: Hello,
    /// Who logs in, if anybody.
    pub auth: Option<Auth>,
    /// The mail transactions, in order; empty where the plan ends after EHLO or
    /// AUTH.
    pub transactions: Vec<Transaction>,
    /// The dialogue written out; then there are no transactions.
    pub steps: Option<Steps>,
    /// LMTP (RFC 2033) in place of SMTP: LHLO, and after the message a reply for each
    /// recipient that was accepted.
    pub lmtp: bool,
    /// Extensions that are used.
    pub extensions: Extensions,
    /// The last stage to play; `None` plays to the end. `Data` closes the
    /// connection without the final dot.
    pub stop_after: Option<Stage>,
    /// Hold QUIT back for up to five seconds to see whether the peer closes.
    pub hold_quit: bool,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// How much the server may send in one reply.
    pub limits: ReplyLimits,
    /// Put into the message where it names its case; never sent elsewhere.
    pub case_id: Arc<str>,
}

impl Plan {
    /// The stages that this plan reaches if nothing is refused, in the order of
    /// the session, QUIT left out, up to `stop_after`. Stages of transactions
    /// stand once, in the order of the last transaction's reach; so do those of steps.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        let mut stages = self.opening();
        if let Some(steps) = &self.steps {
            steps.add_stages(&mut stages);
        }
        stages
    }

    /// The same without those of steps.
    #[must_use]
    pub fn opening(&self) -> Vec<Stage> {
        let transactions = &self.transactions;
        Reach {
            handshake: match self.tls {
                TlsMode::None => Handshake::None,
                TlsMode::StartTls { .. } => Handshake::StartTls,
                TlsMode::Implicit(_) => Handshake::Implicit,
            },
            auth: self.auth.is_some(),
            mail: !transactions.is_empty(),
            recipients: transactions.iter().any(|t| !t.recipients.is_empty()),
            message: transactions.iter().any(|t| t.message.is_some()),
            chunking: self.extensions.chunks.is_some(),
            xclient: self.extensions.xclient.is_some(),
            xforward: self.extensions.xforward.is_some(),
            stop_after: self.stop_after,
            steps_after: self.steps.as_ref().map(|steps| steps.after),
        }
        .stages()
    }

    /// Who logs in: by a step, counted from 0, or before all steps.
    #[must_use]
    pub fn log_in(&self, step: Option<usize>) -> Option<&Auth> {
        match (step, &self.steps) {
            (Some(step), Some(steps)) => match &steps.list.get(step)?.say {
                Say::Auth(log_in) => Some(log_in),
                _ => None,
            },
            _ => self.auth.as_ref(),
        }
    }

    /// The secrets of all who log in.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let steps = self.steps.iter().flat_map(|steps| &steps.list);
        let own = steps.filter_map(|step| match &step.say {
            Say::Auth(log_in) => Some(&**log_in),
            _ => None,
        });
        self.auth.iter().chain(own).filter_map(|auth| auth.secret.as_ref()).map(Secret::expose)
    }

    /// The session before this one, where this one is to resume its TLS: as far as the
    /// EHLO under TLS, by when a server has given what it can be resumed by.
    #[must_use]
    pub fn to_be_resumed(&self) -> Option<Self> {
        let (TlsMode::StartTls { tls, .. } | TlsMode::Implicit(tls)) = &self.tls else { return None };
        tls.resume.then(|| Self {
            auth: None,
            transactions: Vec::new(),
            steps: None,
            stop_after: None,
            hold_quit: false,
            ..self.clone()
        })
    }

    /// The plan for each of these hosts of its domain, in order; for the first alone
    /// where no more are wanted.
    #[must_use]
    pub fn via(&self, hosts: &[MailHost], wanted: MailHosts) -> Vec<Self> {
        let domain = &self.endpoint.host;
        let to = |(nth, host): (usize, &MailHost)| {
            let (domain, of) = (Arc::clone(domain), hosts.len());
            let mx = Mx { domain, preference: host.preference, nth, of, hosts: wanted };
            let route = Route::Mx(mx);
            let endpoint = Endpoint { host: Arc::clone(&host.name), route, ..self.endpoint.clone() };
            Self { endpoint, ..self.clone() }
        };
        let most = match wanted {
            MailHosts::First => 1,
            MailHosts::Each => usize::MAX,
        };
        hosts.iter().enumerate().take(most).map(to).collect()
    }

    /// The message of a transaction, counted from 0.
    #[must_use]
    pub fn message(&self, transaction: u16) -> Option<&Draft> {
        let Some(steps) = &self.steps else {
            return self.transactions.get(usize::from(transaction))?.message.as_deref();
        };
        let mut mails = 0;
        steps.list.iter().find_map(|step| match &step.say {
            Say::Mail { .. } => {
                mails += 1;
                None
            }
            Say::Data(Some(message)) | Say::Bdat { message, .. }
                if mails == usize::from(transaction) + 1 || (mails == 0 && transaction == 0) =>
            {
                Some(&**message)
            }
            _ => None,
        })
    }
}

/// How far a session is to go, whatever it says on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Where the handshake stands, if there is one.
    pub handshake: Handshake,
    /// Whether somebody logs in.
    pub auth: bool,
    /// Whether there is a transaction.
    pub mail: bool,
    /// Whether a transaction has a recipient.
    pub recipients: bool,
    /// Whether a transaction has a message.
    pub message: bool,
    /// Whether it goes by BDAT, so that nothing is said at `data`.
    pub chunking: bool,
    /// Whether XCLIENT makes the session begin anew, with another EHLO.
    pub xclient: bool,
    /// Whether XFORWARD comes before each transaction.
    pub xforward: bool,
    /// The last stage to play.
    pub stop_after: Option<Stage>,
    /// Where steps begin, if the dialogue is written out.
    pub steps_after: Option<StepsAfter>,
}

/// Where the TLS handshake stands in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Nowhere: clear text throughout.
    None,
    /// After STARTTLS.
    StartTls,
    /// Before the greeting.
    Implicit,
}

impl Reach {
    /// The stages that are reached if nothing is refused, in the order of the
    /// session, QUIT left out.
    #[must_use]
    pub fn stages(self) -> Vec<Stage> {
        let mut stages = Vec::with_capacity(12);
        stages.extend_from_slice(match self.handshake {
            Handshake::None | Handshake::StartTls if self.steps_after == Some(StepsAfter::Greeting) => {
                &[Stage::Connect, Stage::Greeting]
            }
            Handshake::Implicit if self.steps_after == Some(StepsAfter::Greeting) => {
                &[Stage::Connect, Stage::Tls, Stage::Greeting]
            }
            Handshake::None => &[Stage::Connect, Stage::Greeting, Stage::Ehlo],
            Handshake::Implicit => &[Stage::Connect, Stage::Tls, Stage::Greeting, Stage::Ehlo],
            Handshake::StartTls => {
                &[Stage::Connect, Stage::Greeting, Stage::Ehlo, Stage::StartTls, Stage::Tls, Stage::EhloTls]
            }
        });
        let opened = self.steps_after != Some(StepsAfter::Greeting);
        if self.xclient && opened {
            // XCLIENT has no stage of its own, and another EHLO comes after it.
            stages.insert(stages.len() - 1, Stage::Command);
        }
        for (planned, reached) in [
            (self.auth && opened, &[Stage::Auth][..]),
            (self.xforward && self.mail && !self.xclient, &[Stage::Command]),
            (self.mail, &[Stage::MailFrom]),
            (self.recipients, &[Stage::RcptTo]),
            (self.message && !self.chunking, &[Stage::Data]),
            (self.message, &[Stage::Message]),
        ] {
            if planned {
                stages.extend_from_slice(reached);
            }
        }
        if let Some(at) = self.stop_after.and_then(|last| stages.iter().position(|stage| *stage == last)) {
            stages.truncate(at + 1);
        }
        stages
    }
}

/// Where to connect, and as whom.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// A name or an address literal without brackets; of [`Route::Domain`] the domain. With
    /// `unix:` before it, the path of a socket of this host.
    pub host: Arc<str>,
    /// The TCP port.
    pub port: u16,
    /// How the host's name was come by.
    pub route: Route,
    /// The family of addresses to choose from; whichever comes first where absent.
    pub family: Option<Family>,
    /// Who resolves the name; the system where absent.
    pub dns: Option<Arc<dns::Resolver>>,
    /// The local address to bind, if one is asked for.
    pub bind: Option<IpAddr>,
    /// A PROXY header to open the connection with.
    pub proxy: Option<Proxy>,
}

impl Endpoint {
    /// The path, where it is a socket of this host.
    #[must_use]
    pub fn socket(&self) -> Option<&str> {
        self.host.strip_prefix("unix:")
    }

    /// A host, without anything special about it.
    #[must_use]
    pub const fn new(host: Arc<str>, port: u16) -> Self {
        Self { host, port, route: Route::Host, family: None, dns: None, bind: None, proxy: None }
    }
}

/// How the name of a host is come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// It is given.
    Host,
    /// By the MX records of a domain, which are still to be looked up. Such a plan is
    /// none to be played: [`Plan::via`] makes it one.
    Domain(MailHosts),
    /// By an MX record.
    Mx(Mx),
}

/// Which of a domain's hosts are played against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailHosts {
    /// The one that is tried first.
    First,
    /// All of them, one after the other.
    Each,
}

/// Where a host's name was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// The domain that the host takes mail for.
    pub domain: Arc<str>,
    /// The record's preference; `None` where the domain has no MX record and is its
    /// own host.
    pub preference: Option<u16>,
    /// Which host of the domain it is, from 0.
    pub nth: usize,
    /// How many the domain has.
    pub of: usize,
    /// Which of them are played against.
    pub hosts: MailHosts,
}

impl Mx {
    /// `mx1.contoso.com (10) is MX host 1 of 2 of contoso.com`.
    #[must_use]
    pub fn in_words(&self, host: &str) -> String {
        let Self { domain, nth, of, .. } = self;
        match self.preference {
            Some(preference) => {
                format!("{host} ({preference}) is MX host {} of {of} of {domain}", nth + 1)
            }
            None => format!("{domain} has no MX record, and so is its own mail host"),
        }
    }
}

/// A PROXY protocol header (haproxy `doc/proxy-protocol.txt`, §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Text or binary.
    pub version: ProxyVersion,
    /// The client that the header announces.
    pub source: SocketAddr,
}

/// The form of a PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVersion {
    /// One line of text.
    V1,
    /// Binary.
    V2,
}

/// Clear text, STARTTLS or TLS from the first byte.
#[derive(Clone, Debug)]
pub enum TlsMode {
    /// Clear text throughout.
    None,
    /// STARTTLS (RFC 3207); `force` sends it even where it is not offered.
    StartTls {
        /// The handshake.
        tls: TlsPlan,
        /// Send the command unoffered.
        force: bool,
    },
    /// TLS from the first byte (RFC 8314 §3.3).
    Implicit(TlsPlan),
}

/// A handshake to come.
#[derive(Clone, Debug)]
pub struct TlsPlan {
    /// The client side, built once and shared by every case with the same
    /// settings.
    pub client: Arc<tls::Client>,
    /// The name sent as SNI and verified, where it is not the host's; an address is
    /// verified, never sent (RFC 6066 §3).
    pub server_name: Option<Arc<str>>,
    /// Make a connection for its TLS session first, which this one offers to resume.
    pub resume: bool,
}

/// The name given, and by which verb.
#[derive(Clone, Debug)]
pub struct Hello {
    /// EHLO or HELO.
    pub verb: HelloVerb,
    /// A domain or an address literal; no control character or space in it.
    pub name: Arc<str>,
}

/// The verb of the first command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloVerb {
    /// RFC 5321 §4.1.1.1; the peer's extensions are known.
    Ehlo,
    /// RFC 5321 §4.1.1.1; no extensions.
    Helo,
}

/// A log-in (RFC 4954).
#[derive(Clone, Debug)]
pub struct Auth {
    /// How.
    pub mechanism: Mechanism,
    /// The authentication identity; empty where the mechanism or `cancel` has none.
    pub username: Arc<str>,
    /// On whose behalf; empty: one's own.
    pub authzid: Arc<str>,
    /// The password or the bearer token; `None` where the mechanism or `cancel` has none.
    pub secret: Option<Secret>,
    /// Whether the first response stands in the AUTH command; `None` leaves it to the
    /// mechanism.
    pub initial_response: Option<bool>,
    /// Give up with `*` when the server asks (RFC 4954 §4).
    pub cancel: bool,
    /// Go on to MAIL after a refusal, as some clients do.
    pub continue_on_failure: bool,
    /// Try the mechanism even where it is not offered.
    pub force: bool,
    /// Send the secret even where the connection is neither verified TLS nor
    /// loopback.
    pub insecure: bool,
}

impl Auth {
    /// A log-in with nothing out of the ordinary.
    #[must_use]
    pub fn new(mechanism: Mechanism, username: &str, secret: Option<Secret>) -> Self {
        Self {
            mechanism,
            username: username.into(),
            authzid: "".into(),
            secret,
            initial_response: None,
            cancel: false,
            continue_on_failure: false,
            force: false,
            insecure: false,
        }
    }
}

/// One mail transaction (RFC 5321 §3.3).
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The P1 sender.
    pub mail_from: ReversePath,
    /// ESMTP parameters of MAIL, sent as written: `SIZE=1000 BODY=8BITMIME`.
    /// Empty where there are none.
    pub mail_params: Arc<str>,
    /// The recipients, in order; empty where the plan ends after MAIL.
    pub recipients: Vec<Recipient>,
    /// What follows DATA; `None` where the plan ends at RCPT TO.
    pub message: Option<Arc<Draft>>,
}

/// One recipient.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The address.
    pub path: ForwardPath,
    /// ESMTP parameters of RCPT, sent as written. Empty where there are none.
    pub params: Arc<str>,
}

/// Deadlines, absolute: bytes never extend them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up and TCP connect.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the first byte of a command written to the last byte of its reply
    /// read.
    pub reply: Duration,
    /// The session as a whole.
    pub session: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(15),
            reply: Duration::from_secs(30),
            session: Duration::from_secs(300),
        }
    }
}
