//! Every option of swaks: how it is spelt, whether it takes a value, and what becomes of
//! it here. One row each; the guide's table is the same.
//!
//! The spellings are those of swaks 20201014, which distributions ship, and of what was
//! added to it until 2024.

/// An option of swaks.
#[derive(Debug)]
pub(super) struct Row {
    /// Without hyphens; the first is how it is called here.
    pub(super) spellings: &'static [&'static str],
    /// Whether it takes a value.
    pub(super) value: Value,
    /// Whether each occurrence counts; else the last does.
    pub(super) is_list: bool,
    /// What becomes of it.
    pub(super) here: Here,
}

/// Whether an option takes a value, in the notation of Getopt::Long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// None.
    None,
    /// `:s`: the next word, unless it looks like an option.
    Optional,
    /// `=s`: the next word, whatever it is.
    Required,
    /// `:i`: the next word, if it is a number.
    Number,
}

/// What becomes of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Here {
    /// It is part of the scenario, and as what.
    Kept(Opt, &'static str),
    /// It changes nothing about the session, and why.
    Dropped(&'static str),
    /// It cannot be had, why, and what comes nearest.
    Refused(&'static str),
}

/// The options that a scenario is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opt {
    From,
    To,
    Cc,
    Bcc,
    Helo,
    Server,
    CopyRouting,
    Port,
    Protocol,
    Ipv4,
    Ipv6,
    LocalInterface,
    Timeout,
    QuitAfter,
    DropAfter,
    Pipeline,
    Tls,
    TlsOnConnect,
    TlsCert,
    TlsKey,
    TlsProtocol,
    TlsCipher,
    TlsSni,
    TlsVerify,
    TlsVerifyCa,
    TlsVerifyHost,
    TlsVerifyTarget,
    TlsCaPath,
    Auth,
    AuthOptional,
    AuthUser,
    AuthPassword,
    Data,
    Body,
    Header,
    AddHeader,
    Attach,
    AttachBody,
    AttachName,
    AttachType,
    NoStripFrom,
    XclientRaw,
    /// An attribute of XCLIENT, by its key here.
    Xclient(&'static str),
    XclientNoVerify,
}

const fn row(spellings: &'static [&'static str], value: Value, here: Here) -> Row {
    Row { spellings, value, is_list: false, here }
}

const fn list(spellings: &'static [&'static str], value: Value, here: Here) -> Row {
    Row { spellings, value, is_list: true, here }
}

use Here::{Dropped, Kept, Refused};
use Value::{None, Number, Optional, Required};

const PRINTS: &str = "about what swaks prints";
const NO_FALL_BACK: &str = "TLS is never optional here, for nothing falls back to clear text: `-tls` makes it a \
                            must; a second line without it plays the session in clear text";
const XCLIENT: &str = "`extensions: { xclient }`";
const ONE_XCLIENT: &str = "XCLIENT is sent once, after TLS and before the log-in, and must be offered and accepted; \
                           `steps` with `raw` say it otherwise";
const PROXY: &str = "a PROXY header belongs to the target: in relayprobe.yaml `targets: { NAME: { address: …, \
                     proxy: v1 } }` (or v2), and in the scenario `source_ip: ADDRESS`";
const NOT_PLAYED: &str = "swaks plays no session with it: there is nothing to make a scenario of";

