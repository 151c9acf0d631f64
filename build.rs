//! Links programs at a fixed address on Linux.
//!
//! Two processes look after each plan, so what each of them keeps to itself counts. A position
//! independent program has its tables of addresses patched at every start, which makes a quarter of
//! a megabyte of each process private; at a fixed address they stay shared pages of the file.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let linker = std::env::var("CARGO_CFG_TARGET_ENV").unwrap_or_default();
    if system == "linux" && linker == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
