//! Questions to octets, and octets to answers: no socket, no clock.
//!
//! What is wrong with an answer is told, never passed over: a name server is no more
//! trusted than a mail server. A datagram that is no answer to the question is none
//! at all (RFC 5452 §9): it may be anybody's.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};

use super::failure::{Failure, Reason};

/// The most aliases in a row.
const ALIASES: usize = 12;

/// The octets of a header (RFC 1035 §4.1.1).
const HEADER: usize = 12;

/// A question, with an id that nobody can guess.
pub(super) struct Question {
    query: Query,
    id: u16,
    /// As it is sent.
    pub(super) octets: Vec<u8>,
}

/// What came in.
pub(super) enum Heard {
    /// No answer to this question.
    Nothing,
    /// The answer does not fit into a datagram (RFC 1035 §4.2.1).
    CutShort,
    /// An answer, or what is wrong with it.
    Answer(Result<Box<Message>, Failure>),
}

/// Records that were found.
#[derive(Debug)]
pub(super) struct Found {
    /// The records; none where the name has none of the kind.
    pub(super) records: Vec<RData>,
    /// The name that they belong to, or that was asked for last: where aliases led.
    pub(super) name: Name,
    /// Whether it is not the one that was asked for.
    pub(super) is_alias: bool,
}

impl Question {
    pub(super) fn new(name: &Name, kind: RecordType) -> Self {
        // SipHash under a key of the system's randomness; the low 16 bits of it.
        Self::with_id(RandomState::new().build_hasher().finish() as u16, name, kind)
    }

    /// The same with an id that is given.
    pub(super) fn with_id(id: u16, name: &Name, kind: RecordType) -> Self {
        let query = Query::query(name.clone(), kind);
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(query.clone());
        let octets = message.to_vec().expect("a name and a kind fit into a question");
        Self { query, id, octets }
    }

    /// What so many octets from the server are.
    pub(super) fn hear(&self, octets: &[u8]) -> Heard {
        let is_ours = octets.len() >= HEADER
            && octets[..2] == self.id.to_be_bytes()
            // A response (QR) to a standard query.
            && octets[2] & 0xF8 == 0x80;
        if !is_ours {
            return Heard::Nothing;
        }
        // Cut where it may be cut: in the middle of a record.
        if octets[2] & 0x02 != 0 {
            return Heard::CutShort;
        }
        match Message::from_vec(octets) {
            Ok(message) if self.is_asked_by(&message) => Heard::Answer(Ok(Box::new(message))),
            Ok(_) => Heard::Nothing,
            Err(error) => {
                let why = format!("the answer about {} cannot be read: {error}", shown(&self.query.name));
                Heard::Answer(Err(Failure::new(Reason::Malformed, why)))
            }
        }
    }

    /// Whether a message repeats the question. An error may leave it out.
    fn is_asked_by(&self, message: &Message) -> bool {
        match &message.queries[..] {
            [] => message.metadata.response_code != ResponseCode::NoError,
            [query] => {
                query.name == self.query.name
                    && query.query_type == self.query.query_type
                    && query.query_class == self.query.query_class
            }
            _ => false,
        }
    }
}

/// What an answer's code says of a name, before its records.
pub(super) fn judge(message: &Message, name: &Name) -> Result<(), Failure> {
    let name = shown(name);
    let (reason, what) = match message.metadata.response_code {
        ResponseCode::NoError => return Ok(()),
        ResponseCode::NXDomain => (Reason::NotFound, format!("there is no such name as {name} (NXDOMAIN)")),
        ResponseCode::ServFail => {
            (Reason::ServerFailure, format!("the name server could not find out about {name} (SERVFAIL)"))
        }
        ResponseCode::Refused => {
            (Reason::Refused, format!("the name server does not answer questions about {name} (REFUSED)"))
        }
        code => (Reason::Other, format!("the name server answered {} about {name}", code_name(code))),
    };
    Err(Failure::new(reason, what))
}

