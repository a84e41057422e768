//! Files that are hostile, damaged or large: bounded time and memory, never a
//! panic.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use relayprobe::scenario::{At, Loaded, Request, Resolver, load};
use relayprobe::yaml::render;

use crate::support::{Dir, Program};

const ONE: &str = "suite: s\ndefaults: { target: '127.0.0.1:25' }\nscenarios:\n";

/// Loads `t.yaml`.
fn load_one(dir: &Dir) -> Result<Loaded, String> {
    let request = Request { paths: vec![dir.join("t.yaml")], ..Request::default() };
    load(&request).map_err(|rejected| render(&rejected.diagnostics, &rejected.sources, false))
}

#[test]
fn check_refuses_hostile_files_at_once() {
    let dir = Dir::new();
    let fifo = dir.join("fifo.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()));
    let mut bomb = String::from("suite: s\nvars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..30 {
        let before = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("  a{n}: &a{n} [{before}]\n"));
    }
    dir.write("bomb.yaml", bomb);
    dir.write("deep.yaml", "[".repeat(1_000_000));
    dir.write("utf16.yaml", b"\xFF\xFEs\0u\0i\0t\0e\0");
    std::fs::File::create(dir.join("huge.yaml")).unwrap().set_len(100 << 20).unwrap();
    let values = |name: &str| format!("      {name}: [{}]\n", vec!["v"; 1_000].join(", "));
    dir.write(
        "matrix.yaml",
        format!("{ONE}  - name: $(a) $(b) $(c)\n    matrix:\n{}{}{}", values("a"), values("b"), values("c")),
    );
    let chain = |length: usize, of: &dyn Fn(usize) -> String| {
        let vars: String = (1..length).map(|n| format!("  v{n}: {}\n", of(n - 1))).collect();
        format!("{ONE}  - {{ name: x, ehlo: $(v{}) }}\nvars:\n  v0: ''\n{vars}", length - 1)
    };
    dir.write("wide.yaml", chain(30, &|n| format!("$(v{n})$(v{n})")));
    dir.write("long.yaml", chain(400, &|n| format!("$(v{n})")));
    for (path, words) in [
        ("fifo.yaml", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("bomb.yaml", "more than 500000 values"),
        ("deep.yaml", "nested deeper"),
        ("utf16.yaml", "UTF-16"),
        ("huge.yaml", "larger than 16 MiB"),
        ("matrix.yaml", "1000000000 cases"),
        ("wide.yaml", "takes too many others"),
        ("long.yaml", "is made of too many others"),
    ] {
        let ran = Program::new(dir.path(), ["check", path]).run();
        ran.status(2).says(words);
        assert!(ran.elapsed < Duration::from_secs(1), "{path}: {:?}", ran.elapsed);
        assert!(ran.peak_kib < 64 * 1024, "{path}: {} KiB", ran.peak_kib);
    }
}

#[test]
fn expansion_takes_time_in_proportion_to_the_cases() {
    let dir = Dir::new();
    let time = |axis: usize| {
        let values: Vec<String> = (0..axis).map(|n| n.to_string()).collect();
        let file: PathBuf = dir.write(
            "t.yaml",
            format!(
                "{ONE}  - name: case $(a) $(b)
    ehlo: host$(a).x.test
    mail_from: a$(a)@x.test
    rcpt_to: b$(b)@x.test
    matrix: {{ a: [{0}], b: [{0}] }}
    expect: 250
",
                values.join(", ")
            ),
        );
        let start = Instant::now();
        let loaded =
            load(&Request { paths: vec![file], ..Request::default() }).unwrap_or_else(|_| panic!("loads"));
        assert_eq!(loaded.cases.len(), axis * axis);
        start.elapsed().as_secs_f64()
    };
    time(20);
    let (small, large) = (time(40), time(120));
    // Nine times the cases; quadratic would be eighty-one times the time.
    assert!(large < small * 9.0 * 3.0, "1600 cases in {small} s, 14400 in {large} s");
}

/// A project of a thousand cases that pass, as `t.yaml`.
fn a_thousand_cases() -> Dir {
    let dir = Dir::new();
    dir.write(
        "tenants.yaml",
        "tenants:\n  - name: Contoso\n    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]\n    lab: { recipients: [info@contoso.com] }\n",
    );
    dir.write(
        "relayprobe.yaml",
        "simulator: { tenants: tenants.yaml, as_of: 2026-11-01 }\ntargets: { mx: { simulator: mx } }\n",
    );
    let numbers: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    dir.write(
        "t.yaml",
        format!(
            "scenarios:\n  - name: case $(n)\n    target: mx\n    mail_from: a@x.test\n    rcpt_to: info@contoso.com\n    stop_after: rcpt_to\n    matrix: {{ n: [{}] }}\n    expect: 250\n",
            numbers.join(", ")
        ),
    );
    dir
}

#[test]
fn a_full_disk_costs_the_report_and_leaves_the_one_before() {
    let dir = a_thousand_cases();
    dir.write("full/here", "");
    let script = "mount -t tmpfs -o size=64k none full; echo BEFORE > full/report.json; status=0; \
                  $RELAYPROBE run t.yaml --report json=full/report.json || status=$?; \
                  ls -A full; cat full/report.json; exit $status";
    let name = "a_full_disk_costs_the_report_and_leaves_the_one_before";
    let Some(program) = Program::with_mounts(name, dir.path(), script) else { return };
    let ran = program.run();
    ran.status(3).says("1000 passed").says("No space left on device");
    assert!(ran.stdout.ends_with("\nreport.json\nBEFORE\n"), "{}", ran.stdout);
}

#[test]
fn a_thousand_cases_at_once_pass_where_descriptors_are_few() {
    let dir = a_thousand_cases();
    let ran = Program::with_descriptors(64, dir.path(), ["run", "t.yaml", "-j", "1000"]).run();
    ran.status(0).says("1000 passed");
}

#[test]
fn no_damaged_file_makes_it_panic() {
    let dir = Dir::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts: Vec<Vec<u8>> = ["scenarios", "tests/it/golden/errors", "tests/it/golden/needs"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    let mut random = fastrand::Rng::with_seed(7);
    let pieces: [&[u8]; 16] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b": ",
        b"- ",
        b"&a ",
        b"*a",
        b"$(",
        b")",
        b"${x}",
        b"'",
        b"\"",
        b"\n",
        b"#",
        "é".as_bytes(),
    ];
    let rounds =
        std::env::var("RELAYPROBE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(400);
    for round in 0..rounds {
        for name in ["relayprobe.yaml", "t.yaml"] {
            let mut text = random.choice(&texts).unwrap().clone();
            for _ in 0..random.usize(1..6) {
                let at = random.usize(0..text.len());
                let end = (at + random.usize(0..12)).min(text.len());
                let piece = *random.choice(&pieces).unwrap();
                text.splice(at..end, piece.iter().copied());
            }
            dir.write(name, text);
        }
        let start = Instant::now();
        match load_one(&dir) {
            Ok(loaded) => {
                let resolver = Resolver::new(&loaded, None, false);
                for case in &loaded.cases {
                    let at = At::of(&case.target).unwrap_or(At::address("127.0.0.1".into(), 25));
                    let _ = resolver.plan(case, &at);
                }
            }
            Err(errors) => assert!(errors.ends_with("nothing was sent\n"), "round {round}: {errors}"),
        }
        assert!(start.elapsed() < Duration::from_secs(2), "round {round}");
    }
}
