//! Which of the cases are meant.

use std::collections::HashSet;
use std::str::FromStr;

use wildmatch::WildMatch;

use super::Case;

/// Which of the cases are meant: those that meet every condition that is given.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Cases with one of these tags.
    pub tags: Vec<String>,
    /// No case with one of these tags.
    pub skip_tags: Vec<String>,
    /// Cases whose id matches one of these: `*` and `?` stand for anything.
    pub filters: Vec<String>,
    /// Cases with these ids.
    pub ids: Option<HashSet<String>>,
    /// One part of what the other conditions leave.
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether a case is meant.
    pub fn predicate(&self) -> impl Fn(&Case) -> bool + '_ {
        let filters: Vec<WildMatch> = self.filters.iter().map(|filter| WildMatch::new(filter)).collect();
        move |case| {
            let tagged = |tags: &[String]| case.tags.iter().any(|tag| tags.contains(tag));
            (self.tags.is_empty() || tagged(&self.tags))
                && !tagged(&self.skip_tags)
                && (filters.is_empty() || filters.iter().any(|filter| filter.matches(&case.id)))
                && self.ids.as_ref().is_none_or(|ids| ids.contains(&case.id))
                && self.shard.is_none_or(|shard| shard.holds(&case.id))
        }
    }
}

/// One of several parts that together are the whole. A case is always in the same
/// part, whatever other cases there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 0.
    pub index: u32,
    /// How many parts; at least 1.
    pub of: u32,
}

impl Shard {
    /// Whether the case of that id is in this part.
    #[must_use]
    pub fn holds(self, id: &str) -> bool {
        // FNV-1a, 64 bits: the same on every machine and in every release.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        // The low bits of FNV mix least.
        (hash ^ (hash >> 32)) % u64::from(self.of) == u64::from(self.index)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((index, of)) if index < of => Ok(Self { index, of }),
            Some((_, of)) if of > 0 => Err(format!("`{text}`: the parts are numbered from 0 to {}", of - 1)),
            _ => Err(format!("`{text}` is no shard; write it as `0/4`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_disjoint_and_together_the_whole() {
        let ids: Vec<String> = (0..1000).map(|n| format!("relay/case-{n}")).collect();
        for of in [1, 2, 3, 7] {
            let mut sizes = vec![0; of as usize];
            for id in &ids {
                let holders: Vec<u32> =
                    (0..of).filter(|index| Shard { index: *index, of }.holds(id)).collect();
                assert_eq!(holders.len(), 1, "{id} of {of}");
                sizes[holders[0] as usize] += 1;
            }
            let fair = ids.len() / of as usize;
            assert!(sizes.iter().all(|size| *size > fair / 2 && *size < fair * 2), "{sizes:?}");
        }
    }

    #[test]
    fn shards_are_numbered_from_0() {
        assert_eq!("0/4".parse(), Ok(Shard { index: 0, of: 4 }));
        for text in ["4/4", "1/0", "0/0", "x/4", "1", "-1/4"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
