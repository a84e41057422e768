//! The judge, case by case.

use std::time::Duration;

use super::testing::*;
use super::*;
use crate::plan::Plan;
use crate::scenario::{Expect, Expectations, RecipientExpect, StageExpect, StageExpectations, TextMatch};
use crate::session::Observation;
use crate::smtp::{EhloResponse, EventKind, Stage};

/// Up to RCPT TO, all well but the last reply.
const OPENING: [&str; 3] = ["220 hi", "250 hi", "250 2.1.0 ok"];

fn opening(rest: &[&'static str]) -> Vec<&'static str> {
    OPENING.iter().chain(rest).copied().collect()
}

/// `outcome; stage: expected → actual; …`
fn judged(plan: &Plan, expect: &Expectations, seen: &Observation) -> String {
    let verdict = judge(plan, expect, 0, seen);
    let failures = verdict.failures.iter().map(|f| format!("; {}: {} → {}", f.stage, f.expected, f.actual));
    format!("{}{}", verdict.outcome.as_str(), failures.collect::<String>())
}

fn decisive(plan: &Plan, expect: &Expectations, seen: &Observation) -> String {
    match judge(plan, expect, 0, seen).decisive {
        Some(Decisive { stage, what: DecidedBy::Reply(reply), .. }) => format!("{stage} {reply}"),
        Some(Decisive { stage, what: DecidedBy::Event(event), .. }) => format!("{stage} {event}"),
        None => "nothing".to_owned(),
    }
}

fn own(recipient: u16, text: &str) -> RecipientExpect {
    RecipientExpect { transaction: 0, recipient, patterns: patterns(text) }
}

#[test]
fn a_pattern_holds_for_what_was_decisive() {
    let plan = plan(1);
    let accepted = seen(&plan, &opening(&["250 2.1.5 ok", "221 bye"]));
    let refused = seen(&plan, &opening(&["550 5.7.64 no", "221 bye"]));
    assert_eq!(judged(&plan, &expect("250"), &accepted), "passed");
    assert_eq!(judged(&plan, &expect("550 5.7.64"), &refused), "passed");
    assert_eq!(judged(&plan, &expect("250"), &refused), "failed; rcpt_to: 250 → 550 5.7.64 no");
    assert_eq!(judged(&plan, &expect("550 5.7.64"), &accepted), "failed; rcpt_to: 550 5.7.64 → 250 2.1.5 ok");
}

#[test]
fn a_refusal_decides_at_whichever_stage_it_comes() {
    let plan = plan(1);
    let early = seen(&plan, &["220 hi", "250 hi", "530 5.7.57 log in"]);
    assert_eq!(judged(&plan, &expect("5.7.57"), &early), "passed");
    assert_eq!(decisive(&plan, &expect(""), &early), "mail_from 530 5.7.57 log in");
}

/// A pass is a pass: whatever a server does, a session that ended in an event
/// nobody expected, or before its last reply without a refusal, has not passed.
#[test]
fn nothing_but_what_was_expected_ever_passes() {
    let replies = ["220 a", "250 b", "250 2.1.0 c", "354 d", "450 e", "550 5.7.1 f", "421 g"];
    let events =
        ["!timeout reply", "!desync early", "!protocol_error bad_code", "!limit line", "!closed eof"];
    let plans = [plan(1), plan(3), with_message(plan(2)), with_ignored_login(with_message(plan(1)))];
    let wanted = ["", "250", "2xx", "5xx or 250", "550", "5.7.*", "421"].map(expect);
    let maps = ["rcpt_to: 250", "rcpt_to: 5xx", "mail_from: 250, rcpt_to: 2xx"].map(stages);
    let mut random = fastrand::Rng::with_seed(42);
    for _ in 0..20_000 {
        let plan = random.choice(&plans).unwrap();
        let steps = plan.stages().len() - 1 + plan.transactions[0].recipients.len() - 1;
        let length = random.usize(0..=steps);
        let mut script: Vec<&str> = (0..length).map(|_| *random.choice(&replies).unwrap()).collect();
        if length < steps && random.bool() {
            script.push(random.choice(&events).unwrap());
        }
        let seen = seen(plan, &script);
        let refused = seen.answers.iter().any(|answer| !answer.reply.code().is_positive());
        for expect in wanted.iter().chain(&maps) {
            let verdict = judge(plan, expect, 0, &seen);
            let passed = verdict.outcome == Outcome::Passed;
            assert_eq!(passed, verdict.failures.is_empty());
            assert!(!(passed && seen.event.is_some()), "{script:?} passed {}", verdict.expected);
            let complete = plan.stages().iter().skip(1).all(|stage| {
                seen.answers.iter().any(|answer| answer.stage == *stage && stage.accepts(answer.reply.code()))
            });
            assert!(!passed || refused || complete, "{script:?} passed {}", verdict.expected);
        }
    }
}

#[test]
fn a_session_that_stops_short_is_no_pass() {
    let plan = plan(1);
    for length in 0..4 {
        let short = seen(&plan, &["220 hi", "250 hi", "250 ok"][..length.min(3)]);
        for wanted in [expect(""), expect("250"), stages("rcpt_to: 250"), expect("550")] {
            assert!(judged(&plan, &wanted, &short).starts_with("failed"), "{length}");
        }
    }
    assert!(judged(&plan, &expect(""), &Observation::default()).starts_with("failed"));
}

#[test]
fn without_an_expectation_every_stage_must_be_positive() {
    let plan = with_message(plan(1));
    let delivered = seen(&plan, &opening(&["250 ok", "354 go", "250 2.6.0 queued", "221 bye"]));
    assert_eq!(judged(&plan, &expect(""), &delivered), "passed");
    let late = seen(&plan, &opening(&["250 ok", "354 go", "554 5.7.1 spam"]));
    assert_eq!(judged(&plan, &expect(""), &late), "failed; message: a positive reply → 554 5.7.1 spam");
}

#[test]
fn a_positive_reply_of_the_wrong_kind_is_no_refusal_and_no_pass() {
    let plan = with_message(plan(1));
    let mut odd = seen(&plan, &opening(&["250 ok", "250 fine"]));
    assert!(judged(&plan, &expect("250"), &odd).starts_with("failed"), "even where the event is missing");
    odd.event = Some((Stage::Data, event(crate::smtp::EventKind::ProtocolError, "unexpected_code")));
    assert_eq!(decisive(&plan, &expect(""), &odd), "data protocol_error unexpected_code");
    assert_eq!(judged(&plan, &expect("250"), &odd), "failed; data: 250 → protocol_error unexpected_code");
    assert_eq!(judged(&plan, &expect("protocol_error"), &odd), "passed");
}

#[test]
fn quit_is_never_decisive() {
    let plan = plan(1);
    let rude = seen(&plan, &opening(&["250 ok", "500 what"]));
    assert_eq!(judged(&plan, &expect("250"), &rude), "passed");
    assert_eq!(judged(&plan, &expect(""), &rude), "passed");
    assert_eq!(judged(&plan, &stages("quit: 221"), &rude), "failed; quit: 221 → 500 what");
}

#[test]
fn an_event_decides_and_may_be_expected() {
    let plan = plan(1);
    let closed = seen(&plan, &["220 hi", "250 hi", "!closed eof"]);
    assert_eq!(judged(&plan, &expect("closed"), &closed), "passed");
    assert_eq!(judged(&plan, &stages("mail_from: closed"), &closed), "passed");
    assert_eq!(judged(&plan, &expect("250"), &closed), "failed; mail_from: 250 → closed eof");
    assert_eq!(judged(&plan, &expect(""), &closed), "failed; mail_from: a positive reply → closed eof");
}

#[test]
fn a_server_that_was_not_reached_is_an_error_unless_that_was_expected() {
    let plan = plan(1);
    for (stage, event) in [
        (Stage::Connect, "refused connection_refused"),
        (Stage::Connect, "dns_failure not_found"),
        (Stage::Connect, "timeout connect"),
        (Stage::Greeting, "timeout reply"),
        (Stage::Greeting, "closed eof"),
    ] {
        let away = unreached(stage, event);
        assert!(judged(&plan, &expect("250"), &away).starts_with("error; "), "{event}");
        assert!(judged(&plan, &expect(""), &away).starts_with("error; "), "{event}");
        let (kind, _) = event.split_once(' ').unwrap();
        assert_eq!(judged(&plan, &expect(kind), &away), "passed");
        assert_eq!(judged(&plan, &stages(&format!("{stage}: {event}")), &away), "passed");
    }
    let injected = unreached(Stage::Greeting, "desync unasked");
    assert!(judged(&plan, &expect("250"), &injected).starts_with("failed; "));
    let mute = seen(&plan, &["220 hi", "!timeout reply"]);
    assert!(judged(&plan, &expect("250"), &mute).starts_with("failed; "));
}

#[test]
fn an_open_port_where_refused_was_expected_is_a_failure() {
    let plan = plan(1);
    let open = seen(&plan, &opening(&["250 ok"]));
    assert_eq!(judged(&plan, &expect("refused"), &open), "failed; rcpt_to: refused → 250 ok");
    assert_eq!(judged(&plan, &stages("connect: refused"), &open), "failed; connect: refused → connected");
}

#[test]
fn of_several_recipients_the_first_refusal_decides_and_the_last_if_all_are_refused() {
    let plan = plan(3);
    let some = seen(&plan, &opening(&["250 ok", "550 first", "551 second"]));
    let all = seen(&plan, &opening(&["550 first", "551 second", "552 third"]));
    assert_eq!(decisive(&plan, &expect(""), &some), "rcpt_to 550 first");
    assert_eq!(decisive(&plan, &expect(""), &all), "rcpt_to 552 third");
}

#[test]
fn a_recipients_own_expectation_judges_that_recipient_alone() {
    let plan = with_message(plan(2));
    let delivered = seen(&plan, &opening(&["550 5.4.1 unknown", "250 ok", "354 go", "250 queued"]));
    let expected = |text: &str, mine: &str| Expectations { recipients: vec![own(0, mine)], ..expect(text) };
    assert_eq!(judged(&plan, &expected("250", "550 5.4.1"), &delivered), "passed");
    assert_eq!(judged(&plan, &expected("", "550 5.4.1"), &delivered), "passed");
    assert_eq!(decisive(&plan, &expected("", "550"), &delivered), "message 250 queued");
    assert_eq!(
        judged(&plan, &expected("250", "250"), &delivered),
        "failed; rcpt_to: 250 for <r1@example.com> → 550 5.4.1 unknown"
    );
    let neither = seen(&plan, &opening(&["250 ok", "550 no", "354 go", "250 queued"]));
    assert_eq!(judged(&plan, &expected("250", "250"), &neither), "failed; rcpt_to: 250 → 550 no");
}

#[test]
fn recipients_that_are_all_refused_as_each_expects_are_a_pass() {
    let plan = with_message(plan(2));
    let refused = seen(&plan, &opening(&["550 a", "551 b"]));
    let each = |first: &str, text: &str| Expectations {
        recipients: vec![own(0, first), own(1, "551")],
        ..expect(text)
    };
    assert_eq!(judged(&plan, &each("550", ""), &refused), "passed");
    assert_eq!(judged(&plan, &each("550", "551"), &refused), "passed");
    assert_eq!(judged(&plan, &each("550", "250"), &refused), "failed; rcpt_to: 250 → 551 b");
    assert!(judged(&plan, &each("450", ""), &refused).starts_with("failed"));
}

#[test]
fn an_ignored_login_failure_is_not_decisive_but_421_is() {
    let plan = with_ignored_login(plan(1));
    let ignored = seen(&plan, &["220 hi", "250 hi", "535 5.7.3 no", "530 5.7.57 log in"]);
    assert_eq!(judged(&plan, &expect("530 5.7.57"), &ignored), "passed");
    assert_eq!(judged(&plan, &stages("auth: 535, mail_from: 530"), &ignored), "passed");
    assert_eq!(judged(&plan, &stages("mail_from: 530"), &ignored), "passed");
    let open_relay = seen(&plan, &["220 hi", "250 hi", "535 5.7.3 no", "250 ok", "250 ok"]);
    assert_eq!(judged(&plan, &expect(""), &open_relay), "passed");
    let closing = seen(&plan, &["220 hi", "250 hi", "421 4.7.66 old TLS"]);
    assert_eq!(judged(&plan, &expect("421 4.7.66"), &closing), "passed");
    assert!(judged(&plan, &expect(""), &closing).starts_with("failed; auth"));
}

#[test]
fn a_map_asks_for_success_at_what_it_does_not_name_up_to_the_refusal_it_expects() {
    let plan = with_message(plan(1));
    let refused = seen(&plan, &opening(&["550 5.7.64 no"]));
    assert_eq!(judged(&plan, &stages("rcpt_to: 550 5.7.64"), &refused), "passed");
    assert_eq!(judged(&plan, &stages("mail_from: 250, rcpt_to: 5xx"), &refused), "passed");
    assert_eq!(
        judged(&plan, &stages("mail_from: 250"), &refused),
        "failed; rcpt_to: a positive reply → 550 5.7.64 no"
    );
    assert_eq!(
        judged(&plan, &stages("rcpt_to: 550, message: 250"), &refused),
        "failed; message: 250 → nothing: the session had ended at rcpt_to with 550 5.7.64 no"
    );
    let early = seen(&plan, &["220 hi", "250 hi", "451 later"]);
    assert_eq!(
        judged(&plan, &stages("rcpt_to: 550"), &early),
        "failed; mail_from: a positive reply → 451 later; \
         rcpt_to: 550 → nothing: the session had ended at mail_from with 451 later"
    );
}

#[test]
fn what_goes_wrong_after_an_expected_refusal_is_not_passed_over() {
    let plan = with_message(plan(2));
    let unknown = seen(&plan, &opening(&["550 no", "250 ok", "354 go", "!closed eof"]));
    for wanted in [expect("550"), stages("rcpt_to: 550")] {
        assert_eq!(
            judged(&plan, &wanted, &unknown),
            "failed; message: nothing after the refusal → closed eof"
        );
    }
}

#[test]
fn transactions_are_judged_each_by_its_own() {
    let mut plan = plan(1);
    plan.transactions.push(transaction(1));
    let both = |first: &str, second: &str| Expectations {
        transactions: vec![expect(first).session, expect(second).session],
        ..expect("")
    };
    let seen_ = seen(&plan, &["220 hi", "250 hi", "250 ok", "550 no", "250 ok", "250 yes", "221 bye"]);
    assert_eq!(judged(&plan, &both("550", "250"), &seen_), "passed");
    assert_eq!(judged(&plan, &both("550", ""), &seen_), "passed");
    assert_eq!(
        judged(&plan, &both("250", "550"), &seen_),
        "failed; rcpt_to: 250 → 550 no; rcpt_to: 550 → 250 yes"
    );
    let cut = seen(&plan, &["220 hi", "250 hi", "250 ok", "250 ok", "!timeout reply"]);
    assert_eq!(judged(&plan, &both("250", "timeout"), &cut), "passed");
    assert_eq!(judged(&plan, &both("250", ""), &cut), "failed; mail_from: a positive reply → timeout reply");
    let closed = seen(&plan, &["220 hi", "250 hi", "421 bye"]);
    assert_eq!(
        judged(&plan, &both("421", ""), &closed),
        "failed; mail_from: a positive reply → nothing: the session had ended at mail_from with 421 bye"
    );
    let session = Expectations { transactions: vec![Expect::Positive, Expect::Positive], ..expect("421") };
    assert_eq!(judged(&plan, &session, &closed), "passed");
}

#[test]
fn what_goes_wrong_after_the_last_mail_is_that_transactions_fault() {
    let plan = plan(0);
    let own = Expectations { transactions: vec![expect("250").session], ..expect("") };
    let seen = seen(&plan, &["220 hi", "250 hi", "250 ok"]);
    assert_eq!(judged(&plan, &own, &seen), "passed");
    let one_too_many =
        Observation { event: Some((Stage::MailFrom, event(EventKind::Desync, "unasked"))), ..seen };
    assert!(judged(&plan, &own, &one_too_many).starts_with("failed; mail_from: "));
}

#[test]
fn attempts_are_judged_in_order() {
    let plan = plan(1);
    let list = Expectations {
        session: Expect::Attempts(vec![patterns("450"), patterns("250")]),
        ..Expectations::default()
    };
    let later = seen(&plan, &opening(&["450 greylisted"]));
    let now = seen(&plan, &opening(&["250 ok"]));
    assert_eq!(judge(&plan, &list, 0, &later).outcome, Outcome::Passed);
    assert_eq!(judge(&plan, &list, 1, &now).outcome, Outcome::Passed);
    assert_eq!(judge(&plan, &list, 0, &now).outcome, Outcome::Failed);
    assert_eq!(judge(&plan, &list, 1, &later).outcome, Outcome::Failed);
}

#[test]
fn what_a_stage_says_of_text_time_and_closing_must_all_hold() {
    let mut plan = plan(1);
    plan.hold_quit = true;
    let mut closed = seen(&plan, &["220 hi", "250 hi", "421 4.7.0 Too Many errors"]);
    let with = |expect: StageExpect| map(vec![(Stage::MailFrom, expect)]);
    let text = |part: &str| Some(TextMatch::Contains(part.to_owned()));
    assert_eq!(
        judged(&plan, &with(StageExpect { text: text("too many"), ..StageExpect::default() }), &closed),
        "passed"
    );
    let regex = Some(TextMatch::Regex(regex_lite::Regex::new("many e[r]+ors$").unwrap()));
    assert_eq!(
        judged(&plan, &with(StageExpect { text: regex, ..StageExpect::default() }), &closed),
        "failed; mail_from: a text that matches /many e[r]+ors$/ → 421 4.7.0 Too Many errors"
    );
    let quick = with(StageExpect {
        reply: Some(patterns("421")),
        within: Some(Duration::from_millis(2)),
        ..StageExpect::default()
    });
    assert_eq!(judged(&plan, &quick, &closed), "failed; mail_from: within 2 ms → after 3 ms");
    let closes = |wanted| {
        with(StageExpect { reply: Some(patterns("421")), closes: Some(wanted), ..StageExpect::default() })
    };
    assert_eq!(
        judged(&plan, &closes(true), &closed),
        "failed; mail_from: the peer closes the connection → still open after 5 s"
    );
    assert_eq!(judged(&plan, &closes(false), &closed), "passed");
    closed.peer_closed = Some(Duration::from_millis(1));
    assert_eq!(judged(&plan, &closes(true), &closed), "passed");
    assert_eq!(
        judged(&plan, &closes(false), &closed),
        "failed; mail_from: the connection stays open → the peer closed it after 1 ms"
    );
}

#[test]
fn a_named_stage_without_a_reply_must_still_be_positive() {
    let plan = plan(1);
    let refused = seen(&plan, &opening(&["550 no"]));
    let bound = StageExpect { within: Some(Duration::from_secs(1)), ..StageExpect::default() };
    assert_eq!(
        judged(&plan, &map(vec![(Stage::RcptTo, bound)]), &refused),
        "failed; rcpt_to: a positive reply → 550 no"
    );
}

#[test]
fn the_ehlo_list_is_judged_by_what_it_offers_lacks_and_sees() {
    let plan = plan(1);
    let mut good = seen(&plan, &opening(&["250 ok"]));
    good.ehlo =
        Some(EhloResponse::parse(&reply("250-mx Hello [203.0.113.10]\r\n250-SIZE 1000\r\n250 AUTH LOGIN")));
    let ehlo = |offers: &[&str], lacks: &[&str], sees: Option<&str>| {
        let own = |list: &[&str]| list.iter().map(|line| (*line).to_owned()).collect();
        let expect = StageExpect {
            offers: own(offers),
            lacks: own(lacks),
            sees: sees.map(str::to_owned),
            ..StageExpect::default()
        };
        map(vec![(Stage::Ehlo, expect)])
    };
    let wanted = ehlo(&["size", "AUTH LOGIN"], &["STARTTLS"], Some("203.0.113.10"));
    assert_eq!(judged(&plan, &wanted, &good), "passed");
    let unwanted = ehlo(&["STARTTLS", "AUTH PLAIN"], &["SIZE"], Some("203.0.113.11"));
    assert_eq!(
        judged(&plan, &unwanted, &good),
        "failed; ehlo: offers STARTTLS → it offers SIZE, AUTH; ehlo: offers AUTH PLAIN → AUTH LOGIN; \
         ehlo: lacks SIZE → it offers SIZE; ehlo: sees 203.0.113.11 → it sees 203.0.113.10"
    );
}

#[test]
fn the_whole_session_has_a_bound_too() {
    let plan = plan(1);
    let session = Expect::Stages(Box::new(StageExpectations {
        total: Some(Duration::from_millis(5)),
        ..StageExpectations::default()
    }));
    let wanted = Expectations { session, ..Expectations::default() };
    assert_eq!(
        judged(&plan, &wanted, &seen(&plan, &opening(&["250 ok"]))),
        "failed; rcpt_to: the whole session within 5 ms → 9 ms"
    );
}

#[test]
fn a_capped_session_is_judged_on_what_was_played() {
    let whole = with_message(plan(1));
    let mut capped = whole.clone();
    capped.stop_after = Some(Stage::RcptTo);
    let reach = |expect: &Expectations| {
        within_reach(&whole.stages(), Stage::RcptTo, expect).map(std::borrow::Cow::into_owned)
    };
    let accepted = seen(&capped, &opening(&["250 ok"]));
    for wanted in ["", "250", "2xx or 354"] {
        let expect = reach(&expect(wanted)).expect("can be judged");
        assert_eq!(judged(&capped, &expect, &accepted), "passed", "{wanted}");
    }
    let refusal = reach(&expect("550 5.7.64")).expect("can be judged");
    let mut verdict = judge(&capped, &refusal, 0, &accepted);
    cut_short(&mut verdict, Stage::RcptTo);
    assert_eq!(
        verdict.failures[0].actual,
        "250 ok; nothing had been refused when up_to ended the session at rcpt_to"
    );
    assert_eq!(judged(&capped, &refusal, &seen(&capped, &opening(&["550 5.7.64 no"]))), "passed");
    assert_eq!(
        reach(&stages("message: 250")).unwrap_err(),
        "expects 250 at message, which is past up_to: rcpt_to"
    );
    assert_eq!(
        reach(&expect("250 2.6.0 Queued")).unwrap_err(),
        "expects 250 2.6.0 Queued at message, which is past up_to: rcpt_to"
    );
    assert!(reach(&stages("rcpt_to: 250")).is_ok());
}

#[test]
fn four_ends_around_tls_read_as_four_different_results() {
    use crate::smtp::EventKind;
    let observation = |tls: bool| Observation {
        tls: tls.then(|| crate::tls::Negotiated {
            version: crate::tls::TlsVersion::Tls10,
            cipher: "TLS_RSA_WITH_AES_128_CBC_SHA".to_owned(),
            group: None,
            resumed: false,
            backend: "openssl",
            verified: Ok(()),
            peer: None,
            staple: crate::tls::Staple::Absent,
            client_certificate: crate::tls::ClientCertificate::None,
            client: None,
            at: std::time::SystemTime::UNIX_EPOCH,
        }),
        ..Observation::default()
    };
    let meaning =
        |stage, what, tls| hint(&Decisive { stage, what, elapsed: None }, &observation(tls)).meaning;
    let event = |kind, reason| DecidedBy::Event(event(kind, reason));
    let late = DecidedBy::Reply(reply("421 4.3.2 Service not available"));
    let meanings = [
        meaning(Stage::Tls, event(EventKind::TlsRefused, "protocol_version"), false),
        meaning(Stage::Auth, late, true),
        meaning(Stage::StartTls, event(EventKind::NotOffered, "STARTTLS"), false),
        meaning(Stage::Tls, event(EventKind::TlsRefused, "client_certificate"), true),
    ];
    let starts = [
        "the handshake was refused",
        "the handshake passed (TLSv1.0) and 421 came after it",
        "STARTTLS was not offered",
        "the client certificate was refused",
    ];
    for (meaning, start) in meanings.iter().zip(starts) {
        assert!(meaning.starts_with(start), "{meaning}");
    }
}
