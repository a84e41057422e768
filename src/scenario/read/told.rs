//! What a step is told, and the values that only steps take.

use std::time::Duration;

use super::super::spec::SaySpec;
use crate::plan::{Chunks, Say};
use crate::smtp::unescape;
use crate::yaml::{Diagnostic, Field, Fields, Span, Value};

/// The most replies that raw bytes wait for.
const MAX_REPLIES: u64 = 1_000;

/// The longest pause.
const MAX_WAIT: Duration = Duration::from_secs(6 * 3600);

/// What a step is told: in the map of its name, or beside it.
pub(super) struct Told<'v> {
    /// What stands behind the name, if that is no map.
    pub(super) value: Option<Field<'v>>,
    pub(super) inner: Option<Fields<'v>>,
    pub(super) outer: Option<Fields<'v>>,
    pub(super) at: Span,
}

impl<'v> Told<'v> {
    pub(super) fn take(&mut self, name: &'static str) -> Option<Field<'v>> {
        let inner = self.inner.as_mut().and_then(|fields| fields.take(name));
        inner.or_else(|| self.outer.as_mut().and_then(|fields| fields.take(name)))
    }

    /// What stands behind the name, or under this key.
    pub(super) fn main(&mut self, name: &'static str) -> Option<Field<'v>> {
        self.value.take().or_else(|| self.take(name))
    }

    pub(super) fn finish(self, verb: &str, faults: &mut Vec<Diagnostic>) {
        if let Some(value) = self.value {
            let fault = value.error(format!("`{verb}` takes no value"));
            faults.push(fault.label(format!("write `{verb}` alone, or a map of what it is told")));
        }
        for fields in [self.inner, self.outer].into_iter().flatten() {
            fields.finish(faults);
        }
    }
}

pub(super) fn raw(told: &mut Told<'_>, faults: &mut Vec<Diagnostic>) -> Option<SaySpec> {
    let Some(field) = told.main("bytes") else {
        let fault = Diagnostic::error("`raw` says no bytes", told.at);
        faults.push(fault.label("such as `raw: 'NOOP\\r\\n'`, in single quotes"));
        return None;
    };
    let replies = told.take("replies").map(|field| field.integer(0..=MAX_REPLIES, faults));
    let bytes = unescape(field.text(faults)?).map_err(|why| faults.push(field.error(why))).ok()?;
    if bytes.is_empty() {
        faults.push(field.error("`raw` is empty"));
    }
    Some(Say::Raw { bytes: bytes.into(), replies: replies.unwrap_or(Some(1))? as u16 })
}

pub(super) fn wait(told: &mut Told<'_>, faults: &mut Vec<Diagnostic>) -> Option<SaySpec> {
    let Some(field) = told.main("for") else {
        faults.push(Diagnostic::error("`wait` says no time", told.at).label("such as `wait: 2s`"));
        return None;
    };
    let time = field.duration(faults)?;
    if time > MAX_WAIT {
        faults.push(field.error("`wait` is longer than six hours"));
    }
    Some(Say::Wait(time))
}

/// The pieces of a message, and whether the last says so.
pub(super) fn chunks(told: &mut Told<'_>, faults: &mut Vec<Diagnostic>) -> Option<(Chunks, bool)> {
    let last = told.take("last").map(|field| field.bool(faults)).unwrap_or(Some(true))?;
    let Some(field) = told.main("chunks") else { return Some((Chunks::Whole, last)) };
    pieces(field, faults).map(|pieces| (pieces, last))
}

/// The pieces of a message: their size, or the size of each.
pub(super) fn pieces(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Chunks> {
    const MOST: u64 = 1 << 30;
    if matches!(field.node().value, Value::Sequence(_)) {
        let sizes: Vec<usize> = field
            .list(faults)?
            .iter()
            .filter_map(|item| field.item(item).integer(0..=MOST, faults).map(|size| size as usize))
            .collect();
        if sizes.len() > 1_000 {
            faults.push(field.error(format!("`{}` takes at most 1,000 sizes", field.name())));
        }
        return Some(Chunks::Sizes(sizes.into()));
    }
    field.integer(1..=MOST, faults).map(|size| Chunks::Every(size as usize))
}
