//! Extensions against servers that follow a script.

use std::sync::Arc;

use super::scripted::Do::{Expect, ExpectDot, Hang};
use super::scripted::{Do, Played, plan, played, send, transaction};
use crate::message::Draft;
use crate::plan::{Chunks, Extensions, Plan};
use crate::smtp::{ReversePath, Stage};

/// A plan for these recipients, with these extensions.
fn planned(recipients: &[&str], extensions: Extensions) -> Plan {
    Plan { transactions: vec![transaction(recipients)], extensions, ..plan() }
}

fn pipelining() -> Extensions {
    Extensions { pipelining: true, ..Extensions::default() }
}

/// A greeting, EHLO with these lines, then the rest.
async fn session(plan: &Plan, offers: &str, rest: Vec<Do>) -> Played {
    let lines = offers.split(' ').map(|line| format!("250-{}\r\n", line.replace('_', " ")));
    let ehlo = format!("250-mx.test\r\n{}250 HELP\r\n", lines.collect::<String>());
    let mut script = vec![send("220 mx.test\r\n"), Expect("EHLO app.test\r\n"), send(&ehlo)];
    script.extend(rest);
    played(plan, script).await
}

/// The commands of a batch, none of them answered.
fn batch(commands: &[&'static str]) -> Vec<Do> {
    commands.iter().map(|command| Expect(command)).collect()
}

fn bye() -> [Do; 2] {
    [Expect("QUIT\r\n"), send("221 bye\r\n")]
}

const THREE: [&str; 3] = ["a@b.test", "b@b.test", "c@b.test"];

#[tokio::test(start_paused = true)]
async fn the_commands_of_a_transaction_go_out_together_and_each_gets_its_reply() {
    let mut script =
        batch(&["MAIL FROM:<a@a.test>\r\n", "RCPT TO:<a@", "RCPT TO:<b@", "RCPT TO:<c@", "DATA\r\n"]);
    script.push(send("250 ok\r\n250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go\r\n"));
    script.extend([ExpectDot, send("250 queued\r\n")]);
    script.extend(bye());
    let played = session(&planned(&THREE, pipelining()), "PIPELINING", script).await;
    assert_eq!(
        played.end(),
        "greeting 220, ehlo 250, mail_from 250, rcpt_to 250, rcpt_to 550, rcpt_to 250, data 354, \
         message 250, quit 221"
    );
    let recipients: Vec<_> = played.seen.answers.iter().filter_map(|answer| answer.recipient).collect();
    assert_eq!(recipients, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_ends_where_the_plan_ends() {
    for (stop, commands, replies, end) in [
        (Stage::MailFrom, &["MAIL"][..], "250 ok\r\n", "greeting 220, ehlo 250, mail_from 250, quit 221"),
        (
            Stage::RcptTo,
            &["MAIL", "RCPT", "RCPT", "RCPT"][..],
            "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n",
            "greeting 220, ehlo 250, mail_from 250, rcpt_to 250, rcpt_to 250, rcpt_to 250, quit 221",
        ),
    ] {
        let mut plan = planned(&THREE, pipelining());
        plan.stop_after = Some(stop);
        let mut script = batch(commands);
        script.push(send(replies));
        script.extend(bye());
        assert_eq!(session(&plan, "PIPELINING", script).await.end(), end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_sender_leaves_the_replies_of_the_batch_to_be_read() {
    let mut script = batch(&["MAIL", "RCPT", "DATA"]);
    script.push(send("550 5.1.8 no\r\n503 5.5.1 first MAIL\r\n503 5.5.1 first MAIL\r\n"));
    script.extend(bye());
    let played = session(&planned(&["b@b.test"], pipelining()), "PIPELINING", script).await;
    assert_eq!(played.end(), "greeting 220, ehlo 250, mail_from 550, rcpt_to 503, data 503, quit 221");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_gets_the_message_a_dot_alone_follows() {
    for (reply, end) in [
        (
            "554 no valid recipients\r\n",
            "greeting 220, ehlo 250, mail_from 250, rcpt_to 550, data 354, message 554, quit 221",
        ),
        ("250 queued\r\n", "message protocol_error unexpected_code"),
    ] {
        let mut script = batch(&["MAIL", "RCPT", "DATA"]);
        script.push(send("250 ok\r\n550 no\r\n354 go\r\n"));
        script.extend([Expect(".\r\n"), send(reply)]);
        script.extend(bye());
        let played = session(&planned(&["b@b.test"], pipelining()), "PIPELINING", script).await;
        assert_eq!(played.end(), end);
        assert!(!played.heard.contains("Subject"), "{}", played.heard);
    }
}

#[tokio::test(start_paused = true)]
async fn replies_are_never_shifted_onto_the_wrong_recipient() {
    let mut script = batch(&["MAIL", "RCPT", "RCPT", "RCPT", "DATA"]);
    let two_of_three = "250 ok\r\n250 ok\r\n250 ok\r\n";
    script.push(send(&format!("{two_of_three}354 go\r\n")));
    script.push(Hang);
    let played = session(&planned(&THREE, pipelining()), "PIPELINING", script.clone()).await;
    assert_eq!(played.end(), "rcpt_to protocol_error unexpected_code");
    let last = script.len() - 2;
    script[last] = send(two_of_three);
    let played = session(&planned(&THREE, pipelining()), "PIPELINING", script).await;
    assert_eq!(played.end(), "rcpt_to timeout reply");
}

#[tokio::test(start_paused = true)]
async fn many_recipients_go_in_groups_that_a_server_can_answer() {
    let addresses: Vec<String> = (0..250).map(|n| format!("u{n}@b.test")).collect();
    let recipients: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let mut script = vec![Expect("MAIL")];
    for (size, more) in [(100, "250 ok\r\n"), (100, ""), (50, "354 go\r\n")] {
        script.extend(vec![Expect("RCPT"); size]);
        let first = if more.starts_with("250") { more } else { "" };
        let after = if more.starts_with("354") { more } else { "" };
        if !after.is_empty() {
            script.push(Expect("DATA"));
        }
        script.push(send(&format!("{first}{}{after}", "250 ok\r\n".repeat(size))));
    }
    script.extend([ExpectDot, send("250 queued\r\n")]);
    script.extend(bye());
    let played = session(&planned(&recipients, pipelining()), "PIPELINING", script).await;
    assert!(played.end().ends_with("data 354, message 250, quit 221"), "{}", played.end());
    assert_eq!(played.seen.answers.iter().filter(|answer| answer.stage == Stage::RcptTo).count(), 250);
}

fn chunking(chunks: Chunks) -> Plan {
    let extensions = Extensions { chunks: Some(chunks), ..Extensions::default() };
    let mut plan = planned(&["b@b.test"], extensions);
    plan.transactions[0].message = Some(Arc::new(Draft::verbatim(&b"Subject: x\r\n\r\n.dot\r\nno end"[..])));
    plan
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_in_pieces_with_neither_dots_doubled_nor_a_line_end_added() {
    let mut script = vec![Expect("MAIL"), send("250 ok\r\n"), Expect("RCPT"), send("250 ok\r\n")];
    script.extend([Expect("BDAT 20\r\n"), Expect("Subject: x\r\n"), Expect("\r\n"), Expect(".dot\r\n")]);
    script.extend([send("250 20 octets\r\n"), Expect("BDAT 6 LAST\r\n"), send("250 queued\r\n")]);
    let played = session(&chunking(Chunks::Every(20)), "CHUNKING", script).await;
    assert_eq!(
        played.codes(),
        "greeting 220, ehlo 250, mail_from 250, rcpt_to 250, command 250, message 250"
    );
    assert!(
        played.heard.contains("BDAT 20\r\nSubject: x\r\n\r\n.dot\r\nBDAT 6 LAST\r\nno end"),
        "{}",
        played.heard
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_piece_is_the_last() {
    let mut script = vec![Expect("MAIL"), send("250 ok\r\n"), Expect("RCPT"), send("250 ok\r\n")];
    script.extend([Expect("BDAT 5\r\n"), send("552 5.3.4 too large\r\n")]);
    let played = session(&chunking(Chunks::Every(5)), "CHUNKING", script).await;
    assert_eq!(played.codes(), "greeting 220, ehlo 250, mail_from 250, rcpt_to 250, command 552");
    assert_eq!(played.heard.matches("BDAT").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_offered_is_not_said_unless_forced() {
    let with = |change: &dyn Fn(&mut Plan)| {
        let mut plan = planned(&["b@b.test"], Extensions::default());
        change(&mut plan);
        plan
    };
    let mail = |params: &'static str| with(&|plan| plan.transactions[0].mail_params = params.into());
    for (plan, lacking) in [
        (with(&|plan| plan.extensions.pipelining = true), "PIPELINING"),
        (with(&|plan| plan.extensions.chunks = Some(Chunks::Whole)), "CHUNKING"),
        (
            with(&|plan| plan.transactions[0].mail_from = ReversePath::parse("ä@b.test").expect("one")),
            "SMTPUTF8",
        ),
        (with(&|plan| plan.transactions[0].recipients[0].params = "NOTIFY=NEVER".into()), "DSN"),
        (mail("BODY=8BITMIME"), "8BITMIME"),
        (mail("SIZE=10 X-OWN=1 BODY=BINARYMIME"), "BINARYMIME"),
        (mail("BY=120;R"), "DELIVERBY"),
        (mail("MT-PRIORITY=3"), "MT-PRIORITY"),
        (mail("REQUIRETLS"), "REQUIRETLS"),
    ] {
        let played = session(&plan, "SIZE", vec![]).await;
        assert_eq!(played.end(), format!("mail_from not_offered {lacking}"));
        assert!(!played.heard.contains("MAIL"), "{}", played.heard);
        let mut forced = plan;
        forced.extensions.force = true;
        let played = session(&forced, "SIZE", vec![Expect("MAIL"), send("555 5.5.4 no\r\n")]).await;
        assert!(played.codes().contains("mail_from 555"), "{lacking}: {}", played.end());
    }
}

#[tokio::test(start_paused = true)]
async fn requiretls_is_never_said_in_clear_text() {
    let mut plan = planned(&["b@b.test"], Extensions::default());
    plan.transactions[0].mail_params = "REQUIRETLS".into();
    let played = session(&plan, "REQUIRETLS", vec![]).await;
    assert_eq!(played.end(), "mail_from not_offered TLS");
}

#[tokio::test(start_paused = true)]
async fn after_xclient_the_session_begins_anew() {
    let extensions =
        Extensions { xclient: Some("NAME=c.test ADDR=192.0.2.1".into()), ..Extensions::default() };
    let plan = planned(&["b@b.test"], extensions);
    let again = [
        Expect("XCLIENT NAME=c.test ADDR=192.0.2.1\r\n"),
        send("220 mx.test\r\n"),
        Expect("EHLO app.test\r\n"),
        send("250-mx.test\r\n250 DSN\r\n"),
        Expect("MAIL"),
        send("250 ok\r\n"),
        Expect("RCPT"),
        send("550 no\r\n"),
    ];
    let mut script = again.to_vec();
    script.extend(bye());
    let played = session(&plan, "XCLIENT_NAME_ADDR_PROTO", script).await;
    assert_eq!(
        played.end(),
        "greeting 220, ehlo 250, command 220, ehlo 250, mail_from 250, rcpt_to 550, quit 221"
    );
    assert!(played.seen.ehlo.is_some_and(|ehlo| ehlo.offers("DSN") && !ehlo.offers("XCLIENT")));
    let refused = vec![Expect("XCLIENT"), send("550 5.7.0 not you\r\n"), Expect("QUIT"), send("221 bye\r\n")];
    let refused = session(&plan, "XCLIENT_NAME_ADDR_PROTO", refused).await;
    assert_eq!(refused.end(), "greeting 220, ehlo 250, command 550, quit 221");
    let lacking = session(&plan, "XCLIENT_NAME_PROTO", vec![]).await;
    assert_eq!(lacking.end(), "command not_offered XCLIENT");
}

#[tokio::test(start_paused = true)]
async fn xforward_comes_before_each_transaction() {
    let extensions = Extensions { xforward: Some("ADDR=192.0.2.1".into()), ..Extensions::default() };
    let mut plan = planned(&["b@b.test"], extensions);
    plan.transactions.push(transaction(&["b@b.test"]));
    plan.transactions.iter_mut().for_each(|transaction| transaction.message = None);
    let one = [
        Expect("XFORWARD ADDR=192.0.2.1\r\n"),
        send("250 ok\r\n"),
        Expect("MAIL"),
        send("250 ok\r\n"),
        Expect("RCPT"),
        send("250 ok\r\n"),
    ];
    let mut script = one.to_vec();
    script.extend([Expect("RSET"), send("250 ok\r\n")]);
    script.extend(one);
    script.extend(bye());
    let played = session(&plan, "XFORWARD_NAME_ADDR", script).await;
    assert_eq!(
        played.end(),
        "greeting 220, ehlo 250, command 250, mail_from 250, rcpt_to 250, command 250, mail_from 250, \
         rcpt_to 250, quit 221"
    );
}

/// The script up to the end of a message for three, the second of whom is refused.
fn three_and_a_message(hello: &'static str, offers: &str) -> Vec<Do> {
    let ehlo = format!("250-mx.test\r\n250 {offers}\r\n");
    let mut script =
        vec![send("220 mx.test\r\n"), Expect(hello), send(&ehlo), Expect("MAIL"), send("250 ok\r\n")];
    for reply in ["250 ok\r\n", "550 no\r\n", "250 ok\r\n"] {
        script.extend([Expect("RCPT"), send(reply)]);
    }
    script.extend([Expect("DATA"), send("354 go\r\n"), ExpectDot]);
    script
}

fn told(played: &Played) -> Vec<(Option<u16>, u16)> {
    let answers = played.seen.answers.iter().filter(|answer| answer.stage == Stage::Message);
    answers.map(|answer| (answer.recipient, answer.reply.code().get())).collect()
}

#[tokio::test(start_paused = true)]
async fn lmtp_tells_of_each_recipient_that_was_accepted() {
    let plan = Plan { lmtp: true, ..planned(&THREE, Extensions::default()) };
    let mut script = three_and_a_message("LHLO app.test\r\n", "PIPELINING");
    script.push(send("250 2.1.5 first\r\n550 5.2.2 third\r\n"));
    script.extend(bye());
    let both = played(&plan, script.clone()).await;
    assert_eq!(told(&both), [(Some(0), 250), (Some(2), 550)]);
    assert!(both.end().ends_with("message 250, message 550, quit 221"), "{}", both.end());
    let at = script.len() - 3;
    script[at] = send("250 2.1.5 first\r\n");
    script[at + 1] = Hang;
    assert_eq!(played(&plan, script.clone()).await.end(), "message timeout reply");
    script[at] = send("250 a\r\n250 b\r\n250 c\r\n");
    assert_eq!(played(&plan, script).await.end(), "message desync unasked");
}

#[tokio::test(start_paused = true)]
async fn prdr_tells_of_each_recipient_if_the_server_says_so() {
    let mut plan = planned(&THREE, Extensions::default());
    plan.transactions[0].mail_params = "PRDR".into();
    let mut script = three_and_a_message("EHLO app.test\r\n", "PRDR");
    script.push(send("353 now each\r\n250 first\r\n550 third\r\n250 taken\r\n"));
    script.extend(bye());
    let each = played(&plan, script.clone()).await;
    assert_eq!(told(&each), [(Some(0), 250), (Some(2), 550), (None, 250)]);
    let at = script.len() - 3;
    script[at] = send("250 taken\r\n");
    assert_eq!(told(&played(&plan, script.clone()).await), [(None, 250)]);
    plan.transactions[0].mail_params = "".into();
    script[at] = send("353 now each\r\n");
    assert_eq!(played(&plan, script).await.end(), "message protocol_error unexpected_code");
}
