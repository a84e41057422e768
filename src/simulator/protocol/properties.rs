//! What holds of the server whatever a client sends; see `src/fuzz.rs`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use super::super::limits::Limits;
use super::super::proxy::{self, Header};
use super::machine::{Next, Protocol};
use super::script::Script;
use crate::smtp::ReplyDecoder;
use crate::smtp::properties::cuts;

/// Small, so that they are reached.
fn limits() -> Limits {
    Limits {
        line: 512,
        size: 2_000,
        head: 1_024,
        recipients: 3,
        commands: 100,
        errors: 20,
        ..Limits::default()
    }
}

/// The longest that may wait for its end: a line, or a PROXY header of version 2.
const LONGEST: usize = 16 + 512;

/// What became of a session.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    said: Vec<u8>,
    next: Next,
    taken: Vec<(String, usize, Vec<u8>, u64)>,
    logged_in: Vec<(String, String)>,
}

fn hear(may_announce: bool, pieces: &[&[u8]]) -> Heard {
    let now = SystemTime::UNIX_EPOCH;
    let mut protocol = Protocol::new(IpAddr::V4(Ipv4Addr::LOCALHOST), now, may_announce, limits());
    let (mut script, mut said, mut next) = (Script::default(), Vec::new(), Next::Read);
    for piece in pieces {
        if next != Next::Read {
            break;
        }
        next = protocol.receive(piece, now, &mut script, &mut said);
        let waiting = protocol.buffer.len();
        assert!(waiting <= LONGEST, "{waiting} bytes wait");
    }
    Heard { said, next, taken: script.taken, logged_in: script.logged_in }
}

/// What a session comes to does not depend on how the client's bytes are cut; all that
/// is said is well-formed; and what is kept is bounded.
fn session(may_announce: bool, bytes: &[u8]) -> Heard {
    let whole = hear(may_announce, &[bytes]);
    for pieces in cuts(bytes) {
        assert_eq!(hear(may_announce, &pieces), whole, "cut into {pieces:?}");
    }
    let mut decoder = ReplyDecoder::default();
    let mut next = decoder.push(&whole.said).expect("replies are well-formed");
    let mut replies = 0;
    while next.is_some() {
        replies += 1;
        next = decoder.push(b"").expect("replies are well-formed");
    }
    assert!(decoder.is_empty() && replies <= 2 * limits().commands + 2, "{replies} replies");
    for (_, recipients, head, size) in &whole.taken {
        assert!((1..=limits().recipients).contains(recipients));
        assert!(head.len() <= limits().head && *size <= limits().size as u64);
        assert!(head.len() as u64 <= *size);
    }
    whole
}

/// A client's whole session, PROXY header included.
///
/// # Panics
///
/// Where one of the properties does not hold.
pub fn commands(bytes: &[u8]) {
    session(false, bytes);
    session(true, bytes);
}

/// What follows RCPT, as a client likes it; and the same bytes sent as they should be, in
/// chunks, of which nothing may be lost.
///
/// # Panics
///
/// Where one of the properties does not hold.
pub fn bdat(bytes: &[u8]) {
    const MAIL: &[u8] = b"EHLO x\r\nMAIL FROM:<a@x.example> BODY=BINARYMIME\r\nRCPT TO:<b@x.example>\r\n";
    session(false, &[MAIL, bytes].concat());
    let mut wire = MAIL.to_vec();
    // The first byte of each chunk says how long it is.
    let (mut rest, mut content) = (&bytes[..bytes.len().min(1_500)], Vec::new());
    for _ in 0..40 {
        let Some((length, after)) = rest.split_first() else { break };
        let (chunk, after) = after.split_at(usize::from(*length).min(after.len()));
        wire.extend_from_slice(format!("BDAT {}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        content.extend_from_slice(chunk);
        rest = after;
    }
    wire.extend_from_slice(b"BDAT 0 LAST\r\n");
    let heard = session(false, &wire);
    let (size, head) = (content.len() as u64, content[..content.len().min(limits().head)].to_vec());
    assert_eq!(heard.taken, [("a@x.example".to_owned(), 1, head, size)]);
}

/// A PROXY header is told from its beginning on, is never longer than what came, and
/// what stands behind it changes nothing.
///
/// # Panics
///
/// Where that does not hold.
pub fn proxy(bytes: &[u8]) {
    let read = proxy::read(bytes);
    match read {
        Header::Whole(length, announced) => {
            assert!(length <= bytes.len() && length <= LONGEST);
            for end in 0..length {
                assert_eq!(proxy::read(&bytes[..end]), Header::Incomplete, "cut at {end}");
            }
            assert_eq!(proxy::read(&bytes[..length]), read);
            assert_eq!(proxy::read(&[bytes, b"EHLO x\r\n"].concat()), read);
            let said = hear(true, &[&bytes[..length], b"EHLO x\r\n"]).said;
            let seen = announced.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            assert_eq!(said, format!("250 x {seen}\r\n").into_bytes());
        }
        Header::Incomplete => assert!(bytes.len() < LONGEST, "it is not waited for for ever"),
        Header::None | Header::Bad => {
            assert_eq!(proxy::read(&[bytes, b"EHLO x\r\n"].concat()), read);
        }
    }
}
