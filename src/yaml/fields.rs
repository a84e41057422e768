//! Reading typed values out of a tree. What is wrong goes into a list, so that
//! one go shows everything.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Diagnostic, Key, Node, Span, Value};

/// A map that is being read key by key.
#[derive(Debug)]
pub struct Fields<'n> {
    entries: &'n [(Key, Node)],
    taken: Vec<bool>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Begins to read a file's root.
    pub fn of_root(root: &'n Node, faults: &mut Vec<Diagnostic>) -> Option<Self> {
        let Value::Mapping(entries) = &root.value else {
            faults.push(Diagnostic::error(format!("the file holds {}, not a map", root.kind()), root.span));
            return None;
        };
        Some(Self::of(entries))
    }

    /// Begins to read entries.
    #[must_use]
    pub fn of(entries: &'n [(Key, Node)]) -> Self {
        Self { entries, taken: vec![false; entries.len()], known: Vec::new() }
    }

    /// The value of a key, if the map has it. Every key that is asked for counts
    /// as known to [`Self::finish`].
    pub fn take(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.known.push(name);
        let at = self.entries.iter().position(|(key, _)| &*key.name == name)?;
        self.taken[at] = true;
        let (key, node) = &self.entries[at];
        Some(Field { name: &key.name, at: key.span, node })
    }

    /// The value of a key that must be there; `whole` is the place to blame.
    pub fn require(
        &mut self,
        name: &'static str,
        whole: Span,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Field<'n>> {
        let field = self.take(name);
        if field.is_none() {
            faults.push(Diagnostic::error(format!("`{name}` is missing"), whole));
        }
        field
    }

    /// Reports the keys that nobody asked for.
    pub fn finish(self, faults: &mut Vec<Diagnostic>) {
        #[cfg(test)]
        asked::keep(&self.known);
        // More than a hundred are no typing errors; the first will do.
        let strangers = self.entries.iter().zip(&self.taken).filter(|(_, taken)| !**taken);
        for ((key, _), _) in strangers.take(100) {
            faults.push(unknown("key", &key.name, key.span, self.known.iter().copied()));
        }
    }
}

/// Which keys readers ask maps for, kept for tests that compare them with what is
/// documented.
#[cfg(test)]
pub(crate) mod asked {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    /// The keys of one map.
    pub(crate) type Keys = BTreeSet<&'static str>;

    thread_local! {
        static ASKED: RefCell<BTreeSet<Keys>> = const { RefCell::new(BTreeSet::new()) };
    }

    /// Keeps what a map was asked for.
    pub(crate) fn keep(known: &[&'static str]) {
        ASKED.with_borrow_mut(|asked| asked.insert(known.iter().copied().collect()));
    }

    /// What was kept on this thread since the last call.
    pub(crate) fn take() -> BTreeSet<Keys> {
        ASKED.take()
    }
}

/// The message for a word that is none of the known ones.
pub(super) fn unknown<'k>(
    what: &str,
    word: &str,
    span: Span,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Diagnostic {
    let fault = Diagnostic::error(format!("unknown {what} `{word}`"), span);
    match nearest(word, known.clone()) {
        Some(near) => fault.label(format!("did you mean `{near}`?")),
        None => {
            let known: Vec<String> = known.map(|word| format!("`{word}`")).collect();
            match known.len() {
                0 => fault,
                1..=12 => fault.label(format!("known: {}", known.join(", "))),
                _ => fault,
            }
        }
    }
}

/// The known word that is nearest to what was written, if one is near.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let bound = (word.chars().count() / 3).clamp(1, 3);
    known
        .map(|candidate| {
            let known = candidate.to_lowercase();
            // Half a word is as near as one wrong letter: `rcpt` for `rcpt_to`.
            let begun = lower.len() >= 3 && known.starts_with(&lower);
            let distance = if begun { 1 } else { strsim::damerau_levenshtein(&lower, &known) };
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= bound && *distance < word.chars().count())
        // Of several the last: newer versions come last.
        .min_by(|(a, _), (b, _)| a.cmp(b).then(std::cmp::Ordering::Greater))
        .map(|(_, candidate)| candidate)
}

/// A value and what it is called. Each reader gives `None` after it has reported
/// why.
#[derive(Clone, Copy, Debug)]
pub struct Field<'n> {
    name: &'n str,
    at: Span,
    node: &'n Node,
}

