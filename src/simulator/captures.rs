//! Replies captured from Microsoft's hosts, word for word, played again: the
//! simulator must say the same at the same stage, variable parts aside. And the
//! table of fidelity in `docs/exchange-online.md`, which follows from it.

use regex_lite::Regex;

use super::vocabulary::{CLEAR, LOOP, OLD, TLS, all_replies, replies_when_busy, tenant};
use crate::exchange::catalogue::{self, Confidence, Entry, Server};
use crate::exchange::{BasicAuth, ConnectorType, Endpoint, Network, Tenant};
use crate::smtp::{EnhancedStatus, Stage};
use crate::tls::TlsVersion;

/// A capture: as it came (`…` where the source cuts it, `|` between lines), the stage
/// at which it came, and how to come by it here.
struct Capture {
    wire: &'static str,
    stage: Stage,
    endpoint: Endpoint,
    tls: Option<TlsVersion>,
    lines: &'static str,
    change: fn(&mut Tenant),
}

const SUBMISSION: Capture = Capture {
    wire: "",
    stage: Stage::Auth,
    endpoint: Endpoint::Submission,
    tls: TLS,
    lines: "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=",
    change: |_| {},
};
const MX: Capture = Capture {
    stage: Stage::RcptTo,
    endpoint: Endpoint::Mx,
    tls: CLEAR,
    lines: "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>",
    ..SUBMISSION
};

const LOGGED_IN_MAIL: &str =
    "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=|MAIL FROM:<scan@contoso.com>";
const LOGGED_IN_RCPT: &str = "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=|MAIL FROM:<scan@contoso.com>|\
    RCPT TO:<a@b.example>";
const LOGGED_IN_DATA: &str = "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=|MAIL FROM:<scan@contoso.com>|\
    RCPT TO:<a@b.example>|DATA";

