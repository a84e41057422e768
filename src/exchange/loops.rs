//! Mail that goes in circles.

use super::Account;
use super::catalogue::relay;
use super::decision::Decision;
use super::header;

/// How often a message may have been through Exchange Online before.
///
/// Source: Microsoft's article on 5.4.6 and 5.4.14: Exchange ends a loop after 20
/// iterations.
const MOST_PASSAGES: usize = 20;

/// The refusal of a message that has been through Exchange Online too often: the
/// add-on service whose loop guard is missing, a connector that sends mail back
/// where it came from.
///
/// The number is documented, the reply captured on the wire. That a passage is
/// counted by the Received fields of hosts under `outlook.com`, neighbours as one,
/// is inferred: the source speaks of iterations, and a passage writes several
/// fields. That it is refused after the data follows, for nothing shows the fields
/// earlier.
#[must_use]
pub fn mail_loop(message: &[u8], why: &mut Account) -> Option<Decision> {
    let passages = passages(message);
    if passages < MOST_PASSAGES {
        return None;
    }
    why.step(format!(
        "Received fields show {passages} passages through Exchange Online, {MOST_PASSAGES} are a loop"
    ));
    Some(Decision::reply(&relay::MAIL_LOOP))
}

/// How often a message has been through Exchange Online: its Received fields by
/// hosts of the service, those that stand together counted once.
fn passages(message: &[u8]) -> usize {
    let (fields, _) = header::split(message);
    let received = fields.iter().filter(|field| field.name().eq_ignore_ascii_case("received"));
    let mut inside = false;
    let mut count = 0;
    for field in received {
        let ours = receiver(&field.value())
            .is_some_and(|host| host.to_ascii_lowercase().trim_end_matches('.').ends_with(".outlook.com"));
        count += usize::from(ours && !inside);
        inside = ours;
    }
    count
}

/// The host behind `by` (RFC 5321 §4.4), comments left out.
fn receiver(value: &str) -> Option<String> {
    let mut depth = 0_usize;
    let plain: String = value
        .chars()
        .map(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ if depth == 0 => return c,
                _ => {}
            }
            ' '
        })
        .collect();
    let mut words = plain.split_ascii_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("by"))?;
    words.next().map(|host| host.trim_end_matches(';').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &str = "Received: from A.prod.outlook.com (2603::1)\r\n by B.prod.outlook.com (2603::2) with SMTP;\r\n Sun, 1 Nov 2026 08:15:00 +0000\r\n";
    const SERVICE: &str = "Received: from B.outbound.protection.outlook.com (by x.prod.outlook.com)\r\n by in1.signatures.example (Postfix) with ESMTPS id 1\r\n";

    #[test]
    fn the_twentieth_passage_is_the_last() {
        let message = |rounds: usize| format!("{}\r\nbody", format!("{SERVICE}{INSIDE}").repeat(rounds));
        assert_eq!(passages(message(3).as_bytes()), 3);
        assert!(mail_loop(message(19).as_bytes(), &mut Account::default()).is_none());
        let mut why = Account::default();
        let refused = mail_loop(message(20).as_bytes(), &mut why).expect("it is a loop");
        assert_eq!(refused.entry.text, "Hop count exceeded - possible mail loop");
        assert_eq!(why.steps(), ["Received fields show 20 passages through Exchange Online, 20 are a loop"]);
    }

    #[test]
    fn hosts_of_one_passage_count_once_and_other_servers_not_at_all() {
        assert_eq!(passages(INSIDE.repeat(30).as_bytes()), 1);
        let between = format!("{INSIDE}X-Between: 1\r\n{INSIDE}");
        assert_eq!(passages(between.as_bytes()), 1);
        assert_eq!(passages(SERVICE.repeat(30).as_bytes()), 0);
        let in_body = format!("Subject: x\r\n\r\n{INSIDE}");
        assert_eq!(passages(in_body.as_bytes()), 0);
        assert_eq!(passages(b"Received: by\r\nReceived: (by a.outlook.com\r\nReceived:\r\n"), 0);
        assert_eq!(passages(b"Received: from x by a.notoutlook.com; y\r\n"), 0);
        assert_eq!(passages(b"Received: from x by A.PROD.OUTLOOK.COM; y\r\n"), 1);
    }
}
