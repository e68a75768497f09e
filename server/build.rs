//! Has the server rebuilt when the web client that it embeds changes.

use std::{env, fs, path::Path};

fn main() -> std::io::Result<()> {
    let root = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let web = Path::new(&root).join("../target/web");
    // A folder that does not exist would have every build start over.
    fs::create_dir_all(&web)?;
    println!("cargo::rerun-if-changed={}", web.display());
    Ok(())
}
