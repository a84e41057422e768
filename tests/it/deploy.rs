//! What stands in `deploy/` works: its commands are ours, its units and manifests are
//! sound, and what it describes is played, as far as that goes without a cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_yaml::Value;

use crate::support::{Dir, Peer, Program, find, have};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

fn read(name: &str) -> String {
    fs::read_to_string(deploy().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The documents of a YAML file.
fn documents(name: &str) -> Vec<Value> {
    let text = read(name);
    let parsed = text.split("\n---\n").map(serde_yaml::from_str::<Value>);
    parsed.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where a path of keys and places leads.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, key| match key.parse::<usize>() {
        Ok(n) => &value[n],
        Err(_) => &value[key],
    })
}

/// The arguments of a manifest's container.
fn arguments(manifest: &Value, pod: &str) -> Vec<String> {
    let list = at(manifest, &format!("{pod}.containers.0.args")).as_sequence().expect("it has arguments");
    list.iter().map(|word| word.as_str().expect("an argument is a text").to_owned()).collect()
}

/// Runs a program that is there, and shows what it says if it does not like what it saw.
fn content(program: &str, arguments: &[&str], folder: &Path) {
    let ran = Command::new(find(program).expect("it is there"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(ran.status.success(), "{program} {arguments:?}\n{said}");
}

/// A server that takes everything, and a project of so many cases against it in `live`.
fn live(cases: usize) -> (Peer, Dir) {
    let peer = Peer::play(|conn| {
        conn.hello(&[])?;
        conn.answer("MAIL", "250 2.1.0 ok\r\n")?;
        conn.answer("RCPT", "250 2.1.5 ok\r\n")?;
        conn.bye()
    });
    let dir = Dir::new();
    let project = format!("targets: {{ relay: {{ address: '{}', up_to: rcpt_to }} }}\n", peer.address());
    dir.write("live/relayprobe.yaml", project);
    let mut text =
        "suite: relay\ndefaults: { target: relay, mail_from: a@x.test, rcpt_to: b@x.test }\nscenarios:\n"
            .to_owned();
    (0..cases).for_each(|n| text += &format!("  - name: case {n}\n"));
    dir.write("live/relay.yaml", text);
    (peer, dir)
}

#[test]
fn every_command_in_a_pipeline_parses() {
    let dir = Dir::new();
    let mut found = 0;
    for name in ["ci/github.yml", "ci/gitlab.yml", "ci/azure.yml"] {
        let scripts = documents(name).iter().flat_map(scripts).collect::<Vec<_>>();
        for script in scripts.iter().flat_map(|script| script.lines()) {
            let Some(at) = script.find("relayprobe ") else { continue };
            let command = script[at..].split(" >> ").next().expect("there is a first part");
            // The shell does the arithmetic and the wildcards.
            let line = format!("set -- {command}; shift; exec \"$OURS\" \"$@\" --help");
            let ran = Command::new("sh")
                .current_dir(dir.path())
                .args(["-c", &line])
                .env("OURS", env!("CARGO_BIN_EXE_relayprobe"))
                .envs([("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "4")])
                .stdin(Stdio::null())
                .output()
                .expect("sh starts");
            assert!(ran.status.success(), "{name}: {command}\n{}", String::from_utf8_lossy(&ran.stderr));
            found += 1;
        }
        assert!(read(name).contains("junit"), "{name} publishes JUnit");
    }
    assert!(found >= 8, "{found} commands were found");
}

/// Every `script`, `run` and list of them.
fn scripts(value: &Value) -> Vec<String> {
    match value {
        Value::Mapping(map) => map
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                (Some("script" | "run"), Value::String(script)) => vec![script.clone()],
                (Some("script"), Value::Sequence(list)) => {
                    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                _ => scripts(value),
            })
            .collect(),
        Value::Sequence(list) => list.iter().flat_map(scripts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_cron_line_plays_in_silence_until_something_changes() {
    let (peer, dir) = live(3);
    let file = read("cron/relayprobe");
    let line = file.lines().find(|line| line.starts_with('*')).expect("there is a line of times");
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    assert_eq!(fields[5], "mail", "the user follows the times");
    let command = line[line.find("relayprobe").expect("it is our command")..]
        .replace("/var/lib/relayprobe-cron/live", "state")
        .replace("/etc/relayprobe/live", "live")
        .replace("--jitter 60s", "--jitter 10ms");
    let words: Vec<&str> = command.split_ascii_whitespace().skip(1).collect();
    let well = Program::new(dir.path(), &words).run();
    well.status(0);
    assert_eq!((&*well.stdout, &*well.stderr), ("", ""));
    drop(peer);
    Program::new(dir.path(), &words).run().status(3).says("3 of 3 cases do not pass: 3 new, 0 as before");
    assert_eq!(Program::new(dir.path(), &words).run().status(3).stdout, "");
}

#[test]
fn the_parts_of_the_indexed_job_make_one_report() {
    let (_peer, dir) = live(30);
    fs::create_dir(dir.join("reports")).expect("the folder is ours");
    let job = documents("kubernetes/indexed-job.yaml").remove(1);
    let here = |word: &str| word.replace("/project", "live").replace("/reports", "reports");
    let parts = at(&job, "spec.completions").as_u64().expect("a number");
    for index in 0..parts {
        let words = arguments(&job, "spec.template.spec");
        let words =
            words.iter().map(|word| here(word).replace("$(JOB_COMPLETION_INDEX)", &index.to_string()));
        let ran = Program::new(dir.path(), words).run();
        assert_eq!(ran.status(0).stdout, "");
    }
    let merge = documents("kubernetes/merge-job.yaml").remove(0);
    let words = arguments(&merge, "spec.template.spec");
    assert_eq!(words.iter().filter(|word| word.contains("shard-")).count() as u64, parts);
    Program::new(dir.path(), words.iter().map(|word| here(word))).run().status(0);
    let merged: Value = serde_yaml::from_str(&dir.read("reports/last.json")).expect("JSON is YAML");
    assert_eq!(
        (at(&merged, "summary.total").as_u64(), at(&merged, "summary.passed").as_u64()),
        (Some(30), Some(30))
    );
}

#[test]
fn manifests_are_hardened_and_as_their_schemas_have_them() {
    let pods = [
        ("kubernetes/cronjob.yaml", 1, "spec.jobTemplate.spec.template.spec"),
        ("kubernetes/indexed-job.yaml", 1, "spec.template.spec"),
        ("kubernetes/merge-job.yaml", 0, "spec.template.spec"),
    ];
    for (name, n, pod) in pods {
        let manifest = documents(name).remove(n);
        let is = |path: &str, wanted: Value| {
            assert_eq!(at(&manifest, &format!("{pod}.{path}")), &wanted, "{name}: {path}");
        };
        is("restartPolicy", "Never".into());
        is("automountServiceAccountToken", false.into());
        is("securityContext.runAsNonRoot", true.into());
        is("securityContext.seccompProfile.type", "RuntimeDefault".into());
        is("containers.0.securityContext.readOnlyRootFilesystem", true.into());
        is("containers.0.securityContext.allowPrivilegeEscalation", false.into());
        is("containers.0.securityContext.capabilities.drop.0", "ALL".into());
        let image = at(&manifest, &format!("{pod}.containers.0.image")).as_str();
        assert_eq!(image, Some(concat!("relayprobe:", env!("CARGO_PKG_VERSION"))), "{name}");
        let mounted =
            at(&manifest, &format!("{pod}.containers.0.volumeMounts")).as_sequence().expect("a list");
        let volumes = at(&manifest, &format!("{pod}.volumes")).as_sequence().expect("a list");
        assert_eq!(mounted.len(), volumes.len(), "{name}: every volume is mounted, and no other");
        if have("the manifests are not held against Kubernetes' schemas", &["kubernetes-validate"]) {
            content("kubernetes-validate", &["--strict", "-k", "1.33", name], &deploy());
        }
    }
    let schemas = [
        ("ci/github.yml", "github-workflows"),
        ("ci/gitlab.yml", "gitlab-ci"),
        ("ci/azure.yml", "azure-pipelines"),
    ];
    for (name, schema) in schemas {
        if !have("the pipelines are not held against their schemas", &["check-jsonschema"]) {
            break;
        }
        let schema = format!("vendor.{schema}");
        let mut words = vec!["--regex-variant", "python", "--builtin-schema", &schema, name];
        if name.contains("azure") {
            words.extend(["--data-transform", "azure-pipelines"]);
        }
        content("check-jsonschema", &words, &deploy());
    }
}

#[test]
fn the_units_are_sound_and_closed() {
    let dir = Dir::new();
    for name in ["relayprobe@.service", "relayprobe@.timer"] {
        let unit = read(&format!("systemd/{name}"));
        dir.write(name, unit.replace("/usr/bin/relayprobe", env!("CARGO_BIN_EXE_relayprobe")));
    }
    let service = read("systemd/relayprobe@.service");
    let command = service.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/relayprobe "));
    let command = command.expect("it starts us").replace("${STATE_DIRECTORY}", "state").replace("%i", "live");
    let words = command.split_ascii_whitespace().chain(["--help"]);
    Program::new(dir.path(), words).run().status(0);
    if !have("the_units_are_sound_and_closed", &["systemd-analyze"]) {
        return;
    }
    content(
        "systemd-analyze",
        &["verify", "--man=no", "./relayprobe@.service", "./relayprobe@.timer"],
        dir.path(),
    );
    // From 0, closed, to 100; the threshold fails where it is passed.
    let offline = ["security", "--offline=true", "--threshold=15", "--no-pager", "./relayprobe@.service"];
    content("systemd-analyze", &offline, dir.path());
}

#[test]
fn the_image_has_no_root_and_no_shell_and_is_built_of_what_is_here() {
    let text = read("docker/Dockerfile").replace("\\\n", " ");
    let lines: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_ascii_whitespace().collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for words in lines.iter().filter(|words| words[0] == "COPY" && !words[1].starts_with("--from")) {
        for source in &words[1..words.len() - 1] {
            assert!(root.join(source).exists(), "COPY {source}");
        }
    }
    let last = lines.iter().rposition(|words| words[0] == "FROM").expect("it is built from something");
    assert!(lines[last][1].starts_with("gcr.io/distroless/"), "{:?}", lines[last]);
    let after =
        |name: &str| lines[last..].iter().find(|words| words[0] == name).map(|words| words[1..].join(" "));
    assert_eq!(after("USER").as_deref(), Some("65532:65532"));
    assert_eq!(after("ENTRYPOINT").as_deref(), Some("[\"/usr/bin/relayprobe\"]"));
    assert_eq!(after("RUN"), None, "there is no shell to run anything");
}