/// RFC 1035 §4.1.1, RFC 6895 §2.3.
fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        code => format!("code {}", u16::from(code)),
    }
}

/// The records of a kind that a name has, aliases followed as far as the answer
/// shows them (RFC 1034 §3.6.2).
///
/// # Errors
///
/// [`Reason::CnameLoop`].
pub(super) fn find(message: &Message, name: &Name, kind: RecordType) -> Result<Found, Failure> {
    let mut at = name.clone();
    let mut passed: Vec<Name> = Vec::new();
    loop {
        let own = || message.answers.iter().filter(|r| r.dns_class == DNSClass::IN && r.name == at);
        let records: Vec<RData> =
            own().filter(|r| r.record_type() == kind).map(|record| record.data.clone()).collect();
        let alias = own().find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        });
        let next = match alias {
            Some(next) if records.is_empty() => next,
            _ => return Ok(Found { records, is_alias: at != *name, name: at }),
        };
        passed.push(std::mem::replace(&mut at, next));
        too_many_aliases(&passed, &at)?;
    }
}

/// Ends the following of aliases in a circle, and of too many.
pub(super) fn too_many_aliases(passed: &[Name], next: &Name) -> Result<(), Failure> {
    let why = match passed.first() {
        Some(first) if passed.contains(next) => {
            format!("{} is an alias that leads back to {}", shown(first), shown(next))
        }
        Some(first) if passed.len() > ALIASES => {
            format!("{} is an alias of an alias, more than {ALIASES} times over", shown(first))
        }
        _ => return Ok(()),
    };
    Err(Failure::new(Reason::CnameLoop, why))
}

