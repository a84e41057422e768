//! Exchange Online as a policy: its rules, its words, its stamps.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::limits::Limits;
use super::luck::Luck;
use super::policy::{Ask, Credentials, Facts, Fault, Incoming, Policy, Prompt, Response};
use super::sessions::Open;
use super::stamp::{self, SessionId};
use super::store::{Delivered, Store};
use crate::exchange::catalogue::{
    Entry, positive, protocol, relay as relay_replies, reputation, submission as submission_replies,
};
use crate::exchange::{
    Account, Attribution, CertificateName, Cloud, Decision, Endpoint, Peer, Presented, RulesOn, Tenants,
    author_addresses, author_domains, header_firewall, high_volume, mail_loop, message_id, relay, submission,
};
use crate::smtp::{ForwardPath, ReversePath};
use crate::tls::{ClientChain, TlsVersion};

/// Exchange Online, for one session.
#[derive(Debug)]
pub(super) struct FrontEnd {
    tenants: Arc<Tenants>,
    door: usize,
    endpoint: Endpoint,
    rules: RulesOn,
    store: Arc<Store>,
    luck: Arc<Luck>,
    /// Largest message in bytes, for EHLO.
    size: usize,
    id: SessionId,
    /// The peer as the rules see it, from the facts of the first mail command.
    peer: Option<Peer>,
    logged_in: Option<Attribution>,
    /// The session of the mailbox that has logged in.
    session: Option<Open>,
    /// The exchange under way is for a password.
    basic: bool,
    failed_log_in: Option<&'static Entry>,
    /// Of the transaction under way.
    account: Account,
    /// How many of its steps have been told.
    told: usize,
    attribution: Option<Attribution>,
    awaits_header: bool,
    /// The last command before the data.
    data_since: Option<SystemTime>,
}

impl FrontEnd {
    /// Exchange Online for a session that begins now at the front door with this index.
    pub(super) fn new(
        tenants: Arc<Tenants>,
        door: usize,
        endpoint: Endpoint,
        rules: RulesOn,
        store: Arc<Store>,
        luck: Arc<Luck>,
        now: SystemTime,
    ) -> Self {
        Self {
            tenants,
            door,
            endpoint,
            rules,
            store,
            luck,
            size: Limits::default().size,
            id: SessionId::next(now),
            peer: None,
            logged_in: None,
            session: None,
            basic: false,
            failed_log_in: None,
            account: Account::default(),
            told: 0,
            attribution: None,
            awaits_header: false,
            data_since: None,
        }
    }

