//! The replies in what somebody pasted.

use std::borrow::Cow;

use super::lines::{Line, lines, named_stage};
use super::scan::{Hit, scan};
use crate::smtp::{EnhancedStatus, Stage};

/// A reply, as far as what was pasted shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The basic code.
    pub code: Option<u16>,
    /// The enhanced code.
    pub enhanced: Option<EnhancedStatus>,
    /// The text, its lines joined by one space; foreign bytes, as pasted.
    pub text: String,
    /// What it answered, where that is told.
    pub stage: Option<Stage>,
    /// It stands inside the one before: a reason repeated, or another server's words
    /// passed on.
    pub inside: bool,
}

/// How many replies are looked at.
const MOST: usize = 200;

/// Every reply in a text, in order. What was refused hides what went well; codes
/// with a text hide enhanced codes that stand alone, for those repeat them.
pub(super) fn replies(pasted: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut goes_on = false;
    'lines: for line in lines(pasted) {
        let hits = scan(&line.text);
        for (n, hit) in hits.iter().enumerate() {
            let next = hits.get(n + 1);
            let text = text_of(&line.text, hit, next);
            let same_code = found.last().is_some_and(|last| last.code == hit.code);
            if goes_on
                && same_code
                && let Some(last) = found.last_mut()
            {
                if !text.is_empty() {
                    last.text.push(' ');
                    last.text.push_str(&text);
                }
                goes_on = hit.goes_on;
                continue;
            }
            if found.len() == MOST {
                break 'lines;
            }
            goes_on = hit.goes_on;
            found.push(Found {
                code: hit.code,
                enhanced: hit.enhanced,
                text: text.into_owned(),
                stage: stage_of(&line),
                inside: n > 0 && wraps(&line.text, hit.at),
            });
        }
    }
    let has_code = found.iter().any(|reply| reply.code.is_some());
    found.retain(|reply| reply.code.is_some() || !has_code);
    match found.iter().any(is_refusal) {
        true => found.retain(is_refusal),
        // Of a session that went well the end counts.
        false => drop(found.drain(..found.len().saturating_sub(1))),
    }
    found
}

fn is_refusal(reply: &Found) -> bool {
    reply.code.map_or_else(|| reply.enhanced.is_some_and(|status| status.class != 2), |code| code >= 400)
}

/// The stage that the log names, else the command before it in the transcript.
fn stage_of(line: &Line) -> Option<Stage> {
    named_stage(&line.text).or(line.stage)
}

/// Whether what stands before says that another server's words follow.
fn wraps(line: &str, at: usize) -> bool {
    ["[Message=", "-> ", "Error: ", "'", "\""].iter().any(|lead| line[..at].ends_with(lead))
}

/// A reply's text: up to the line's end, the bracket or quote that it stands in, the
/// next line of the same reply, or what the log says about it.
fn text_of<'a>(line: &'a str, hit: &Hit, next: Option<&Hit>) -> Cow<'a, str> {
    let end = match next {
        Some(next) if hit.goes_on && next.code == hit.code => next.at,
        _ => line.len(),
    };
    let mut text = &line[hit.text_at.min(end)..end];
    if let Some(at) = text.find(" (in reply to ") {
        text = &text[..at];
    }
    if let Some(quote) = line[..hit.at].chars().next_back().filter(|c| "'\"".contains(*c)) {
        text = text.split(quote).next().unwrap_or(text);
    }
    text[..balanced(text)].trim().into()
}

