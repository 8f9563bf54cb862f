//! What the shared library says about itself to the dynamic linker.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // The number changes with PAYNOW_ABI_VERSION.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpaynow_bridge.so.0");
        // Our fork handler and thread-locals stay behind when a host unloads the library.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
