//! The C interface is driven from C, through the header hosts use.

fn main() {
    println!("cargo::rerun-if-changed=c_abi.c");
    println!("cargo::rerun-if-changed=../include/paynow_bridge.h");
    cc::Build::new().file("c_abi.c").include("../include").warnings(true).opt_level(1).compile("c_abi");
}
