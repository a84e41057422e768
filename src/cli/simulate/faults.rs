//! The flags of `simulate` that make something go wrong.

use std::time::Duration;

use chrono::NaiveDate;

use crate::exchange::{Endpoint, Faults, RulesOn};
use crate::verdict::elapsed_in_words;
use crate::yaml;

/// What goes wrong on demand; the same as `faults` of a target in the project file.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Faults on demand")]
pub(super) struct FaultArgs {
    /// Answer so many of the recipients with `451 4.7.500 Server busy`, such as 20%: MX
    /// endpoint
    #[arg(long, value_name = "PERCENT", value_parser = Faults::percent)]
    busy: Option<u8>,
    /// Answer so many of the log-ins over TLS 1.0 and 1.1 with `421 4.7.66`, as in September
    /// 2021: submission endpoint, --as-of of that time
    #[arg(long, value_name = "PERCENT", value_parser = Faults::percent)]
    legacy_tls: Option<u8>,
    /// Hold each refusal back for so long, such as 5s
    #[arg(long, value_name = "DURATION", value_parser = tarpit)]
    tarpit: Option<Duration>,
    /// Draw other lots; whoever comes again with the same number meets the same faults
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

impl FaultArgs {
    /// What goes wrong at an endpoint under the rules of a day.
    pub(super) fn of(&self, endpoint: Endpoint) -> Faults {
        let at = |own, percent: Option<u8>| percent.filter(|_| endpoint == own).unwrap_or(0);
        Faults {
            seed: self.seed.unwrap_or(0),
            busy: at(Endpoint::Mx, self.busy),
            legacy_tls: at(Endpoint::Submission, self.legacy_tls),
            tarpit: self.tarpit.unwrap_or_default(),
        }
    }

    /// `; faults: busy 20%, tarpit 5s`, or nothing.
    pub(super) fn in_words(&self) -> String {
        let percent = |name, percent: Option<u8>| percent.map(|percent| format!("{name} {percent}%"));
        let tarpit = self.tarpit.map(|tarpit| format!("tarpit {}", elapsed_in_words(tarpit)));
        let all = [percent("busy", self.busy), percent("legacy TLS", self.legacy_tls), tarpit];
        let all: Vec<String> = all.into_iter().flatten().collect();
        if all.is_empty() { String::new() } else { format!("; faults: {}", all.join(", ")) }
    }

    /// What could never strike.
    pub(super) fn in_vain(&self, as_of: NaiveDate, rules: RulesOn) -> Option<String> {
        if self.legacy_tls.is_some() && !Faults::has_legacy_tls(Endpoint::Submission, rules) {
            return Some(format!(
                "--legacy-tls is for {}; these are the rules of {as_of}: say --as-of 2021-09-15",
                Faults::LEGACY_TLS
            ));
        }
        if self.seed.is_some() && self.busy.is_none() && self.legacy_tls.is_none() {
            return Some("--seed draws for --busy and --legacy-tls; neither is given".to_owned());
        }
        None
    }
}

fn tarpit(text: &str) -> Result<Duration, String> {
    match yaml::duration(text)? {
        tarpit if tarpit > Faults::LONGEST_TARPIT => Err(Faults::TOO_SLOW.to_owned()),
        tarpit => Ok(tarpit),
    }
}
