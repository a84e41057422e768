//! A session as steps on a time axis, each with the lines that belong to it.

use std::ops::Range;

use super::super::record::{Line, Record};
use crate::session::Direction;
use crate::smtp::Stage;

/// A stage of a session, from what was said to what was answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The stage.
    pub(super) stage: Stage,
    /// When it began, in milliseconds since the session began.
    pub(super) start: f64,
    /// When it was over; not before `start`.
    pub(super) end: f64,
    /// What came of it.
    pub(super) end_with: End,
    /// Its lines in the transcript.
    pub(super) lines: Range<usize>,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was done: a connection, a handshake.
    Done,
    /// A reply with this code.
    Reply(u16),
    /// An event: there was no reply.
    Event,
}

/// The steps of a session in order, and how long the axis is, in milliseconds.
///
/// They are read from the transcript, so that every line of it belongs to a step: a
/// note of a connection or a handshake ends one, and a reply ends one where its code
/// is the next in `replies` (those to the middle of a log-in are not). Lines behind
/// the last reply belong to the event that ended the session, where one did.
pub(super) fn steps(record: &Record<'_>) -> (Vec<Step>, f64) {
    let mut walk = Walk { record, steps: Vec::new(), from: 0, replies: 0, shaken: false };
    for (at, line) in record.transcript.iter().enumerate() {
        walk.line(at, line);
    }
    walk.rest();
    let last = walk.steps.iter().map(|step| step.end).fold(0.0, f64::max);
    let total = record.timings_ms.total.unwrap_or(0.0).max(last);
    (walk.steps, total)
}

struct Walk<'r> {
    record: &'r Record<'r>,
    steps: Vec<Step>,
    /// The first line that belongs to no step yet.
    from: usize,
    /// How many replies were met.
    replies: usize,
    /// Whether the handshake was met.
    shaken: bool,
}

impl Walk<'_> {
    fn line(&mut self, at: usize, line: &Line<'_>) {
        let timings = self.record.timings_ms;
        match line.dir {
            Direction::Sent => {}
            Direction::Note => {
                if let (Some(_), true) = (timings.connect, self.steps.is_empty()) {
                    self.push(at, Stage::Connect, 0.0, line.at_ms, End::Done);
                } else if let (Some(took), Some(tls), false) = (timings.tls, &self.record.tls, self.shaken)
                    && line.line.starts_with(&*tls.version)
                {
                    self.shaken = true;
                    self.push(at, Stage::Tls, line.at_ms - took, line.at_ms, End::Done);
                }
            }
            Direction::Received => {
                let Some(reply) = self.record.replies.get(self.replies) else { return };
                if code(&line.line) == Some(reply.code) {
                    self.replies += 1;
                    let end = reply.at_ms.unwrap_or(line.at_ms);
                    // A log-in begins with its first command, not with its last.
                    let said = &self.record.transcript[self.from];
                    let start = match said.dir {
                        Direction::Received => end - reply.ms,
                        Direction::Sent | Direction::Note => said.at_ms.min(end - reply.ms),
                    };
                    self.push(at, reply.stage, start, end, End::Reply(reply.code));
                }
            }
        }
    }

    /// What the last step left.
    fn rest(&mut self) {
        let len = self.record.transcript.len();
        let event = self.record.decisive.as_ref().filter(|decisive| decisive.event.is_some());
        let end = self.steps.last().map_or(0.0, |last| last.end);
        match event {
            Some(event) if self.from < len || self.steps.is_empty() => {
                let total = self.record.timings_ms.total.unwrap_or(end);
                self.push(len.saturating_sub(1), event.stage, end, total, End::Event);
            }
            _ => {
                if let Some(last) = self.steps.last_mut() {
                    last.lines.end = len;
                }
            }
        }
    }

    fn push(&mut self, at: usize, stage: Stage, start: f64, end: f64, end_with: End) {
        let lines = self.from..(at + 1).min(self.record.transcript.len());
        self.from = lines.end;
        let start = start.max(0.0);
        self.steps.push(Step { stage, start, end: end.max(start), end_with, lines });
    }
}

