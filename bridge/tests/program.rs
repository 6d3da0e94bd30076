//! The program itself. Because this file is here, `cargo test --workspace` builds the program beside
//! the tests, where the suites in `tests/` find it.

use std::process::Command;

#[test]
fn the_program_knows_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_folderbridge")).arg("--version").output().expect("it starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(said.trim(), concat!("folderbridge ", env!("CARGO_PKG_VERSION")));
}
