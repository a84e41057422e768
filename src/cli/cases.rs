//! Which cases a command is about: the flags that `run`, `check` and `forecast` share.

use std::path::PathBuf;

use super::args::assignment;
use crate::scenario::{Request, Selection};

/// Under which the flags stand in the help.
pub(super) const WHICH: &str = "Which cases";

/// Which files, which variables, which cases of them.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = WHICH)]
pub(super) struct CaseArgs {
    /// Scenario files, or folders with scenario files below them.
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub(super) paths: Vec<PathBuf>,

    /// Use this project file instead of the nearest relayprobe.yaml.
    #[arg(long, value_name = "FILE")]
    pub(super) project: Option<PathBuf>,

    /// Give a variable a value.
    #[arg(long, value_name = "VAR=VALUE", value_parser = assignment)]
    pub(super) set: Vec<(String, String)>,

    /// Only cases with this tag (any of several).
    #[arg(long)]
    pub(super) tag: Vec<String>,

    /// No cases with this tag.
    #[arg(long, value_name = "TAG")]
    pub(super) skip_tag: Vec<String>,

    /// Only cases whose id matches, such as 'relay/*' (any of several).
    #[arg(long, value_name = "GLOB")]
    pub(super) filter: Vec<String>,

    /// The most cases that the files may come to.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(super) max_cases: u64,
}

impl CaseArgs {
    /// What to load.
    pub(super) fn request(&self) -> Request {
        Request {
            paths: self.paths.clone(),
            texts: Vec::new(),
            project: self.project.clone(),
            set: self.set.clone(),
            max_cases: self.max_cases,
        }
    }

    /// Which cases are meant.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            tags: self.tag.clone(),
            skip_tags: self.skip_tag.clone(),
            filters: self.filter.clone(),
            ..Selection::default()
        }
    }

    /// The flags given that select, as they are called.
    pub(super) fn conditions(&self) -> Vec<&'static str> {
        let given = [
            (!self.tag.is_empty(), "--tag"),
            (!self.skip_tag.is_empty(), "--skip-tag"),
            (!self.filter.is_empty(), "--filter"),
        ];
        given.into_iter().filter_map(|(given, flag)| given.then_some(flag)).collect()
    }
}
