//! Servers that break the rules, each with what must come of it.

use std::sync::Arc;
use std::time::Duration;

use super::scripted::Do::{self, Drip, Expect, ExpectDot, Flood, Hang, Send, Wait};
use super::scripted::{plan, played, script, send, transaction, up_to};
use crate::message::Draft;
use crate::smtp::Stage;

#[tokio::test(start_paused = true)]
async fn a_message_is_delivered() {
    let played = played(&plan(), script(Stage::Quit, vec![send("221 bye\r\n")])).await;
    assert_eq!(
        played.end(),
        "greeting 220, ehlo 250, mail_from 250, rcpt_to 250, data 354, message 250, quit 221"
    );
    assert!(played.heard.ends_with("\r\n.\r\nQUIT\r\n"), "{}", played.heard);
    assert!(played.dialogue().contains("> MAIL FROM:<a@a.test>\n< 250 ok\n"), "{}", played.dialogue());
}

#[tokio::test(start_paused = true)]
async fn broken_framing_ends_the_session() {
    for (wire, end) in [
        ("220 mx\n", "protocol_error bare_lf"),
        ("220 mx\rx\r\n", "protocol_error bare_cr"),
        ("220 mx\r\r\n", "protocol_error bare_cr"),
        ("220 mx\n\r", "protocol_error bare_lf"),
        ("220-a\r\n500 b\r\n", "protocol_error code_changes"),
        ("550-a\r\n220 b\r\n", "protocol_error code_changes"),
        ("2200 x\r\n", "protocol_error bad_code"),
        ("22 x\r\n", "protocol_error bad_code"),
        ("220ok\r\n", "protocol_error bad_separator"),
        ("220\tok\r\n", "protocol_error bad_separator"),
        ("000 x\r\n", "protocol_error bad_code"),
        ("999 x\r\n", "protocol_error bad_code"),
        ("220 a\0b\r\n", "protocol_error nul"),
        ("\r\n220 x\r\n", "protocol_error empty_line"),
        ("220-x\r\n\r\n", "protocol_error empty_line"),
        ("HTTP/1.1 400 Bad Request\r\n", "protocol_error bad_code"),
        ("SSH-2.0-OpenSSH_9\r\n", "protocol_error bad_code"),
        ("\x15\x03\x01\0\x02\x02\x46", "protocol_error bad_code"),
    ] {
        let played = played(&plan(), vec![send(wire)]).await;
        assert_eq!(played.end(), format!("greeting {end}"), "{wire:?}");
        assert_eq!(played.heard, "", "{wire:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_of_another_kind_is_named() {
    for (wire, hint) in [
        ("HTTP/1.1 400 Bad Request\r\n", "web server"),
        ("SSH-2.0-OpenSSH_9\r\n", "SSH server"),
        ("\x15\x03\x01\0\x02\x02\x46", "TLS from the first byte"),
    ] {
        let played = played(&plan(), vec![send(wire), Hang]).await;
        let (_, event) = played.seen.event.expect("an event");
        assert!(event.detail.contains(hint), "{}", event.detail);
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_alone_and_bytes_of_another_charset_are_replies() {
    let mut steps = vec![send("220\r\n"), Expect("EHLO"), Send(b"250-caf\xe9\r\n250\r\n".to_vec())];
    steps.extend([
        Expect("MAIL"),
        send("250\r\n"),
        Expect("RCPT"),
        send("550\r\n"),
        Expect("QUIT"),
        send("221\r\n"),
    ]);
    let played = played(&plan(), steps).await;
    assert_eq!(played.end(), "greeting 220, ehlo 250, mail_from 250, rcpt_to 550, quit 221");
    assert!(played.dialogue().contains("< 250-caf\\xE9\n"), "{}", played.dialogue());
}

#[tokio::test(start_paused = true)]
async fn bounds_hold_against_endless_servers() {
    let never = Duration::ZERO;
    for (steps, end) in [
        (vec![Flood(b"220-more and more and more\r\n", never)], "greeting limit lines"),
        (vec![Flood(b"x220 more and more and more", never)], "greeting limit line"),
        (vec![send("220 mx\r\n"), Expect("EHLO"), Flood(b"250-X-MORE\r\n", never)], "ehlo limit lines"),
        (vec![send("220-"), Flood(&[b'a'; 4000], never)], "greeting limit line"),
    ] {
        assert_eq!(played(&plan(), steps).await.end(), end);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_never_extend_a_deadline() {
    let half = Duration::from_millis(500);
    for (steps, end) in [
        (vec![Hang], "greeting timeout reply"),
        (vec![Drip(vec![b'2'; 1000], half)], "greeting timeout reply"),
        (vec![Flood(b"220-a\r\n", half)], "greeting timeout reply"),
        (vec![send("220 mx\r\n"), Hang], "ehlo timeout reply"),
        (script(Stage::Message, vec![Hang]), "message timeout reply"),
    ] {
        let played = played(&plan(), steps).await;
        assert_eq!(played.end(), end);
        assert!(played.took <= Duration::from_secs(31), "{end}: {:?}", played.took);
    }
}

#[tokio::test(start_paused = true)]
async fn the_session_has_a_deadline_of_its_own() {
    let mut plan = plan();
    plan.timeouts.session = Duration::from_secs(40);
    let slow = Wait(Duration::from_secs(25));
    let steps = vec![slow.clone(), send("220 mx\r\n"), Expect("EHLO"), slow, send("250 mx\r\n"), Hang];
    let played = played(&plan, steps).await;
    assert_eq!(played.end(), "ehlo timeout session");
    assert_eq!(played.took, Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_the_body_meets_the_deadline() {
    let mut plan = plan();
    plan.transactions[0].message = Some(Arc::new(Draft::verbatim(vec![b'a'; 1 << 20])));
    let played = played(&plan, script(Stage::Data, vec![send("354 go\r\n"), Hang])).await;
    assert_eq!(played.end(), "message timeout write");
}

#[tokio::test(start_paused = true)]
async fn replies_that_nobody_asked_for_are_desync() {
    let all = "220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n";
    for (steps, end) in [
        (vec![send(all), Hang], "ehlo desync unasked"),
        (script(Stage::MailFrom, vec![send("250 ok\r\n250 more\r\n"), Hang]), "rcpt_to desync unasked"),
        (script(Stage::MailFrom, vec![send("250 ok\r\n2"), Hang]), "rcpt_to desync unasked"),
        (script(Stage::Data, vec![send("354 go\r\n250 queued\r\n"), Hang]), "message desync unasked"),
        (script(Stage::Message, vec![send("250 queued\r\n250 queued\r\n"), Hang]), "message desync unasked"),
        (script(Stage::Quit, vec![send("250 late\r\n221 bye\r\n")]), "message desync unasked"),
        (script(Stage::Quit, vec![send("221 bye\r\n250 more\r\n")]), "message desync unasked"),
    ] {
        let played = played(&plan(), steps).await;
        assert_eq!(played.end(), end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_before_the_final_dot_is_desync() {
    let mut plan = plan();
    plan.transactions[0].message = Some(Arc::new(Draft::verbatim(vec![b'a'; 1 << 20])));
    let early =
        vec![send("354 go\r\n"), Wait(Duration::from_millis(10)), send("250 queued\r\n"), ExpectDot, Hang];
    let played = played(&plan, script(Stage::Data, early)).await;
    assert_eq!(played.end(), "message desync unasked");
    assert!(!played.heard.contains("\r\n.\r\n"), "the final dot was sent");
}

#[tokio::test(start_paused = true)]
async fn an_unasked_421_is_a_reply_and_the_last_one() {
    for (steps, codes) in [
        (vec![send("421 busy\r\n")], "greeting 421"),
        (vec![send("220 mx\r\n421 closing\r\n")], "greeting 220, ehlo 421"),
        (script(Stage::Ehlo, vec![send("421 no\r\n")]), "greeting 220, ehlo 421"),
        (script(Stage::MailFrom, vec![send("421 no\r\n")]), "greeting 220, ehlo 250, mail_from 421"),
        (
            script(Stage::RcptTo, vec![send("421 no\r\n")]),
            "greeting 220, ehlo 250, mail_from 250, rcpt_to 421",
        ),
        (
            script(Stage::Data, vec![send("421 no\r\n")]),
            "greeting 220, ehlo 250, mail_from 250, rcpt_to 250, data 421",
        ),
        (
            script(Stage::Message, vec![send("421 no\r\n")]),
            "greeting 220, ehlo 250, mail_from 250, rcpt_to 250, data 354, message 421",
        ),
    ] {
        let played = played(&plan(), steps).await;
        assert_eq!(played.end(), codes);
        assert!(!played.heard.contains("QUIT"), "{}", played.heard);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_is_told_at_every_stage() {
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::MailFrom, Stage::RcptTo, Stage::Data, Stage::Message] {
        let played = played(&plan(), up_to(stage)).await;
        assert_eq!(played.end(), format!("{stage} closed eof"));
    }
    let cut = played(&plan(), vec![send("220-mx\r\n220-and")]).await;
    assert_eq!(cut.end(), "greeting closed eof");
    assert!(cut.dialogue().contains("< 220-mx\n< 220-and\n"), "{}", cut.dialogue());
}

#[tokio::test(start_paused = true)]
async fn no_reply_to_the_final_dot_leaves_delivery_unknown() {
    for then in [vec![Hang], vec![]] {
        let played = played(&plan(), script(Stage::Message, then)).await;
        let (_, event) = played.seen.event.expect("an event");
        assert!(event.detail.starts_with("delivery unknown"), "{}", event.detail);
    }
}

#[tokio::test(start_paused = true)]
async fn a_2yz_to_data_gets_no_body() {
    let played = played(&plan(), script(Stage::Data, vec![send("250 ok\r\n"), Hang])).await;
    assert_eq!(played.end(), "data protocol_error unexpected_code");
    assert!(played.heard.ends_with("DATA\r\n"), "{}", played.heard);
    assert_eq!(played.seen.answers.last().map(|answer| answer.stage), Some(Stage::Data));
}

#[tokio::test(start_paused = true)]
async fn a_3yz_where_nothing_more_is_to_come_is_an_error() {
    let played = played(&plan(), script(Stage::MailFrom, vec![send("354 go\r\n"), Hang])).await;
    assert_eq!(played.end(), "mail_from protocol_error unexpected_code");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_with_quit() {
    for (steps, codes) in [
        (vec![send("554 no\r\n"), Expect("QUIT"), send("221 bye\r\n")], "greeting 554, quit 221"),
        (
            vec![send("220 mx\r\n"), Expect("EHLO"), send("500 what\r\n"), Expect("QUIT")],
            "greeting 220, ehlo 500",
        ),
        (
            script(Stage::RcptTo, vec![send("450 later\r\n"), Expect("QUIT"), send("500 what\r\n")]),
            "greeting 220, ehlo 250, mail_from 250, rcpt_to 450, quit 500",
        ),
    ] {
        assert_eq!(played(&plan(), steps).await.end(), codes);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_at_quit_costs_two_seconds_and_changes_nothing() {
    let played = played(&plan(), script(Stage::Quit, vec![Hang])).await;
    assert!(played.seen.event.is_none());
    assert_eq!(played.took, Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn every_recipient_has_an_answer_of_its_own() {
    let mut plan = plan();
    plan.transactions = vec![transaction(&["a@b.test", "b@b.test", "c@b.test"])];
    let mut steps =
        script(Stage::RcptTo, vec![send("250 ok\r\n"), Expect("RCPT TO:<b@b.test>"), send("550 no\r\n")]);
    steps.extend([
        Expect("RCPT TO:<c@b.test>"),
        send("250 ok\r\n"),
        Expect("DATA"),
        send("354 go\r\n"),
        ExpectDot,
    ]);
    steps.extend([send("250 queued\r\n"), Expect("QUIT"), send("221 bye\r\n")]);
    let played = played(&plan, steps).await;
    let recipients: Vec<_> = played
        .seen
        .answers
        .iter()
        .filter_map(|answer| answer.recipient.map(|n| (n, answer.reply.code().get())))
        .collect();
    assert_eq!(recipients, [(0, 250), (1, 550), (2, 250)]);
    assert!(played.end().ends_with("data 354, message 250, quit 221"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_reply_is_never_taken_from_the_next_recipient() {
    let mut plan = plan();
    plan.transactions = vec![transaction(&["a@b.test", "b@b.test"])];
    let played = played(&plan, script(Stage::RcptTo, vec![send("250 ok\r\n"), Expect("RCPT"), Hang])).await;
    assert_eq!(played.end(), "rcpt_to timeout reply");
    assert_eq!(played.seen.answers.last().and_then(|answer| answer.recipient), Some(0));
}

#[tokio::test(start_paused = true)]
async fn transactions_follow_one_another_with_rset_where_one_is_open() {
    let mut plan = plan();
    plan.transactions =
        vec![transaction(&["a@b.test"]), transaction(&["b@b.test"]), transaction(&["c@b.test"])];
    // The first is refused at RCPT and left open; the second is delivered.
    let mut steps = script(Stage::RcptTo, vec![send("550 no\r\n"), Expect("RSET\r\n"), send("250 ok\r\n")]);
    let delivered = [
        Expect("MAIL"),
        send("250 ok\r\n"),
        Expect("RCPT"),
        send("250 ok\r\n"),
        Expect("DATA"),
        send("354 go\r\n"),
        ExpectDot,
        send("250 queued\r\n"),
    ];
    steps.extend(delivered.clone());
    steps.extend(delivered);
    steps.extend([Expect("QUIT"), send("221 bye\r\n")]);
    let played = played(&plan, steps).await;
    let of = |n: u16| {
        played
            .seen
            .answers
            .iter()
            .filter(move |answer| answer.transaction == n && answer.stage >= Stage::MailFrom)
    };
    assert_eq!(of(0).map(|answer| answer.reply.code().get()).collect::<Vec<_>>(), [250, 550]);
    assert_eq!(of(1).map(|answer| answer.reply.code().get()).collect::<Vec<_>>(), [250, 250, 354, 250]);
    assert_eq!(played.heard.matches("RSET").count(), 1, "{}", played.heard);
}

#[tokio::test(start_paused = true)]
async fn stop_after_ends_the_session_where_it_says() {
    for (stage, until, last) in [
        (Stage::Greeting, Stage::Greeting, "QUIT\r\n"),
        (Stage::Ehlo, Stage::Ehlo, "QUIT\r\n"),
        (Stage::MailFrom, Stage::MailFrom, "QUIT\r\n"),
        (Stage::RcptTo, Stage::RcptTo, "QUIT\r\n"),
        // Without the final dot, and without a word.
        (Stage::Data, Stage::Data, "DATA\r\n"),
    ] {
        let mut plan = plan();
        plan.stop_after = Some(stage);
        let reply = match stage {
            Stage::Greeting => "220 mx\r\n",
            Stage::Data => "354 go\r\n",
            _ => "250 ok\r\n",
        };
        let played =
            played(&plan, script(until, vec![send(reply), Expect("QUIT"), send("221 bye\r\n")])).await;
        assert!(played.seen.event.is_none(), "{stage}: {}", played.end());
        assert!(played.heard.ends_with(last), "{stage}: {}", played.heard);
    }
}

#[tokio::test(start_paused = true)]
async fn quit_is_held_back_to_see_who_closes() {
    let mut plan = plan();
    plan.hold_quit = true;
    let refused = vec![send("550 no\r\n"), Wait(Duration::from_secs(1))];
    let closes = played(&plan, script(Stage::RcptTo, refused)).await;
    assert_eq!(closes.seen.peer_closed, Some(Duration::from_secs(1)));
    assert!(!closes.heard.contains("QUIT"));
    let stays = vec![send("550 no\r\n"), Expect("QUIT"), send("221 bye\r\n")];
    let stays = played(&plan, script(Stage::RcptTo, stays)).await;
    assert_eq!((stays.seen.peer_closed, stays.took), (None, Duration::from_secs(5)));
    assert!(stays.end().ends_with("rcpt_to 550, quit 221"));
}

#[tokio::test(start_paused = true)]
async fn a_reply_while_quit_is_held_back_is_desync() {
    let mut plan = plan();
    plan.hold_quit = true;
    for more in ["250 2.1.5 ok\r\n", "nonsense\r\n"] {
        let twice = vec![send("550 no\r\n"), Wait(Duration::from_secs(1)), send(more), Hang];
        let played = played(&plan, script(Stage::RcptTo, twice)).await;
        assert_eq!(played.end(), "rcpt_to desync unasked", "{more}");
    }
    let leaves = vec![send("550 no\r\n"), send("421 bye\r\n"), Wait(Duration::from_secs(1))];
    let leaves = played(&plan, script(Stage::RcptTo, leaves)).await;
    assert_eq!(leaves.seen.peer_closed, Some(Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn an_address_beyond_ascii_needs_smtputf8() {
    let mut plan = plan();
    plan.transactions = vec![transaction(&["用户@b.test"])];
    let played = played(&plan, script(Stage::Ehlo, vec![send("250 mx\r\n"), Hang])).await;
    assert_eq!(played.end(), "mail_from not_offered SMTPUTF8");
}

/// A session of replies that were thought of by nobody, one of which may be a refusal
/// and one broken. Nothing follows a reply that is whole: what a server says too much
/// is another matter, and its time counts.
fn improvised(random: &mut fastrand::Rng) -> Vec<Do> {
    let commands =
        [Expect("EHLO"), Expect("MAIL"), Expect("RCPT"), Expect("DATA"), ExpectDot, Expect("QUIT")];
    let codes = ["220", "250", "250", "250", "354", "250", "221"];
    let (refused, broken) = (random.usize(1..20), random.usize(..10));
    let mut steps = Vec::new();
    for (n, code) in codes.into_iter().enumerate() {
        if n > 0 {
            steps.push(if n == refused + 1 { Expect("QUIT") } else { commands[n - 1].clone() });
        }
        let code = if n == refused { "550" } else { code };
        let lines = random.usize(1..5);
        let mut reply = Vec::new();
        for line in 1..=lines {
            reply.extend_from_slice(code.as_bytes());
            reply.push(if line < lines { b'-' } else { b' ' });
            let text = (0..random.usize(..24)).map(|_| b"ab 5.7.1 -[]\x1b\xff\xc3\xa4"[random.usize(..15)]);
            reply.extend(text);
            reply.extend_from_slice(b"\r\n");
        }
        if n == broken {
            let at = random.usize(..reply.len());
            reply[at] = b"\0\r\n\tx9-\xff"[random.usize(..8)];
        }
        steps.push(Send(reply));
        if n > refused {
            break;
        }
    }
    steps
}

#[tokio::test(start_paused = true)]
async fn however_the_bytes_of_a_session_are_split_its_transcript_is_the_same() {
    let given = std::env::var("RELAYPROBE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    // Shown where the test fails.
    println!("RELAYPROBE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut plan = plan();
    plan.transactions[0].message = Some(Arc::new(Draft::verbatim(b"Subject: x\r\n\r\n.\r\n".to_vec())));
    let mut ends = std::collections::BTreeSet::new();
    for round in 0..300 {
        let whole = improvised(&mut random);
        let split = |random: &mut fastrand::Rng| {
            let every = random.usize(1..8);
            let pieces = |step: &Do| match step {
                Send(bytes) => {
                    let mut pieces = Vec::new();
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let (piece, later) = rest.split_at(random.usize(1..=every).min(rest.len()));
                        pieces.extend([Send(piece.to_vec()), Wait(Duration::from_millis(1))]);
                        rest = later;
                    }
                    pieces
                }
                step => vec![step.clone()],
            };
            whole.iter().flat_map(pieces).collect()
        };
        let (split, by_byte) = (
            split(&mut random),
            whole
                .iter()
                .cloned()
                .map(|step| match step {
                    Send(bytes) => Drip(bytes, Duration::from_millis(1)),
                    step => step,
                })
                .collect(),
        );
        let whole = played(&plan, whole.clone()).await;
        for split in [split, by_byte] {
            let split = played(&plan, split).await;
            assert_eq!(split.dialogue(), whole.dialogue(), "round {round}");
            assert_eq!((split.codes(), split.end()), (whole.codes(), whole.end()), "round {round}");
            assert_eq!(split.heard, whole.heard, "round {round}");
        }
        ends.insert(whole.end());
    }
    assert!(ends.len() > 20, "the sessions are all alike: {ends:?}");
}

#[tokio::test(start_paused = true)]
async fn whatever_a_server_says_the_session_ends_in_time() {
    // Words that get far into the grammar, in an order that nobody planned.
    const WORDS: [&[u8]; 14] = [
        b"220 mx\r\n",
        b"250 ok\r\n",
        b"250-",
        b"354 go\r\n",
        b"421 bye\r\n",
        b"550 5.7.64 no\r\n",
        b"221 bye\r\n",
        b"334 ",
        b"\r",
        b"\n",
        b"\0",
        b"2",
        b"\xff",
        b"-x\r\n",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..500 {
        let mut steps = Vec::new();
        for _ in 0..random.usize(1..12) {
            steps.push(Send(WORDS[random.usize(..WORDS.len())].to_vec()));
            if random.bool() {
                steps.push(Wait(Duration::from_millis(random.u64(..2_000))));
            }
        }
        let written = steps.len();
        steps.push(Hang);
        let mut plan = plan();
        plan.timeouts.reply = Duration::from_secs(5);
        let played = played(&plan, steps).await;
        let last = played.seen.answers.last().map(|answer| answer.stage);
        assert!(played.seen.event.is_some() || last >= Some(Stage::Greeting), "{}", played.dialogue());
        assert!(played.took < Duration::from_secs(5 * 8 + 2), "{written} pieces: {:?}", played.took);
    }
}
