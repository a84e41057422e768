//! Which libraries speak TLS here.

/// What this program was built with.
const LOCK: &str = include_str!("../../Cargo.lock");

/// The libraries with their versions and the versions of TLS that they are used for,
/// a line each.
#[must_use]
pub fn libraries() -> [String; 2] {
    let version = |name: &str| locked(LOCK, name).unwrap_or("of unknown version");
    [
        format!("rustls {} with ring {} (TLS 1.2 and 1.3)", version("rustls"), version("ring")),
        format!("{}, vendored (TLS 1.0 and 1.1, and the simulator)", openssl::version::version()),
    ]
}

/// The version of a package in a lock file.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    lines
        .find(|line| line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"')) == Some(name))?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_libraries_have_a_version() {
        let [rustls, openssl] = libraries();
        assert!(rustls.starts_with("rustls 0.") && rustls.contains("ring 0."), "{rustls}");
        assert!(openssl.starts_with("OpenSSL "), "{openssl}");
        assert_eq!(locked("name = \"a\"\nversion = \"1.2.3\"\n", "a"), Some("1.2.3"));
        assert_eq!(locked("name = \"ab\"\nversion = \"1.2.3\"\n", "a"), None);
    }
}