const CAPTURES: &[Capture] = &[
    Capture {
        wire: "220 SY5P282CA0097.outlook.office365.com Microsoft ESMTP MAIL Service ready at Sun, 23 Nov 2025 \
               11:12:20 +0000 [08DE2A6028D26C22]",
        stage: Stage::Greeting,
        tls: CLEAR,
        lines: "",
        ..SUBMISSION
    },
    Capture {
        wire: "220 BMXPR01CA0083.outlook.office365.com Microsoft ESMTP MAIL Service ready at Sat, 26 Apr 2025 \
               18:06:30 +0000 [08DD842467C8274D]",
        stage: Stage::Greeting,
        tls: CLEAR,
        lines: "",
        ..SUBMISSION
    },
    // Of 2022, before the session's id stood there, and of 2025.
    Capture {
        wire: "220 VE1EUR01FT034.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Mon, 4 Jul 2022 \
               12:14:15 +0000",
        stage: Stage::Greeting,
        lines: "",
        ..MX
    },
    Capture {
        wire: "220 AMS0EPF0000019A.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Sun, 9 Mar \
               2025 19:25:28 +0000 [08DD59CA63652EED]",
        stage: Stage::Greeting,
        lines: "",
        ..MX
    },
    Capture {
        wire: "250-SY5P282CA0097.outlook.office365.com Hello [172.105.184.101]|250-SIZE 157286400|250-PIPELINING\
               |250-DSN|250-ENHANCEDSTATUSCODES|250-STARTTLS|250-8BITMIME|250-BINARYMIME|250-CHUNKING|250 SMTPUTF8",
        stage: Stage::Ehlo,
        tls: CLEAR,
        lines: "EHLO x",
        ..SUBMISSION
    },
    Capture {
        wire: "220 2.0.0 SMTP server ready",
        stage: Stage::StartTls,
        tls: CLEAR,
        lines: "EHLO x|STARTTLS",
        ..SUBMISSION
    },
    Capture {
        wire: "250-SY5P282CA0097.outlook.office365.com Hello [172.105.184.101]|250-SIZE 157286400|250-PIPELINING\
               |250-DSN|250-ENHANCEDSTATUSCODES|250-AUTH LOGIN XOAUTH2|250-8BITMIME|250-BINARYMIME|250-CHUNKING\
               |250 SMTPUTF8",
        stage: Stage::EhloTls,
        lines: "EHLO x",
        ..SUBMISSION
    },
    Capture {
        wire: "250-VE1EUR01FT034.mail.protection.outlook.com Hello [x.x.x.x]|250-SIZE 157286400|250-PIPELINING\
               |250-DSN|250-ENHANCEDSTATUSCODES|250-STARTTLS|250-8BITMIME|250-BINARYMIME|250-CHUNKING|250 SMTPUTF8",
        stage: Stage::Ehlo,
        lines: "EHLO x",
        ..MX
    },
    Capture {
        wire: "250 BL2NAM06FT004.mail.protection.outlook.com Hello [121.74.XX.XX]",
        stage: Stage::Ehlo,
        lines: "HELO x",
        ..MX
    },
    Capture { wire: "235 2.7.0 Authentication successful", ..SUBMISSION },
    Capture { wire: "250 2.1.0 Sender OK", stage: Stage::MailFrom, lines: LOGGED_IN_MAIL, ..SUBMISSION },
    Capture { wire: "250 2.1.5 Recipient OK", stage: Stage::RcptTo, lines: LOGGED_IN_RCPT, ..SUBMISSION },
    Capture {
        wire: "354 Start mail input; end with <CRLF>.<CRLF>",
        stage: Stage::Data,
        lines: LOGGED_IN_DATA,
        ..SUBMISSION
    },
    Capture {
        wire: "250 2.1.0 Sender OK",
        stage: Stage::MailFrom,
        lines: "EHLO x|MAIL FROM:<a@b.example>",
        ..MX
    },
    Capture { wire: "250 2.1.5 Recipient OK", ..MX },
    Capture {
        wire: "354 Start mail input; end with <CRLF>.<CRLF>",
        stage: Stage::Data,
        lines: "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>|DATA",
        ..MX
    },
    Capture {
        wire: "250 2.6.0 <msgid@example.com> [InternalId=10286446712210, \
               Hostname=LV4PR05MB11200.namprd05.prod.outlook.com] 64654 bytes in 0.222, 284.250 KB/sec Queued mail \
               for delivery",
        stage: Stage::Message,
        lines: "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>|DATA|Message-ID: <x@y.example>||.",
        ..MX
    },
    Capture {
        wire: "501 5.5.4 Invalid domain name [BMXPR01CA0083.INDPRD01.PROD.OUTLOOK.COM 2025-04-26T18:06:35.781Z \
               08DD842467C8274D]",
        stage: Stage::Ehlo,
        tls: CLEAR,
        lines: "EHLO MacBook..",
        ..SUBMISSION
    },
    Capture {
        wire: "501 5.5.4 Invalid domain name [BMXPR01CA0083.INDPRD01.PROD.OUTLOOK.COM 2025-04-26T18:06:35.781Z \
               08DD842467C8274D]",
        stage: Stage::Ehlo,
        tls: CLEAR,
        lines: "HELO MacBook..",
        ..SUBMISSION
    },
    Capture {
        wire: "504 5.7.4 Unrecognized authentication type [MW4PR04CA0123.namprd03.prod.outlook.com]",
        lines: "EHLO x|AUTH PLAIN AGEAYg==",
        ..SUBMISSION
    },
    Capture {
        wire: "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. \
               Visit https://aka.ms/smtp_auth_tls. [MAXPR0101CA0021.INDPRD01.PROD.OUTLOOK.COM]",
        tls: OLD,
        ..SUBMISSION
    },
    Capture {
        wire: "530 5.7.57 Client not authenticated to send mail. [US22278CA0034.US7P278.PROD.OUTLOOK.COM \
               2024-10-24T…",
        stage: Stage::MailFrom,
        lines: "EHLO x|MAIL FROM:<scan@contoso.com>",
        ..SUBMISSION
    },
    // A client that pipelines is told so three times.
    Capture {
        wire: "530 5.7.57 Client not authenticated to send mail. [US22278CA0034.US7P278.PROD.OUTLOOK.COM \
               2024-10-24T…",
        stage: Stage::RcptTo,
        lines: "EHLO x|MAIL FROM:<scan@contoso.com>|RCPT TO:<a@b.example>",
        ..SUBMISSION
    },
    Capture {
        wire: "530 5.7.57 Client not authenticated to send mail. [US22278CA0034.US7P278.PROD.OUTLOOK.COM \
               2024-10-24T…",
        stage: Stage::Data,
        lines: "EHLO x|MAIL FROM:<scan@contoso.com>|RCPT TO:<a@b.example>|DATA",
        ..SUBMISSION
    },
    Capture {
        wire: "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.139 Authentication unsuccessful, \
               SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more \
               information. [FR3P281CA0113.DEUP281.PROD.OUTLOOK.COM 2024-05-03T07:54:23.031Z 08DC6AD071D7DE27]",
        stage: Stage::MailFrom,
        lines: "EHLO x|AUTH LOGIN aW5oZXJpdHNAY29udG9zby5jb20=|cmlnaHQ=|MAIL FROM:<inherits@contoso.com>",
        ..SUBMISSION
    },
    Capture {
        wire: "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.3 Authentication unsuccessful…",
        stage: Stage::MailFrom,
        lines: "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|d3Jvbmc=|MAIL FROM:<scan@contoso.com>",
        ..SUBMISSION
    },
    Capture {
        wire: "535 5.7.3 Authentication unsuccessful [host]",
        lines: "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|d3Jvbmc=",
        ..SUBMISSION
    },
    Capture {
        wire: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit \
               https://aka.ms/smtp_auth_disabled for more information. [FR0P281CA0143.DEUP281.PROD.OUTLOOK.COM \
               2023-03-31T22:26:09.545Z 08DB319835AA1D8C]",
        lines: "EHLO x|AUTH LOGIN aW5oZXJpdHNAY29udG9zby5jb20=|cmlnaHQ=",
        ..SUBMISSION
    },
    Capture {
        wire: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit \
               https://aka.ms/smtp_auth_disabled for more information.",
        lines: "EHLO x|AUTH LOGIN b2ZmQGNvbnRvc28uY29t|cmlnaHQ=",
        ..SUBMISSION
    },
    Capture {
        wire: "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. \
               [YT3PR01CA0122.CANPRD01.PROD.OUTLOOK.COM 2025-01-22T03:07:00.315Z 08DD393115E98C2B]",
        change: |t| t.lab.basic_auth = Some(BasicAuth::Off),
        ..SUBMISSION
    },
    Capture {
        wire: "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated \
               successfully. Contact your administrator. [BN9PR03CA0716.namprd03.prod.outlook.com \
               2026-07-01T01:57:31.695Z 08DED6A3FAA75B29]",
        change: |t| t.lab.conditional_access = vec!["scan@contoso.com".into()],
        ..SUBMISSION
    },
    Capture {
        wire: "554 5.2.252 SendAsDenied; info@contoso.com not allowed to send as noreply@contoso.com; \
               STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process \
               message due to a permanent exception with message [BeginDiagnosticData]Cannot submit message. …",
        stage: Stage::Message,
        lines: "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=|MAIL FROM:<boss@contoso.com>|RCPT \
                TO:<a@b.example>|DATA|From: boss@contoso.com||.",
        ..SUBMISSION
    },
    Capture {
        wire: "550 5.7.64 TenantAttribution; Relay Access Denied [xxxx.prod.protection.outlook.com]",
        lines: "EHLO x|MAIL FROM:<>|RCPT TO:<a@b.example>",
        ..MX
    },
    Capture {
        wire: "451 4.4.4 Mail received as unauthenticated, incoming to a recipient domain configured in a hosted \
               tenant which has no mail-enabled subscriptions. ATTR5 [BN1PEPF0000468D.namprd05.prod.outlook.com \
               2026-08-13T13:12:35.600Z 08DEF8E545D8505D]",
        change: |t| t.lab.no_mail_subscription = true,
        ..MX
    },
    Capture {
        wire: "550 5.7.51 TenantInboundAttribution; There is a partner connector configured that matched the \
               message's recipient domain. The connector had either the RestrictDomainsToIPAddresses or \
               RestrictDomainsToCertificate set [CH3PEPF00000016.namprd21.prod.outlook.com \
               2025-01-29T19:07:30.476Z 08DD3FA5DBC8F401]",
        lines: "EHLO x|MAIL FROM:<a@strict.example>|RCPT TO:<info@contoso.com>",
        change: |t| t.inbound_connectors[0].kind = ConnectorType::Partner,
        ..MX
    },
    Capture {
        wire: "550 5.4.1 Recipient address rejected: Access denied. For more information see \
               https://aka.ms/EXOSmtpErrors [AM4PEPF00027A62.eurprd04.prod.outlook.com 2026-01-29T12:31:01.197Z \
               08DE5971FB66165F]",
        lines: "EHLO x|MAIL FROM:<>|RCPT TO:<nobody@contoso.com>",
        ..MX
    },
    Capture {
        wire: "554 5.4.14 Hop count exceeded - possible mail loop ATTR34 [DS1PEPF00017090.namprd03.prod.outlook.com \
               2025-11-06T22:03:23.333Z 08DE1D1FC98F0792]",
        stage: Stage::Message,
        lines: LOOP,
        ..MX
    },
];

