#!/bin/sh
# Mutation testing of one room: `sh tests/mutants.sh smtp` (or verdict), with cargo-mutants.
#
# A mutant costs a build, and the library's takes a minute. The room is therefore copied into
# a crate of its own and finds the rooms below it in the library: seconds. The tests are the
# room's own; for smtp also its properties (src/fuzz.rs) over their seeds.
set -eu
room=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
crate=$target/mutants/$room
rm -rf "$crate/src"
mkdir -p "$crate/src"
cp -r "$root/src/$room" "$crate/src/$room"
cp "$root/Cargo.lock" "$crate/"
{
    printf '[package]\nname = "%s-alone"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n' "$room"
    printf '[features]\nfuzz = []\n\n[dependencies]\nrelayprobe = { path = "%s" }\n' "$root"
    sed -n '/^\[dependencies\]/,/^\[/{/^\[/d;p}' "$root/Cargo.toml"
    printf '[dev-dependencies]\n'
    sed -n '/^\[dev-dependencies\]/,/^\[/{/^\[/d;p}' "$root/Cargo.toml"
    sed -n '/^\[profile.dev\]/,/^\[lints/{/^\[lints/d;p}' "$root/Cargo.toml"
} >"$crate/Cargo.toml"
{
    for other in exchange message plan scenario secret session smtp tls yaml; do
        [ "$other" = "$room" ] || printf 'pub use relayprobe::%s;\n' "$other"
    done
    printf 'pub mod %s;\n' "$room"
    [ "$room" != smtp ] || cat <<RUST
#[test]
fn properties_hold_for_their_seeds() {
    use smtp::properties::{command, data, ehlo, reply, sasl};
    let all = [("reply", reply as fn(&[u8])), ("ehlo", ehlo), ("command", command), ("data", data), ("sasl", sasl)];
    for (name, property) in all {
        for seed in std::fs::read_dir(format!("$root/fuzz/seeds/{name}")).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            for end in 0..=bytes.len() {
                property(&bytes[..end]);
            }
        }
    }
}
RUST
} >"$crate/src/lib.rs"
cd "$crate"
# Of its own, so that no other build makes a mutant wait and look hung.
export CARGO_TARGET_DIR="$target/mutants/build"
exec cargo mutants --in-place --timeout 60 --no-shuffle --output "$target/mutants" \
    --file "src/$room/**" --exclude '**/properties.rs' --exclude '**/*tests.rs' --exclude '**/testing.rs' "$@"
