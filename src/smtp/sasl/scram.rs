//! SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, and neither
//! says it.
//!
//! ```text
//! C: n,,n=user,r=rOprNGfwEbeRWgbNEkqO
//! S: r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096
//! C: c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=
//! S: v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=
//! ```
//!
//! Over SMTP the last is a challenge like the others, and is answered by an empty line
//! (RFC 4422 §5, 2b). Absent on purpose: channel binding (`-PLUS`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkcs5::pbkdf2_hmac;

use super::SaslError;
use super::client::{Exchange, Said};
use super::cram::hmac;
use super::saslprep::prepared;
use crate::smtp::lossless;

/// The most rounds of hashing that are done for a server: what OWASP asks for of those who
/// keep passwords. A server that names more wants our processor, not our log-in.
pub const MOST_ITERATIONS: u64 = 600_000;

/// Fewer than these let who sees the exchange try passwords too fast (RFC 7677 §4).
const FEWEST_ITERATIONS: u64 = 4_096;

/// Which hash it is.
#[derive(Clone, Copy)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

/// A log-in from the client's side.
pub(super) struct Scram {
    hash: Hash,
    /// `n,,` or `n,a=authzid,`: no channel binding (RFC 5802 §6).
    gs2_header: String,
    /// The first message without that.
    first_bare: String,
    nonce: String,
    password: String,
    state: State,
}

enum State {
    /// Nonce, salt and rounds are to come.
    Begun,
    /// The server is to show that it knows the password, by this.
    Proving(Vec<u8>),
    /// It has.
    Proved,
    /// It has said that it will not.
    Refused,
}

/// A nonce that nobody has used before: 18 random bytes.
///
/// # Panics
///
/// Where the system has no randomness to give.
#[must_use]
pub fn fresh_nonce() -> String {
    let mut bytes = [0; 18];
    openssl::rand::rand_bytes(&mut bytes).expect("the system gives random bytes");
    STANDARD.encode(bytes)
}

/// A name as SCRAM and OAUTHBEARER write it (RFC 5802 §5.1, `saslname`).
pub(super) fn saslname(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

impl Scram {
    pub(super) fn new(hash: Hash, authzid: &str, username: &str, password: &str, nonce: &str) -> Self {
        let gs2_header = match authzid {
            "" => "n,,".to_owned(),
            authzid => format!("n,a={},", saslname(&prepared(authzid))),
        };
        Self {
            hash,
            gs2_header,
            first_bare: format!("n={},r={nonce}", saslname(&prepared(username))),
            nonce: nonce.to_owned(),
            password: prepared(password).into_owned(),
            state: State::Begun,
        }
    }

    /// The client's first message.
    pub(super) fn first(&self) -> Vec<u8> {
        format!("{}{}", self.gs2_header, self.first_bare).into_bytes()
    }

    /// The client's final message, and the signature that must follow.
    fn prove(&self, server_first: &str) -> Result<(Said, Vec<u8>), SaslError> {
        let ServerFirst { nonce, salt, rounds } = ServerFirst::parse(server_first)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(SaslError::Nonce);
        }
        if rounds > MOST_ITERATIONS {
            return Err(SaslError::Iterations(rounds));
        }
        let unproved = format!("c={},r={nonce}", STANDARD.encode(&self.gs2_header));
        let signed = format!("{},{server_first},{unproved}", self.first_bare);
        let (proof, signature) = self
            .hash
            .proofs(self.password.as_bytes(), &salt, rounds as usize, signed.as_bytes())
            .map_err(|_| SaslError::NotOurs("the proof could not be made"))?;
        let proof = STANDARD.encode(proof);
        let note = match rounds < FEWEST_ITERATIONS {
            true => format!(
                "the server asks for {rounds} round{} of hashing; RFC 7677 wants {FEWEST_ITERATIONS} at least",
                if rounds == 1 { "" } else { "s" }
            ),
            false => String::new(),
        };
        let response = format!("{unproved},p={proof}").into_bytes();
        Ok((Said { response, note, proofs: vec![proof, STANDARD.encode(&signature)] }, signature))
    }
}

