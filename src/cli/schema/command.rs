//! What `schema` does.

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::Value;

use super::form::without_places;
use super::{project, scenario, tenants};
use crate::cli::tell::{WELL, put};

/// Print the JSON Schema of a kind of file, for editors.
///
/// A file names its schema in a comment:
/// `# yaml-language-server: $schema=scenario.json`
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Which files it is about.
    #[arg(value_enum, default_value_t = Kind::Scenario)]
    kind: Kind,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Scenario files.
    Scenario,
    /// The project file, relayprobe.yaml.
    Project,
    /// Tenants files.
    Tenants,
}

impl Kind {
    /// The schema of such files.
    pub(super) fn schema(self) -> Value {
        without_places(self.schema_with_places())
    }

    /// The same, with the place of each key among those of its map.
    pub(super) fn schema_with_places(self) -> Value {
        match self {
            Self::Scenario => scenario::schema(),
            Self::Project => project::schema(),
            Self::Tenants => tenants::schema(),
        }
    }
}

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    let mut text = format!("{:#}", args.kind.schema());
    text.push('\n');
    ExitCode::from(put(text.as_bytes(), "the schema").err().unwrap_or(WELL))
}
