//! What `-q` prints: nothing, or when the run has ended one text of the size of a
//! mail, for that is what cron makes of it. What failed, why, what to do and how to
//! play it alone; next to the last run, where one is remembered, what of it is new.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::Terminal;
use super::block::line;
use super::printer::Cause;
use crate::report::history::{Changes, News, Trouble};
use crate::report::record::Record;
use crate::report::words::count;
use crate::report::{Run, Summary};
use crate::smtp::visible;

/// So many failures are shown in full, each of another cause.
const IN_FULL: usize = 5;

/// In a list of cases, past so many kinds of trouble the rest is counted.
const LISTED: usize = 10;

/// Of one kind of trouble so many cases are named.
const NAMED: usize = 5;

/// The most that the failures in full come to, in bytes.
const BLOCKS: usize = 24 * 1024;

/// The most that the whole comes to, in bytes.
const WHOLE: usize = 48 * 1024;

/// The longest line, in characters: mail servers break or refuse lines from 998
/// octets on (RFC 5322 §2.1.1). The command that plays a case alone is never cut.
const LINE: usize = 240;

/// When `-q` prints anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifyOn {
    /// Whenever a case does not pass.
    #[default]
    Failure,
    /// When a verdict is not that of the last run.
    Change,
}

/// What will be printed.
#[derive(Default)]
pub(super) struct Mail {
    notify: NotifyOn,
    changes: Option<Changes>,
    blocks: String,
    in_full: HashSet<Cause>,
}

impl Mail {
    pub(super) fn remember(&mut self, changes: Changes, notify: NotifyOn) {
        (self.changes, self.notify) = (Some(changes), notify);
    }
}

impl Terminal {
    /// Takes the end of a case.
    pub(super) fn keep(&mut self, record: &Record<'_>) {
        let news = self.mail.changes.as_mut().map(|changes| changes.add(record));
        if !record.outcome.is_wrong() {
            return;
        }
        self.count(record);
        let mail = &self.mail;
        let full = mail.in_full.len() >= IN_FULL || mail.blocks.len() >= BLOCKS;
        if full || news == Some(News::None) {
            return;
        }
        let cause = Cause::of(record);
        if mail.in_full.contains(&cause) {
            return;
        }
        let mut block = String::new();
        self.failed(record, &mut block);
        let block = clipped(&block);
        if mail.in_full.is_empty() || mail.blocks.len() + block.len() <= BLOCKS {
            self.mail.blocks.push_str(&block);
            self.mail.in_full.insert(cause);
        }
    }

    /// Prints what is to be told, if anything is.
    pub(super) fn send(&self, run: &Run, summary: &Summary, out: &mut String) {
        let mail = &self.mail;
        let wrong = summary.failed + summary.error;
        let worth_it = match (&mail.changes, mail.notify) {
            (Some(changes), NotifyOn::Change) => changes.is_news(run.interrupted),
            _ => wrong > 0 || run.interrupted,
        };
        if !worth_it {
            return;
        }
        let mut text = String::new();
        self.headline(summary, &mut text);
        text.push_str(&mail.blocks);
        if wrong > mail.in_full.len() {
            self.what_failed(&mut text);
        }
        if let Some(changes) = &mail.changes {
            list("as before", changes.lasting(), &mut text);
            list("well again", changes.recovered().iter().map(|(id, trouble)| (id, trouble)), &mut text);
            list("no longer among the cases", changes.gone(), &mut text);
        }
        if run.interrupted {
            self.told.skipped(self.palette, &mut text);
        }
        if text.len() > WHOLE {
            let lines = text.as_bytes()[..WHOLE].iter().rposition(|byte| *byte == b'\n');
            text.truncate(lines.map_or(0, |end| end + 1));
            text.push_str("… cut here: a --report has the rest\n\n");
        }
        self.told.last_line(self.palette, run, summary, &mut text);
        out.push_str(&text);
    }