impl<'n> Field<'n> {
    /// A value under a name; `at` is where the name stands.
    #[must_use]
    pub const fn new(name: &'n str, at: Span, node: &'n Node) -> Self {
        Self { name, at, node }
    }

    /// The name, for messages.
    #[must_use]
    pub const fn name(self) -> &'n str {
        self.name
    }

    /// Where the name stands.
    #[must_use]
    pub const fn key_span(self) -> Span {
        self.at
    }

    /// The value itself.
    #[must_use]
    pub const fn node(self) -> &'n Node {
        self.node
    }

    /// Where the value stands.
    #[must_use]
    pub const fn span(self) -> Span {
        self.node.span
    }

    /// An error at the value.
    #[must_use]
    pub fn error(self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message, self.node.span)
    }

    /// Reports that the value is of the wrong kind.
    pub fn wrong(self, wanted: &str, faults: &mut Vec<Diagnostic>) {
        let name = self.name;
        faults.push(match self.node.value {
            Value::Null => Diagnostic::error(format!("`{name}` has no value"), self.at).label(format!(
                "wants {wanted}; a text that begins with `#`, or is `~` or `null`, is quoted"
            )),
            _ => self.error(format!("`{name}` takes {wanted}, not {}", self.node.kind())),
        });
    }

    /// A text.
    pub fn text(self, faults: &mut Vec<Diagnostic>) -> Option<&'n str> {
        let text = self.node.as_str();
        if text.is_none() {
            self.wrong("a text", faults);
        }
        text
    }

    /// Text that is kept: it is the tree's own.
    pub fn shared_text(self, faults: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
        if let Value::Scalar(text) = &self.node.value {
            return Some(Arc::clone(text));
        }
        self.wrong("a text", faults);
        None
    }

    /// `true` or `false`.
    pub fn bool(self, faults: &mut Vec<Diagnostic>) -> Option<bool> {
        match self.node.as_str() {
            Some("true") => return Some(true),
            Some("false") => return Some(false),
            Some(other) => {
                faults.push(self.error(format!("`{}` takes `true` or `false`, not `{other}`", self.name)));
            }
            None => self.wrong("`true` or `false`", faults),
        }
        None
    }

    /// A whole number of the range, in decimal digits.
    pub fn integer(self, range: std::ops::RangeInclusive<u64>, faults: &mut Vec<Diagnostic>) -> Option<u64> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(text) = self.node.as_str() else {
            self.wrong(&wanted, faults);
            return None;
        };
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|number| plain && range.contains(number));
        if number.is_none() {
            faults.push(self.error(format!("`{}` takes {wanted}, not `{text}`", self.name)));
        }
        number
    }

    /// A length of time with its unit.
    pub fn duration(self, faults: &mut Vec<Diagnostic>) -> Option<Duration> {
        let Some(text) = self.node.as_str() else {
            self.wrong("a duration such as `5s`", faults);
            return None;
        };
        duration(text).map_err(|why| faults.push(self.error(format!("`{}`: {why}", self.name)))).ok()
    }

    /// A path, relative to the folder of the file that names it.
    pub fn path(self, folder: &Path, faults: &mut Vec<Diagnostic>) -> Option<PathBuf> {
        let text = self.text(faults)?;
        if text.is_empty() || text.contains(char::is_control) {
            faults.push(self.error(format!("`{}` is no path", self.name)));
            return None;
        }
        Some(folder.join(text))
    }

    /// The items of a list.
    pub fn list(self, faults: &mut Vec<Diagnostic>) -> Option<&'n [Node]> {
        match &self.node.value {
            Value::Sequence(items) => Some(items),
            Value::Mapping(_) => {
                let fault = self.error(format!("`{}` takes a list, not a map", self.name));
                faults.push(fault.label("begin each item with `- `"));
                None
            }
            _ => {
                self.wrong("a list", faults);
                None
            }
        }
    }

    /// The items of a list, or the value itself as the only one.
    #[must_use]
    pub fn one_or_many(self) -> &'n [Node] {
        match &self.node.value {
            Value::Sequence(items) => items,
            _ => std::slice::from_ref(self.node),
        }
    }

    /// Texts: a list of them, or one alone.
    pub fn texts(self, faults: &mut Vec<Diagnostic>) -> Vec<&'n str> {
        let items = self.one_or_many();
        items.iter().filter_map(|item| self.item(item).text(faults)).collect()
    }

    /// An item of this list, under the list's name.
    #[must_use]
    pub const fn item(self, item: &'n Node) -> Self {
        Self { name: self.name, at: item.span, node: item }
    }

    /// The entries of a map.
    pub fn entries(self, faults: &mut Vec<Diagnostic>) -> Option<&'n [(Key, Node)]> {
        match &self.node.value {
            Value::Mapping(entries) => Some(entries),
            _ => {
                self.wrong("a map", faults);
                None
            }
        }
    }

    /// The keys of a map, to be read one by one.
    pub fn fields(self, faults: &mut Vec<Diagnostic>) -> Option<Fields<'n>> {
        self.entries(faults).map(Fields::of)
    }

    /// One of the words, by what it stands for.
    pub fn word<T: Copy>(
        self,
        what: &str,
        words: &[(&'static str, T)],
        faults: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        let text = self.text(faults)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            faults.push(unknown(what, text, self.node.span, words.iter().map(|(word, _)| *word)));
        }
        found
    }
}