/// How far a text goes before a bracket closes that was opened before it.
fn balanced(text: &str) -> usize {
    let mut open = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' | '{' => open.push(c),
            ']' | ')' | '}' => {
                let opening = match c {
                    ']' => '[',
                    ')' => '(',
                    _ => '{',
                };
                if !open.contains(&opening) {
                    return at;
                }
                while open.pop().is_some_and(|last| last != opening) {}
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pasted: &str) -> Vec<String> {
        let tell = |reply: &Found| {
            let code = reply.code.map_or(String::new(), |code| format!("{code} "));
            let enhanced = reply.enhanced.map_or(String::new(), |enhanced| format!("{enhanced} "));
            let stage = reply.stage.map_or(String::new(), |stage| format!(" @{stage}"));
            format!("{}{code}{enhanced}{}{stage}", if reply.inside { "inside: " } else { "" }, reply.text)
        };
        replies(pasted).iter().map(tell).collect()
    }

    #[test]
    fn a_postfix_log_line_gives_one_reply() {
        let line = "Nov 20 10:00:01 relay postfix/smtp[1234]: 4XyZ: to=<partner@fabrikam.example>, \
                    relay=contoso-com.mail.protection.outlook.com[52.101.68.0]:25, delay=2.5, delays=0.1/0/1.9/0.5, \
                    dsn=5.7.64, status=bounced (host contoso-com.mail.protection.outlook.com[52.101.68.0] said: \
                    550 5.7.64 TenantAttribution; Relay Access Denied [AM4PEPF00027A62.eurprd04.prod.outlook.com \
                    2026-01-29T12:31:01.197Z 08DE5971FB66165F] (in reply to RCPT TO command))";
        assert_eq!(
            told(line),
            ["550 5.7.64 TenantAttribution; Relay Access Denied [AM4PEPF00027A62.eurprd04.prod.outlook.com \
              2026-01-29T12:31:01.197Z 08DE5971FB66165F] @rcpt_to"]
        );
    }

    #[test]
    fn wrapped_replies_are_unwrapped() {
        let trace = "450 4.4.317 Cannot connect to remote server [Message=451 5.7.3 STARTTLS is required to send \
                     mail] [LastAttemptedServerName=mail.contoso.com] [LastAttemptedIP=192.0.2.1:25]";
        let found = told(trace);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], "inside: 451 5.7.3 STARTTLS is required to send mail");
        assert_eq!(
            told("550 5.7.367 Remote server returned not permitted to relay -> 554 5.7.1 Relaying denied")[1],
            "inside: 554 5.7.1 Relaying denied"
        );
        assert_eq!(
            told(
                "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.3 Authentication unsuccessful [x]"
            )[1],
            "inside: 535 5.7.3 Authentication unsuccessful [x]"
        );
    }

    #[test]
    fn lines_of_one_reply_are_one_reply() {
        let several = "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n\
                       550-5.7.26 Gmail requires all senders to authenticate\n550 5.7.26  - gsmtp";
        let one = "said: 550-5.7.26 This mail has been blocked because the sender is unauthenticated. 550-5.7.26 \
                   Gmail requires all senders to authenticate 550 5.7.26 - gsmtp (in reply to end of DATA command)";
        for (pasted, stage) in [(several, ""), (one, " @message")] {
            let text = "This mail has been blocked because the sender is unauthenticated. Gmail requires all \
                        senders to authenticate gsmtp";
            assert_eq!(told(pasted), [format!("550 5.7.26 {text}{stage}")]);
        }
    }

    #[test]
    fn of_a_transcript_the_refusals_are_taken() {
        let swaks = "<-  220 mx ready\n -> EHLO me\n<-  250-mx\n<-  250 SIZE\n -> MAIL FROM:<a@b.example>\n\
                     <-  250 2.1.0 Sender OK\n -> RCPT TO:<c@d.example>\n<** 550 5.7.64 TenantAttribution; Relay \
                     Access Denied [x]\n -> QUIT\n<-  221 2.0.0 bye\n";
        assert_eq!(told(swaks), ["550 5.7.64 TenantAttribution; Relay Access Denied [x] @rcpt_to"]);
    }

    #[test]
    fn a_bounce_gives_its_diagnostic_code() {
        let bounce = "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: \
                      smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient\n\tnot found by SMTP address lookup\n";
        assert_eq!(
            told(bounce),
            ["550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"]
        );
    }

    #[test]
    fn a_code_alone_is_a_reply() {
        assert_eq!(told("5.7.64"), ["5.7.64 "]);
        assert_eq!(told("550"), ["550 "]);
        assert_eq!(told("nothing of the kind"), Vec::<String>::new());
    }

    #[test]
    fn no_text_however_odd_upsets_the_reader() {
        let alphabet =
            ["550", " ", "-", "5.7.1", "[", "]", "ä", "\n", "'", "\u{1b}", "Message=", "->", "<", "."];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..5_000 {
            let text: String =
                (0..random.usize(..24)).map(|_| alphabet[random.usize(..alphabet.len())]).collect();
            let _ = replies(&text);
        }
    }
}
