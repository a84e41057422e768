//! Variables: `$(name)`, and `$$` for a dollar sign.
//!
//! A scope is asked for one name at a time and gives the value of the highest
//! rank: `--set`, row or axis, scenario, file, project, built in. Values may
//! hold variables themselves; those of `--set` and of CSV cells are data and are
//! taken as they are.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::pieces::{Piece, whole};
use crate::yaml::{Diagnostic, Key, Node, Sources, Span, Value, nearest};

/// The names that need no definition.
pub(super) const BUILT_IN: [&str; 3] = ["run.id", "case.id", "hostname"];

/// Keys whose values are secrets, which take no variables.
pub(super) const SECRETS: [&str; 2] = ["password", "token"];

/// It was reported already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported;

/// One column's or axis' value in one case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'s> {
    pub(super) name: &'s str,
    pub(super) node: &'s Node,
    /// From a CSV cell: no variables in it.
    pub(super) literal: bool,
}

/// What is the same for every case of a load.
#[derive(Debug)]
pub(super) struct Globals {
    /// `--set`, in order.
    pub(super) set: Vec<(Arc<str>, Node)>,
    /// Names this run.
    pub(super) run_id: Arc<str>,
    /// This host's name.
    pub(super) hostname: Arc<str>,
    /// Names that were asked for anywhere.
    pub(super) asked: RefCell<HashSet<Arc<str>>>,
    /// Variables that nothing defines, and where they were wanted.
    pub(super) unknown: RefCell<HashSet<(Span, Arc<str>)>>,
    /// Environment variables that were wanted and are not set. Only a case that
    /// is played is at fault for it.
    pub(super) lacking: RefCell<Vec<Diagnostic>>,
}

impl Globals {
    /// The environment variables found lacking since the last call.
    pub(super) fn take_lacking(&self) -> Vec<Diagnostic> {
        self.lacking.take()
    }
}

/// The variables that one scenario, or one case of it, sees.
pub(super) struct Scope<'s> {
    pub(super) globals: &'s Globals,
    pub(super) sources: &'s Sources,
    /// Names of columns and axes, whether or not this case has a value.
    pub(super) columns: &'s [Arc<str>],
    /// The values of this case.
    pub(super) bindings: &'s [Binding<'s>],
    /// `vars` of scenario, file and project.
    pub(super) layers: [&'s [(Key, Node)]; 3],
    /// Once it is known.
    pub(super) case_id: Option<&'s str>,
}

/// Where a name leads.
enum Found<'s> {
    /// A text without variables.
    Text(Arc<str>),
    /// A value whose variables are still to be filled in.
    Node(&'s Node),
    /// A value as it is.
    Literal(&'s Node),
    /// A column that this case leaves empty.
    Empty,
    /// The case's id, not known yet.
    Later,
    /// Nothing.
    Unknown,
}

/// The deepest that variables are made of variables.
const MAX_NESTING: usize = 32;

/// The most variables that one value takes, theirs included.
const MAX_STEPS: u32 = 10_000;

/// The longest text that variables make, in bytes.
const MAX_TEXT: usize = 1024 * 1024;

/// The way into a value: variables may be made of others, but neither without
/// end nor without measure.
#[derive(Default)]
struct Walk {
    names: Vec<String>,
    steps: u32,
    secrets: Secrets,
}

/// Where values of [`SECRETS`] are kept as they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Secrets {
    /// Nowhere: these keys mean nothing there.
    #[default]
    None,
    /// In the value itself.
    Here,
    /// In maps that have the key `auth`, and under it.
    InLogIns,
}

impl Walk {
    /// Why a variable is not followed, if it is not.
    fn refuses(&mut self, name: &str) -> Option<&'static str> {
        self.steps += 1;
        if self.names.iter().any(|before| before == name) {
            Some("is made of itself")
        } else if self.names.len() >= MAX_NESTING {
            Some("is made of too many others")
        } else {
            (self.steps > MAX_STEPS).then_some("takes too many others")
        }
    }
}

