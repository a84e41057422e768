//! A scenario file in the making: what `--save` writes.

use std::path::Path;

use serde::Serialize;
use serde_yaml::{Mapping, Value};

/// A scenario file.
#[derive(Debug, Default, Serialize)]
pub(super) struct File {
    pub(super) suite: String,
    pub(super) scenarios: Vec<Scenario>,
}

/// A scenario, its keys in the order in which people read a session. Texts are as files
/// have them: see [`literal`].
#[derive(Debug, Default, Serialize)]
pub(super) struct Scenario {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ehlo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) helo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls: Option<Tls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Certificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth: Option<Login>,
    #[serde(skip_serializing_if = "Mapping::is_empty")]
    pub(super) extensions: Mapping,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mail_from: Option<Sender>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rcpt_to: Vec<Recipient>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) header_from: Option<Author>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<Mapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<MessageFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) steps: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_after: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<Value>,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(super) expect: Value,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Sender {
    Address(String),
    Told { address: String, params: Mapping },
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Recipient {
    Address(String),
    Told {
        address: String,
        #[serde(skip_serializing_if = "Mapping::is_empty")]
        params: Mapping,
        #[serde(skip_serializing_if = "Option::is_none")]
        expect: Option<String>,
    },
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Author {
    /// `none`: in a list it would be a text.
    Absent(&'static str),
    Fields(Vec<String>),
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Tls {
    pub(super) mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ciphers: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) resume: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sni: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verify: Option<How>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Range {
    pub(super) min: &'static str,
    pub(super) max: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum How {
    Word(&'static str),
    Fingerprint { sha256: String },
}

#[derive(Debug, Serialize)]
pub(super) struct Certificate {
    pub(super) cert: String,
    pub(super) key: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Login {
    pub(super) mechanism: std::borrow::Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authzid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<Variable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<Variable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) initial_response: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) continue_on_failure: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) insecure: bool,
}

/// An environment variable: what every secret is written as.
#[derive(Debug, Serialize)]
pub(super) struct Variable {
    pub(super) env: String,
}

#[derive(Debug, Serialize)]
pub(super) struct MessageFile {
    pub(super) file: String,
}

impl File {
    /// The file's text, below comments of so many lines.
    ///
    /// # Errors
    ///
    /// What cannot be written down, in words.
    pub(super) fn text(&self, comments: &[String]) -> Result<String, String> {
        let yaml = serde_yaml::to_string(self).map_err(|error| error.to_string())?;
        let mut text = String::with_capacity(yaml.len() + 64 * comments.len());
        for line in comments.iter().flat_map(|comment| comment.lines()) {
            // A control character is none of a comment's (YAML 1.2 §5.1).
            text.extend(["# "]);
            text.extend(line.chars().map(|c| if c.is_control() { '?' } else { c }));
            text.push('\n');
        }
        Ok(text + &yaml)
    }
}

/// A text that scenario files take for itself: `$` begins a variable there.
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// A path as a file at `at` has to name it.
pub(super) fn relative(path: &Path, at: &Path) -> String {
    let beside = at.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let path =
        if beside { path.to_owned() } else { std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) };
    literal(&path.to_string_lossy())
}

/// One pattern, or several of which any will do.
pub(super) fn patterns(mut written: Vec<String>) -> Value {
    match written.len() {
        0 => Value::Null,
        1 => Value::String(written.remove(0)),
        _ => Value::Sequence(written.into_iter().map(Value::String).collect()),
    }
}

/// A map of one key.
pub(super) fn pair(key: &str, value: impl Into<Value>) -> Mapping {
    let mut map = Mapping::new();
    map.insert(Value::String(key.to_owned()), value.into());
    map
}
