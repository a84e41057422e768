//! Links the unwinder of GCC's runtime into the program where that is to be had.
//!
//! A run of one case takes three milliseconds, and a twentieth of that was
//! loading and setting up `libgcc_s.so`, which only a panic needs.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of = |name| std::env::var(name).unwrap_or_default();
    let native = of("HOST") == of("TARGET");
    if native && of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu" && has_archive()
    {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether the C compiler that links has its unwinder as an archive too; GCC
/// prints a bare name where it has not.
fn has_archive() -> bool {
    let output = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    output.is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(path.trim()).is_absolute()
    })
}
