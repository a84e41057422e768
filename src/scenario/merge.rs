//! A scenario over the defaults of its file: scalars and lists replace, maps
//! merge by key.

use crate::yaml::{Key, Node, Value};

/// Keys that replace as a whole, whatever they hold.
const WHOLE: [&str; 6] = ["expect", "except", "cases", "matrix", "steps", "transactions"];

/// Keys inside maps that replace as a whole: a secret has one source.
const WHOLE_INSIDE: [&str; 2] = ["password", "token"];

/// The scenario's keys, merged with the defaults, then the keys that only the
/// defaults have.
pub(super) fn merge(defaults: &[(Key, Node)], own: &[(Key, Node)]) -> Vec<(Key, Node)> {
    let mut out = Vec::with_capacity(defaults.len() + own.len());
    for (key, node) in own {
        let inherited = find(defaults, &key.name).filter(|_| !WHOLE.contains(&&*key.name));
        let node = match inherited {
            Some(inherited) => merge_value(&key.name, inherited, node),
            None => node.clone(),
        };
        out.push((key.clone(), node));
    }
    out.extend(defaults.iter().filter(|(key, _)| find(own, &key.name).is_none()).cloned());
    out
}

fn find<'n>(entries: &'n [(Key, Node)], name: &str) -> Option<&'n Node> {
    entries.iter().find(|(key, _)| &*key.name == name).map(|(_, node)| node)
}

fn merge_value(key: &str, inherited: &Node, own: &Node) -> Node {
    // The short forms: `tls: starttls` is `{ mode: starttls }`, `timeout: 1m` is
    // `{ session: 1m }`.
    let short = match key {
        "tls" => Some("mode"),
        "timeout" => Some("session"),
        _ => None,
    };
    let Some(short) = short else { return over(inherited, own, key == "vars") };
    match (&inherited.value, &own.value) {
        (Value::Mapping(_), Value::Scalar(text)) if !text.contains('$') => {
            over(inherited, &long(short, own), false)
        }
        (Value::Scalar(text), Value::Mapping(_)) if !text.contains('$') => {
            over(&long(short, inherited), own, false)
        }
        _ => over(inherited, own, false),
    }
}

fn long(key: &str, node: &Node) -> Node {
    let key = Key { span: node.span, name: key.into() };
    Node { span: node.span, value: Value::Mapping(vec![(key, node.clone())]) }
}

/// `own` over `inherited`; `flat` merges the first level alone.
fn over(inherited: &Node, own: &Node, flat: bool) -> Node {
    let (Value::Mapping(base), Value::Mapping(entries)) = (&inherited.value, &own.value) else {
        return own.clone();
    };
    let mut out = Vec::with_capacity(base.len() + entries.len());
    for (key, node) in entries {
        let below = find(base, &key.name).filter(|_| !flat && !WHOLE_INSIDE.contains(&&*key.name));
        out.push((key.clone(), below.map_or_else(|| node.clone(), |below| over(below, node, false))));
    }
    out.extend(base.iter().filter(|(key, _)| find(entries, &key.name).is_none()).cloned());
    Node { span: own.span, value: Value::Mapping(out) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Sources, parse};

    fn show(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".into(),
            Value::Scalar(text) => text.to_string(),
            Value::Sequence(items) => {
                format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" "))
            }
            Value::Mapping(entries) => {
                let entries = entries.iter().map(|(key, node)| format!("{}={}", key.name, show(node)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
        }
    }

    fn merged(defaults: &str, own: &str) -> String {
        let mut sources = Sources::default();
        let mut read = |text: &str| {
            let file = sources.add("t", "t".into(), text);
            let Value::Mapping(entries) = parse(&sources, file).expect("well-formed").value else {
                panic!("a map")
            };
            entries
        };
        let (defaults, own) = (read(defaults), read(own));
        let out = merge(&defaults, &own);
        out.iter().map(|(key, node)| format!("{}={}", key.name, show(node))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn scalars_and_lists_replace_and_maps_merge() {
        assert_eq!(
            merged("a: 1\nb: [1, 2]\nc: {x: 1, y: 2}\n", "a: 2\nb: [3]\nc: {y: 3}\n"),
            "a=2 b=[3] c={y=3 x=1}"
        );
        assert_eq!(merged("c: {x: 1}\n", "c: none\n"), "c=none");
        assert_eq!(merged("d: 1\n", "a: 2\n"), "a=2 d=1");
    }

    #[test]
    fn the_short_form_of_tls_is_its_mode() {
        assert_eq!(
            merged("tls: { mode: starttls, version: TLSv1.2 }\n", "tls: implicit\n"),
            "tls={mode=implicit version=TLSv1.2}"
        );
        assert_eq!(merged("tls: starttls\n", "tls: { force: true }\n"), "tls={force=true mode=starttls}");
        assert_eq!(merged("tls: starttls\n", "tls: none\n"), "tls=none");
    }

    #[test]
    fn expectations_and_tables_never_merge() {
        assert_eq!(
            merged("expect: {tls: x}\nmatrix: {a: [1]}\n", "expect: {auth: y}\nmatrix: {b: [2]}\n"),
            "expect={auth=y} matrix={b=[2]}"
        );
    }

    #[test]
    fn a_secret_has_one_source() {
        assert_eq!(
            merged("auth: {username: u, password: {env: A}}\n", "auth: {password: {file: b}}\n"),
            "auth={password={file=b} username=u}"
        );
    }
}