/// What no capture shows but a page of Microsoft's has word for word: replayed the same
/// way, and told apart from the captures in the table of fidelity.
const PRINTED: &[Capture] = &[
    Capture { wire: "334 VXNlcm5hbWU6", lines: "EHLO x|AUTH LOGIN", ..SUBMISSION },
    Capture { wire: "334 UGFzc3dvcmQ6", lines: "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==", ..SUBMISSION },
    Capture {
        wire: "221 2.0.0 Service closing transmission channel",
        stage: Stage::Quit,
        lines: "EHLO x|QUIT",
        ..MX
    },
    // The stored copy ends in "your admin…".
    Capture {
        wire: "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults \
               policy. Contact your admin…",
        change: |t| t.lab.security_defaults = true,
        ..SUBMISSION
    },
    Capture {
        wire: "550 5.7.30 Basic authentication is not supported for Client Submission.",
        change: |t| t.lab.basic_auth = Some(BasicAuth::Retired),
        ..SUBMISSION
    },
    Capture {
        wire: "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending",
        stage: Stage::MailFrom,
        lines: LOGGED_IN_MAIL,
        change: |t| t.lab.sessions = Some(0),
        ..SUBMISSION
    },
    Capture {
        wire: "451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35. For more information please go to \
               https://go.microsoft.com/fwlink/?linkid=865268",
        change: |t| t.lab.other_region = true,
        ..MX
    },
    Capture {
        wire: "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from \
               unauthorized sources",
        lines: "EHLO x|MAIL FROM:<info@contoso.com>|RCPT TO:<info@contoso.com>",
        change: |t| t.organization.reject_direct_send = Some(true),
        ..MX
    },
    Capture {
        wire: "550 5.7.711 Access denied, bad inbound connector. AS(2204).",
        lines: "EHLO x|MAIL FROM:<a@contoso.com>|RCPT TO:<a@b.example>",
        change: |t| {
            t.inbound_connectors[0].kind = ConnectorType::OnPremises;
            t.inbound_connectors[0].addresses.push(Network::parse("198.51.100.7").expect("a network"));
            t.lab.blocked_connectors = vec!["Strict".into()];
        },
        ..MX
    },
];

