//! The committed header is the one the code makes.

use std::path::{Path, PathBuf};

const HEADER: &str = "include/paynow_bridge.h";

/// In the order a reader wants them.
const SOURCES: [&str; 7] =
    ["status.rs", "types.rs", "boundary.rs", "client.rs", "operations.rs", "batches.rs", "completion.rs"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn generate(root: &Path) -> String {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root.join("src/ffi").join(source));
    }
    let mut header = Vec::new();
    builder.generate().expect("the header can be made").write(&mut header);
    let header = String::from_utf8(header).expect("the header is UTF-8");
    without_safety(&header)
}

/// What Rust wants said about `unsafe` is not news to a C programmer.
fn without_safety(header: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut lines = header.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim_end() == "// # Safety" {
            while lines.next_if(|next| next.starts_with("//")).is_some() {}
            while kept.last().is_some_and(|last| last.trim_end() == "//") {
                kept.pop();
            }
        } else {
            kept.push(line.trim_end());
        }
    }
    kept.join("\n") + "\n"
}

#[test]
fn the_header_is_up_to_date() {
    let root = root();
    let made = generate(&root);
    let path = root.join(HEADER);
    if std::env::var_os("PAYNOW_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("the header can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("the header is committed");
    assert!(committed == made, "{HEADER} differs from what src/ffi says: run `make header` and commit it");
}
