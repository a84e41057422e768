//! Examples, as `--help` and the manual pages show them below each command. No line is
//! longer than 96 characters: the help is wrapped at 100.

/// By command.
pub(in crate::cli) const EXAMPLES: &[(&str, &str)] = &[
    (
        "run",
        "Examples:
  relayprobe run
      everything below ./scenarios
  relayprobe run live --report json=before.json --report junit=results.xml
      with reports for later and for a build server
  relayprobe run live --failed before.json -v
      again what failed, with transcripts
  relayprobe run scenarios --target mx=relay.example:25 --up-to rcpt_to
      the simulator's scenarios against a real server, without a delivery
  relayprobe run live --target relay=old.example:25 --versus relay=new.example:25
      both relays, and what differs: before a cut-over
  relayprobe run -q live --baseline known.json
      what has changed since; known faults do not count
  relayprobe run -q --state /var/lib/relayprobe --notify-on change --deadline 10m live
      from cron: speaks when something changes
  relayprobe run live --shard 0/4 --shard-by last.json
      one of four parts that take about as long as each other",
    ),
    (
        "watch",
        "Examples:
  relayprobe watch
      while you write scenarios
  relayprobe watch live --filter 'relay/*' --up-to rcpt_to
      takes the flags of run",
    ),
    (
        "check",
        "Examples:
  relayprobe check
      every mistake in every file, nothing sent
  relayprobe check --list --filter 'tls/*'
      the cases that the files expand to, with their ids",
    ),
    (
        "probe",
        "Examples:
  relayprobe probe mx.example --tls starttls --from a@contoso.com --to b@fabrikam.example
      one session as far as RCPT TO
  relayprobe probe mx.example --from a@contoso.com --to b@fabrikam.example --expect 5.7.64
      a test with an exit status
  relayprobe probe mx.example --from a@contoso.com --save mx.yaml
      the same question every night
  relayprobe probe --swaks 'swaks -s mx.example -t a@b.example -tls' --save mx.yaml
      an old cron line as a scenario
  grep 4XyZ12 /var/log/mail.log | relayprobe probe --from-transcript -
      what the next server said to your relay, as a scenario that expects it",
    ),
    (
        "simulate",
        "Examples:
  relayprobe simulate tenants.yaml --mx 127.0.0.1:10025 --ca-out lab-ca.pem
      for a client of your own
  relayprobe simulate --export-script
      the PowerShell that writes your tenants",
    ),
    (
        "audit",
        "Examples:
  relayprobe audit tenants.yaml
      what is wrong with the connectors
  relayprobe audit exports --format sarif --fail-on error
      for a pipeline",
    ),
    (
        "forecast",
        "Examples:
  relayprobe forecast --to 2026-12-31
      what that day changes
  relayprobe forecast --before tenants.yaml --after planned.yaml
      what a change of your tenants changes",
    ),
    (
        "compare",
        "Examples:
  relayprobe compare before.json after.json
      what a cut-over has changed
  relayprobe compare before.json after.json --accept accepted.yaml --latency-factor 3
      less what is accepted, and what takes three times as long
  relayprobe compare before.json after.json --report html=changes.html
      for the change ticket",
    ),
    (
        "report",
        "Examples:
  relayprobe report --format junit report.json
      in another format
  relayprobe report --format json shard-0.json shard-1.json
      several parts as one",
    ),
    (
        "schema",
        "Examples:
  relayprobe schema > relayprobe.schema.json
      for an editor",
    ),
    (
        "explain",
        "Examples:
  relayprobe explain 5.7.64
      from a code
  relayprobe explain -
      from standard input: a log, a transcript, a bounce",
    ),
    (
        "certs",
        "Examples:
  relayprobe certs certs/lab.yaml
      mints what is missing or about to expire",
    ),
    (
        "completions",
        "Examples:
  relayprobe completions bash > /usr/share/bash-completion/completions/relayprobe
  relayprobe completions zsh > /usr/local/share/zsh/site-functions/_relayprobe
  relayprobe completions fish > ~/.config/fish/completions/relayprobe.fish",
    ),
    (
        "man",
        "Examples:
  relayprobe man run | man -l -
      reads one
  relayprobe man --out /usr/local/share/man/man1
      installs all",
    ),
    (
        "init",
        "Examples:
  relayprobe init
      asks, and writes a project to begin with
  relayprobe init live --server mx.example:25 --from a@contoso.com --to b@fabrikam.example
      asks nothing",
    ),
];
