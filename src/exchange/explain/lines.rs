//! Pasted text as lines: folded ones joined, the marks of transcripts taken off.

use crate::smtp::Stage;

/// A line, and what the marks around it said.
#[derive(Debug)]
pub(super) struct Line {
    /// Without its mark.
    pub(super) text: String,
    /// What was last asked in the transcript that the line is part of.
    pub(super) stage: Option<Stage>,
}

/// The longest line that is looked at, in bytes; what follows is cut off. Exchange
/// Online's longest known reply has 1,600.
const LONGEST: usize = 8 * 1024;

/// The lines that a server, a log or a report wrote; what the client sent in a
/// transcript only says what is answered next.
pub(super) fn lines(pasted: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let (mut asked, mut tls) = (None, false);
    for raw in pasted.lines() {
        let text = unmarked(raw);
        if text.is_empty() {
            continue;
        }
        if let Some(stage) = command(text, raw.trim(), tls) {
            tls |= stage == Stage::StartTls;
            asked = Some(stage);
            continue;
        }
        // RFC 5322 §2.2.3, and the mail systems' own reports: white space in front
        // goes on with the line before.
        let is_folded = raw.starts_with([' ', '\t']) && text.len() == raw.trim_start().len();
        match lines.last_mut() {
            Some(before) if is_folded && !starts_with_code(text) => {
                before.text.push(' ');
                before.text.push_str(text);
            }
            _ => lines.push(Line { text: text.to_owned(), stage: asked }),
        }
    }
    for line in &mut lines {
        let end = (0..=LONGEST.min(line.text.len())).rev().find(|at| line.text.is_char_boundary(*at));
        line.text.truncate(end.unwrap_or(0));
    }
    lines
}

/// A line without what marks it in transcripts (`<** `, `~> `, `S: `) and quoted
/// mail (`> `).
fn unmarked(raw: &str) -> &str {
    let text = raw.trim();
    // `<a@b.example>: host …` is no mark.
    let marks = text.find(|c| !"<>~*-|= \t".contains(c)).unwrap_or(text.len());
    let (mark, rest) = text.split_at(marks);
    let is_mark = mark.ends_with([' ', '\t']) || (mark.starts_with('>') && !mark.contains('<'));
    let text = if is_mark { rest } else { text };
    ["S: ", "C: "].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text)
}

fn starts_with_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 3 && bytes[..3].iter().all(u8::is_ascii_digit)
}

/// What is asked by a line of a transcript that a client sent.
fn command(text: &str, raw: &str, tls: bool) -> Option<Stage> {
    // Only marked lines are commands, and those that are nothing else.
    let verb = text.split([' ', ':']).next()?;
    Some(match verb {
        "EHLO" | "HELO" if tls => Stage::EhloTls,
        "EHLO" | "HELO" => Stage::Ehlo,
        "STARTTLS" if text == verb => Stage::StartTls,
        "AUTH" => Stage::Auth,
        "MAIL" if text.starts_with("MAIL FROM:") => Stage::MailFrom,
        "RCPT" if text.starts_with("RCPT TO:") => Stage::RcptTo,
        "DATA" if text == verb => Stage::Data,
        "BDAT" => Stage::Message,
        "QUIT" if text == verb => Stage::Quit,
        "." if raw.contains('>') || raw == "C: ." => Stage::Message,
        _ => return None,
    })
}

/// The stage that a log names: `(in reply to RCPT TO command)` of Postfix, `after
/// MAIL FROM:<…>` of Exim.
pub(super) fn named_stage(line: &str) -> Option<Stage> {
    let said = ["(in reply to ", " after "].iter().find_map(|lead| {
        let at = line.find(lead)?;
        Some(&line[at + lead.len()..])
    })?;
    let starts = [
        ("end of ", Stage::Message),
        ("RCPT TO", Stage::RcptTo),
        ("MAIL FROM", Stage::MailFrom),
        ("DATA", Stage::Data),
        ("AUTH", Stage::Auth),
        ("STARTTLS", Stage::StartTls),
        ("EHLO", Stage::Ehlo),
        ("HELO", Stage::Ehlo),
        ("initial connection", Stage::Greeting),
    ];
    starts.iter().find(|(lead, _)| said.starts_with(lead)).map(|(_, stage)| *stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pasted: &str) -> Vec<(String, Option<Stage>)> {
        lines(pasted).into_iter().map(|line| (line.text, line.stage)).collect()
    }

    #[test]
    fn a_transcript_says_what_each_reply_answers() {
        let swaks = "=== Connected to mx.\n<-  220 mx ready\n -> EHLO me\n<-  250 mx\n -> STARTTLS\n\
                     <-  220 go\n ~> EHLO me\n<~  250 mx\n ~> RCPT TO:<a@b.example>\n<~* 550 no\n ~> .\n<~  250 ok\n";
        let found = read(swaks);
        let stage_of = |text: &str| found.iter().find(|(line, _)| line == text).and_then(|(_, stage)| *stage);
        assert_eq!(stage_of("550 no"), Some(Stage::RcptTo));
        assert_eq!(stage_of("220 go"), Some(Stage::StartTls));
        assert_eq!(stage_of("250 ok"), Some(Stage::Message));
        assert!(found.iter().all(|(line, _)| !line.starts_with("EHLO")));
    }

    #[test]
    fn a_folded_line_is_one() {
        let found =
            read("<a@b.example>: host mx[192.0.2.1] said: 554 5.7.1\n    <a@b.example>: Relay access denied");
        assert_eq!(
            found[0].0,
            "<a@b.example>: host mx[192.0.2.1] said: 554 5.7.1 <a@b.example>: Relay access denied"
        );
        assert_eq!(read("250-a\n 250 b").len(), 2, "a reply's own lines are not folded");
    }

    #[test]
    fn quoted_mail_loses_its_marks_and_addresses_keep_their_brackets() {
        assert_eq!(read("> > 550 5.7.64 x")[0].0, "550 5.7.64 x");
        assert_eq!(read("<a@b.example>: host")[0].0, "<a@b.example>: host");
    }

    #[test]
    fn logs_name_the_stage() {
        assert_eq!(named_stage("said: 550 no (in reply to RCPT TO command))"), Some(Stage::RcptTo));
        assert_eq!(named_stage("said: 550 no (in reply to end of DATA command)"), Some(Stage::Message));
        assert_eq!(
            named_stage("SMTP error from remote mail server after MAIL FROM:<a@b>: 530 no"),
            Some(Stage::MailFrom)
        );
        assert_eq!(named_stage("550 no"), None);
    }
}