/// A reply without what differs from session to session: hosts, addresses, times,
/// numbers, and the stamps at its end.
fn shape(reply: &str) -> String {
    let rules = [
        (r"\[[0-9A-Za-z.:]*\]", "[]"),
        (r"\[[\w.-]+ \d{4}-\d\d-\d\dT[0-9:.]+Z [0-9A-F]{16}\]", "[]"),
        (r"InternalId=\d+, Hostname=[\w.-]+", "InternalId, Hostname"),
        (r"<?[\w.+-]+@[\w.-]+[\w]>?", "@"),
        (r"[\w-]+(\.[\w-]+)*\.(outlook|office365)\.com", "HOST"),
        (r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d", "DATE"),
        (r"\d+ bytes in [\d.]+, [\d.]+ KB/sec", "SIZE"),
        (r"( \[\])+$", ""),
    ];
    rules.iter().fold(reply.to_owned(), |text, (pattern, with)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *with).into_owned()
    })
}

/// The stage that the last of these lines is at.
fn stage_of(capture: &Capture) -> Stage {
    let lines: Vec<&str> = capture.lines.split('|').collect();
    let verb = |line: &str| line.split([' ', ':']).next().unwrap_or_default().to_owned();
    match verb(lines.last().expect("one line at least")).as_str() {
        "" => Stage::Greeting,
        "EHLO" | "HELO" if capture.tls.is_some() => Stage::EhloTls,
        "EHLO" | "HELO" => Stage::Ehlo,
        "STARTTLS" => Stage::StartTls,
        "MAIL" => Stage::MailFrom,
        "RCPT" => Stage::RcptTo,
        "DATA" => Stage::Data,
        "QUIT" => Stage::Quit,
        "." => Stage::Message,
        _ => Stage::Auth,
    }
}

/// The one that comes on demand alone.
const BUSY: Capture = Capture {
    wire: "451 4.7.500 Server busy. Please try again later from [2.56.250.16]. (S77714) \
           [DB1PEPF000509EF.eurprd03.prod.outlook.com 2025-09-06T02:41:15.886Z 08DDE524AD2CBD69]",
    ..MX
};

