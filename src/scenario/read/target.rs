//! `target`: where a case is played.

use std::sync::Arc;

use super::super::target::Target;
use super::super::view::View;
use crate::yaml::{Diagnostic, nearest};

/// The target: of the project file, or `host:port`.
pub(in super::super) fn target(view: &View<'_>, faults: &mut Vec<Diagnostic>) -> Option<Arc<Target>> {
    let Some(field) = view.get("target") else {
        let fault = Diagnostic::error("no target", view.whole);
        faults.push(fault.label("add `target`: a name of the project file, or `host:port`"));
        return None;
    };
    let text = field.text(faults)?;
    let targets = &view.project.targets;
    if let Some(target) = view.project.target(text) {
        return Some(Arc::clone(target));
    }
    if text.contains(':') {
        return Target::bare(text).map(Arc::new).map_err(|why| faults.push(field.error(why))).ok();
    }
    if view.project.is_faulty(text) {
        return None;
    }
    let fault = field.error(format!("unknown target `{text}`"));
    faults.push(match nearest(text, targets.iter().map(|target| &*target.name)) {
        Some(near) => fault.label(format!("did you mean `{near}`?")),
        None if view.project.file.is_none() => fault.label("without a project file, write `host:port`"),
        None => fault.label("`targets` of the project file does not name it; or write `host:port`"),
    });
    None
}
