//! Steps against servers that follow a script.

use std::sync::Arc;
use std::time::Duration;

use super::scripted::Do::{Expect, ExpectDot, Hang, Wait};
use super::scripted::{Do, Played, plan, played, send};
use crate::message::Draft;
use crate::plan::{
    Auth, Chunks, Close, GoesOn, Hello, HelloVerb, Plan, Recipient, Say, Step, Steps, StepsAfter,
};
use crate::secret::Secret;
use crate::smtp::{CodePattern, ForwardPath, Mechanism, ReplyPattern, ReversePath};

fn step(say: Say) -> Step {
    Step { say, violate: false, with_next: false, goes_on: GoesOn::Positive }
}

fn code(digits: [u8; 3]) -> GoesOn {
    let code = Some(CodePattern(digits.map(Some)));
    GoesOn::AnyOf([ReplyPattern { code, ..ReplyPattern::default() }].into())
}

fn refused(say: Say) -> Step {
    Step { goes_on: code([5, 5, 0]), ..step(say) }
}

fn violating(say: Say) -> Step {
    Step { violate: true, ..step(say) }
}

fn ehlo() -> Say {
    Say::Hello(Hello { verb: HelloVerb::Ehlo, name: "app.test".into() })
}

fn mail() -> Say {
    Say::Mail { path: ReversePath::parse("a@a.test").expect("an address"), params: "".into() }
}

fn rcpt(address: &str) -> Say {
    Say::Rcpt(Recipient { path: ForwardPath::parse(address).expect("an address"), params: "".into() })
}

fn message() -> Arc<Draft> {
    Arc::new(Draft::verbatim(&b"Subject: x\r\n\r\n.dot\r\n"[..]))
}

fn raw(bytes: &'static [u8], replies: u16) -> Say {
    Say::Raw { bytes: bytes.into(), replies }
}

fn batch(mut steps: Vec<Step>) -> Vec<Step> {
    let last = steps.len() - 1;
    steps[..last].iter_mut().for_each(|step| step.with_next = true);
    steps
}

fn stepping(list: Vec<Step>) -> Plan {
    Plan { transactions: Vec::new(), steps: Some(Steps { after: StepsAfter::Greeting, list }), ..plan() }
}

/// A greeting, EHLO with these keywords, then the rest; QUIT is answered.
async fn session(list: Vec<Step>, offers: &str, rest: Vec<Do>) -> Played {
    let mut script = vec![
        send("220 mx.test\r\n"),
        Expect("EHLO app.test\r\n"),
        send(&format!("250-mx.test\r\n{offers}250 SIZE\r\n")),
    ];
    script.extend(rest);
    let mut all = vec![step(ehlo())];
    all.extend(list);
    played(&stepping(all), script).await
}

/// What the server does with a command that it answers so.
fn on(command: &'static str, reply: &str) -> [Do; 2] {
    [Expect(command), send(reply)]
}

fn flat(parts: Vec<[Do; 2]>) -> Vec<Do> {
    parts.into_iter().flatten().collect()
}

fn bye() -> [Do; 2] {
    on("QUIT\r\n", "221 bye\r\n")
}