impl Exchange for Scram {
    fn answer(&mut self, challenge: &[u8]) -> Result<Said, SaslError> {
        let message = std::str::from_utf8(challenge)
            .map_err(|_| SaslError::NotOurs("the challenge of SCRAM is not UTF-8"))?;
        let refused = message.strip_prefix("e=");
        match &self.state {
            // RFC 5802 §7: why the server refuses; the refusal follows.
            State::Begun | State::Proving(_) if refused.is_some() => {
                self.state = State::Refused;
                let note =
                    format!("the server explains: {}", lossless(refused.unwrap_or_default().as_bytes()));
                Ok(Said { note, ..Said::default() })
            }
            State::Begun => {
                let (said, signature) = self.prove(message)?;
                self.state = State::Proving(signature);
                Ok(said)
            }
            State::Proving(signature) => {
                let shown = message.split(',').next().and_then(|part| part.strip_prefix("v="));
                let shown = shown.ok_or(SaslError::NotOurs("the server's last word in SCRAM has no `v=`"))?;
                let shown = STANDARD.decode(shown).map_err(|_| SaslError::ServerSignature)?;
                if shown != *signature {
                    return Err(SaslError::ServerSignature);
                }
                self.state = State::Proved;
                Ok(Said::default())
            }
            State::Proved | State::Refused => Err(SaslError::TooMany),
        }
    }

    fn accepted(&self) -> Result<(), SaslError> {
        match self.state {
            State::Begun => Err(SaslError::Early),
            State::Proving(_) | State::Refused => Err(SaslError::Unproven),
            State::Proved => Ok(()),
        }
    }
}

/// `r=nonce,s=salt,i=rounds`, and extensions behind.
struct ServerFirst<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    rounds: u64,
}

impl<'a> ServerFirst<'a> {
    fn parse(message: &'a str) -> Result<Self, SaslError> {
        const FORM: SaslError =
            SaslError::NotOurs("the challenge of SCRAM is not `r=…,s=…,i=…` (RFC 5802 §7)");
        if message.starts_with("m=") {
            return Err(SaslError::NotOurs("the server demands an extension of SCRAM (RFC 5802 §5.1, `m`)"));
        }
        let mut parts = message.split(',');
        let mut part = |name| parts.next().and_then(|part| part.strip_prefix(name)).ok_or(FORM);
        let (nonce, salt, rounds) = (part("r=")?, part("s=")?, part("i=")?);
        let printable = |b: u8| (0x21..=0x7e).contains(&b);
        if !nonce.bytes().all(printable) {
            return Err(FORM);
        }
        let salt = STANDARD.decode(salt).map_err(|_| FORM)?;
        if !rounds.bytes().all(|b| b.is_ascii_digit()) || rounds.starts_with('0') || rounds.is_empty() {
            return Err(FORM);
        }
        // More digits than fit are more rounds than are done.
        Ok(Self { nonce, salt, rounds: rounds.parse().unwrap_or(u64::MAX) })
    }
}

