//! What holds of the wire's vocabulary whatever the bytes are. Each property takes any
//! bytes and panics where it does not hold: fuzz targets and bounded tests share them
//! (`src/fuzz.rs`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{
    Command, DataReceiver, EhloResponse, Mechanism, Param, Reply, ReplyDecoder, ReplyError, ReplyLimits,
    SaslClient, SaslLogin, SaslServer, SaslStep, lossless, stuff, unescape, visible,
};

/// Ways to cut the bytes into pieces: whole, byte by byte, and in two or three at places
/// that the bytes themselves choose, so that a finding is found again.
pub(crate) fn cuts(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut cuts = vec![vec![bytes]];
    if bytes.len() <= 4_096 {
        cuts.push(bytes.chunks(1).collect());
    }
    let seed = bytes.iter().fold(bytes.len() as u64, |sum, b| sum.wrapping_mul(31).wrapping_add((*b).into()));
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..6 {
        let (one, two) = (random.usize(..=bytes.len()), random.usize(..=bytes.len()));
        let (one, two) = (one.min(two), one.max(two));
        cuts.push(vec![&bytes[..one], &bytes[one..two], &bytes[two..]]);
    }
    cuts
}

/// Replies are read the same however the bytes are cut, within their bounds, and what
/// was read is read from its own bytes again.
///
/// # Panics
///
/// Where that does not hold.
pub fn reply(bytes: &[u8]) {
    let tight = ReplyLimits { line: 24, reply: 64, lines: 4 };
    for limits in [ReplyLimits::default(), tight] {
        let whole = decode(limits, &[bytes]);
        for pieces in cuts(bytes) {
            assert_eq!(decode(limits, &pieces), whole, "cut into {pieces:?}");
        }
        let (replies, end, pending) = whole;
        let read: Vec<u8> = replies.iter().flat_map(|reply| reply.wire()).copied().collect();
        assert!(bytes.starts_with(&read), "a reply's bytes are the peer's own");
        let rest = &bytes[read.len()..];
        assert!(rest.starts_with(&pending) && (end.is_some() || rest == pending), "so are those that wait");
        for reply in &replies {
            let again = decode(limits, &[reply.wire()]);
            assert_eq!(again, (vec![reply.clone()], None, Vec::new()));
            assert_eq!(&reply.with_text(<[u8]>::to_vec), reply);
            assert!(reply.wire().len() <= limits.reply && reply.lines().count() <= limits.lines);
            assert!(reply.lines().all(|line| line.len() + 2 <= limits.line && !line.contains(&b'\n')));
            assert!(reply.to_string().starts_with(&reply.code().to_string()));
            assert!(!visible(&reply.text()).chars().any(|c| c.is_control()), "shown without controls");
        }
    }
}

/// All replies, the error that ends them, and what waits.
fn decode(limits: ReplyLimits, pieces: &[&[u8]]) -> (Vec<Reply>, Option<ReplyError>, Vec<u8>) {
    let mut decoder = ReplyDecoder::new(limits);
    let mut replies = Vec::new();
    for piece in pieces {
        let mut bytes = *piece;
        loop {
            match decoder.push(bytes) {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => return (replies, Some(error), decoder.pending().to_vec()),
            }
            bytes = b"";
        }
        assert!(decoder.pending().len() <= limits.reply, "what waits is bounded");
    }
    (replies, None, decoder.pending().to_vec())
}

/// A server's offers: each line of the bytes is one of the reply to EHLO.
///
/// # Panics
///
/// Where a keyword that stands in it is not found, or what is found does not stand in it.
pub fn ehlo(bytes: &[u8]) {
    let lines: Vec<Vec<u8>> = bytes
        .split(|b| *b == b'\n')
        .map(|line| line.iter().copied().filter(|b| !b"\r\0".contains(b)).collect())
        .collect();
    let mut wire = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        wire.extend_from_slice(if n + 1 == lines.len() { b"250 " } else { b"250-" });
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    let Ok(Some(reply)) = ReplyDecoder::default().push(&wire) else { return };
    let ehlo = EhloResponse::parse(&reply);
    assert_eq!(ehlo.greeting(), lossless(&lines[0]));
    let shown: Vec<_> = lines[1..].iter().map(|line| lossless(line)).collect();
    for keyword in ehlo.keywords() {
        assert!(shown.iter().any(|line| line.trim_matches(' ') == keyword.line), "{}", keyword.line);
        let found = ehlo.find(keyword.name).expect("a keyword that stands in it is found");
        assert!(found.name.eq_ignore_ascii_case(keyword.name));
        if !keyword.line.chars().any(|c| c != ' ' && c.is_ascii_whitespace()) {
            assert!(ehlo.offers(keyword.line), "{}", keyword.line);
            assert!(ehlo.offers(&keyword.line.to_ascii_lowercase()), "{}", keyword.line);
        }
    }
    assert!(ehlo.oddities().len() <= 3 * lines.len());
    assert!(ehlo.sees().is_none_or(|seen| ehlo.greeting().contains(seen)));
}

/// A client's line: a command is written and read again as the same command.
///
/// # Panics
///
/// Where it is another, or holds what no command may.
pub fn command(line: &[u8]) {
    let _ = unescape(&lossless(line));
    let Ok(command) = Command::parse(line) else { return };
    let text = std::str::from_utf8(line).expect("only UTF-8 is a command");
    assert!(!text.chars().any(char::is_control), "no control character is in a command");
    let written = written(&command);
    assert_eq!(Command::parse(written.as_bytes()), Ok(command), "{written}");
}

