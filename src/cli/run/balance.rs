//! Shards that take about as long as each other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use crate::report::record::{Document, Record};
use crate::scenario::{Case, Shard};

/// How long the cases took the last time.
pub(super) struct Took {
    /// By id, in microseconds.
    cases: HashMap<String, u64>,
    /// What is taken for a case that was not played: what half of the others took at
    /// most.
    usual: u64,
}

impl Took {
    /// As a report says.
    pub(super) fn of(report: &Document) -> Self {
        let cases = report.records.iter().filter_map(|record| Some((record.id.to_string(), took(record)?)));
        let cases: HashMap<String, u64> = cases.collect();
        let mut all: Vec<u64> = cases.values().copied().collect();
        all.sort_unstable();
        Self { usual: all.get(all.len() / 2).copied().unwrap_or(1), cases }
    }

    fn case(&self, id: &str) -> u64 {
        self.cases.get(id).copied().unwrap_or(self.usual)
    }
}

fn took(record: &Record<'_>) -> Option<u64> {
    let ms = match &record.repeat {
        Some(repeat) => repeat.took_ms,
        None => record.timings_ms.total? * f64::from(record.attempts),
    };
    // A report may hold anything; a cast of NaN or a negative number is 0.
    Some((ms * 1000.0) as u64)
}

/// The cases of one part: the longest first, each goes to the part that has the least
/// to do so far (R. L. Graham, 1969: at most 4/3 of the best there is). The same cases
/// and the same report make the same parts.
pub(super) fn balanced(cases: Vec<Arc<Case>>, took: &Took, shard: Shard) -> Vec<Arc<Case>> {
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|n| (Reverse(took.case(&cases[*n].id)), &cases[*n].id));
    let mut parts: BinaryHeap<Reverse<(u64, u32)>> = (0..shard.of).map(|part| Reverse((0, part))).collect();
    let mut mine = vec![false; cases.len()];
    for n in order {
        let mut least = parts.peek_mut().expect("a shard is of one part at least");
        let Reverse((load, part)) = *least;
        mine[n] = part == shard.index;
        // Cases of no time at all are spread as well.
        *least = Reverse((load.saturating_add(took.case(&cases[n].id).max(1)), part));
    }
    cases.into_iter().zip(mine).filter_map(|(case, mine)| mine.then_some(case)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Request, load};

    fn cases(n: usize) -> Vec<Arc<Case>> {
        let name = format!("relayprobe-balance-{}-{:016x}.yaml", std::process::id(), fastrand::u64(..));
        let file = std::env::temp_dir().join(name);
        let mut text = "suite: x\ndefaults: { target: 'relay.example:25' }\nscenarios:\n".to_owned();
        (0..n).for_each(|n| text += &format!("  - name: c{n}\n"));
        std::fs::write(&file, text).expect("the temporary folder is writable");
        let loaded = load(&Request { paths: vec![file.clone()], ..Request::default() });
        let _ = std::fs::remove_file(&file);
        let Ok(loaded) = loaded else { panic!("the scenarios are sound") };
        loaded.cases
    }

    fn part(cases: &[Arc<Case>], took: &Took, index: u32, of: u32) -> Vec<Arc<Case>> {
        balanced(cases.to_vec(), took, Shard { index, of })
    }

    #[test]
    fn parts_are_disjoint_whole_and_take_about_as_long() {
        let cases = cases(60);
        let times = cases.iter().enumerate().map(|(n, case)| (case.id.clone(), (n as u64 + 1) * 1000));
        let took = Took { cases: times.collect(), usual: 30_000 };
        for of in [1, 3, 7] {
            let parts: Vec<_> = (0..of).map(|index| part(&cases, &took, index, of)).collect();
            let mut ids: Vec<_> = parts.iter().flatten().map(|case| case.id.clone()).collect();
            ids.sort();
            ids.dedup();
            assert_eq!((parts.iter().map(Vec::len).sum::<usize>(), ids.len()), (60, 60));
            let loads: Vec<u64> =
                parts.iter().map(|part| part.iter().map(|case| took.case(&case.id)).sum()).collect();
            let (least, most) = (loads.iter().min().unwrap(), loads.iter().max().unwrap());
            assert!(most - least <= most / 20, "{loads:?}");
        }
    }

    #[test]
    fn one_long_case_has_a_part_of_its_own() {
        let cases = cases(9);
        let took = Took { cases: [(cases[4].id.clone(), 60_000_000)].into(), usual: 1000 };
        let parts: Vec<_> = (0..3).map(|index| part(&cases, &took, index, 3)).collect();
        let alone = parts.iter().find(|part| part.iter().any(|case| case.id == cases[4].id)).unwrap();
        assert_eq!(alone.len(), 1);
        let others: Vec<usize> = parts.iter().map(Vec::len).filter(|len| *len != 1).collect();
        assert_eq!(others, [4, 4]);
    }

    #[test]
    fn cases_that_nobody_has_timed_are_spread() {
        let cases = cases(8);
        for took in [Took { cases: HashMap::new(), usual: 1 }, Took { cases: HashMap::new(), usual: 0 }] {
            assert!((0..4).all(|index| part(&cases, &took, index, 4).len() == 2));
        }
        assert_eq!(part(&cases[..1], &Took { cases: HashMap::new(), usual: 1 }, 3, 4).len(), 0);
    }
}
