#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relayprobe::fuzz::check("dns", bytes));