/// The table.
pub(super) const OPTIONS: &[Row] = &[
    // Where to.
    row(
        &["server", "s"],
        Optional,
        Kept(Opt::Server, "`target`; without it `target: mx:DOMAIN`, the last recipient's"),
    ),
    row(&["port", "p"], Optional, Kept(Opt::Port, "the port of `target`")),
    row(&["protocol"], Required, Kept(Opt::Protocol, "`ehlo` or `helo`, `tls` and `auth`; LMTP is refused")),
    row(&["4"], None, Kept(Opt::Ipv4, "nothing where `-s` is an IPv4 address; else refused")),
    row(&["6"], None, Kept(Opt::Ipv6, "nothing where `-s` is an IPv6 address; else refused")),
    row(&["copy-routing"], Optional, Kept(Opt::CopyRouting, "`target: mx:DOMAIN`")),
    row(&["local-interface", "li"], Optional, Kept(Opt::LocalInterface, "`source_ip`")),
    row(
        &["local-port", "lport", "lp"],
        Optional,
        Refused("the port on this side is left to the system: leave it off"),
    ),
    row(
        &["socket"],
        Optional,
        Refused("unix sockets are not spoken to: let the server listen on 127.0.0.1 as well"),
    ),
    row(
        &["pipe"],
        Optional,
        Refused(
            "no program is started: let a server listen on 127.0.0.1, such as by `socat TCP-LISTEN:2525 EXEC:…`",
        ),
    ),
    row(&["timeout"], Optional, Kept(Opt::Timeout, "`timeout: { connect, reply }`")),
    // Who and to whom.
    row(&["helo", "ehlo", "lhlo", "h"], Optional, Kept(Opt::Helo, "`ehlo`; with `--protocol SMTP` `helo`")),
    row(&["from", "f"], Optional, Kept(Opt::From, "`mail_from`")),
    row(&["to", "t"], Optional, Kept(Opt::To, "`rcpt_to`")),
    row(&["cc"], Optional, Kept(Opt::Cc, "`rcpt_to`, and a `Cc` field")),
    row(&["bcc"], Optional, Kept(Opt::Bcc, "`rcpt_to`")),
    row(&["force-getpwuid"], None, Dropped("about the name that swaks makes a sender of")),
    row(&["pipeline"], None, Kept(Opt::Pipeline, "`extensions: { pipelining: true }`")),
    row(&["prdr"], None, Refused("PRDR is not spoken: a recipient's own `expect` judges it at RCPT TO")),
    // How far.
    row(&["quit-after", "quit", "q"], Required, Kept(Opt::QuitAfter, "`stop_after`")),
    row(&["drop-after", "drop", "da"], Required, Kept(Opt::DropAfter, "`steps` that end with `close`")),
    row(
        &["drop-after-send", "das"],
        Required,
        Refused(
            "write it as `steps`: `raw` with `replies: 0` says something and reads nothing, then `close`",
        ),
    ),
    // TLS.
    row(&["tls"], None, Kept(Opt::Tls, "`tls: starttls`")),
    row(&["tls-optional", "tlso"], None, Refused(NO_FALL_BACK)),
    row(&["tls-optional-strict", "tlsos"], None, Refused(NO_FALL_BACK)),
    row(&["tls-on-connect", "tlsc"], None, Kept(Opt::TlsOnConnect, "`tls: implicit`")),
    row(&["tls-cert"], Required, Kept(Opt::TlsCert, "`certificate: { cert }`")),
    row(&["tls-key"], Required, Kept(Opt::TlsKey, "`certificate: { key }`")),
    row(
        &["tls-chain"],
        Required,
        Refused("the chain stands behind the certificate in one file: `cat CERT CHAIN >both.pem`"),
    ),
    row(&["tls-protocol", "tlsp"], Required, Kept(Opt::TlsProtocol, "`tls: { version }`")),
    row(&["tls-cipher"], Required, Kept(Opt::TlsCipher, "`tls: { ciphers }`")),
    row(&["tls-sni"], Required, Kept(Opt::TlsSni, "`tls: { sni }`")),
    row(&["tls-verify"], None, Kept(Opt::TlsVerify, "`tls: { verify: full }`; without it `none`")),
    row(&["tls-verify-ca"], None, Kept(Opt::TlsVerifyCa, "`tls: { verify: chain }`")),
    row(&["tls-verify-host"], None, Kept(Opt::TlsVerifyHost, "`tls: { verify: full }`")),
    row(&["tls-verify-target"], Required, Kept(Opt::TlsVerifyTarget, "`tls: { sni }`, the name verified")),
    row(&["tls-ca-path"], Required, Kept(Opt::TlsCaPath, "`tls: { ca }`; a folder is refused")),
    row(
        &["tls-get-peer-cert"],
        Optional,
        Dropped("the certificate is shown, and `expect: { tls: { peer } }` judges it"),
    ),
    row(
        &["tls-get-peer-chain"],
        Optional,
        Dropped("the certificate is shown, and `expect: { tls: { peer } }` judges it"),
    ),
    // Log-in.
    row(&["auth", "a"], Optional, Kept(Opt::Auth, "`auth: { mechanism }`, the first that is spoken here")),
    row(&["auth-user", "au"], Optional, Kept(Opt::AuthUser, "`auth: { username }`")),
    row(
        &["auth-password", "ap"],
        Optional,
        Kept(Opt::AuthPassword, "`auth: { password: { env } }`; its text is forgotten"),
    ),
    row(&["auth-optional", "ao"], Optional, Kept(Opt::AuthOptional, "`auth` with `continue_on_failure`")),
    row(
        &["auth-optional-strict", "aos"],
        Optional,
        Refused("a log-in is played, or is not: `-a` makes it a must, `-ao` goes on after a refusal"),
    ),
    row(&["auth-map", "am"], Required, Refused("mechanisms go by their registered names here")),
    row(&["auth-extra", "ae"], Required, Refused("it is for DIGEST-MD5 and NTLM, which are not spoken")),
    row(&["auth-hide-password", "ahp"], Optional, Dropped("passwords are always masked")),
    row(&["auth-plaintext", "apt"], None, Dropped(PRINTS)),
    // The message.
    row(
        &["data", "d"],
        Optional,
        Kept(Opt::Data, "`message: { file }`; a template with `%DATE%` or `%MESSAGEID%`: `headers`, `body`"),
    ),
    row(&["body"], Optional, Kept(Opt::Body, "`body`")),
    list(
        &["header"],
        Optional,
        Kept(Opt::Header, "`header_from`, `subject`, `headers`; also as `--header-NAME`, `--h-NAME`"),
    ),
    list(&["add-header", "ah"], Optional, Kept(Opt::AddHeader, "the same, beside what is there")),
    list(&["attach"], Optional, Kept(Opt::Attach, "`headers` and `body`, in MIME")),
    list(&["attach-body"], Optional, Kept(Opt::AttachBody, "`headers` and `body`, in MIME")),
    list(&["attach-name"], Optional, Kept(Opt::AttachName, "the name of the next `--attach`")),
    list(&["attach-type"], Optional, Kept(Opt::AttachType, "the type of the next `--attach`")),
    row(
        &["no-strip-from", "nsf"],
        None,
        Kept(Opt::NoStripFrom, "the `From ` line of a mailbox stays in `--data`"),
    ),
    row(
        &["no-data-fixup", "ndf"],
        None,
        Refused("bytes as they are, the final dot too, leave by a `raw` step alone"),
    ),
    row(&["dump-as-body", "dab"], Optional, Dropped("the text names the case")),
    row(
        &["dump-as-body-shows-password", "dabsp"],
        None,
        Dropped("the text names the case; no password is shown"),
    ),
    // XCLIENT and PROXY.
    list(&["xclient"], Optional, Kept(Opt::XclientRaw, XCLIENT)),
    row(&["xclient-name"], Optional, Kept(Opt::Xclient("name"), XCLIENT)),
    row(&["xclient-addr"], Optional, Kept(Opt::Xclient("addr"), XCLIENT)),
    row(&["xclient-port"], Optional, Kept(Opt::Xclient("port"), XCLIENT)),
    row(&["xclient-proto"], Optional, Kept(Opt::Xclient("proto"), XCLIENT)),
    row(&["xclient-destaddr"], Optional, Kept(Opt::Xclient("destaddr"), XCLIENT)),
    row(&["xclient-destport"], Optional, Kept(Opt::Xclient("destport"), XCLIENT)),
    row(&["xclient-helo"], Optional, Kept(Opt::Xclient("helo"), XCLIENT)),
    row(&["xclient-login"], Optional, Kept(Opt::Xclient("login"), XCLIENT)),
    row(&["xclient-no-verify"], None, Kept(Opt::XclientNoVerify, "`extensions: { force: true }`")),
    row(
        &["xclient-reverse-name"],
        Optional,
        Refused("XCLIENT has no such attribute in Postfix; `name` is the client's"),
    ),
    list(&["xclient-delim"], None, Refused(ONE_XCLIENT)),
    row(&["xclient-optional"], None, Refused(ONE_XCLIENT)),
    row(&["xclient-optional-strict"], None, Refused(ONE_XCLIENT)),
    row(&["xclient-before-starttls"], None, Refused(ONE_XCLIENT)),
    row(&["proxy"], Optional, Refused(PROXY)),
    row(&["proxy-version"], Optional, Refused(PROXY)),
    row(&["proxy-family"], Optional, Refused(PROXY)),
    row(&["proxy-command"], Optional, Refused(PROXY)),
    row(&["proxy-protocol"], Optional, Refused(PROXY)),
    row(&["proxy-source"], Optional, Refused(PROXY)),
    row(&["proxy-source-port"], Optional, Refused(PROXY)),
    row(&["proxy-dest"], Optional, Refused(PROXY)),
    row(&["proxy-dest-port"], Optional, Refused(PROXY)),
    // What it prints, and what it is asked instead of a session.
    row(&["suppress-data", "n"], None, Dropped(PRINTS)),
    row(&["silent", "S"], Number, Dropped(PRINTS)),
    row(&["no-hints", "nth"], None, Dropped(PRINTS)),
    row(&["no-send-hints", "nsh"], None, Dropped(PRINTS)),
    row(&["no-receive-hints", "nrh"], None, Dropped(PRINTS)),
    row(&["no-info-hints", "nih"], None, Dropped(PRINTS)),
    row(&["hide-receive", "hr"], None, Dropped(PRINTS)),
    row(&["hide-send", "hs"], None, Dropped(PRINTS)),
    row(&["hide-informational", "hi"], None, Dropped(PRINTS)),
    row(&["hide-all", "ha"], None, Dropped(PRINTS)),
    row(&["show-time-lapse", "stl"], Optional, Dropped("every reply's time is in the report")),
    row(&["show-raw-text", "raw"], None, Dropped(PRINTS)),
    row(&["output", "output-file"], Required, Dropped(PRINTS)),
    row(&["output-file-stdout"], Required, Dropped(PRINTS)),
    row(&["output-file-stderr"], Required, Dropped(PRINTS)),
    row(&["protect-prompt", "pp"], None, Dropped(PRINTS)),
    row(&["trigger-deprecation"], Optional, Dropped("it tests swaks itself")),
    row(&["config"], Optional, Refused("write the options that the file holds into the line")),
    row(&["dump"], Optional, Refused(NOT_PLAYED)),
    row(&["dump-mail"], None, Refused(NOT_PLAYED)),
    row(&["support"], None, Refused(NOT_PLAYED)),
    row(&["version"], None, Refused(NOT_PLAYED)),
    row(&["help"], None, Refused(NOT_PLAYED)),
];