    /// The same with another bound on messages, in bytes.
    pub(super) fn with_size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// A catalogue entry as a reply; refusals carry the stamp.
    fn reply(&self, entry: &'static Entry, fill: &str, facts: &Facts) -> Response {
        debug_assert!(entry.simulated, "{} is marked documented-only", entry.text);
        // Every entry that the simulator gives names its code.
        let code = entry.code.unwrap_or(550);
        let text: Cow<'static, str> = match (entry.enhanced, code < 400) {
            (None, true) if fill.is_empty() => entry.text.into(),
            (enhanced, is_positive) => {
                let mut text = enhanced.map_or(String::new(), |enhanced| format!("{enhanced} "));
                text.push_str(&entry.filled(fill));
                if !is_positive {
                    text.push(' ');
                    text.push_str(&stamp::stamp(self.door(), facts.now, self.id));
                }
                text.into()
            }
        };
        Response::new(code, text)
    }

    /// Which front door of which cloud this is.
    const fn door(&self) -> (Cloud, Endpoint) {
        (self.rules.cloud(), self.endpoint)
    }

    fn say(&self, entry: &'static Entry, facts: &Facts) -> Response {
        self.reply(entry, "", facts)
    }

    /// What a rule came to, with why for whoever asks later.
    fn decided(&mut self, decision: &Decision, facts: &Facts) -> Response {
        self.tell();
        self.reply(decision.entry, &decision.fill, facts)
    }

    /// Tells the steps that were taken since. It is done before the reply is sent, so
    /// that who has read the reply can ask.
    fn tell(&mut self) {
        let steps = self.account.steps();
        self.store.accounts.add(self.id, &steps[self.told.min(steps.len())..]);
        self.told = steps.len();
    }

    fn begin_account(&mut self) {
        self.account = Account::default();
        self.told = 0;
    }

    fn ehlo(&self, name: &str, facts: &Facts) -> Response {
        if !is_host_name(name) {
            return self.say(&protocol::INVALID_DOMAIN_NAME, facts);
        }
        let mut lines: Vec<Cow<'static, str>> = vec![self.hello(facts).into()];
        lines.push(format!("SIZE {}", self.size).into());
        lines.extend(["PIPELINING", "DSN", "ENHANCEDSTATUSCODES"].map(Cow::Borrowed));
        // One slot: STARTTLS in clear text, AUTH after it. [wire, 2025-11]
        match (facts.version(), self.endpoint) {
            (None, _) => lines.push("STARTTLS".into()),
            (Some(_), Endpoint::Mx) => {}
            (Some(_), Endpoint::Submission | Endpoint::Legacy | Endpoint::HighVolume) => {
                lines.push("AUTH LOGIN XOAUTH2".into());
            }
        }
        lines.extend(["8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8"].map(Cow::Borrowed));
        Response::lines(250, lines)
    }

    fn hello(&self, facts: &Facts) -> String {
        format!("{} Hello [{}]", stamp::public_host(self.door()), facts.address)
    }

    fn mechanism(&mut self, name: &str, facts: &Facts) -> Response {
        self.basic = name.eq_ignore_ascii_case("LOGIN");
        let known = name.eq_ignore_ascii_case("LOGIN") || name.eq_ignore_ascii_case("XOAUTH2");
        match known && facts.tls.is_some() && self.endpoint != Endpoint::Mx {
            true => self.say(&positive::PROMPT_EMPTY, facts),
            false => self.say(&submission_replies::UNRECOGNIZED_MECHANISM, facts),
        }
    }

    fn log_in(&mut self, credentials: Credentials<'_>, facts: &Facts) -> Response {
        let Credentials { user, secret } = credentials;
        let log_in = submission::LogIn { user, secret, basic: self.basic, tls: facts.version() };
        self.begin_account();
        let percent = self.luck.faults.legacy_tls;
        if let Some(version) = facts.version().filter(|version| *version < TlsVersion::Tls12)
            && self.luck.strikes(percent, format!("tls {} {user}", facts.address))
        {
            self.account.step(format!("{version}, and one of the {percent}% that are refused (faults)"));
            return self.decided(&Decision::reply(&submission_replies::LEGACY_TLS_REFUSED), facts);
        }
        let decision =
            submission::log_in(&self.tenants, self.endpoint, log_in, self.rules, &mut self.account);
        if decision.is_positive() {
            self.failed_log_in = None;
            self.session = Some(self.store.sessions.open(user));
            self.logged_in.clone_from(&decision.attribution);
        } else {
            self.failed_log_in = Some(decision.entry);
        }
        self.decided(&decision, facts)
    }

    fn mail(&mut self, facts: &Facts) -> Response {
        self.begin_account();
        self.attribution = None;
        self.awaits_header = false;
        if self.endpoint == Endpoint::Mx {
            self.peer = Some(peer(facts));
            return self.say(&positive::SENDER_OK, facts);
        }
        // Of the mailboxes of client submission; High Volume Email has limits of its own.
        if let Some(session) = self.session.as_ref().filter(|_| self.endpoint != Endpoint::HighVolume)
            && let Some(most) = submission::most_sessions(&self.tenants, session.user())
            && session.count() > most
        {
            let why = &mut self.account;
            let decision = submission::too_many_sessions(session.user(), session.count(), most, why);
            return self.decided(&decision, facts);
        }
        match &self.logged_in {
            Some(attribution) => {
                self.attribution = Some(attribution.clone());
                self.say(&positive::SENDER_OK, facts)
            }
            None => {
                let decision = submission::unauthenticated(self.failed_log_in, &mut self.account);
                self.decided(&decision, facts)
            }
        }
    }

    fn rcpt(&mut self, mail_from: &ReversePath, rcpt_to: &ForwardPath, facts: &Facts) -> Response {
        // BDAT may follow at once.
        self.data_since = Some(facts.now);
        let Some(peer) = self.peer.as_ref().filter(|_| self.endpoint == Endpoint::Mx) else {
            let Some(session) = self.session.as_ref().filter(|_| self.endpoint == Endpoint::HighVolume)
            else {
                // Client submission takes any recipient; unknown ones bounce later.
                return self.say(&positive::RECIPIENT_OK, facts);
            };
            let (user, why) = (session.user(), &mut self.account);
            let decision = high_volume::recipient(&self.tenants, user, rcpt_to, self.rules, why);
            return self.decided(&decision, facts);
        };
        let percent = self.luck.faults.busy;
        let key = || format!("busy {} {} {}", facts.address, mail_from.as_str(), rcpt_to.as_str());
        if percent > 0 && self.luck.strikes(percent, key()) {
            self.account
                .step(format!("one of the {percent}% of recipients for which the server is busy (faults)"));
            let busy = Decision::reply(&reputation::SERVER_BUSY).fill(facts.address.to_string());
            return self.decided(&busy, facts);
        }
        let decision =
            relay::recipient(&self.tenants, peer, mail_from, rcpt_to, self.rules, &mut self.account);
        if decision.is_positive() {
            self.awaits_header |= decision.awaits_header;
            self.attribution.clone_from(&decision.attribution);
        }
        self.decided(&decision, facts)
    }

    fn message(&mut self, incoming: &Incoming, facts: &Facts) -> Response {
        if self.endpoint == Endpoint::Mx
            && let Some(refused) = mail_loop(&incoming.head, &mut self.account)
        {
            return self.decided(&refused, facts);
        }
        if let (true, Some(peer)) = (self.awaits_header, &self.peer) {
            let authors = author_domains(&incoming.head);
            let decision = relay::header_from(&self.tenants, peer, &authors, &mut self.account);
            if !decision.is_positive() {
                return self.decided(&decision, facts);
            }
            self.attribution = decision.attribution;
        }
        if let Some(session) = &self.session {
            let authors = author_addresses(&incoming.head);
            let p1 = Some(incoming.mail_from.as_str()).filter(|address| !address.is_empty());
            let senders = p1.into_iter().chain(authors.iter().map(String::as_str));
            let denied = submission::send_as(&self.tenants, session.user(), senders, &mut self.account);
            if let Some(decision) = denied {
                return self.decided(&decision, facts);
            }
        }
        let attribution = self.attribution.take();
        let head = header_firewall(&self.tenants, attribution.as_ref(), &incoming.head, &mut self.account);
        let message_id = message_id(&incoming.head);
        self.tell();
        self.store.keep(Delivered {
            door: self.door,
            session: self.id.to_string(),
            message_id: message_id.clone(),
            at: Instant::now(),
            endpoint: self.endpoint,
            address: facts.address,
            tls: facts.tls.clone(),
            mail_from: incoming.mail_from.clone(),
            rcpt_to: incoming.rcpt_to.clone(),
            attribution,
            account: std::mem::take(&mut self.account),
            head: head.into_owned(),
            size: incoming.size,
        });
        let receipt = self.receipt(message_id, incoming, facts);
        self.reply(&positive::QUEUED, &receipt, facts)
    }

    /// `<id> [InternalId=…, Hostname=…] 64654 bytes in 0.222, 284.250 KB/sec `, as
    /// captured in 2025-11.
    fn receipt(&self, id: Option<String>, incoming: &Incoming, facts: &Facts) -> String {
        let host = stamp::internal_host(self.door());
        let id = id.filter(|id| is_fit(id)).unwrap_or_else(|| format!("<{}@{host}>", self.id));
        let took = self.data_since.and_then(|since| facts.now.duration_since(since).ok());
        let seconds = took.unwrap_or_default().as_secs_f64().max(0.001);
        let size = incoming.size;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people, of at most 150 MB")]
        let rate = size as f64 / 1024.0 / seconds;
        let internal = self.id.number() & 0xFFF_FFFF_FFFF;
        format!(
            "{id} [InternalId={internal}, Hostname={host}] {size} bytes in {seconds:.3}, {rate:.3} KB/sec "
        )
    }

    fn fault(&mut self, fault: Fault, facts: &Facts) -> Response {
        let entry = match fault {
            // A client that pipelines MAIL, RCPT and DATA reads the same refusal
            // three times. [wire, 2024-10]
            Fault::NoTransaction if self.endpoint != Endpoint::Mx && self.logged_in.is_none() => {
                let decision = submission::unauthenticated(self.failed_log_in, &mut self.account);
                return self.decided(&decision, facts);
            }
            Fault::Unrecognized => &protocol::UNRECOGNIZED_COMMAND,
            Fault::Arguments => &protocol::INVALID_ARGUMENTS,
            Fault::BadSender => &protocol::INVALID_SENDER,
            Fault::BadRecipient => &protocol::INVALID_RECIPIENT,
            Fault::HelloFirst => &protocol::HELLO_FIRST,
            Fault::NoTransaction | Fault::BadSequence => &protocol::BAD_SEQUENCE,
            Fault::NeedsUtf8 => &protocol::NEEDS_SMTPUTF8,
            Fault::TooLarge => &protocol::TOO_LARGE,
            Fault::TooManyRecipients => &relay_replies::TOO_MANY_RECIPIENTS,
            Fault::AuthCancelled => &protocol::AUTH_CANCELLED,
            Fault::AuthMalformed => &protocol::BAD_BASE64,
            Fault::LineTooLong => &protocol::LINE_TOO_LONG,
            Fault::TooManyErrors => &protocol::TOO_MANY_ERRORS,
            Fault::TooManyConnections => &protocol::TOO_MANY_CONNECTIONS,
            Fault::TimedOut => &protocol::TIMED_OUT,
        };
        self.say(entry, facts)
    }
}

