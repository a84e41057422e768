//! The pieces that schemas are made of (JSON Schema, draft 7: what editors'
//! yaml-language-server knows best).
//!
//! Variables are admitted wherever a value stands: `$(name)` may become anything. So a
//! schema accepts a little more than the reader, and never less.
//!
//! What a key means stands here once: editors show it from the schema, and the tables of
//! the documentation are drawn from it (`reference`).

use serde_json::{Map, Value, json};

/// A key: its name, what it means, what it takes.
pub(super) type Key = (&'static str, &'static str, Value);

/// A schema file around its root, with what its parts refer to by name.
pub(super) fn file(title: &str, root: Value, parts: Vec<(String, Value)>) -> Value {
    let mut schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "title": title });
    let Value::Object(members) = root else { unreachable!("a file is a map") };
    if let Value::Object(schema) = &mut schema {
        schema.extend(members);
        let mut all = definitions();
        parts.into_iter().for_each(|(name, part)| all[name] = part);
        schema.insert("definitions".to_owned(), all);
    }
    schema
}

/// What is used in many places.
fn definitions() -> Value {
    let patterns = any(&[json!({ "$ref": "#/definitions/text" }), many(text())]);
    json!({
        "variable": {
            "description": "a variable, `$(name)`, which becomes its value",
            "type": "string",
            "pattern": "\\$\\("
        },
        "text": { "description": "a text; a number or word means what it looks like",
            "type": ["string", "number", "boolean"] },
        "duration": any(&[
            json!({ "description": "a duration with its unit: `500ms`, `5s`, `2m`, `6h`, `21d`",
                "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
            variable(),
        ]),
        "pattern": patterns,
        "secret": any(&[
            text(),
            map(&[
                ("env", "the environment variable that holds it", text()),
                ("file", "the file that holds it, which only its owner may read", text()),
                ("credential", "its name in systemd's folder of credentials", text()),
                (
                    "command",
                    "a program that prints it, with its arguments; run without a shell, once a run, never by `check`",
                    like(many(text()), json!([["pass", "show", "relay"]])),
                ),
            ]),
        ]),
        "certificate": certificate_files(),
    })
}

/// A map with these keys and no others.
pub(super) fn map(keys: &[Key]) -> Value {
    let mut map = open(keys);
    map["additionalProperties"] = json!(false);
    map
}

/// A map with these keys and any others.
pub(super) fn open(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .enumerate()
        .map(|(place, (name, description, takes))| {
            let mut takes = admitting_variables(takes);
            takes["description"] = json!(description);
            takes[PLACE] = json!(place);
            ((*name).to_owned(), takes)
        })
        .collect();
    json!({ "type": "object", "properties": properties })
}

/// Where a key stands among those of its map: members of JSON have no order. It is for
/// the tables of the documentation, and not printed.
pub(super) const PLACE: &str = "x-place";

/// The schema as it is printed.
pub(super) fn without_places(mut schema: Value) -> Value {
    fn clear(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove(PLACE);
                members.values_mut().for_each(clear);
            }
            Value::Array(items) => items.iter_mut().for_each(clear),
            _ => {}
        }
    }
    clear(&mut schema);
    schema
}

/// What may be written there, for example.
pub(super) fn like(mut takes: Value, examples: Value) -> Value {
    takes["examples"] = examples;
    takes
}

/// A map or list under a key may be a variable as well: all else admits one by itself.
pub(super) fn admitting_variables(takes: &Value) -> Value {
    if takes.get("type").is_some() { or_variable(takes.clone()) } else { takes.clone() }
}

/// The same map, in which these keys must stand.
pub(super) fn requiring(mut map: Value, keys: &[&str]) -> Value {
    map["required"] = json!(keys);
    map
}

/// A map from names to such values.
pub(super) fn named(takes: Value) -> Value {
    json!({ "type": "object", "additionalProperties": takes })
}

/// Any of these.
pub(super) fn any(of: &[Value]) -> Value {
    json!({ "anyOf": of })
}

/// This, or a variable.
pub(super) fn or_variable(takes: Value) -> Value {
    any(&[takes, variable()])
}

/// A list of these, or a variable.
pub(super) fn many(takes: Value) -> Value {
    json!({ "type": "array", "items": takes })
}

/// One of these, or a list of them.
pub(super) fn one_or_many(takes: Value) -> Value {
    any(&[takes.clone(), many(takes)])
}

/// One of these words, or a variable.
pub(super) fn words(words: &[&str]) -> Value {
    or_variable(json!({ "enum": words }))
}

/// `true`, `false` or a variable.
pub(super) fn flag() -> Value {
    or_variable(json!({ "enum": [true, false, "true", "false"] }))
}

/// A whole number within bounds, or a variable.
pub(super) fn number(least: u64, most: u64) -> Value {
    any(&[
        json!({ "type": "integer", "minimum": least, "maximum": most }),
        json!({ "type": "string", "pattern": "^[0-9]+$|\\$\\(" }),
    ])
}

/// Anything.
pub(super) fn anything() -> Value {
    json!({})
}

/// What is defined under this name.
pub(super) fn part(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

pub(super) fn variable() -> Value {
    json!({ "$ref": "#/definitions/variable" })
}

pub(super) fn text() -> Value {
    json!({ "$ref": "#/definitions/text" })
}

pub(super) fn duration() -> Value {
    json!({ "$ref": "#/definitions/duration" })
}

pub(super) fn pattern() -> Value {
    json!({ "$ref": "#/definitions/pattern" })
}

pub(super) fn secret() -> Value {
    json!({ "$ref": "#/definitions/secret" })
}

pub(super) fn certificate() -> Value {
    json!({ "$ref": "#/definitions/certificate" })
}

/// A certificate's files.
fn certificate_files() -> Value {
    map(&[
        ("cert", "PEM file of the chain, the certificate itself first", text()),
        ("key", "PEM file of its private key", text()),
    ])
}
