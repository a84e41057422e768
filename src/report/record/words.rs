//! What several formats say of a record in the same words, fit to be shown.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Decisive, Host, Repeat};
use crate::smtp::visible;

impl Decisive<'_> {
    /// The whole reply on one line, or the event with its reason.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut out = self.in_short();
        if let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) {
            let _ = write!(out, " {}", visible(text));
        }
        out
    }

    /// The same without what varies from session to session: code and enhanced code,
    /// or the event.
    #[must_use]
    pub fn in_short(&self) -> String {
        match (self.code, self.enhanced, &self.event) {
            (Some(code), Some(enhanced), _) => format!("{code} {enhanced}"),
            (Some(code), None, _) => code.to_string(),
            (None, _, Some(event)) => {
                let reason = self.reason.as_deref().unwrap_or_default();
                visible(format!("{event} {reason}").trim_end()).into_owned()
            }
            (None, _, None) => "nothing".to_owned(),
        }
    }
}

impl Repeat<'_> {
    /// `50 sessions (250 2.1.5: 48, 96%; 421 4.7.66: 2, 4%)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let seen = self.seen.iter().map(|seen| {
            let percent = format!("{:.1}", f64::from(seen.sessions) * 100.0 / f64::from(self.played.max(1)));
            let percent = percent.strip_suffix(".0").unwrap_or(&percent);
            format!("{}: {}, {percent}%", visible(&seen.decisive), seen.sessions)
        });
        let plural = if self.played == 1 { "" } else { "s" };
        format!("{} session{plural} ({})", self.played, seen.collect::<Vec<_>>().join("; "))
    }
}

impl Host<'_> {
    /// `mx1.contoso.com (10)`.
    #[must_use]
    pub fn name(&self) -> String {
        let host = visible(&self.host);
        self.preference.map_or_else(|| host.to_string(), |preference| format!("{host} ({preference})"))
    }

    /// `passed, 250 2.1.5 at rcpt_to`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let outcome = self.outcome.as_str();
        match &self.decisive {
            Some(decisive) => format!("{outcome}, {} at {}", decisive.in_short(), decisive.stage),
            None => outcome.to_owned(),
        }
    }
}

/// Texts in a row, fit to be shown.
pub(in crate::report) fn joined(texts: &[Cow<'_, str>], between: &str) -> String {
    visible(&texts.join(between)).into_owned()
}

/// A report that was read may say anything; so much can still be added up.
pub(in crate::report) fn of_ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms.clamp(0.0, 1e12) / 1e3)
}