#[tokio::test(start_paused = true)]
async fn every_command_is_said_in_order_and_answered() {
    let played = session(
        vec![
            step(Say::Noop("".into())),
            step(Say::Noop("a b".into())),
            step(Say::Vrfy("info".into())),
            refused(Say::Expn("all".into())),
            step(Say::Help("".into())),
            step(mail()),
            refused(rcpt("no@b.test")),
            step(rcpt("b@b.test")),
            step(Say::Rset),
            step(Say::Hello(Hello { verb: HelloVerb::Helo, name: "other.test".into() })),
            step(mail()),
            step(rcpt("b@b.test")),
            step(Say::Data(Some(message()))),
            step(Say::Quit),
        ],
        "",
        flat(vec![
            on("NOOP\r\n", "250 ok\r\n"),
            on("NOOP a b\r\n", "250 ok\r\n"),
            on("VRFY info\r\n", "252 maybe\r\n"),
            on("EXPN all\r\n", "550 no\r\n"),
            on("HELP\r\n", "214-a\r\n214 b\r\n"),
            on("MAIL FROM:<a@a.test>\r\n", "250 ok\r\n"),
            on("RCPT TO:<no@b.test>\r\n", "550 no\r\n"),
            on("RCPT TO:<b@b.test>\r\n", "250 ok\r\n"),
            on("RSET\r\n", "250 ok\r\n"),
            on("HELO other.test\r\n", "250 hi\r\n"),
            on("MAIL FROM:<a@a.test>\r\n", "250 ok\r\n"),
            on("RCPT TO:<b@b.test>\r\n", "250 ok\r\n"),
            on("DATA\r\n", "354 go\r\n"),
            [ExpectDot, send("250 queued\r\n")],
            bye(),
        ]),
    )
    .await;
    assert_eq!(
        played.end(),
        "greeting 220, ehlo 250, command 250, command 250, command 252, command 550, command 214, mail_from 250, \
         rcpt_to 550, rcpt_to 250, command 250, ehlo 250, mail_from 250, rcpt_to 250, data 354, message 250, quit 221"
    );
    let steps: Vec<_> = played.seen.answers.iter().filter_map(|answer| answer.step).collect();
    assert_eq!(steps, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 13]);
    assert_eq!(played.seen.answers.iter().map(|answer| answer.transaction).max(), Some(1));
    assert_eq!((played.seen.sent.len(), played.seen.sent[0].transaction), (1, 1));
    assert!(played.heard.contains("\r\n..dot\r\n.\r\n"), "{}", played.heard);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_not_answered_as_the_plan_says_is_the_last() {
    for (said, reply) in
        [(step(mail()), "550 no\r\n"), (refused(mail()), "250 ok\r\n"), (refused(mail()), "551 no\r\n")]
    {
        let rest = flat(vec![on("MAIL FROM:<a@a.test>\r\n", reply), bye()]);
        let played = session(vec![said, step(Say::Noop("".into()))], "", rest).await;
        assert!(!played.heard.contains("NOOP") && played.heard.ends_with("QUIT\r\n"), "{}", played.heard);
        assert!(played.seen.event.is_none(), "{}", played.end());
    }
    // After a 421 there is no QUIT either.
    let rest = flat(vec![on("NOOP\r\n", "421 bye\r\n")]);
    let four = Step { goes_on: GoesOn::Any, ..step(Say::Noop("".into())) };
    let played = session(vec![four, step(Say::Rset)], "", rest).await;
    assert!(played.heard.ends_with("NOOP\r\n"), "{}", played.heard);
}

#[tokio::test(start_paused = true)]
async fn data_follows_an_accepted_recipient_alone_unless_the_plan_breaks_the_order() {
    let five = Step { goes_on: GoesOn::Any, ..step(rcpt("b@b.test")) };
    let rest =
        || vec![on("MAIL FROM:<a@a.test>\r\n", "250 ok\r\n"), on("RCPT TO:<b@b.test>\r\n", "550 no\r\n")];
    let mut script = rest();
    script.push(bye());
    let played =
        session(vec![step(mail()), five.clone(), step(Say::Data(Some(message())))], "", flat(script)).await;
    assert!(!played.heard.contains("DATA"), "{}", played.heard);
    let mut script = rest();
    script.extend([on("DATA\r\n", "554 no\r\n"), bye()]);
    let list = vec![step(mail()), five, violating(Say::Data(Some(message())))];
    assert!(session(list, "", flat(script)).await.codes().contains("data 554"));
}

