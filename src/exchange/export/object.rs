//! One object of an export, read member by member, as PowerShell really writes
//! them.
//!
//! An enumeration may be a name or a number, a list one text joined by spaces, and
//! what came over PowerShell remoting may be wrapped: `{"value": 1, "Value":
//! "Partner"}`, `{"value": […], "Count": 2}`.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::exchange::domain::DomainPattern;
use crate::exchange::tenants::Places;
use crate::yaml::{self, Diagnostic, Field, Key, Node, Value};

/// One object of an export.
pub(super) struct Object<'n> {
    kind: &'n str,
    whole: &'n Node,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
    places: Places,
}

impl<'n> Object<'n> {
    pub(super) fn new(kind: &'n str, whole: &'n Node, entries: &'n [(Key, Node)]) -> Self {
        Self { kind, whole, entries, known: Vec::new(), places: Places::of(whole.span) }
    }

    /// Where the object and the members taken so far stand.
    pub(super) fn places(&self) -> Places {
        self.places.clone()
    }

    /// What the object is called in messages: `InboundConnector "Hybrid"`.
    fn title(&self) -> String {
        let names = ["Name", "DomainName", "PrimarySmtpAddress", "Identity"];
        let named = names.iter().find_map(|name| self.get(name)?.1.as_str());
        match named.filter(|name| !name.is_empty()) {
            Some(name) => format!("{} \"{name}\"", self.kind),
            None => self.kind.to_owned(),
        }
    }

