//! Properties of every parser of foreign bytes, by name.
//!
//! Each takes any bytes and panics where what it says does not hold. The bodies stand in
//! their rooms (`properties.rs`), beside the code that they are about; `fuzz/` runs them
//! under libFuzzer, and the tests below run them over the same seeds for a moment each,
//! changed at random. Compiled for tests and with the feature `fuzz` alone.

use crate::{dns, exchange, report, scenario, session, simulator, smtp};

/// A property: its name, which is that of its fuzz target and of its folder of seeds, and
/// what takes the bytes.
pub type Property = (&'static str, fn(&[u8]));

/// Every property.
pub const PROPERTIES: [Property; 16] = [
    ("dns", dns::properties::dns),
    ("reply", smtp::properties::reply),
    ("ehlo", smtp::properties::ehlo),
    ("command", smtp::properties::command),
    ("data", smtp::properties::data),
    ("sasl", smtp::properties::sasl),
    ("client", simulator::properties::commands),
    ("bdat", simulator::properties::bdat),
    ("proxy", simulator::properties::proxy),
    ("server", session::properties::session),
    ("scenario", scenario::properties::scenario),
    ("project", scenario::properties::project),
    ("csv", scenario::properties::csv),
    ("tenants", exchange::properties::tenants),
    ("report", report::properties::report),
    ("pasted", report::properties::pasted),
];

/// Runs one property.
///
/// # Panics
///
/// Where it does not hold, or has no such name.
pub fn check(name: &str, bytes: &[u8]) {
    let (_, property) = PROPERTIES.iter().find(|(own, _)| *own == name).expect("a property of this name");
    property(bytes);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use fastrand::Rng;

    use super::{PROPERTIES, Property, check};

    /// How long each property is tried. `RELAYPROBE_FUZZ=60` tries a minute.
    fn time() -> Duration {
        let asked = std::env::var("RELAYPROBE_FUZZ").ok().and_then(|seconds| seconds.parse().ok());
        asked.map_or(Duration::from_millis(700), Duration::from_secs)
    }

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
    }

    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let folder = folder().join("seeds").join(name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{} has seeds", folder.display()));
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("it is readable").path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).expect("a seed is a file")).collect()
    }

    /// One of the seeds with up to six changes: a byte, a piece of another seed in its place,
    /// a piece taken out, a piece twice.
    fn changed(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
        let mut bytes = random.choice(seeds).expect("there are seeds").clone();
        for _ in 0..random.usize(1..=6) {
            let at = random.usize(..=bytes.len());
            let end = (at + random.usize(..16)).min(bytes.len());
            match random.u8(..5) {
                0 if at < bytes.len() => bytes[at] = random.u8(..),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece.repeat(random.usize(1..4)));
                }
                3 => bytes.insert(at, *random.choice(b"\0\t\r\n \"'&*-.:<>[]{}=!|#$()\x7f\x80\xff").unwrap()),
                _ => {
                    let other = random.choice(seeds).expect("there are seeds");
                    let from = random.usize(..=other.len());
                    let piece = &other[from..(from + random.usize(..24)).min(other.len())];
                    bytes.splice(at..end, piece.iter().copied());
                }
            }
        }
        bytes
    }

    /// Tries a property on its seeds, then on changed ones until the time is over; or on
    /// the one that `RELAYPROBE_SEED` makes.
    fn try_for_a_moment(name: &str) {
        let seeds = seeds(name);
        let told = |bytes: &[u8], what: &str| {
            catch_unwind(AssertUnwindSafe(|| check(name, bytes))).unwrap_or_else(|panic| {
                eprintln!("the property `{name}` does not hold for {what}:\n\"{}\"", bytes.escape_ascii());
                resume_unwind(panic)
            });
        };
        for seed in &seeds {
            told(seed, "a seed");
        }
        let asked = std::env::var("RELAYPROBE_SEED").ok().and_then(|seed| seed.parse().ok());
        let (began, time) = (Instant::now(), time());
        while began.elapsed() < time {
            let number = asked.unwrap_or_else(|| fastrand::u64(..));
            let bytes = changed(&seeds, &mut Rng::with_seed(number));
            told(&bytes, &format!("what RELAYPROBE_SEED={number} makes"));
            if asked.is_some() {
                break;
            }
        }
    }

    macro_rules! properties {
        ($($name:ident)*) => {
            $(#[test] fn $name() { try_for_a_moment(stringify!($name)); })*
            const TRIED: &[&str] = &[$(stringify!($name)),*];
        };
    }

    properties! {
        dns reply ehlo command data sasl client bdat proxy server scenario project csv tenants report pasted
    }

    #[test]
    fn every_property_is_tried_and_has_a_fuzz_target() {
        let names: Vec<&str> = PROPERTIES.iter().map(|(name, _): &Property| *name).collect();
        assert_eq!(names, TRIED);
        let manifest = fs::read_to_string(folder().join("Cargo.toml")).expect("fuzz/Cargo.toml");
        for name in names {
            let target = fs::read_to_string(folder().join(format!("targets/{name}.rs"))).expect(name);
            assert!(target.contains(&format!("check(\"{name}\"")), "{name}");
            assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
        }
    }
}
