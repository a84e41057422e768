//! AUTH with servers that break its rules, and secrets that must not show.

use std::time::Duration;

use tokio::io::duplex;

use super::scripted::Do::{self, Expect, Flood, Hang};
use super::scripted::{plan, played, send, serve};
use super::{play_on, unwatched};
use crate::plan::{Auth, Plan};
use crate::secret::Secret;
use crate::smtp::Mechanism;

fn with_auth(mechanism: Mechanism) -> Plan {
    let mut plan = plan();
    plan.auth = Some(Auth::new(mechanism, "scan@a.test", Some(Secret::new("correct horse"))));
    plan
}

/// The script of a server that offers AUTH, up to the client's first word of it.
fn auth(then: Vec<Do>) -> Vec<Do> {
    let mut steps = vec![
        send("220 mx\r\n"),
        Expect("EHLO"),
        send("250-mx\r\n250 AUTH PLAIN LOGIN XOAUTH2 CRAM-MD5 OAUTHBEARER SCRAM-SHA-256 EXTERNAL\r\n"),
        Expect("AUTH "),
    ];
    steps.extend(then);
    steps
}

#[tokio::test(start_paused = true)]
async fn the_exchanges_of_auth_end_as_they_should() {
    use Mechanism::{CramMd5, External, Login, OAuthBearer, Plain, ScramSha256, XOAuth2};
    let prompts = [
        send("334 VXNlcm5hbWU6\r\n"),
        Expect("c2NhbkBhLnRlc3Q=\r\n"),
        send("334 UGFzc3dvcmQ6\r\n"),
        Expect("Y29ycmVjdCBob3JzZQ==\r\n"),
    ];
    let mut login = prompts.to_vec();
    login.extend([send("535 5.7.3 no\r\n"), Expect("QUIT")]);
    let json =
        [send("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"), Expect("\r\n"), send("535 5.7.3 no\r\n"), Expect("QUIT")];
    let mut bearer = json.clone();
    bearer[1] = Expect("AQ==\r\n");
    // <1.2@mx>
    let digest = [
        send("334 PDEuMkBteD4=\r\n"),
        Expect("c2NhbkBhLnRlc3QgNGE1OGJiNjE1YzJmZDJhODFiMDFkNDFiZTIxMDQzYzE=\r\n"),
        send("535 5.7.3 no\r\n"),
        Expect("QUIT"),
    ];
    for (mechanism, steps, end) in [
        (Plain, vec![send("535 5.7.3 no\r\n"), Expect("QUIT")], "greeting 220, ehlo 250, auth 535"),
        (Login, login, "greeting 220, ehlo 250, auth 535"),
        (XOAuth2, json.to_vec(), "greeting 220, ehlo 250, auth 535"),
        (OAuthBearer, bearer.to_vec(), "greeting 220, ehlo 250, auth 535"),
        (CramMd5, digest.to_vec(), "greeting 220, ehlo 250, auth 535"),
        (CramMd5, vec![send("235 welcome\r\n"), Hang], "auth desync auth"),
        (ScramSha256, vec![send("235 welcome\r\n"), Hang], "auth desync auth"),
        (ScramSha256, vec![send("334 \r\n"), Expect("*\r\n"), Hang], "auth protocol_error bad_challenge"),
        (External, vec![send("535 5.7.3 no\r\n"), Expect("QUIT")], "greeting 220, ehlo 250, auth 535"),
        (Login, vec![send("235 welcome\r\n"), Hang], "auth desync auth"),
        (Login, vec![send("334 !!!\r\n"), Expect("*\r\n"), Hang], "auth protocol_error bad_base64"),
        (Plain, vec![Flood(b"334 \r\n", Duration::from_millis(100))], "auth limit challenges"),
        (XOAuth2, vec![Flood(b"334 \r\n", Duration::from_millis(100))], "auth limit challenges"),
        (Plain, vec![send("421 4.7.66 old TLS\r\n")], "greeting 220, ehlo 250, auth 421"),
    ] {
        let played = played(&with_auth(mechanism), auth(steps)).await;
        assert_eq!(played.end(), end, "{}", mechanism.as_str());
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_past_its_bound_is_cancelled() {
    let mut plan = with_auth(Mechanism::Login);
    plan.limits.line = 20_000;
    let long = format!("334 {}\r\n", "A".repeat(12_292));
    let played = played(&plan, auth(vec![send(&long), Expect("*\r\n"), Hang])).await;
    assert_eq!(played.end(), "auth protocol_error challenge_too_long");
}

#[tokio::test(start_paused = true)]
async fn a_mechanism_that_is_not_offered_is_not_tried_unless_forced() {
    let offers = |line: &str| vec![send("220 mx\r\n"), Expect("EHLO"), send(line)];
    for line in ["250 mx\r\n", "250-mx\r\n250 AUTH CRAM-MD5\r\n"] {
        let seen = played(&with_auth(Mechanism::Plain), offers(line)).await;
        assert_eq!(seen.end(), "auth not_offered AUTH");
        assert!(!seen.heard.contains("AUTH"), "{}", seen.heard);
    }
    let mut forced = with_auth(Mechanism::Plain);
    forced.auth.as_mut().expect("set above").force = true;
    let mut steps = offers("250 mx\r\n");
    steps.extend([Expect("AUTH PLAIN "), send("504 5.7.4 no\r\n"), Expect("QUIT")]);
    assert_eq!(played(&forced, steps).await.end(), "greeting 220, ehlo 250, auth 504");
}

#[tokio::test(start_paused = true)]
async fn a_secret_does_not_cross_a_network_in_clear_unless_told_to() {
    let steps = || auth(vec![send("535 no\r\n"), Expect("QUIT")]);
    let peer = "192.0.2.1:25".parse().ok();
    let end = async |plan: &Plan| {
        let (client, server) = duplex(4096);
        let server = tokio::spawn(serve(server, steps()));
        let seen = play_on(plan, client, peer, &mut unwatched).await;
        let heard = server.await.expect("the script's server does not panic");
        (
            seen.event.map(|(_, event)| event.to_string()),
            String::from_utf8_lossy(&heard).contains("AUTH PLAIN"),
        )
    };
    let mut plan = with_auth(Mechanism::Plain);
    assert_eq!(end(&plan).await, (Some("not_offered TLS".to_owned()), false));
    plan.auth.as_mut().expect("set above").insecure = true;
    assert_eq!(end(&plan).await, (None, true));
}

#[tokio::test(start_paused = true)]
async fn a_failed_auth_is_passed_over_where_the_plan_says_so() {
    let mut plan = with_auth(Mechanism::Plain);
    plan.auth.as_mut().expect("set above").continue_on_failure = true;
    let steps = auth(vec![send("535 no\r\n"), Expect("MAIL"), send("530 5.7.57 no\r\n"), Expect("QUIT")]);
    assert_eq!(played(&plan, steps).await.end(), "greeting 220, ehlo 250, auth 535, mail_from 530");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_log_in_is_a_star_and_nobody_s_secret() {
    let mut plan = with_auth(Mechanism::Login);
    let log_in = plan.auth.as_mut().expect("set above");
    (log_in.cancel, log_in.continue_on_failure) = (true, true);
    let steps = vec![
        send("334 VXNlcm5hbWU6\r\n"),
        Expect("*\r\n"),
        send("501 5.7.0 given up\r\n"),
        Expect("MAIL"),
        send("530 5.7.57 no\r\n"),
        Expect("QUIT"),
    ];
    let peer = "192.0.2.1:25".parse().ok();
    let (client, server) = duplex(4096);
    let server = tokio::spawn(serve(server, auth(steps)));
    let seen = play_on(&plan, client, peer, &mut unwatched).await;
    server.await.expect("the script's server does not panic");
    let codes: Vec<u16> = seen.answers.iter().map(|answer| answer.reply.code().get()).collect();
    assert_eq!(codes, [220, 250, 501, 530]);
    assert!(seen.transcript.lines().any(|line| line.text == "*"), "giving up is no secret");
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_written_down_however_it_comes_back() {
    let blob = "AHNjYW5AYS50ZXN0AGNvcnJlY3QgaG9yc2U=";
    let echo = format!("535-5.7.3 correct horse is wrong\r\n535 5.7.3 {blob} Y29ycmVjdCBob3JzZQ==\r\n");
    let played = played(&with_auth(Mechanism::Plain), auth(vec![send(&echo), Expect("QUIT")])).await;
    let reply = &played.seen.answers.last().expect("an answer").reply;
    let everything = format!("{}{}{:?}", played.dialogue(), reply, reply);
    for secret in ["correct horse", blob, "Y29ycmVjdCBob3JzZQ", "Y3QgaG9yc2"] {
        assert!(!everything.contains(secret), "{secret}: {everything}");
    }
    assert!(played.dialogue().contains("> AUTH PLAIN ********\n"), "{}", played.dialogue());
    assert!(played.heard.contains(blob), "the server itself gets it");
}
