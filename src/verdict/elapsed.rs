//! Durations as people read them.

use std::time::Duration;

/// A duration as people read it: `3 ms`, `1.2 s`, `2 m 5 s`.
#[must_use]
pub fn elapsed_in_words(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1e3;
    match duration.as_secs() {
        0 if ms < 10.0 && ms.fract() > 0.05 => format!("{ms:.1} ms"),
        0 => format!("{ms:.0} ms"),
        1..60 => {
            let text = format!("{:.1}", ms / 1e3);
            format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
        }
        seconds if seconds % 60 == 0 => format!("{} m", seconds / 60),
        seconds => format!("{} m {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_unit_that_fits_it() {
        for (us, words) in [
            (0, "0 ms"),
            (420, "0.4 ms"),
            (3_000, "3 ms"),
            (999_400, "999 ms"),
            (1_000_000, "1 s"),
            (1_240_000, "1.2 s"),
            (59_990_000, "60 s"),
            (120_000_000, "2 m"),
            (125_000_000, "2 m 5 s"),
        ] {
            assert_eq!(elapsed_in_words(Duration::from_micros(us)), words);
        }
    }
}