impl<'s> Scope<'s> {
    fn find(&self, name: &str) -> Found<'s> {
        if let Some((_, node)) = self.globals.set.iter().rev().find(|(set, _)| &**set == name) {
            return Found::Literal(node);
        }
        if let Some(binding) = self.bindings.iter().find(|binding| binding.name == name) {
            return if binding.literal { Found::Literal(binding.node) } else { Found::Node(binding.node) };
        }
        for layer in self.layers {
            if let Some((_, node)) = layer.iter().find(|(key, _)| &*key.name == name) {
                return Found::Node(node);
            }
        }
        match name {
            "run.id" => Found::Text(Arc::clone(&self.globals.run_id)),
            "hostname" => Found::Text(Arc::clone(&self.globals.hostname)),
            "case.id" => self.case_id.map_or(Found::Later, |id| Found::Text(id.into())),
            _ if self.columns.iter().any(|column| &**column == name) => Found::Empty,
            _ => Found::Unknown,
        }
    }

    /// The value with every variable filled in; `None` where it is exactly one
    /// variable that this case leaves empty.
    pub(super) fn fill(&self, node: &Node, faults: &mut Vec<Diagnostic>) -> Result<Option<Node>, Reported> {
        self.fill_node(node, &mut Walk::default(), faults)
    }

    /// The value of one name, if it has one.
    pub(super) fn value(&self, name: &str, used: Span, faults: &mut Vec<Diagnostic>) -> Option<Node> {
        self.value_of(name, used, &mut Walk::default(), faults).ok().flatten()
    }

    /// As [`Self::fill`], but for values of [`SECRETS`], which stay as they stand.
    pub(super) fn fill_but(
        &self,
        secrets: Secrets,
        node: &Node,
        faults: &mut Vec<Diagnostic>,
    ) -> Result<Option<Node>, Reported> {
        self.fill_node(node, &mut Walk { secrets, ..Walk::default() }, faults)
    }

    fn fill_node(
        &self,
        node: &Node,
        walk: &mut Walk,
        faults: &mut Vec<Diagnostic>,
    ) -> Result<Option<Node>, Reported> {
        let value = match &node.value {
            Value::Null => Value::Null,
            Value::Scalar(text) if !text.contains('$') => Value::Scalar(Arc::clone(text)),
            Value::Scalar(text) => {
                if let Some(name) = whole(text) {
                    return self.value_of(name, node.span, walk, faults);
                }
                Value::Scalar(self.fill_text(text, node.span, walk, faults)?.into())
            }
            Value::Sequence(items) => {
                let mut out = Vec::with_capacity(items.len());
                let mut result = Ok(());
                for item in items {
                    match self.fill_node(item, walk, faults) {
                        Ok(item) => out.extend(item),
                        Err(Reported) if !walk.names.is_empty() => return Err(Reported),
                        Err(Reported) => result = Err(Reported),
                    }
                }
                result?;
                Value::Sequence(out)
            }
            Value::Mapping(entries) => {
                let mut out = Vec::with_capacity(entries.len());
                let mut result = Ok(());
                let around = walk.secrets;
                let log_in =
                    around == Secrets::InLogIns && entries.iter().any(|(key, _)| &*key.name == "auth");
                for (key, value) in entries {
                    if (log_in || around == Secrets::Here) && SECRETS.contains(&&*key.name) {
                        out.push((key.clone(), value.clone()));
                        continue;
                    }
                    let name = match key.name.contains('$') {
                        false => Ok(Arc::clone(&key.name)),
                        true => self.fill_text(&key.name, key.span, walk, faults).map(Into::into),
                    };
                    walk.secrets = if log_in && &*key.name == "auth" { Secrets::Here } else { around };
                    let value = self.fill_node(value, walk, faults);
                    walk.secrets = around;
                    match (name, value) {
                        (Ok(name), Ok(Some(value))) => out.push((Key { span: key.span, name }, value)),
                        (Ok(_), Ok(None)) => {}
                        _ if !walk.names.is_empty() => return Err(Reported),
                        _ => result = Err(Reported),
                    }
                }
                result?;
                Value::Mapping(out)
            }
        };
        Ok(Some(Node { span: node.span, value }))
    }

    /// The value of a variable. Its own place is kept: that is where a wrong
    /// value is mended.
    fn value_of(
        &self,
        name: &str,
        used: Span,
        walk: &mut Walk,
        faults: &mut Vec<Diagnostic>,
    ) -> Result<Option<Node>, Reported> {
        self.note_use(name);
        match self.find(name) {
            Found::Text(text) => Ok(Some(Node { span: used, value: Value::Scalar(text) })),
            Found::Literal(node) => Ok(Some(node.clone())),
            Found::Empty => Ok(None),
            Found::Node(node) => {
                if let Some(why) = walk.refuses(name) {
                    let fault = Diagnostic::error(format!("`$({name})` {why}"), node.span);
                    let way = walk.names.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
                    faults.push(fault.note(format!("by way of {way}")));
                    return Err(Reported);
                }
                if let Some(read) = environment(node) {
                    return read.map(Some).map_err(|fault| {
                        self.globals.lacking.borrow_mut().push(fault);
                        Reported
                    });
                }
                walk.names.push(name.to_owned());
                let value = self.fill_node(node, walk, faults);
                walk.names.pop();
                value
            }
            Found::Later | Found::Unknown => {
                // Once a place, however many cases go by it.
                if self.globals.unknown.borrow_mut().insert((used, name.into())) {
                    faults.push(self.unknown(name, used));
                }
                Err(Reported)
            }
        }
    }

    fn fill_text(
        &self,
        text: &str,
        span: Span,
        walk: &mut Walk,
        faults: &mut Vec<Diagnostic>,
    ) -> Result<String, Reported> {
        let mut out = String::with_capacity(text.len() + 16);
        let before = faults.len();
        let pieces = self.pieces(text, span, faults);
        let mut result = if faults.len() == before { Ok(()) } else { Err(Reported) };
        for piece in pieces {
            let name = match piece {
                Piece::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Variable(name) => name,
            };
            let place = self.place(span, &format!("$({name})"));
            match self.value_of(name, place, walk, faults) {
                Ok(Some(node)) => match node.as_str() {
                    Some(text) if out.len() + text.len() > MAX_TEXT => {
                        faults.push(Diagnostic::error("variables make this longer than 1 MiB", place));
                        return Err(Reported);
                    }
                    Some(text) => out.push_str(text),
                    None => {
                        let kind = node.kind();
                        let fault = Diagnostic::error(format!("`$({name})` is {kind}"), place);
                        faults.push(fault.label("only a text can stand inside a text"));
                        result = Err(Reported);
                    }
                },
                Ok(None) => {
                    let fault = Diagnostic::error(format!("`$({name})` is empty in this row"), place);
                    faults.push(fault.label("inside a text there is nothing to leave out"));
                    result = Err(Reported);
                }
                // Inside a variable one fault will do: there may be very many.
                Err(Reported) if !walk.names.is_empty() => return Err(Reported),
                Err(Reported) => result = Err(Reported),
            }
        }
        result.map(|()| out)
    }

    fn unknown(&self, name: &str, used: Span) -> Diagnostic {
        let place = self.place(used, &format!("$({name})"));
        if name == "case.id" {
            return Diagnostic::error("`$(case.id)` is made from the name and cannot be part of it", place);
        }
        let fault = Diagnostic::error(format!("unknown variable `{name}`"), place);
        let known: Vec<&str> = (self.globals.set.iter().map(|(name, _)| &**name))
            .chain(self.columns.iter().map(|name| &**name))
            .chain(self.layers.iter().flat_map(|layer| layer.iter().map(|(key, _)| &*key.name)))
            .chain(BUILT_IN)
            .collect();
        match nearest(name, known.into_iter()) {
            Some(near) => fault.label(format!("did you mean `$({near})`?")),
            None => fault.label("no `vars`, column, axis or `--set` defines it"),
        }
    }

    fn note_use(&self, name: &str) {
        let mut asked = self.globals.asked.borrow_mut();
        if !asked.contains(name) {
            asked.insert(name.into());
        }
    }

    /// Adds the columns and axes (and `case.id`) that a value depends on, by way
    /// of other variables too.
    pub(super) fn depends(&self, node: &Node, on: &mut HashSet<Arc<str>>) {
        let mut names = Vec::new();
        self.names_in(node, &mut names);
        let mut seen = HashSet::new();
        while let Some(name) = names.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            self.note_use(&name);
            if let Some(column) = self.columns.iter().find(|column| ***column == *name) {
                // A column counts as used even where `--set` outranks it.
                on.insert(Arc::clone(column));
            }
            if self.globals.set.iter().any(|(set, _)| **set == *name) {
                continue;
            }
            if name == "case.id" {
                on.insert(name.as_str().into());
            }
            for (key, node) in self.layers.iter().flat_map(|layer| layer.iter()) {
                if *key.name == *name {
                    self.names_in(node, &mut names);
                }
            }
        }
    }

    /// Adds the names of the variables in a value.
    fn names_in(&self, node: &Node, names: &mut Vec<String>) {
        let mut text = |text: &str, span| {
            if text.contains('$') {
                let pieces = self.pieces(text, span, &mut Vec::new()).into_iter();
                names.extend(pieces.filter_map(|piece| match piece {
                    Piece::Variable(name) => Some(name.to_owned()),
                    Piece::Text(_) => None,
                }));
            }
        };
        match &node.value {
            Value::Null => {}
            Value::Scalar(scalar) => text(scalar, node.span),
            Value::Sequence(items) => items.iter().for_each(|item| self.names_in(item, names)),
            Value::Mapping(entries) => {
                for (key, _) in entries {
                    if key.name.contains('$') {
                        text(&key.name, key.span);
                    }
                }
                entries.iter().for_each(|(_, value)| self.names_in(value, names));
            }
        }
    }
}

/// The value of `{ env: NAME }`, if the node is that.
pub(super) fn environment(node: &Node) -> Option<Result<Node, Diagnostic>> {
    let Value::Mapping(entries) = &node.value else { return None };
    let [(key, value)] = entries.as_slice() else { return None };
    let name = value.as_str().filter(|_| &*key.name == "env")?;
    Some(match read_environment(name) {
        Ok(text) => Ok(Node { span: node.span, value: Value::Scalar(text.into()) }),
        Err(why) => Err(Diagnostic::error(why, value.span)),
    })
}

/// The value of an environment variable that a file names.
pub(super) fn read_environment(name: &str) -> Result<String, String> {
    match std::env::var_os(name).map(std::ffi::OsString::into_string) {
        Some(Ok(text)) => Ok(text),
        Some(Err(_)) => Err(format!("the environment variable `{name}` is not UTF-8")),
        None => Err(format!("the environment variable `{name}` is not set")),
    }
}
