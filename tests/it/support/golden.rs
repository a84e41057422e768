//! Output kept as files, so that a change of it is seen and read.

use std::fs;
use std::path::Path;

use regex_lite::Regex;

/// Compares `actual` with the golden file of this name, or writes it where
/// `UPDATE_GOLDEN` is set (`make golden`).
pub fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).expect("the golden folder is writable");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if let Some(at) =
        (0..).zip(actual.lines().zip(expected.lines())).find(|(_, (a, b))| a != b).map(|(at, _)| at)
    {
        let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
        panic!(
            "{name}.txt, line {}:\n  was {}\n  now {}\n`make golden` writes it anew; read the diff\n\n{actual}",
            at + 1,
            line(&expected),
            line(actual)
        );
    }
    assert_eq!(actual.lines().count(), expected.lines().count(), "{name}.txt: `make golden`\n{actual}");
}

/// Replaces what differs from run to run: ports, times, the case's folder.
pub fn steady(text: &str, folder: &Path) -> String {
    let text = text.replace(&format!("{}/", folder.display()), "");
    let mut text = text.replace(&folder.display().to_string(), ".");
    for (pattern, with) in [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"\b\d+(\.\d+)? (ms|s)\b", "N ms"),
        // A column behind a time moves with its digits.
        (r"N ms {2,}", "N ms  "),
        (r"[ \t]+\n", "\n"),
    ] {
        text = Regex::new(pattern).expect("the pattern is valid").replace_all(&text, with).into_owned();
    }
    text
}
