//! How much a client may ask of the simulator, and how long: one table of settings,
//! each with a safe default and the range that it can be set in.

use std::time::Duration;

use crate::yaml;

/// How much a client may ask, and how long. The defaults are safe where strangers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are open at once, over one endpoint.
    pub connections: usize,
    /// Longest command line in bytes, CRLF included. RFC 4954 §4 wants 12,288 for
    /// AUTH.
    pub(super) line: usize,
    /// Largest message in bytes, as EHLO announces it.
    pub(super) size: usize,
    /// How much of a message is kept, in bytes.
    pub(super) head: usize,
    /// Recipients of one message.
    pub(super) recipients: usize,
    /// Commands of one session.
    pub(super) commands: usize,
    /// Faulty commands of one session.
    pub(super) errors: usize,
    /// Failed log-ins of one session.
    pub(super) log_ins: usize,
    /// How long the refusal of every log-in after the first is held back.
    pub(super) log_in_pause: Duration,
    /// For one command, or the next bytes of a message.
    pub(super) command: Duration,
    /// For a client to take what was said.
    pub(super) write: Duration,
    /// For the TLS handshake.
    pub(super) handshake: Duration,
    /// For the session as a whole; nothing extends it.
    pub(super) session: Duration,
    /// After the last reply, for the client to close.
    pub(super) linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_000,
            line: 12 * 1024,
            size: 157_286_400,
            head: 64 * 1024,
            recipients: 1_000,
            commands: 10_000,
            errors: 50,
            log_ins: 5,
            log_in_pause: Duration::from_millis(500),
            command: Duration::from_secs(60),
            write: Duration::from_secs(30),
            handshake: Duration::from_secs(15),
            session: Duration::from_secs(600),
            linger: Duration::from_secs(2),
        }
    }
}

/// One of the settings.
struct Setting {
    name: &'static str,
    /// What happens at it.
    meaning: &'static str,
    /// Least and most.
    range: (&'static str, &'static str),
    of: fn(&mut Limits) -> Value<'_>,
}

/// Where a setting is kept.
enum Value<'a> {
    Count(&'a mut usize),
    Time(&'a mut Duration),
}
use Value::{Count, Time};

#[rustfmt::skip]
const SETTINGS: [Setting; 14] = [
    Setting { name: "connections", range: ("1", "65535"), of: |l| Count(&mut l.connections),
        meaning: "connections open at once on one endpoint; one more is told 421 4.3.2" },
    Setting { name: "line", range: ("512", "1048576"), of: |l| Count(&mut l.line),
        meaning: "bytes of a command line; longer is told 500 5.5.6, and closed upon" },
    Setting { name: "size", range: ("1", "1073741824"), of: |l| Count(&mut l.size),
        meaning: "bytes of a message, as EHLO announces it; larger is told 552 5.3.4" },
    Setting { name: "head", range: ("1024", "1048576"), of: |l| Count(&mut l.head),
        meaning: "bytes of a message that are kept; the rest is counted and dropped" },
    Setting { name: "recipients", range: ("1", "100000"), of: |l| Count(&mut l.recipients),
        meaning: "recipients of a message; one more is told 452 4.5.3" },
    Setting { name: "commands", range: ("10", "1000000"), of: |l| Count(&mut l.commands),
        meaning: "commands of a session; one more is told 421 4.7.0" },
    Setting { name: "errors", range: ("1", "1000000"), of: |l| Count(&mut l.errors),
        meaning: "faulty commands of a session; one more is told 421 4.7.0" },
    Setting { name: "log-ins", range: ("1", "1000000"), of: |l| Count(&mut l.log_ins),
        meaning: "failed log-ins of a session; the last is told 421 4.7.0 as well" },
    Setting { name: "log-in-pause", range: ("0s", "1m"), of: |l| Time(&mut l.log_in_pause),
        meaning: "before every refusal of a log-in but a session's first" },
    Setting { name: "command", range: ("10ms", "1h"), of: |l| Time(&mut l.command),
        meaning: "for a whole command, or the next bytes of a message; then 421 4.4.1" },
    Setting { name: "write", range: ("10ms", "1h"), of: |l| Time(&mut l.write),
        meaning: "for a client to take what was said; then it is closed upon" },
    Setting { name: "handshake", range: ("10ms", "1h"), of: |l| Time(&mut l.handshake),
        meaning: "for the TLS handshake; then it is closed upon" },
    Setting { name: "session", range: ("10ms", "1d"), of: |l| Time(&mut l.session),
        meaning: "for the session as a whole, whatever comes; then it is closed upon" },
    Setting { name: "linger", range: ("0s", "1m"), of: |l| Time(&mut l.linger),
        meaning: "after the last reply, for the client to close" },
];

impl Limits {
    /// Sets one by its name: `connections=100`, `command=5s`.
    ///
    /// # Errors
    ///
    /// An unknown name, a value that is none, or one out of its range: a fragment that
    /// says how to mend it.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').ok_or("wants NAME=VALUE, such as connections=100")?;
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
            return Err(format!("`{name}` is no limit; there are {}", names.join(", ")));
        };
        let (least, most) = setting.range;
        let range = format!("`{name}` is between {least} and {most}");
        match (setting.of)(self) {
            Count(place) => {
                let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{range}, not {value}"));
                let (given, least, most) = (number(value)?, number(least)?, number(most)?);
                *place = Some(given).filter(|given| (least..=most).contains(given)).ok_or(range)?;
            }
            Time(place) => {
                let (given, least, most) =
                    (yaml::duration(value)?, yaml::duration(least)?, yaml::duration(most)?);
                *place = Some(given).filter(|given| (least..=most).contains(given)).ok_or(range)?;
            }
        }
        Ok(())
    }

    /// Every limit in a line: its name, its value, what happens at it.
    #[must_use]
    pub fn in_words(mut self) -> String {
        let line = |setting: &Setting| {
            let value = match (setting.of)(&mut self) {
                Count(count) => count.to_string(),
                Time(time) if time.subsec_millis() > 0 => format!("{}ms", time.as_millis()),
                Time(time) => format!("{}s", time.as_secs()),
            };
            format!("{:<13} {value:>10}  {}\n", setting.name, setting.meaning)
        };
        SETTINGS.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_set_by_the_name_and_value_that_it_is_printed_with() {
        for line in Limits::default().in_words().lines() {
            let mut words = line.split_whitespace();
            let (name, value) = (words.next().expect("a name"), words.next().expect("a value"));
            let mut limits = Limits::default();
            assert_eq!(limits.set(&format!("{name}={value}")), Ok(()), "{line}");
            assert_eq!(limits, Limits::default(), "{line}");
            let setting = SETTINGS.iter().find(|setting| setting.name == name).expect("it is listed");
            for bound in [setting.range.0, setting.range.1] {
                assert_eq!(limits.set(&format!("{name}={bound}")), Ok(()), "{line}");
            }
        }
    }

    #[test]
    fn what_is_no_limit_is_told_with_what_is() {
        for (text, says) in [
            ("connections", "NAME=VALUE"),
            ("conections=1", "there are connections, line"),
            ("connections=0", "between 1 and 65535"),
            ("connections=many", "not many"),
            ("command=5", "a duration needs a unit"),
            ("command=2h", "between 10ms and 1h"),
        ] {
            let error = Limits::default().set(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
