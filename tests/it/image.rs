//! The container image, built as the Dockerfile says by a builder that needs no daemon.
//!
//! Nothing can be fetched here, so the two images that it begins with are stand-ins of this
//! very system: one with a shell and a `cargo` that hands out the program which is tested,
//! one with the libraries that the program is linked with, as distroless has them. What
//! the Dockerfile itself says is carried out to the letter.

use std::process::{Command, Stdio};

use crate::support::{Dir, Peer, have};

/// Builds and plays. `$1`: the sources; `$2`: the program.
const BUILD: &str = r#"
set -e
b="buildah --root $PWD/root --runroot $PWD/run --storage-driver vfs"
export BUILDAH_ISOLATION=chroot
put() {
  for file in "$2" $(ldd "$2" | grep -o '/[^ ]*'); do
    mkdir -p "$1$(dirname "$file")"
    cp -L "$file" "$1$file"
  done
}
mkdir -p builder/bin builder/usr/local/bin builder/tmp plain/etc
for program in install mkdir cp; do put builder "$(command -v "$program")"; done
put builder "$(readlink -f /bin/sh)"
cp -L /bin/sh builder/bin/sh
strip -o builder/built "$2"
cat >builder/usr/local/bin/cargo <<'CARGO'
#!/bin/sh
set -e
echo "cargo $*" >&2
mkdir -p target/release
cp /built target/release/relayprobe
CARGO
chmod 755 builder/usr/local/bin/cargo
put plain "$2"
rm "plain$2"
stand_in() {
  container=$($b from scratch)
  $b copy -q "$container" "$1" / >&2
  $b config --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
  $b commit -q "$container" "$2" >&2
  $b rm "$container" >&2
}
stand_in builder docker.io/library/rust:1-bookworm
stand_in plain gcr.io/distroless/cc-debian12:nonroot
$b bud --pull=false -q -f "$1/deploy/docker/Dockerfile" -t relayprobe "$1" >&2
container=$($b from --pull=false relayprobe)
$b inspect --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}} {{.OCIv1.Config.WorkingDir}}' relayprobe
echo
$b run "$container" -- /usr/bin/relayprobe --version | head -n 1
$b run -v "$PWD/live:/project:ro" "$container" -- \
  /usr/bin/relayprobe run --report json=/reports/last.json --report terminal /project
root=$($b mount "$container")
stat -c '%u:%g %a %n' "$root/reports/last.json" "$root/usr/bin/relayprobe" "$root/project" | sed "s|$root||"
find "$root/usr/bin" "$root/bin" -type f 2>/dev/null | sed "s|$root||"
"#;

#[test]
fn the_image_is_built_and_plays_as_its_user() {
    let test = "the_image_is_built_and_plays_as_its_user";
    if !have(test, &["buildah", "unshare", "strip", "ldd"]) {
        return;
    }
    let allowed = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("skipped: {test}: namespaces are not allowed here");
        return;
    }
    let peer = Peer::play(|conn| {
        conn.hello(&[])?;
        conn.bye()
    });
    let dir = Dir::new();
    dir.write("live/relayprobe.yaml", format!("targets: {{ relay: {{ address: '{}' }} }}\n", peer.address()));
    dir.write("live/relay.yaml", "scenarios: [{ name: it is up, target: relay, expect: 250 }]\n");
    // Whatever the builder mounts is gone with its namespace.
    let built = Command::new("unshare")
        .current_dir(dir.path())
        .args([
            "--mount",
            "bash",
            "-c",
            BUILD,
            "build",
            env!("CARGO_MANIFEST_DIR"),
            env!("CARGO_BIN_EXE_relayprobe"),
        ])
        .stdin(Stdio::null())
        .output()
        .expect("unshare starts");
    let said = String::from_utf8_lossy(&built.stdout).into_owned();
    assert!(built.status.success(), "{said}{}", String::from_utf8_lossy(&built.stderr));
    let told = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(told.contains("cargo build --release --locked --bin relayprobe"), "{told}");
    for line in [
        "65532:65532 [/usr/bin/relayprobe] [run /project] /project",
        concat!("relayprobe ", env!("CARGO_PKG_VERSION")),
        "65532:65532 644 /reports/last.json",
        "0:0 755 /usr/bin/relayprobe",
        "0:0 755 /project",
    ] {
        assert!(said.lines().any(|other| other == line), "{line} is not in\n{said}");
    }
    assert!(said.contains("1 passed"), "{said}");
    // The program alone: no shell, nothing to run one with.
    let programs: Vec<&str> =
        said.lines().filter(|line| line.contains("bin/") && line.starts_with('/')).collect();
    assert_eq!(programs, ["/usr/bin/relayprobe"]);
    assert!(peer.heard().contains("EHLO"));
}