/// A name as people read it: no final dot, nothing that is not printable ASCII.
pub(super) fn shown(name: &Name) -> String {
    let text = name.to_ascii();
    match text.strip_suffix('.') {
        Some(bare) if !bare.is_empty() => bare.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{A, CNAME, MX};

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    fn alias(from: &str, to: &str) -> Record {
        Record::from_rdata(name(from), 60, RData::CNAME(CNAME(name(to))))
    }

    fn address(of: &str, last: u8) -> Record {
        Record::from_rdata(name(of), 60, RData::A(A::new(192, 0, 2, last)))
    }

    fn answer(question: &Question, records: impl IntoIterator<Item = Record>) -> Message {
        let mut message = Message::from_vec(&question.octets).expect("our own question").into_response();
        message.add_answers(records);
        message
    }

    fn hear(question: &Question, octets: &[u8]) -> &'static str {
        match question.hear(octets) {
            Heard::Nothing => "nothing",
            Heard::CutShort => "cut short",
            Heard::Answer(Ok(_)) => "answer",
            Heard::Answer(Err(failure)) => failure.reason.as_str(),
        }
    }

    #[test]
    fn only_an_answer_to_the_question_is_heard() {
        let question = Question::new(&name("contoso.com."), RecordType::MX);
        let good = answer(&question, [address("contoso.com.", 1)]).to_vec().expect("an answer");
        assert_eq!(hear(&question, &good), "answer");
        assert_eq!(hear(&question, &question.octets), "nothing", "a question is no answer");
        for cut in 0..good.len() {
            let expected = if cut < HEADER { "nothing" } else { "malformed" };
            assert_eq!(hear(&question, &good[..cut]), expected, "cut after {cut}");
        }
        let changed = |at: usize, bits: u8| {
            let mut octets = good.clone();
            octets[at] ^= bits;
            hear(&question, &octets)
        };
        assert_eq!(changed(0, 1), "nothing", "another id");
        assert_eq!(changed(2, 2), "cut short");
        assert_eq!(changed(14, 1), "nothing", "another name in the question");
        let other = Question { id: question.id, ..Question::new(&name("contoso.com."), RecordType::A) };
        assert_eq!(hear(&other, &good), "nothing", "another kind in the question");
        let garbage: Vec<u8> = good[..HEADER].iter().copied().chain([0xC0; 500]).collect();
        assert_eq!(hear(&question, &garbage), "malformed");
    }

    #[test]
    fn a_name_that_points_at_itself_ends() {
        let question = Question::new(&name("contoso.com."), RecordType::MX);
        let mut octets = answer(&question, []).to_vec().expect("an answer");
        // One answer more, whose name is a pointer to itself (RFC 1035 §4.1.4).
        octets[7] = 1;
        let at = u8::try_from(octets.len()).expect("a short answer");
        octets.extend([0xC0, at, 0, 15, 0, 1, 0, 0, 0, 60, 0, 4, 0, 10, 0xC0, at]);
        assert_eq!(hear(&question, &octets), "malformed");
    }

    #[test]
    fn an_error_may_leave_the_question_out() {
        let question = Question::new(&name("contoso.com."), RecordType::MX);
        let mut message = answer(&question, []);
        message.queries.clear();
        assert_eq!(hear(&question, &message.to_vec().expect("an answer")), "nothing");
        message.metadata.response_code = ResponseCode::Refused;
        assert_eq!(hear(&question, &message.to_vec().expect("an answer")), "answer");
    }

    #[test]
    fn codes_are_told_apart() {
        let question = Question::new(&name("contoso.com."), RecordType::MX);
        let reason = |code| {
            let mut message = answer(&question, []);
            message.metadata.response_code = code;
            judge(&message, &name("contoso.com.")).map_err(|failure| failure.reason)
        };
        assert_eq!(reason(ResponseCode::NoError), Ok(()));
        assert_eq!(reason(ResponseCode::NXDomain), Err(Reason::NotFound));
        assert_eq!(reason(ResponseCode::ServFail), Err(Reason::ServerFailure));
        assert_eq!(reason(ResponseCode::Refused), Err(Reason::Refused));
        assert_eq!(reason(ResponseCode::FormErr), Err(Reason::Other));
    }

    #[test]
    fn aliases_are_followed_as_far_as_the_answer_shows_them() {
        let question = Question::new(&name("a.test."), RecordType::A);
        let found = |records: Vec<Record>| {
            let message = answer(&question, records);
            let found = find(&message, &name("a.test."), RecordType::A)?;
            Ok::<_, Failure>((found.records.len(), shown(&found.name), found.is_alias))
        };
        let ok = |count, name: &str, is_alias| Ok((count, name.to_owned(), is_alias));
        assert_eq!(found(vec![address("a.test.", 1), address("a.test.", 2)]), ok(2, "a.test", false));
        assert_eq!(found(vec![address("other.test.", 1)]), ok(0, "a.test", false));
        assert_eq!(found(vec![alias("A.test.", "b.test."), address("B.TEST.", 1)]), ok(1, "b.test", true));
        assert_eq!(found(vec![alias("a.test.", "b.test.")]), ok(0, "b.test", true));
        let other = Record::from_rdata(name("a.test."), 60, RData::MX(MX::new(1, name("b.test."))));
        assert_eq!(found(vec![other]), ok(0, "a.test", false));
    }

    #[test]
    fn aliases_in_a_circle_and_without_end_are_a_loop() {
        let question = Question::new(&name("a.test."), RecordType::A);
        let reason = |records: Vec<Record>| {
            let found = find(&answer(&question, records), &name("a.test."), RecordType::A);
            found.map(|_| ()).map_err(|failure| failure.reason)
        };
        assert_eq!(reason(vec![alias("a.test.", "a.test.")]), Err(Reason::CnameLoop));
        assert_eq!(
            reason(vec![alias("a.test.", "b.test."), alias("b.test.", "A.test.")]),
            Err(Reason::CnameLoop)
        );
        let chain = |length: usize| {
            let at = |n: usize| if n == 0 { "a.test.".to_owned() } else { format!("a{n}.test.") };
            (0..length).map(|n| alias(&at(n), &at(n + 1))).collect::<Vec<_>>()
        };
        assert_eq!(reason(chain(ALIASES)), Ok(()));
        assert_eq!(reason(chain(ALIASES + 1)), Err(Reason::CnameLoop));
    }
}