/// How an option is called, hyphens included.
pub(super) fn name(option: Opt) -> String {
    let row = OPTIONS.iter().find(|row| matches!(row.here, Kept(kept, _) if kept == option));
    row.map_or_else(String::new, Row::name)
}

impl Row {
    /// How the option is called, hyphens included.
    pub(super) fn name(&self) -> String {
        written(self.spellings[0])
    }
}

fn written(spelling: &str) -> String {
    if spelling.len() < 2 { format!("-{spelling}") } else { format!("--{spelling}") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_spelling_comes_twice() {
        let mut seen = HashSet::new();
        for spelling in OPTIONS.iter().flat_map(|row| row.spellings) {
            assert!(seen.insert(spelling), "{spelling}");
        }
    }

    #[test]
    fn the_guide_has_every_option() {
        let guide = include_str!("../../../../docs/guide/swaks.md");
        let mut rows: Vec<(Vec<String>, String)> = Vec::new();
        for row in OPTIONS {
            let names = row.spellings.iter().map(|name| format!("`{}`", written(name)));
            let becomes = match row.here {
                Kept(_, what) => what.to_owned(),
                Dropped(why) => format!("left out: {why}"),
                Refused(why) => format!("refused: {why}"),
            };
            match rows.last_mut() {
                Some((known, same)) if *same == becomes => known.extend(names),
                _ => rows.push((names.collect(), becomes)),
            }
        }
        let mut wanted = String::from("| Option | Becomes |\n|---|---|\n");
        for (names, becomes) in rows {
            wanted += &format!("| {} | {becomes} |\n", names.join(" "));
        }
        assert!(guide.contains(&wanted), "docs/guide/swaks.md is to hold:\n{wanted}");
    }
}
