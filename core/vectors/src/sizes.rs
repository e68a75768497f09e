//! Sizes of ciphertexts: those that follow from a plaintext's, and those that none has.

use crate::{Group, equal};
use serde::Deserialize;
use waxseal_core::layout::{BodySize, BodySizeError};

#[derive(Deserialize)]
struct Sizes {
    possible: Vec<Possible>,
    refused: Vec<u64>,
}

#[derive(Deserialize)]
struct Possible {
    plaintext: u64,
    size: u64,
    chunks: u64,
    parts: u64,
    last_part: usize,
}

pub(crate) fn check(group: &mut Group) {
    let sizes: Sizes = serde_json::from_str(include_str!("../../tests/vectors/sizes.json"))
        .expect("the sizes are well-formed");
    for possible in &sizes.possible {
        group.case(possible.plaintext, case(possible));
    }
    for refused in sizes.refused {
        let size = BodySize::try_from(refused);
        group.case(refused, equal("size", &size, &Err(BodySizeError)));
    }
}

fn case(possible: &Possible) -> Result<(), String> {
    let size = BodySize::of_plaintext(possible.plaintext).map_err(|error| error.to_string())?;
    equal("size", &size.get(), &possible.size)?;
    equal("read size", &BodySize::try_from(possible.size), &Ok(size))?;
    equal("plaintext", &size.plaintext(), &possible.plaintext)?;
    equal("chunks", &size.chunks(), &possible.chunks)?;
    equal("parts", &size.parts(), &possible.parts)?;
    equal("last part", &size.part_len(size.parts() - 1), &Some(possible.last_part))?;
    equal("beyond the last part", &size.part_len(size.parts()), &None)
}
