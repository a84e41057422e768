//! What is shown on a terminal, and what is not: the program on a pseudo-terminal.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Dir, Peer, Program, have};

/// Runs a command on a terminal of so many columns and prints what it showed.
const ON_A_TERMINAL: &str = "
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
shown = b''
while True:
    try:
        more = os.read(fd, 65536)
    except OSError:
        break
    if not more:
        break
    shown += more
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
";

/// A server that refuses and takes its time, and three cases that hope for better.
fn refused() -> (Peer, Dir) {
    let peer = Peer::play(|conn| {
        conn.hello(&[])?;
        conn.answer("MAIL", "250 2.1.0 ok\r\n")?;
        conn.line()?;
        conn.wait(Duration::from_millis(700));
        conn.say("550 5.7.64 TenantAttribution; Relay Access Denied\r\n")?;
        conn.bye()
    });
    let dir = Dir::new();
    let text = format!(
        "suite: relay\ndefaults: {{ target: '{}', mail_from: a@x.test, rcpt_to: b@x.test }}\nscenarios:\n  - name: \
         one\n  - name: two\n  - name: three\n",
        peer.address()
    );
    dir.write("relay.yaml", text);
    (peer, dir)
}

fn shown(dir: &Dir, columns: u16, environment: &[(&str, &str)]) -> String {
    let ran = Command::new("python3")
        .current_dir(dir.path())
        .args(["-c", ON_A_TERMINAL, &columns.to_string(), env!("CARGO_BIN_EXE_relayprobe")])
        .args(["run", "relay.yaml", "-j", "1"])
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR")
        .env_remove("CLICOLOR_FORCE")
        .envs([("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8")])
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("python3 starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Without the sequences that colour and move.
fn bare(shown: &str) -> String {
    let mut out = String::new();
    let mut rest = shown;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |end| at + end + 1);
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn a_terminal_gets_a_bar_with_what_runs_and_how_long_it_takes() {
    let test = "a_terminal_gets_a_bar_with_what_runs_and_how_long_it_takes";
    if !have(test, &["python3"]) {
        return;
    }
    let (_peer, dir) = refused();
    let shown = shown(&dir, 100, &[]);
    let text = bare(&shown);
    assert!(text.contains("░ 0/3 running relay/"), "{shown:?}");
    assert!(text.contains("2/3 2 not passed, about 1 s left, running relay/three"), "{shown:?}");
    assert!(shown.contains("\u{1b}[1;31mFAILED"), "{shown:?}");
    let last = text.lines().rfind(|line| !line.trim().is_empty()).expect("something is shown");
    assert!(last.contains("3 failed · against"), "the bar is gone in the end: {last}");
}

#[test]
fn less_able_terminals_get_what_they_can_show() {
    let test = "less_able_terminals_get_what_they_can_show";
    if !have(test, &["python3"]) {
        return;
    }
    let (_peer, dir) = refused();
    let dumb = shown(&dir, 80, &[("TERM", "dumb")]);
    assert!(!dumb.contains('\u{1b}') && !dumb.contains("running") && dumb.contains("FAILED"), "{dumb:?}");
    let ascii = shown(&dir, 80, &[("LC_ALL", "C")]);
    assert!(ascii.is_ascii() && ascii.contains(". 0/3"), "{ascii:?}");
    assert!(bare(&ascii).contains("3 failed - against"), "{ascii:?}");
    let plain = shown(&dir, 80, &[("NO_COLOR", "1")]);
    assert!(!plain.contains("\u{1b}[1;31m") && plain.contains("FAILED"), "{plain:?}");
    let narrow = bare(&shown(&dir, 60, &[]));
    let ours = narrow.lines().skip_while(|line| !line.contains("meaning")).take(4);
    assert!(
        ours.clone().count() == 4 && ours.clone().all(|line| line.trim_end().chars().count() <= 60),
        "{narrow}"
    );
}

#[test]
fn colours_are_forced_where_somebody_forces_them() {
    let (_peer, dir) = refused();
    let run = |name: &str| Program::new(dir.path(), ["run", "relay.yaml"]).env(name, "1").run().stdout;
    assert!(run("CLICOLOR_FORCE").contains("\u{1b}[1;31mFAILED"));
    assert!(!run("CLICOLOR").contains('\u{1b}'), "a pipe is no terminal");
}
