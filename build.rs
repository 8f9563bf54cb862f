//! What the shared library says about itself to the dynamic linker, and the network's scripts without their comments.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const SCRIPTS: &str = "src/network/tier/scripts";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // The number changes with PAYNOW_ABI_VERSION.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpaynow_bridge.so.0");
        // Our fork handler and thread-locals stay behind when a host unloads the library.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
        // A program finds it by its own run path. Two words, which Apple's linker and its compiler driver both take.
        println!("cargo:rustc-cdylib-link-arg=-install_name");
        println!("cargo:rustc-cdylib-link-arg=@rpath/libpaynow_bridge.dylib");
    }
    println!("cargo:rerun-if-changed={SCRIPTS}");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    for entry in fs::read_dir(SCRIPTS).expect("the scripts are there") {
        let path = entry.expect("the folder can be read").path();
        let text = fs::read_to_string(&path).expect("a script is text");
        let name = path.file_name().expect("a script has a name");
        fs::write(out.join(name), bare(&text, &path)).expect("the output can be written");
    }
}

/// A script without comments, empty lines and what lines begin with: they would be shipped, and sent to each Redis.
fn bare(text: &str, path: &Path) -> String {
    let mut bare = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--")) {
        // A comment behind code, or a string of several lines, would need a reader of Lua.
        assert!(!line.contains("--") && !line.contains("[["), "{}: {line}", path.display());
        bare.push_str(line);
        bare.push('\n');
    }
    bare
}
