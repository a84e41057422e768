//! The simulator under load: many idle clients, and as many sessions as it can take.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::measure::{Bar, Server, Table, find, free_port, median, resident, timed};
use crate::works::{OURS, sink};

/// Idle sessions under TLS.
const IDLE: usize = 5_000;
/// Sessions in clear text.
const SESSIONS: u32 = 20_000;

const TENANTS: &str = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]
    lab: { recipients: [info@contoso.com] }
";

/// Measures both and adds the rows.
pub(crate) fn measure(folder: &Path, table: &mut Table) {
    fs::write(folder.join("tenants.yaml"), TENANTS).expect("our folder is writable");
    idle(folder, table);
    sessions(folder, table);
}

/// A simulator with room for this many, as a process of its own.
fn simulator(folder: &Path, ca: &str) -> (Server, u16) {
    let port = free_port();
    let script = "ulimit -n $(ulimit -Hn); exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-c", script, OURS, "simulate", "tenants.yaml"]);
    command.args(["--as-of", "2026-11-01", "--mx", &format!("127.0.0.1:{port}"), "--ca-out", ca]);
    command.args(["--limit", "connections=12000", "--limit", "command=10m"]);
    (Server::start(&mut command, port), port)
}

fn idle(folder: &Path, table: &mut Table) {
    let work = "simulator with 5,000 idle TLS sessions, resident (MB)";
    let (server, port) = simulator(folder, "simulator-ca.pem");
    fs::write(folder.join("idle"), format!("127.0.0.1:{port}")).expect("our folder is writable");
    let this = std::env::current_exe().expect("this program has a path");
    let mut crowd = Command::new("sh");
    crowd.args(["-c", "ulimit -n $(ulimit -Hn); exec \"$0\" idle \"$1\""]).arg(this).arg(folder);
    let mut crowd = Crowd(crowd.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts"));
    let mut held = String::new();
    let screen = crowd.0.stdout.take().expect("it is piped");
    BufReader::new(screen).read_line(&mut held).expect("it says how many");
    if held.trim() != IDLE.to_string() {
        return table.skipped(work, &format!("`ulimit -Hn` allows {} only", held.trim()));
    }
    let megabytes = (resident(server.id()).expect("it is running") * 1_024) as f64 / 1e6;
    table.row(work, &format!("{megabytes:.1}"), "", megabytes, Bar::AtMost(120.0));
}

/// Idle clients, gone when this is dropped.
struct Crowd(Child);

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Takes [`IDLE`] sessions under TLS as far as EHLO, says how many stand, and holds them
/// until its standard input ends.
pub(crate) fn hold(folder: &Path) {
    let address = fs::read_to_string(folder.join("idle")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("simulator-ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let session = || -> std::io::Result<_> {
        let mut stream = TcpStream::connect(&address)?;
        // The end of the handshake and the EHLO after it leave apart: Nagle would wait.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        reply(&mut stream)?;
        for command in ["EHLO idle.test\r\n", "STARTTLS\r\n"] {
            stream.write_all(command.as_bytes())?;
            reply(&mut stream)?;
        }
        let tls = ClientConnection::new(Arc::clone(&config), name.clone()).unwrap();
        let mut tls = StreamOwned::new(tls, stream);
        tls.write_all(b"EHLO idle.test\r\n")?;
        reply(&mut tls)?;
        Ok(tls)
    };
    let sessions: Vec<_> = (0..IDLE).map_while(|_| session().ok()).collect();
    println!("{}", sessions.len());
    let _ = std::io::stdin().read(&mut [0]);
}

/// Reads a reply, whatever it says.
fn reply(stream: &mut impl std::io::Read) -> std::io::Result<()> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
        if byte == *b"\n" {
            if line.get(3) != Some(&b'-') {
                return Ok(());
            }
            line.clear();
        }
    }
}

/// Sessions a second, driven by smtp-source: a message of 1 KiB each, 50 at once.
fn sessions(folder: &Path, table: &mut Table) {
    let work = "20,000 sessions in clear text, simulator vs smtp-sink (/s)";
    let Some(source) = find("smtp-source") else { return table.skipped(work, "smtp-source is missing") };
    let Some((_sink, sink_port)) = sink() else {
        return table.skipped(work, "smtp-sink is missing");
    };
    let (_simulator, port) = simulator(folder, "ca-of-simulator.pem");
    let run = |port: u16| {
        let mut command = Command::new(&source);
        command.args(["-s", "50", "-m", &SESSIONS.to_string(), "-l", "1024"]);
        command.args(["-f", "a@client.test", "-t", "info@contoso.com", "-M", "client.test"]);
        command.arg(format!("127.0.0.1:{port}"));
        timed(&mut command)
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        theirs.push(run(sink_port));
        ours.push(run(port));
    }
    let rate = |time: Duration| f64::from(SESSIONS) / time.as_secs_f64();
    let (ours, theirs) = (rate(median(ours)), rate(median(theirs)));
    table.row(work, &format!("{ours:.0}"), &format!("{theirs:.0}"), ours / theirs, Bar::AtLeast(1.0));
}