    /// `2 of 84 cases do not pass: 1 new, 1 as before; 3 well again`.
    fn headline(&self, summary: &Summary, out: &mut String) {
        let wrong = summary.failed + summary.error;
        let recovered = self.mail.changes.as_ref().is_some_and(|changes| !changes.recovered().is_empty());
        if wrong == 0 && !recovered {
            return;
        }
        let mut line = match wrong {
            0 => "every case that was played passes".to_owned(),
            1 => format!("1 of {} does not pass", count(summary.total, "case")),
            _ => format!("{wrong} of {} do not pass", count(summary.total, "case")),
        };
        if let Some(changes) = &self.mail.changes {
            let (fresh, well) = (changes.fresh(), changes.recovered().len());
            if wrong > 0 {
                line += &format!(": {fresh} new, {} as before", wrong - fresh);
            }
            if well > 0 {
                line += &format!("; {well} well again");
            }
        }
        line!(out, "{line}\n");
    }
}

/// Cases with what they are or were, as far as there are any.
fn list<'a>(name: &str, cases: impl Iterator<Item = (&'a String, &'a Trouble)>, out: &mut String) {
    // What is the same of many is said once.
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (id, trouble) in cases {
        let words = trouble.in_words();
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, ids)) => ids.push(id),
            None => groups.push((words, vec![id])),
        }
    }
    if groups.is_empty() {
        return;
    }
    line!(out, "{name}");
    for (words, ids) in groups.iter().take(LISTED) {
        let shown: Vec<_> = ids.iter().take(NAMED).map(|id| visible(id)).collect();
        let more = ids.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        line!(out, "  {}{more}\n      {}", shown.join(", "), visible(words));
    }
    match groups.iter().skip(LISTED).map(|(_, ids)| ids.len()).sum::<usize>() {
        0 => out.push('\n'),
        more => {
            line!(out, "  and {more} more\n");
        }
    }
}