/// A command as a client writes it.
fn written(command: &Command<'_>) -> String {
    let with = |head: String, params: &[Param<'_>]| {
        params.iter().fold(head, |line, Param { keyword, value }| match value {
            Some(value) => format!("{line} {keyword}={value}"),
            None => format!("{line} {keyword}"),
        })
    };
    match command {
        Command::Ehlo(name) => format!("EHLO {name}"),
        Command::Helo(name) => format!("HELO {name}"),
        Command::StartTls => "STARTTLS".into(),
        Command::Auth(mechanism, None) => format!("AUTH {mechanism}"),
        Command::Auth(mechanism, Some(initial)) => format!("AUTH {mechanism} {initial}"),
        Command::Mail(path, params) => with(format!("MAIL FROM:{path}"), params),
        Command::Rcpt(path, params) => with(format!("RCPT TO:{path}"), params),
        Command::Data => "DATA".into(),
        Command::Bdat(size, last) => format!("BDAT {size}{}", if *last { " LAST" } else { "" }),
        Command::Rset => "RSET".into(),
        Command::Noop => "NOOP".into(),
        Command::Vrfy => "VRFY".into(),
        Command::Quit => "QUIT".into(),
    }
}

/// What follows DATA: received as the plain rule of RFC 5321 §4.5.2 has it, however it
/// is cut, and what is sent arrives as it was.
///
/// # Panics
///
/// Where that does not hold.
pub fn data(bytes: &[u8]) {
    let expected = unstuffed(bytes);
    for pieces in cuts(bytes) {
        assert_eq!(receive(&pieces), expected, "cut into {pieces:?}");
    }
    let mut sent = Vec::new();
    stuff(bytes, &mut sent);
    let mut arrives = bytes.to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\r\n") {
        arrives.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b"MAIL");
    assert_eq!(receive(&[&sent]), (arrives, Some(b"MAIL".to_vec())), "what is sent arrives");
}

/// The content, and what stands after the ending, if that has come.
pub(super) fn receive(pieces: &[&[u8]]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut receiver = DataReceiver::default();
    let (mut content, mut rest) = (Vec::new(), None::<Vec<u8>>);
    for piece in pieces {
        match &mut rest {
            Some(rest) => rest.extend_from_slice(piece),
            None => {
                let end = receiver.push(piece, |bytes| content.extend_from_slice(bytes));
                rest = end.map(|end| piece[end..].to_vec());
            }
        }
    }
    (content, rest)
}

/// The same by search and replacement over the whole, the CRLF of DATA itself before it.
fn unstuffed(bytes: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let all = [b"\r\n", bytes].concat();
    let end = memchr::memmem::find(&all, b"\r\n.\r\n");
    let body = &all[..end.map_or(all.len(), |at| at + 2)];
    let rest = end.map(|at| all[at + 5..].to_vec());
    // Where it is not known yet what the dot is, it is held back.
    let body = body.strip_suffix(b"\r\n.\r").map_or(body, |_| &body[..body.len() - 2]);
    let mut content = Vec::new();
    let mut from = 0;
    for at in memchr::memmem::find_iter(body, b"\r\n.") {
        content.extend_from_slice(&body[from..at + 2]);
        from = at + 3;
    }
    content.extend_from_slice(&body[from..]);
    content.drain(..2);
    (content, rest)
}

/// Challenges, a line each, to every mechanism of the client; and the same lines as a
/// client's answers to every mechanism of the server.
///
/// # Panics
///
/// Where a challenge is taken that is none, a success is believed that cannot be one, or
/// credentials arrive changed.
pub fn sasl(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').take(8).collect();
    for mechanism in Mechanism::ALL {
        // Those of RFC 7677 §3, whose exchange is among the seeds.
        let mut client = client(mechanism, "user", "pencil");
        let (mut answers, mut proved) = (0, false);
        for line in &lines {
            let Ok(answer) = client.answer(line) else { break };
            answers += 1;
            let decoded = STANDARD.decode(line.trim_ascii()).expect("only base64 is answered");
            assert!(line.len() < 12_288 && STANDARD.encode(&decoded).as_bytes() == line.trim_ascii());
            assert!(STANDARD.decode(answer.line).is_ok(), "what goes out is base64");
            assert!(!answer.note.contains("pencil"), "{}", answer.note);
            proved |= decoded.starts_with(b"v=");
        }
        assert!(answers <= 4, "{} goes on for ever", mechanism.as_str());
        let mutual = matches!(mechanism, Mechanism::ScramSha1 | Mechanism::ScramSha256);
        assert!(!mutual || proved || client.accepted().is_err(), "the server has proved nothing");
    }
    for mechanism in ["LOGIN", "XOAUTH2"] {
        let mut server = SaslServer::start(mechanism).expect("it is served");
        for line in &lines {
            match server.answer(line) {
                SaslStep::Judge { .. } | SaslStep::Cancelled | SaslStep::Malformed => break,
                SaslStep::AskUser | SaslStep::AskPassword | SaslStep::AskResponse => {}
            }
        }
    }
    // Whatever the secret, it arrives.
    let text = lossless(&bytes[..bytes.len().min(4_096)]);
    let mut login = SaslServer::start("LOGIN").expect("it is served");
    let mut client = client(Mechanism::Login, "user", &text);
    let mut step = login.begin(None);
    while matches!(step, SaslStep::AskUser | SaslStep::AskPassword) {
        let answer = client.answer(b"").expect("LOGIN has two answers");
        step = login.answer(answer.line.as_bytes());
    }
    assert!(step == SaslStep::Judge { user: "user".into(), secret: text.into() });
}

fn client(mechanism: Mechanism, username: &str, secret: &str) -> SaslClient {
    let server = ("mx.test", 25);
    let login =
        SaslLogin { mechanism, username, authzid: "", secret, server, initial_response: None, cancel: false };
    SaslClient::new(login, || "rOprNGfwEbeRWgbNEkqO".to_owned())
}
