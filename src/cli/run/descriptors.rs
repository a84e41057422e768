//! How many sessions the process may have open.

/// What the program needs besides its sessions: standard streams, reports, the
/// runtime, files being read.
const OWN: usize = 24;

/// The most sessions at once that the process's limit on open files has room for,
/// each of which takes so many; as many as asked for where the limit is unknown.
pub(in crate::cli) fn room_for(asked: usize, each: usize) -> usize {
    match std::fs::read_to_string("/proc/self/limits").ok().as_deref().and_then(soft_limit) {
        Some(limit) => asked.min(limit.saturating_sub(OWN) / each).max(1),
        None => asked,
    }
}

/// The soft limit on open files in Linux' `/proc/self/limits`.
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_first_number() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max processes             63000                63000                processes\n\
                      Max open files            1024                 1048576              files\n";
        assert_eq!(soft_limit(limits), Some(1024));
        assert_eq!(soft_limit("Max open files            unlimited unlimited files\n"), None);
        assert_eq!(soft_limit(""), None);
    }

    #[test]
    fn there_is_always_room_for_one() {
        assert_eq!(room_for(1, 1_000_000), 1);
        assert!((1..=50).contains(&room_for(50, 2)));
    }
}
