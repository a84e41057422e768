//! The last judgement of a server's chain, kept for the sessions of the same
//! second.

use std::sync::{Mutex, PoisonError};

use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::Untrusted;

/// Whether a chain holds for a name at a second (certificates know no finer time,
/// RFC 5280 §4.1.2.5). A run shakes hands with the same server a thousand times a
/// second, and each signature of the chain is a quarter of the client's work in a
/// handshake: what was asked a moment ago is not computed again. Every byte of the
/// question has to be the same.
#[derive(Default)]
pub(super) struct Judged(Mutex<Option<Answer>>);

struct Answer {
    chain: Box<[CertificateDer<'static>]>,
    name: ServerName<'static>,
    at: UnixTime,
    verdict: Result<(), Untrusted>,
}

impl Judged {
    /// The verdict on this chain (the server's own certificate and what it sent
    /// along), by `judge` where the last question was another one.
    pub(super) fn or_judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        judge: impl FnOnce() -> Result<(), Untrusted>,
    ) -> Result<(), Untrusted> {
        let chain = || std::iter::once(leaf).chain(intermediates);
        if let Some(last) = &*self.last()
            && last.at == now
            && last.name == *name
            && last.chain.iter().eq(chain())
        {
            return last.verdict.clone();
        }
        let verdict = judge();
        *self.last() = Some(Answer {
            chain: chain().map(|certificate| certificate.clone().into_owned()).collect(),
            name: name.to_owned(),
            at: now,
            verdict: verdict.clone(),
        });
        verdict
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_very_same_question_is_answered_from_memory() {
        let judged = Judged::default();
        let asked = Cell::new(0);
        let ask = |chain: &[&[u8]], name: &str, second: u64| {
            let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(*der)).collect();
            let name = ServerName::try_from(name).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(second));
            judged.or_judge(&chain[0], &chain[1..], &name, now, || {
                asked.set(asked.get() + 1);
                let detail = format!("question {}", asked.get());
                Err(Untrusted { reason: "unknown_issuer", detail })
            })
        };
        let question = |answer: Result<(), Untrusted>| answer.unwrap_err().detail;
        assert_eq!(question(ask(&[b"leaf", b"ca"], "mx.example", 7)), "question 1");
        assert_eq!(question(ask(&[b"leaf", b"ca"], "mx.example", 7)), "question 1");
        assert_eq!(question(ask(&[b"leaf", b"cb"], "mx.example", 7)), "question 2");
        assert_eq!(question(ask(&[b"leaf"], "mx.example", 7)), "question 3");
        assert_eq!(question(ask(&[b"leaf"], "other.example", 7)), "question 4");
        assert_eq!(question(ask(&[b"leaf"], "other.example", 8)), "question 5");
        assert_eq!(question(ask(&[b"leaf"], "other.example", 8)), "question 5");
    }
}