/// The code of a reply's last line (RFC 5321 §4.2).
fn code(line: &str) -> Option<u16> {
    let (code, rest) = line.split_at_checked(3)?;
    let last = rest.is_empty() || rest.starts_with(' ');
    code.parse().ok().filter(|_| last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A record with these replies (stage, code, ms, when), this transcript (when,
    /// direction, line) and these other fields.
    fn record(
        replies: &[(&str, u16, f64, f64)],
        transcript: &[(f64, &str, &str)],
        more: serde_json::Value,
    ) -> Record<'static> {
        let replies: Vec<_> = replies
            .iter()
            .map(|(stage, code, ms, at)| json!({ "stage": stage, "code": code, "enhanced": null, "text": "", "ms": ms, "at_ms": at }))
            .collect();
        let transcript: Vec<_> = transcript
            .iter()
            .map(|(at, dir, line)| json!({ "at_ms": at, "dir": dir, "line": line }))
            .collect();
        let mut value = json!({
            "id": "a/b", "suite": "s", "name": "n", "tags": [], "source": { "file": "a.yaml", "line": 1 },
            "target": { "name": "mx", "address": null, "simulator": false, "as_of": null },
            "outcome": "passed", "expected": null, "decisive": null, "failures": [], "replies": replies, "tls": null,
            "timings_ms": { "connect": 1.0, "tls": null, "total": 20.0 }, "attempts": 1, "flaky": false,
            "skipped_because": null, "hint": null, "notes": [], "transcript": transcript,
        });
        for (name, field) in more.as_object().expect("an object") {
            value[name] = field.clone();
        }
        serde_json::from_value(value).expect("a record")
    }

    /// `stage start-end lines`.
    fn told(record: &Record<'_>) -> Vec<String> {
        let told = |step: &Step| format!("{} {}-{} {:?}", step.stage, step.start, step.end, step.lines);
        steps(record).0.iter().map(told).collect()
    }

    #[test]
    fn every_line_belongs_to_the_step_that_it_is_about() {
        let record = record(
            &[
                ("greeting", 220, 2.0, 3.0),
                ("ehlo", 250, 1.0, 4.0),
                ("starttls", 220, 1.0, 5.0),
                ("auth", 235, 4.0, 14.0),
            ],
            &[
                (1.0, "*", "connected to 192.0.2.1:25"),
                (3.0, "<", "220 hi"),
                (3.0, ">", "EHLO a"),
                (4.0, "<", "250-hi"),
                (4.0, "<", "250 STARTTLS"),
                (4.0, ">", "STARTTLS"),
                (5.0, "<", "220 go"),
                (8.0, "*", "TLSv1.3, AES"),
                (8.0, ">", "AUTH LOGIN"),
                (9.0, "<", "334 VXNlcm5hbWU6"),
                (10.0, ">", "********"),
                (14.0, "<", "235 ok"),
                (15.0, "*", "the server closed"),
            ],
            json!({
                "timings_ms": { "connect": 1.0, "tls": 3.0, "total": 16.0 },
                "tls": { "version": "TLSv1.3", "cipher": "AES", "backend": "rustls", "verified": true, "peer": null, "client_certificate": "none" },
            }),
        );
        assert_eq!(
            told(&record),
            [
                "connect 0-1 0..1",
                "greeting 1-3 1..2",
                "ehlo 3-4 2..5",
                "starttls 4-5 5..7",
                "tls 5-8 7..8",
                "auth 8-14 8..13"
            ]
        );
        assert_eq!(steps(&record).1, 16.0);
    }

    #[test]
    fn an_event_takes_the_time_and_the_lines_that_are_left() {
        let timeout = json!({ "decisive": { "stage": "mail_from", "code": null, "enhanced": null, "text": null, "event": "timeout", "reason": "reply" } });
        let greeting = ("greeting", 220, 1.0, 2.0);
        let lines = [
            (1.0, "*", "connected"),
            (2.0, "<", "220 hi"),
            (2.0, ">", "MAIL FROM:<>"),
            (20.0, "*", "timeout reply"),
        ];
        let session = record(&[greeting], &lines, timeout.clone());
        assert_eq!(told(&session), ["connect 0-1 0..1", "greeting 1-2 1..2", "mail_from 2-20 2..4"]);
        // Not even connected.
        let refused = record(
            &[],
            &[(0.5, "*", "refused")],
            json!({ "decisive": { "stage": "connect", "code": null, "enhanced": null, "text": null, "event": "refused", "reason": "" }, "timings_ms": { "connect": null, "tls": null, "total": 0.5 } }),
        );
        assert_eq!(told(&refused), ["connect 0-0.5 0..1"]);
    }

    #[test]
    fn no_record_of_others_leads_astray() {
        let odd = [(5.0, "<", "250 nobody asked"), (1.0, "<", "é"), (-3.0, "*", ""), (2.0, "<", "25")];
        let session = record(
            &[("greeting", 220, 90.0, -7.0)],
            &odd,
            json!({ "timings_ms": { "connect": null, "tls": null, "total": null } }),
        );
        assert!(steps(&session).0.iter().all(|step| step.start >= 0.0 && step.end >= step.start));
        assert_eq!(told(&record(&[], &[], json!({}))), Vec::<String>::new());
    }
}