#[test]
fn the_capture_that_comes_on_demand_comes_again() {
    let reply = replies_when_busy().pop().expect("a greeting at least");
    assert_eq!(shape(&reply), shape(BUSY.wire));
}

#[test]
fn every_capture_and_printed_reply_that_can_be_reached_comes_again_at_its_stage() {
    for capture in CAPTURES.iter().chain(PRINTED) {
        let mut tenant = tenant();
        (capture.change)(&mut tenant);
        assert_eq!(stage_of(capture), capture.stage, "{}", capture.wire);
        let replies = all_replies(capture.endpoint, capture.tls, capture.lines, tenant);
        let reply = replies.last().expect("a greeting at least");
        let got: Vec<String> = reply.split("\r\n").map(shape).collect();
        let wanted: Vec<String> = capture.wire.split('|').map(shape).collect();
        match (capture.wire.split_once('…'), &got[..]) {
            (Some((begins, _)), [got]) => {
                // What a cut stamp leaves is no part of the text.
                let begins = begins.split(" [US22278").next().unwrap_or_default();
                let begins = shape(begins.trim_end());
                assert!(got.starts_with(&begins), "{got}\n{begins}");
            }
            _ => assert_eq!(got, wanted),
        }
    }
}

/// The entry that a capture is an example of.
fn entry_of(capture: &Capture) -> Option<&'static Entry> {
    let (code, rest) = capture.wire.split_once(' ')?;
    let (enhanced, text) = match EnhancedStatus::split(rest.as_bytes()) {
        Some((own, _)) => (Some(own), rest.split_once(' ').map_or("", |(_, text)| text)),
        None => (None, rest),
    };
    catalogue::find(code.parse().ok()?, enhanced, text, capture.stage)
}

/// The table of fidelity, from the catalogue and the captures.
fn fidelity() -> String {
    let captured: Vec<&Entry> = CAPTURES.iter().chain([&BUSY]).filter_map(entry_of).collect();
    let ours = || catalogue::all().filter(|entry| entry.server == Server::ExchangeOnline);
    let mut rows: Vec<(usize, String)> = Vec::new();
    for entry in ours().filter(|entry| entry.simulated) {
        let is_captured = captured.iter().any(|other| std::ptr::eq(*other, entry));
        let (rank, fidelity) = match (is_captured, entry.confidence) {
            (true, _) => (0, "verified on the wire"),
            (false, Confidence::Verbatim) => (1, "documented, word for word"),
            (false, Confidence::Paraphrased) => (2, "documented"),
            (false, Confidence::Inferred) => (3, "inferred"),
            (false, Confidence::Unverified) => (4, "from memory"),
        };
        let code = entry.code.map_or(String::new(), |code| format!("{code} "));
        let enhanced = entry.enhanced.map_or(String::new(), |enhanced| format!("{enhanced} "));
        let text: String = entry.text.chars().take(90).collect();
        let cut = if text.len() < entry.text.len() { "…" } else { "" };
        let text = text.replace('*', "…");
        let stages: Vec<_> = entry.stages.iter().map(|stage| format!("`{stage}`")).collect();
        rows.push((
            rank,
            format!(
                "| `{}` | {} | {fidelity} |",
                format!("{code}{enhanced}{text}{cut}").trim_end(),
                if stages.is_empty() { "no source says".to_owned() } else { stages.join(", ") }
            ),
        ));
    }
    rows.sort();
    let rows: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    format!(
        "| Reply | At | Fidelity |\n|---|---|---|\n{}\n\nThe other replies of Exchange Online that the \
         catalogue holds are not modelled; `relayprobe explain` knows them.\n",
        rows.join("\n")
    )
}

#[test]
fn what_is_said_word_for_word_is_replayed() {
    let replayed: Vec<&Entry> = CAPTURES.iter().chain(PRINTED).chain([&BUSY]).filter_map(entry_of).collect();
    let ours = catalogue::all().filter(|entry| entry.server == Server::ExchangeOnline && entry.simulated);
    for entry in ours.filter(|entry| entry.confidence == Confidence::Verbatim) {
        let is_replayed = replayed.iter().any(|other| std::ptr::eq(*other, entry));
        assert!(is_replayed, "nothing replays {:?} {}", entry.code, entry.text);
    }
}

#[test]
fn the_guide_prints_the_fidelity_that_the_captures_show() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/exchange-online.md");
    let page = std::fs::read_to_string(path).expect("the page is in the repository");
    let table = fidelity();
    assert!(page.contains(&table), "docs/exchange-online.md wants this table:\n\n{table}");
}
