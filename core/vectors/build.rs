//! Lists the vector files, so that none can be forgotten.

use std::{env, error::Error, fmt::Write, fs, path::Path};

const GROUPS: [&str; 7] = ["link", "manifest", "sealed", "body", "backup", "request", "answer"];

fn main() -> Result<(), Box<dyn Error>> {
    let vectors = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../tests/vectors");
    println!("cargo::rerun-if-changed={}", vectors.display());
    let mut code = String::new();
    for group in GROUPS {
        let mut paths = fs::read_dir(vectors.join(group))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>, std::io::Error>>()?;
        paths.sort();
        writeln!(code, "pub(crate) const {}: &[(&str, &[u8])] = &[", group.to_uppercase())?;
        for path in &paths {
            let name = path.file_stem().ok_or("a vector without a name")?;
            writeln!(code, "({name:?}, include_bytes!({path:?})),")?;
        }
        writeln!(code, "];")?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("files.rs"), code)?;
    Ok(())
}