#[tokio::test(start_paused = true)]
async fn a_message_in_chunks_is_sent_as_the_plan_cuts_it() {
    let text = String::from_utf8(
        message()
            .render(&crate::message::Stamp { date: std::time::UNIX_EPOCH, message_id: "", case_id: "" })
            .into_owned(),
    )
    .expect("text");
    let cut = |sizes: &[usize], last: &str| {
        let mut rest = text.as_str();
        let mut out = String::new();
        for (n, size) in sizes.iter().enumerate() {
            let (piece, after) = rest.split_at(*size);
            let word = if n + 1 == sizes.len() { last } else { "" };
            out.push_str(&format!("BDAT {size}{word}\r\n{piece}"));
            rest = after;
        }
        assert!(rest.is_empty(), "{rest}");
        out
    };
    let len = text.len();
    for (chunks, last, wire) in [
        (Chunks::Whole, true, cut(&[len], " LAST")),
        (Chunks::Every(len - 4), true, cut(&[len - 4, 4], " LAST")),
        (Chunks::Every(len), true, cut(&[len], " LAST")),
        (Chunks::Sizes([3, 0].into()), true, cut(&[3, 0, len - 3], " LAST")),
        (Chunks::Sizes([len].into()), true, cut(&[len, 0], " LAST")),
        (Chunks::Whole, false, cut(&[len], "")),
    ] {
        let pieces = wire.matches("BDAT").count();
        let mut script = flat(vec![on("MAIL", "250 ok\r\n"), on("RCPT", "250 ok\r\n")]);
        for _ in 0..pieces {
            script.extend([Wait(Duration::from_millis(10)), send("250 ok\r\n")]);
        }
        let list =
            vec![step(mail()), step(rcpt("b@b.test")), step(Say::Bdat { message: message(), chunks, last })];
        let played = session(list, "250-CHUNKING\r\n", script).await;
        let (_, said) = played.heard.split_once("b.test>\r\n").expect("a recipient");
        assert_eq!(said.trim_end_matches("QUIT\r\n"), wire);
        let stage = if last { "message 250" } else { "command 250" };
        assert!(played.codes().ends_with(stage), "{}", played.codes());
        assert_eq!(played.seen.sent.len(), usize::from(last));
    }
    let list = vec![
        step(mail()),
        step(rcpt("b@b.test")),
        step(Say::Bdat { message: message(), chunks: Chunks::Whole, last: true }),
    ];
    let rest = flat(vec![on("MAIL", "250 ok\r\n"), on("RCPT", "250 ok\r\n")]);
    assert_eq!(session(list, "", rest).await.end(), "command not_offered CHUNKING");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_written_in_one_go_and_each_reply_is_its_commands() {
    let list = || {
        batch(vec![
            step(mail()),
            refused(rcpt("no@b.test")),
            step(rcpt("b@b.test")),
            step(Say::Data(Some(message()))),
        ])
    };
    let commands = "MAIL FROM:<a@a.test>\r\nRCPT TO:<no@b.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n";
    // The server answers nothing until it has heard all four, then in one burst.
    let whole = vec![
        Expect("MAIL"),
        Expect("RCPT"),
        Expect("RCPT"),
        Expect("DATA"),
        send("250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n"),
        ExpectDot,
        send("250 queued\r\n"),
        Expect("QUIT"),
        send("221 bye\r\n"),
    ];
    let played = session(list(), "250-PIPELINING\r\n", whole).await;
    assert!(played.heard.contains(commands), "{}", played.heard);
    assert!(
        played.codes().ends_with("mail_from 250, rcpt_to 550, rcpt_to 250, data 354, message 250, quit 221"),
        "{}",
        played.codes()
    );
    assert_eq!(session(list(), "", vec![]).await.end(), "mail_from not_offered PIPELINING");
    // Not as the plan says: every reply is read, and no message follows.
    let other = vec![
        Expect("MAIL"),
        Expect("RCPT"),
        Expect("RCPT"),
        Expect("DATA"),
        send("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
    ];
    let played = session(list(), "250-PIPELINING\r\n", other).await;
    assert!(played.codes().ends_with("data 354") && played.heard.ends_with("DATA\r\n"), "{}", played.heard);
    // One too few, one too many.
    let few = vec![
        Expect("MAIL"),
        Expect("RCPT"),
        Expect("RCPT"),
        Expect("DATA"),
        send("250 ok\r\n550 no\r\n250 ok\r\n"),
        Hang,
    ];
    assert_eq!(session(list(), "250-PIPELINING\r\n", few).await.end(), "data timeout reply");
    let many = vec![
        Expect("MAIL"),
        Expect("RCPT"),
        Expect("RCPT"),
        Expect("DATA"),
        send("250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
        Hang,
    ];
    assert_eq!(session(list(), "250-PIPELINING\r\n", many).await.end(), "message desync unasked");
}

#[tokio::test(start_paused = true)]
async fn data_that_nobody_gets_ends_with_a_dot_alone() {
    let list = batch(vec![step(mail()), refused(rcpt("no@b.test")), step(Say::Data(Some(message())))]);
    let script = vec![
        Expect("MAIL"),
        Expect("RCPT"),
        Expect("DATA"),
        send("250 ok\r\n550 no\r\n354 go\r\n"),
        Expect(".\r\n"),
        send("554 no valid recipients\r\n"),
        Expect("QUIT"),
        send("221 bye\r\n"),
    ];
    let played = session(list, "250-PIPELINING\r\n", script).await;
    assert!(
        played.codes().ends_with("message 554, quit 221") && !played.heard.contains("Subject"),
        "{}",
        played.heard
    );
}

#[tokio::test(start_paused = true)]
async fn raw_bytes_go_out_as_they_are_and_so_many_replies_are_read() {
    let list = || vec![step(raw(b"NOOP\r\nNOOP\nX\0\r\n", 2)), step(Say::Rset)];
    let script = |burst: &str| {
        vec![
            Expect("NOOP"),
            send(burst),
            Expect("NOOP"),
            Expect("X\0\r\n"),
            Expect("RSET"),
            send("250 reset\r\n"),
            Expect("QUIT"),
            send("221 bye\r\n"),
        ]
    };
    let played = session(list(), "", script("250 ok\r\n250 ok\r\n")).await;
    assert!(played.heard.contains("\r\nNOOP\r\nNOOP\nX\0\r\nRSET"), "{}", played.heard);
    assert!(
        played.codes().ends_with("command 250, command 250, command 250, quit 221"),
        "{}",
        played.codes()
    );
    let played = session(list(), "", script("250 ok\r\n250 ok\r\n250 one too many\r\n")).await;
    assert_eq!(played.end(), "command desync unasked");
    assert_eq!(played.seen.event_step, Some(2));
    let few = vec![Expect("NOOP"), send("250 ok\r\n"), Hang];
    assert_eq!(session(list(), "", few).await.end(), "command timeout reply");
    // Content after DATA: no reply is due before the end.
    let data = vec![
        step(mail()),
        step(rcpt("b@b.test")),
        step(Say::Data(None)),
        step(raw(b"a\r\n", 0)),
        step(raw(b".\r\n", 1)),
    ];
    let script = flat(vec![
        on("MAIL", "250 ok\r\n"),
        on("RCPT", "250 ok\r\n"),
        on("DATA", "354 go\r\n"),
        [ExpectDot, send("250 queued\r\n")],
        bye(),
    ]);
    let mut script = script;
    script[6] = Expect("a\r\n");
    script.insert(7, Expect(".\r\n"));
    let played = session(data, "", script).await;
    assert!(played.codes().ends_with("data 354, command 250, quit 221"), "{}", played.codes());
}

#[tokio::test(start_paused = true)]
async fn a_log_in_in_raw_bytes_is_masked() {
    let list = vec![
        step(raw(b"auth plain AGEAY29ycmVjdA==\r\n", 1)),
        step(raw(b"AUTH LOGIN\r\n", 1)),
        step(raw(b"c2VjcmV0\r\n", 1)),
    ];
    let script = flat(vec![
        on("auth", "535 no\r\n"),
        on("AUTH", "334 VXNlcm5hbWU6\r\n"),
        on("c2Vj", "235 ok\r\n"),
        bye(),
    ]);
    let mut list = list;
    list[0].goes_on = GoesOn::Any;
    let played = session(list, "", script).await;
    assert!(played.codes().contains("command 535, command 334, command 235"), "{}", played.codes());
    let dialogue = played.dialogue();
    assert!(!dialogue.contains("AGEA") && !dialogue.contains("c2Vj"), "{dialogue}");
    // By value as well.
    let auth = Auth::new(Mechanism::Plain, "a", Some(Secret::new("correct horse")));
    let plan = Plan { auth: Some(auth), ..stepping(vec![step(raw(b"NOOP correct horse\r\n", 1))]) };
    let script = vec![send("220 mx.test\r\n"), Expect("NOOP"), send("250 correct horse\r\n")];
    let played = super::scripted::played(&plan, script).await;
    assert!(!played.dialogue().contains("correct horse"), "{}", played.dialogue());
}

#[tokio::test(start_paused = true)]
async fn each_log_in_is_its_own_and_every_secret_is_masked_throughout() {
    let log_in = |mechanism, name, secret: &str| {
        Say::Auth(Arc::new(Auth::new(mechanism, name, Some(Secret::new(secret)))))
    };
    let list = vec![
        refused(log_in(Mechanism::Plain, "a", "first secret")),
        step(log_in(Mechanism::Login, "b", "second secret")),
    ];
    let script = flat(vec![
        on("AUTH PLAIN AGEAZmlyc3Qgc2VjcmV0\r\n", "550 second secret?\r\n"),
        on("AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n"),
        on("Yg==\r\n", "334 UGFzc3dvcmQ6\r\n"),
        on("c2Vjb25kIHNlY3JldA==\r\n", "235 no longer first secret\r\n"),
        bye(),
    ]);
    let played = session(list, "250-AUTH PLAIN LOGIN\r\n", script).await;
    assert_eq!(played.codes(), "greeting 220, ehlo 250, auth 550, auth 235, quit 221");
    let dialogue = played.dialogue();
    assert!(!dialogue.contains("first secret") && !dialogue.contains("second secret"), "{dialogue}");
}

#[tokio::test(start_paused = true)]
async fn a_log_in_goes_on_after_a_refusal_by_its_own_will_alone() {
    let auth = || Auth::new(Mechanism::Plain, "a", Some(Secret::new("first secret")));
    let bearing = Auth { continue_on_failure: true, ..auth() };
    for (own, codes) in [(auth(), "auth 535, quit 221"), (bearing.clone(), "auth 535, command 250, quit 221")]
    {
        let list = vec![step(ehlo()), step(Say::Auth(Arc::new(own))), step(Say::Noop("".into()))];
        // What the scenario's own log-in would bear is another matter.
        let plan = Plan { auth: Some(bearing.clone()), ..stepping(list) };
        let mut script = vec![send("220 mx.test\r\n"), Expect("EHLO"), send("250-mx\r\n250 AUTH PLAIN\r\n")];
        script.extend(on("AUTH PLAIN", "535 no\r\n"));
        if codes.contains("command") {
            script.extend(on("NOOP", "250 ok\r\n"));
        }
        script.extend(bye());
        let played = super::scripted::played(&plan, script).await;
        assert!(played.codes().ends_with(codes), "{}", played.codes());
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_hears_what_comes_meanwhile() {
    let pause = || vec![step(Say::Wait(Duration::from_secs(3))), step(Say::Noop("".into()))];
    let played = session(pause(), "", flat(vec![on("NOOP", "250 ok\r\n"), bye()])).await;
    assert!(played.codes().ends_with("command 250, quit 221") && played.took >= Duration::from_secs(3));
    let second = || Wait(Duration::from_secs(1));
    assert!(session(pause(), "", vec![second(), send("421 idle\r\n")]).await.end().ends_with("command 421"));
    assert_eq!(
        session(pause(), "", vec![second(), send("250 hm\r\n"), Hang]).await.end(),
        "command desync unasked"
    );
    assert_eq!(session(pause(), "", vec![second()]).await.end(), "command closed eof");
    let short = Plan {
        timeouts: crate::plan::Timeouts { session: Duration::from_secs(1), ..plan().timeouts },
        ..stepping(vec![step(Say::Wait(Duration::from_secs(60)))])
    };
    let played = super::scripted::played(&short, vec![send("220 hi\r\n"), Hang]).await;
    assert_eq!(played.end(), "command timeout session");
}

#[tokio::test(start_paused = true)]
async fn a_close_says_nothing_more_and_hears_what_was_too_much() {
    let list = || vec![step(Say::Close(Close::Abrupt))];
    let played = session(list(), "", vec![]).await;
    assert!(played.heard.ends_with("EHLO app.test\r\n"), "{}", played.heard);
    let noop = vec![step(Say::Noop("".into())), step(Say::Close(Close::Reset))];
    let played = session(noop, "", vec![Expect("NOOP"), send("250 ok\r\n250 and more\r\n"), Hang]).await;
    assert_eq!(played.end(), "command desync unasked");
}