/// Reads `500ms`, `5s`, `2m`, `6h`, `21d`: a whole number and a unit.
///
/// # Errors
///
/// What is missing, with the right form.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "" if digits > 0 => return Err(format!("a duration needs a unit: `{text}s`, `{text}ms`, `{text}m`")),
        _ => return Err(format!("`{text}` is no duration; write it as `500ms`, `5s`, `2m`, `6h` or `21d`")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no duration; write it as `5s`"))?;
    // A century is far past every deadline and far from any overflow.
    let total = number.checked_mul(millis).filter(|total| *total <= 100 * 366 * 86_400_000);
    total.map(Duration::from_millis).ok_or_else(|| format!("`{text}` is longer than a century"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Sources, parse};

    fn read(text: &str, with: impl FnOnce(&mut Fields<'_>, &mut Vec<Diagnostic>)) -> Vec<String> {
        let mut sources = Sources::default();
        let file = sources.add("t.yaml", "t.yaml".into(), text);
        let root = parse(&sources, file).expect("well-formed");
        let mut faults = Vec::new();
        let mut fields = Fields::of_root(&root, &mut faults).expect("a map");
        with(&mut fields, &mut faults);
        fields.finish(&mut faults);
        faults.into_iter().map(|f| format!("{}|{}", f.message, f.label)).collect()
    }

    #[test]
    fn an_unknown_key_is_told_with_the_nearest_spelling() {
        let faults = read("expct: 1\nzzz: 2\n", |fields, _| {
            fields.take("expect");
            fields.take("target");
        });
        assert_eq!(
            faults,
            ["unknown key `expct`|did you mean `expect`?", "unknown key `zzz`|known: `expect`, `target`"]
        );
    }

    #[test]
    fn wrong_kinds_are_told() {
        let faults = read("a: [1]\nb:\nc: yes\nd: -1\ne: 5\n", |fields, faults| {
            fields.take("a").and_then(|f| f.text(faults));
            fields.take("b").and_then(|f| f.text(faults));
            fields.take("c").and_then(|f| f.bool(faults));
            fields.take("d").and_then(|f| f.integer(0..=9, faults));
            fields.take("e").and_then(|f| f.duration(faults));
        });
        assert_eq!(
            faults,
            [
                "`a` takes a text, not a list|",
                "`b` has no value|wants a text; a text that begins with `#`, or is `~` or `null`, is quoted",
                "`c` takes `true` or `false`, not `yes`|",
                "`d` takes a whole number from 0 to 9, not `-1`|",
                "`e`: a duration needs a unit: `5s`, `5ms`, `5m`|"
            ]
        );
    }

    #[test]
    fn durations_carry_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("21d"), Ok(Duration::from_secs(21 * 86_400)));
        for text in ["", "5", "s", "1.5s", "-1s", "5 s", "99999999999999999999s", "400000d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