/// A failure with no line too long for a mail; the last, the command, is left whole.
fn clipped(block: &str) -> String {
    let last = block.trim_end().lines().count();
    let mut out = String::with_capacity(block.len());
    for (n, line) in block.lines().enumerate() {
        match line.char_indices().nth(LINE) {
            Some((cut, _)) if n + 1 != last => {
                out.push_str(&line[..cut]);
                out.push('…');
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Again, Detail};
    use super::*;
    use crate::report::formats::Sheet;
    use crate::report::testing::{Cases, cases, run};
    use crate::report::{History, Palette};
    use crate::verdict::CaseResult;

    const REFUSED: [&str; 4] = ["220 hi", "250 hi", "250 ok", "550 5.7.1 no"];
    const ACCEPTED: [&str; 4] = ["220 hi", "250 hi", "250 ok", "250 2.1.5 ok"];

    fn quiet() -> Terminal {
        Terminal::new(Detail::Quiet, Palette::new(false), Again::default())
    }

    /// What is printed of these results, and what is left for the next run.
    fn told(terminal: Terminal, results: &[CaseResult], before: History) -> (String, History) {
        let (mut terminal, mut summary, mut out) = (terminal, Summary::default(), Vec::new());
        let mut changes = Changes::since(before, run().started);
        for result in results {
            summary.add(result.outcome, result.flaky);
            changes.add(&Record::of(result));
            terminal.case(&commanded(result), &mut out);
            assert!(out.is_empty(), "nothing is printed before the end");
        }
        terminal.finish(&run(), &summary, &mut out);
        (String::from_utf8(out).expect("text"), changes.into_history(&run()))
    }

    fn commanded(result: &CaseResult) -> Record<'_> {
        let command = result.outcome.is_wrong().then(|| Again::default().command(&result.case).into());
        Record { command, ..Record::of(result) }
    }

    fn named(n: usize) -> Cases {
        let scenarios: Vec<String> = (0..n).map(|n| format!("name: c{n}, stop_after: rcpt_to")).collect();
        cases(&scenarios.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn thousands_of_failures_make_one_mail() {
        let cases = named(300);
        let long = "x".repeat(400);
        let results: Vec<_> = (0..300)
            .map(|n| {
                let last = format!("5{:02} 5.7.{n} {long}", n % 60);
                cases.play(n, &[&["220 hi", "250 hi", "250 ok", &last]])
            })
            .collect();
        let (text, _) = told(quiet(), &results, History::none());
        assert!(text.len() <= WHOLE + 200, "{} bytes", text.len());
        assert!(text.starts_with("300 of 300 cases do not pass\n\nFAILED  relay/c0 "), "{text}");
        assert_eq!(text.matches("FAILED").count(), IN_FULL);
        assert_eq!(text.matches("again     relayprobe run").count(), IN_FULL);
        assert!(text.contains("What went wrong") && text.contains("other causes"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= LINE + 1), "{text}");
        assert!(text.ends_with("300 failed · against relay.example:25 · 812 ms\n"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn of_the_same_failure_one_is_shown() {
        let cases = named(3);
        let results: Vec<_> = (0..3).map(|n| cases.play(n, &[&REFUSED])).collect();
        let (text, _) = told(quiet(), &results, History::none());
        assert_eq!(text.matches("FAILED").count(), 1, "{text}");
        assert!(text.contains("   3×  expected a positive reply, got 550 5.7.1 at rcpt_to"), "{text}");
    }

    #[test]
    fn what_is_the_same_of_many_that_are_well_again_is_said_once() {
        let cases = named(24);
        let both = [&REFUSED, &ACCEPTED]
            .map(|script| -> Vec<_> { (0..24).map(|n| cases.play(n, &[script])).collect() });
        let on_change = |before: &History| {
            quiet().remembering(Changes::since(before.clone(), run().started), NotifyOn::Change)
        };
        let none = History::none();
        let (_, first) = told(on_change(&none), &both[0], none.clone());
        let (text, _) = told(on_change(&first), &both[1], first.clone());
        assert!(
            text.starts_with("every case that was played passes; 24 well again\n\nwell again\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "\n  relay/c0, relay/c1, relay/c2, relay/c3, relay/c4 and 19 more\n      failed since "
            ),
            "{text}"
        );
        assert_eq!(text.matches("550 5.7.1").count(), 1, "{text}");
    }

    #[test]
    fn on_change_a_failure_is_told_once_and_its_end_once() {
        let cases = named(3);
        let [bad, good, other] =
            [cases.play(0, &[&REFUSED]), cases.play(0, &[&ACCEPTED]), cases.play(1, &[&ACCEPTED])];
        let on_change = |before: &History| {
            quiet().remembering(Changes::since(before.clone(), run().started), NotifyOn::Change)
        };
        let both = |first: &CaseResult| [first.clone(), other.clone()];

        let none = History::none();
        let (text, first) = told(on_change(&none), &both(&bad), none.clone());
        assert!(text.starts_with("1 of 2 cases does not pass: 1 new, 0 as before\n\nFAILED"), "{text}");
        let (text, second) = told(on_change(&first), &both(&bad), first.clone());
        assert_eq!(text, "");
        let (text, _) = told(on_change(&second), &[bad, cases.play(2, &[&REFUSED])], second.clone());
        assert!(
            text.starts_with("2 of 2 cases do not pass: 1 new, 1 as before\n\nFAILED  relay/c2"),
            "{text}"
        );
        let (text, last) = told(on_change(&second), &both(&good), second.clone());
        let well =
            "every case that was played passes; 1 well again\n\nwell again\n  relay/c0\n      failed since ";
        assert!(text.starts_with(well), "{text}");
        assert!(text.ends_with("\n\n2 passed · against relay.example:25 · 812 ms\n"), "{text}");
        assert_eq!(told(on_change(&last), &both(&good), last.clone()).0, "");
    }
}