impl Hash {
    fn digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
        }
    }

    /// The client's proof and the server's signature (RFC 5802 §3).
    fn proofs(
        self,
        password: &[u8],
        salt: &[u8],
        rounds: usize,
        signed: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        let digest = self.digest();
        let mut salted = vec![0; digest.size()];
        pbkdf2_hmac(password, salt, rounds, digest, &mut salted)?;
        let client_key = hmac(digest, &salted, b"Client Key")?;
        let stored_key = hash(digest, &client_key)?;
        let client_signature = hmac(digest, &stored_key, signed)?;
        let proof = client_key.iter().zip(&client_signature).map(|(a, b)| a ^ b).collect();
        let server_key = hmac(digest, &salted, b"Server Key")?;
        Ok((proof, hmac(digest, &server_key, signed)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_FIRST: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn sha256() -> Scram {
        Scram::new(Hash::Sha256, "", "user", "pencil", NONCE)
    }

    fn said(scram: &mut Scram, challenge: &str) -> Result<String, SaslError> {
        let said = scram.answer(challenge.as_bytes())?;
        Ok(String::from_utf8_lossy(&said.response).into_owned())
    }

    /// Why the exchange ends with the server's first message.
    fn end(server_first: &str) -> Option<SaslError> {
        said(&mut sha256(), server_first).err()
    }

    #[test]
    fn the_example_of_rfc_7677_is_played_as_it_stands_there() {
        let mut scram = sha256();
        assert_eq!(scram.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        assert_eq!(scram.accepted(), Err(SaslError::Early));
        assert_eq!(
            said(&mut scram, SERVER_FIRST),
            Ok("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".into())
        );
        assert_eq!(scram.accepted(), Err(SaslError::Unproven));
        assert_eq!(said(&mut scram, SERVER_FINAL), Ok(String::new()));
        assert_eq!(scram.accepted(), Ok(()));
        assert_eq!(said(&mut scram, SERVER_FINAL), Err(SaslError::TooMany));
    }

    #[test]
    fn the_example_of_rfc_5802_is_played_as_it_stands_there() {
        let mut scram = Scram::new(Hash::Sha1, "", "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(scram.first(), b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(
            said(&mut scram, "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"),
            Ok("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=".into())
        );
        assert_eq!(said(&mut scram, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), Ok(String::new()));
        assert_eq!(scram.accepted(), Ok(()));
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_found_out() {
        for last in [
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
            "v=",
            "v=6rri",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
            "v=!",
        ] {
            let mut scram = sha256();
            said(&mut scram, SERVER_FIRST).expect("an answer");
            assert_eq!(said(&mut scram, last), Err(SaslError::ServerSignature), "{last}");
            assert_eq!(scram.accepted(), Err(SaslError::Unproven));
        }
        let mut silent = sha256();
        said(&mut silent, SERVER_FIRST).expect("an answer");
        assert!(matches!(said(&mut silent, "welcome"), Err(SaslError::NotOurs(_))));
    }

    #[test]
    fn a_nonce_that_does_not_go_on_from_ours_is_refused() {
        for nonce in
            [NONCE, "other%hvYDpWUa2RaTCAfuxFIlj", "rOprNGfwEbeRWgbNEkq", "XrOprNGfwEbeRWgbNEkqOY", ""]
        {
            let first = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
            assert_eq!(end(&first), Some(SaslError::Nonce), "{nonce}");
        }
    }

    #[test]
    fn rounds_without_measure_are_not_done() {
        let first = |rounds: &str| format!("r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i={rounds}");
        assert_eq!(end(&first("600001")), Some(SaslError::Iterations(600_001)));
        assert_eq!(end(&first("4294967295")), Some(SaslError::Iterations(4_294_967_295)));
        assert_eq!(end(&first(&"9".repeat(400))), Some(SaslError::Iterations(u64::MAX)));
        for none in ["", "0", "-1", "1e9", "4096 ", "04096"] {
            assert!(matches!(end(&first(none)), Some(SaslError::NotOurs(_))), "{none}");
        }
    }

    #[test]
    fn few_rounds_are_told() {
        let note = |rounds| {
            let first = format!("r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i={rounds}");
            sha256().answer(first.as_bytes()).map(|said| said.note).unwrap_or_default()
        };
        assert_eq!(note(1), "the server asks for 1 round of hashing; RFC 7677 wants 4096 at least");
        assert_eq!(note(4096), "");
    }

    #[test]
    fn what_is_no_first_message_is_told() {
        for first in [
            "",
            "s=W22ZaJ0SNY7soEsUEjb6gQ==,r=rOprNGfwEbeRWgbNEkqOx,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx",
            "r=rOprNGfwEbeRWgbNEkqOx,s=!,i=4096",
            "r=rOprNGfwEbeRWgbNEkqO x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "m=strange,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            SERVER_FINAL,
        ] {
            assert!(matches!(end(first), Some(SaslError::NotOurs(_))), "{first}");
        }
        assert!(matches!(sha256().answer(b"r=\xff"), Err(SaslError::NotOurs(_))));
    }

    #[test]
    fn extensions_that_are_not_demanded_are_passed_over() {
        assert!(said(&mut sha256(), &format!("{SERVER_FIRST},x=anything")).is_ok());
    }

    #[test]
    fn a_refusal_in_the_exchange_is_told_and_answered() {
        let mut scram = sha256();
        said(&mut scram, SERVER_FIRST).expect("an answer");
        let said = scram.answer(b"e=invalid-proof").unwrap_or_default();
        assert_eq!((said.response.len(), &*said.note), (0, "the server explains: invalid-proof"));
        assert_eq!(scram.accepted(), Err(SaslError::Unproven));
        assert_eq!(scram.answer(b"v=x").err(), Some(SaslError::TooMany));
    }

    #[test]
    fn names_are_escaped_and_prepared() {
        let scram = Scram::new(Hash::Sha256, "boss,=", "a=b,c\u{ad}", "x", "nonce");
        assert_eq!(String::from_utf8_lossy(&scram.first()), "n,a=boss=2C=3D,n=a=3Db=2Cc,r=nonce");
    }

    #[test]
    fn no_nonce_comes_twice() {
        let (one, other) = (fresh_nonce(), fresh_nonce());
        assert_ne!(one, other);
        assert!(one.len() == 24 && one.bytes().all(|b| b.is_ascii_graphic() && b != b','), "{one}");
    }
}