impl Policy for FrontEnd {
    fn answer(&mut self, ask: Ask<'_>, facts: &Facts) -> Response {
        match ask {
            Ask::Connected => Response::new(220, stamp::greeting(self.door(), facts.now, self.id)),
            Ask::Ehlo(name) => self.ehlo(name, facts),
            Ask::Helo(name) if is_host_name(name) => Response::new(250, self.hello(facts)),
            Ask::Helo(_) => self.say(&protocol::INVALID_DOMAIN_NAME, facts),
            Ask::StartTls => self.say(&positive::READY_FOR_TLS, facts),
            Ask::Mechanism(name) => self.mechanism(name, facts),
            Ask::Prompt(Prompt::User) => self.say(&positive::PROMPT_USERNAME, facts),
            Ask::Prompt(Prompt::Password) => self.say(&positive::PROMPT_PASSWORD, facts),
            Ask::Prompt(Prompt::Response) => self.say(&positive::PROMPT_EMPTY, facts),
            Ask::LogIn(credentials) => self.log_in(credentials, facts),
            Ask::Mail => self.mail(facts),
            Ask::Rcpt(mail_from, rcpt_to) => self.rcpt(mail_from, rcpt_to, facts),
            Ask::Data => {
                self.data_since = Some(facts.now);
                self.say(&positive::START_MAIL_INPUT, facts)
            }
            Ask::Chunk(size) => self.reply(&positive::CHUNK_OK, &size.to_string(), facts),
            Ask::Message(incoming) => self.message(incoming, facts),
            Ask::Rset => self.say(&positive::RESET, facts),
            Ask::Noop => self.say(&positive::OK, facts),
            Ask::Vrfy => self.say(&positive::CANNOT_VERIFY, facts),
            Ask::Quit => self.say(&positive::CLOSING, facts),
            Ask::Fault(fault) => self.fault(fault, facts),
        }
    }
}

fn peer(facts: &Facts) -> Peer {
    let certificate = match facts.client() {
        ClientChain::None => Presented::None,
        ClientChain::Bad { reason } => Presented::Unusable { reason: reason.clone() },
        ClientChain::Good { names, common } => {
            let name = |(n, name): (usize, &String)| {
                let name = CertificateName::new(name)?;
                Some(if n < *common { name } else { name.alternative() })
            };
            Presented::Names(names.iter().enumerate().filter_map(name).collect())
        }
    };
    Peer { address: facts.address, tls: facts.version(), certificate }
}

/// What Exchange Online takes for a name in EHLO: a domain of ordinary labels, or
/// an address literal. `MacBook..` was refused on the wire; the rest is RFC 5321
/// §4.1.1.1.
fn is_host_name(name: &str) -> bool {
    if let Some(literal) = name.strip_prefix('[') {
        return literal.ends_with(']');
    }
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 255 && name.strip_suffix('.').unwrap_or(name).split('.').all(label)
}

/// Whether a Message-ID is fit for a reply.
fn is_fit(id: &str) -> bool {
    id.len() <= 250 && id.starts_with('<') && id.ends_with('>') && id.bytes().all(|b| b.is_ascii_graphic())
}
