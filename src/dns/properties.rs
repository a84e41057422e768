//! What holds of answers of the DNS whatever their octets are; see `src/fuzz.rs`.

use hickory_proto::rr::{Name, RData, RecordType};

use super::Domain;
use super::answer::{Heard, Question, find, judge, shown};
use super::mail::order;

/// What an answer says of contoso.test is told without control characters, aliases end,
/// and hosts come in order, each once. A name that a host can have is read again as the
/// same.
///
/// # Panics
///
/// Where that does not hold.
pub fn dns(bytes: &[u8]) {
    let name = Name::from_ascii("contoso.test.").expect("a name");
    for kind in [RecordType::MX, RecordType::A] {
        let id = bytes.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
        let heard = Question::with_id(id, &name, kind).hear(bytes);
        assert!(matches!(heard, Heard::Nothing) || bytes.len() >= 12, "a header is an answer's least");
        let told = match heard {
            Heard::Nothing | Heard::CutShort => continue,
            Heard::Answer(Err(failure)) => failure.detail,
            Heard::Answer(Ok(message)) => {
                let found = judge(&message, &name).and_then(|()| find(&message, &name, kind));
                match found.and_then(|found| hosts(&shown(&found.name), &found.records)) {
                    Ok(hosts) => hosts.join(" "),
                    Err(failure) => failure.detail,
                }
            }
        };
        assert!(!told.chars().any(char::is_control), "{told:?}");
    }
}

/// The names of the hosts that the records are about, once their order was looked at.
fn hosts(domain: &str, records: &[RData]) -> Result<Vec<String>, super::Failure> {
    let named = records.iter().filter_map(|record| match record {
        RData::MX(mx) => Some((mx.preference, shown(&mx.exchange))),
        _ => None,
    });
    let hosts = order(domain, named.collect())?;
    assert!(!hosts.is_empty());
    for (n, host) in hosts.iter().enumerate() {
        let earlier = &hosts[..n];
        assert!(earlier.iter().all(|other| other.name != host.name), "{} twice", host.name);
        assert!(earlier.last().is_none_or(|other| other.preference <= host.preference));
        if let Ok(domain) = Domain::parse(&host.name) {
            assert_eq!(Domain::parse(domain.as_str()), Ok(domain));
        }
    }
    Ok(hosts.iter().map(|host| host.name.to_string()).collect())
}
