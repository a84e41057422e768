//! What `init` writes: a project file, first scenarios and a cron line.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::report::quoted;

/// How the server does TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tls {
    /// After STARTTLS.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all.
    None,
}

impl Tls {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Implicit => "implicit",
            Self::None => "none",
        }
    }
}

/// What is asked of the reader.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    /// `relay.contoso.example:25`.
    pub(super) server: String,
    pub(super) tls: Tls,
    /// An address of one's own that may relay.
    pub(super) from: String,
    /// A recipient elsewhere.
    pub(super) to: String,
}

/// The files of a project in this folder, with what is to stand in them.
pub(super) fn files(folder: &Path, answers: &Answers) -> [(PathBuf, String); 3] {
    [
        (folder.join("relayprobe.yaml"), project(answers)),
        (folder.join("relay.yaml"), scenarios(answers)),
        (folder.join("relayprobe.cron"), cron(folder)),
    ]
}

fn project(answers: &Answers) -> String {
    let Answers { server, from, to, .. } = answers;
    format!(
        "# Where the scenarios beside this file are played. Every key: docs/scenarios.md.
targets:
  relay:
    address: {}
    max_connections: 2
    rate: 2/s
    # Nothing is played past RCPT TO, whatever a scenario says: nothing is delivered.
    up_to: rcpt_to
vars:
  ours: {}
  theirs: {}
  # In a domain that is neither yours nor the recipient's.
  stranger: stranger@example.net
",
        literal(server),
        literal(from),
        literal(to)
    )
}

fn scenarios(answers: &Answers) -> String {
    let tls = match answers.tls {
        Tls::None => String::new(),
        mode => format!("\n  tls: {}", mode.as_str()),
    };
    format!(
        "suite: The relay
defaults:
  target: relay{tls}
  mail_from: $(ours)
  rcpt_to: $(theirs)
scenarios:
  - name: our sender may relay
    expect: 250

  # A server that takes this is open to everybody who reaches it. From inside your
  # network it may be meant so: then say `expect: 250`.
  - name: a stranger may not
    mail_from: $(stranger)
    expect: [5xx, 4xx]
"
    )
}

fn cron(folder: &Path) -> String {
    let project = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = project.file_name().map_or("live".into(), |name| name.to_string_lossy());
    // A percent sign is a new line to cron (crontab(5)).
    let word = |text: &str| quoted(text).replace('%', r"\%");
    format!(
        "# Copy the line below to /etc/cron.d/relayprobe. It mails when something changes; the
# folder of --state must be the user's own.
*/15 * * * *  mail  relayprobe run --state {} --notify-on change --jitter 60s --deadline 10m {}
",
        word(&format!("/var/lib/relayprobe/{name}")),
        word(&project.to_string_lossy())
    )
}

/// A text of YAML in double quotes, which are those of JSON; `$` begins a variable.
fn literal(text: &str) -> String {
    serde_json::Value::from(text.replace('$', "$$")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shell_cron_and_yaml_would_read_otherwise_is_quoted() {
        let answers = Answers {
            server: "relay.example:25".to_owned(),
            tls: Tls::Starttls,
            from: "o'neil+$x@contoso.com".to_owned(),
            to: "b@x.test".to_owned(),
        };
        let [(_, project), (_, scenarios), (_, cron)] = files(Path::new("/srv/it's 100% ours"), &answers);
        assert!(project.contains("ours: \"o'neil+$$x@contoso.com\""), "{project}");
        assert!(scenarios.contains("\n  tls: starttls\n"), "{scenarios}");
        assert!(cron.contains(r"'/srv/it'\''s 100\% ours'"), "{cron}");
    }
}
