//! How many of a case's sessions may end in some way.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Expect;

/// What a share of the sessions of a repeated case must come to.
#[derive(Clone, Debug)]
pub struct Share {
    /// What the sessions that count come to: a pattern for what was decisive.
    pub expect: Expect,
    /// The pattern as written.
    pub written: Arc<str>,
    /// How many there may be.
    pub bounds: Bounds,
}

/// A range of percentages: `1%..20%`, `>=80%`, `<5%`, `100%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    least: Bound,
    most: Bound,
    /// As written.
    written: Arc<str>,
}

/// One end of a range, in ten-thousandths of a percent, so that no comparison
/// rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    value: u64,
    /// Whether the value itself is inside.
    included: bool,
}

/// Parts of the whole: a ten-thousandth of a percent each.
const WHOLE: u64 = 1_000_000;
const NONE: Bound = Bound { value: 0, included: true };
const ALL: Bound = Bound { value: WHOLE, included: true };

impl Bounds {
    /// Reads a range.
    ///
    /// # Errors
    ///
    /// What is wrong, as a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let percent = |text: &str, included| percent(text).map(|value| Bound { value, included });
        let text = text.trim();
        let (least, most) = if let Some((least, most)) = text.split_once("..") {
            (percent(least, true)?, percent(most, true)?)
        } else if let Some(least) = text.strip_prefix(">=") {
            (percent(least, true)?, ALL)
        } else if let Some(most) = text.strip_prefix("<=") {
            (NONE, percent(most, true)?)
        } else if let Some(least) = text.strip_prefix('>') {
            (percent(least, false)?, ALL)
        } else if let Some(most) = text.strip_prefix('<') {
            (NONE, percent(most, false)?)
        } else {
            (percent(text, true)?, percent(text, true)?)
        };
        if least.value > most.value {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(Self { least, most, written: text.into() })
    }

    /// How so many of all sessions compare: too few, within, or too many.
    #[must_use]
    pub fn compare(&self, count: u32, of: u32) -> Ordering {
        let share = u64::from(count) * WHOLE;
        let against = |bound: Bound| share.cmp(&(bound.value * u64::from(of)));
        match (against(self.least), against(self.most)) {
            (Ordering::Less, _) => Ordering::Less,
            (Ordering::Equal, _) if !self.least.included => Ordering::Less,
            (_, Ordering::Greater) => Ordering::Greater,
            (_, Ordering::Equal) if !self.most.included => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }

    /// Whether some number of so many sessions lies within: of three, none is
    /// half.
    #[must_use]
    pub fn is_possible(&self, of: u32) -> bool {
        // The first that is not too few is within, or else none is.
        let least = u32::try_from(self.least.value * u64::from(of) / WHOLE).unwrap_or(of);
        (least..=of.min(least.saturating_add(1))).any(|count| self.compare(count, of).is_eq())
    }
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written)
    }
}

/// `12.5%` in ten-thousandths of a percent.
fn percent(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{}` is no share; write `5%`, `1%..20%`, `\">=80%\"` or `<5%`", text.trim());
    let number = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim_end();
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() > 3 || part.len() > 4 {
        return Err(wrong());
    }
    let value: u64 = format!("{whole}{part:0<4}").parse().map_err(|_| wrong())?;
    if value > WHOLE {
        return Err(format!("`{}` is more than all", text.trim()));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bounds: &str, count: u32, of: u32, wanted: Ordering) {
        let bounds = Bounds::parse(bounds).unwrap_or_else(|why| panic!("{bounds}: {why}"));
        assert_eq!(bounds.compare(count, of), wanted, "{count} of {of} in {bounds}");
    }

    #[test]
    fn a_share_is_compared_without_rounding() {
        check("1%..20%", 0, 50, Ordering::Less);
        check("1%..20%", 1, 100, Ordering::Equal);
        check("1%..20%", 10, 50, Ordering::Equal);
        check("1%..20%", 11, 50, Ordering::Greater);
        check(">=80%", 4, 5, Ordering::Equal);
        check(">=80%", 79_999, 100_000, Ordering::Less);
        check(">80%", 4, 5, Ordering::Less);
        check("<5%", 1, 20, Ordering::Greater);
        check("<=5%", 1, 20, Ordering::Equal);
        check("33.3333%", 1, 3, Ordering::Greater);
        check("100%", 7, 7, Ordering::Equal);
        check("0%", 0, 7, Ordering::Equal);
        check("0.5% .. 1 %", 1, 200, Ordering::Equal);
    }

    #[test]
    fn what_is_no_share_is_told() {
        for text in ["", "80", "%", "-1%", "1e1%", "1.%", "20%..1%", "101%", ">=", "=5%", "0.00001%", "9999%"]
        {
            assert!(Bounds::parse(text).is_err(), "{text}");
        }
        assert_eq!(Bounds::parse("20%..1%").unwrap_err(), "`20%..1%` ends before it begins");
    }

    #[test]
    fn a_share_that_no_number_of_sessions_can_be_is_known() {
        for (bounds, of, wanted) in [
            ("50%", 3, false),
            ("50%", 4, true),
            ("1%..20%", 3, false),
            ("1%..20%", 5, true),
            (">0%", 1, true),
            (">100%", 9, false),
            ("<0%", 9, false),
            ("0%", 1, true),
        ] {
            let read = Bounds::parse(bounds).expect("a share");
            assert_eq!(read.is_possible(of), wanted, "{bounds} of {of}");
        }
    }
}