    fn get(&self, name: &str) -> Option<&'n (Key, Node)> {
        self.entries.iter().find(|(key, _)| &*key.name == name)
    }

    /// A member that has a value; null and the empty text are none.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.known.push(name);
        let (key, node) = self.get(name)?;
        self.places.add(name, key.span);
        let node = unwrapped(node);
        let is_empty = match &node.value {
            Value::Null => true,
            Value::Scalar(text) => text.is_empty(),
            _ => false,
        };
        (!is_empty).then(|| Field::new(&key.name, key.span, node))
    }

    /// Says what a member takes in place of what stands there.
    pub(super) fn wrong(&self, field: Field<'_>, wanted: &str, faults: &mut Vec<Diagnostic>) {
        let got = match field.node().as_str() {
            Some(text) => format!("`{text}`"),
            None => field.node().kind().to_owned(),
        };
        let message = format!("`{}` of {} takes {wanted}, not {got}", field.name(), self.title());
        faults.push(field.error(message));
    }

    /// A text.
    pub(super) fn text(&mut self, name: &'static str, faults: &mut Vec<Diagnostic>) -> Option<&'n str> {
        let field = self.take(name)?;
        let text = field.node().as_str();
        if text.is_none() {
            self.wrong(field, "a text", faults);
        }
        text
    }

    /// A text that must be there.
    pub(super) fn require(&mut self, name: &'static str, faults: &mut Vec<Diagnostic>) -> Option<Field<'n>> {
        let Some(field) = self.take(name) else {
            let message = format!("{} has no `{name}`", self.title());
            faults.push(Diagnostic::error(message, self.whole.span));
            return None;
        };
        if field.node().as_str().is_none() {
            self.wrong(field, "a text", faults);
            return None;
        }
        Some(field)
    }

    /// A switch of three states: `true`, `false`, or never set.
    pub(super) fn switch(&mut self, name: &'static str, faults: &mut Vec<Diagnostic>) -> Option<bool> {
        let field = self.take(name)?;
        match field.node().as_str() {
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => {
                self.wrong(field, "`true` or `false`", faults);
                None
            }
        }
    }

    /// An enumeration: by name, or by the number that PowerShell may write for it.
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&'static str, &str, T)],
        faults: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        let field = self.take(name)?;
        let found = field.node().as_str().and_then(|text| {
            words.iter().find(|(word, number, _)| word.eq_ignore_ascii_case(text) || *number == text)
        });
        if found.is_none() {
            let names: Vec<_> = words.iter().map(|(word, ..)| format!("`{word}`")).collect();
            self.wrong(field, &names.join(" or "), faults);
        }
        found.map(|(.., value)| *value)
    }

    /// Texts: a list, one alone, or several joined by spaces.
    pub(super) fn texts(
        &mut self,
        name: &'static str,
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<(Field<'n>, &'n str)> {
        let Some(field) = self.take(name) else { return Vec::new() };
        let mut texts = Vec::new();
        for item in field.one_or_many() {
            let item = field.item(unwrapped(item));
            match &item.node().value {
                Value::Scalar(_) => {}
                Value::Null => continue,
                _ => self.wrong(item, "texts", faults),
            }
            let words = item.node().as_str().unwrap_or_default().split_whitespace();
            texts.extend(words.map(|word| (item, word)));
        }
        texts
    }

    /// A domain or a wildcard below one.
    pub(super) fn pattern(
        &mut self,
        name: &'static str,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<DomainPattern> {
        let field = self.take(name)?;
        let text = field.node().as_str();
        let pattern = text.and_then(DomainPattern::parse).filter(|pattern| *pattern != DomainPattern::Any);
        if pattern.is_none() {
            self.wrong(field, "a name such as `mail.contoso.com` or `*.contoso.com`", faults);
        }
        pattern
    }

    /// The day of a time: ISO 8601 with or without a zone, or `/Date(…)/`.
    pub(super) fn day(&mut self, name: &'static str, faults: &mut Vec<Diagnostic>) -> Option<NaiveDate> {
        let field = self.take(name)?;
        let day = field.node().as_str().and_then(day);
        if day.is_none() {
            self.wrong(field, "a time such as `2026-07-23T22:55:13Z`", faults);
        }
        day
    }

    /// Warns of members that look like misspellings of known ones. What a machine
    /// wrote is not misspelt.
    pub(super) fn finish(self, by_hand: bool, faults: &mut Vec<Diagnostic>) {
        #[cfg(test)]
        yaml::asked::keep(&self.known);
        for (key, _) in self.entries.iter().filter(|_| by_hand) {
            if self.known.contains(&&*key.name) {
                continue;
            }
            if let Some(near) = yaml::nearest(&key.name, self.known.iter().copied()) {
                let message = format!("`{}` is no member of {} that any rule asks for", key.name, self.kind);
                faults.push(
                    Diagnostic::error(message, key.span).warning().label(format!("did you mean `{near}`?")),
                );
            }
        }
    }
}

/// A value without what PowerShell remoting wraps it in: the name of an
/// enumeration before its number, the items of a collection, the time of a date.
fn unwrapped(node: &Node) -> &Node {
    let Value::Mapping(entries) = &node.value else { return node };
    let get = |name: &str| entries.iter().find(|(key, _)| &*key.name == name).map(|(_, node)| node);
    get("Value").or_else(|| get("value")).unwrap_or(node)
}

/// The day in UTC.
fn day(text: &str) -> Option<NaiveDate> {
    if let Some(inside) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        // Windows PowerShell 5.1: milliseconds since 1970 in UTC; a zone behind
        // them says how to show it.
        let end = inside.rfind(['+', '-']).filter(|at| *at > 0).unwrap_or(inside.len());
        let millis = inside[..end].parse().ok()?;
        return Some(DateTime::from_timestamp_millis(millis)?.date_naive());
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc().date_naive());
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.date());
    local.or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_time_is_read() {
        for (text, expected) in [
            ("2026-07-23T22:55:13.0000000Z", Some("2026-07-23")),
            ("2026-07-24T01:55:13+03:00", Some("2026-07-23")),
            ("2026-07-24T18:59:12.0000000", Some("2026-07-24")),
            ("2026-07-24", Some("2026-07-24")),
            ("/Date(1690000000000)/", Some("2023-07-22")),
            ("/Date(1690000000000+0200)/", Some("2023-07-22")),
            ("/Date(-86400000)/", Some("1969-12-31")),
            ("/Date()/", None),
            ("/Date(99999999999999999999)/", None),
            ("yesterday", None),
        ] {
            assert_eq!(day(text).map(|day| day.to_string()).as_deref(), expected, "{text}");
        }
    }
}
