//! What a manifest may hold, to the last one and beyond, on its way in and out.

use waxseal_core::manifest::{
    Field, FieldKind, File, MAX_BYTES, MAX_FIELDS, MAX_FILES, Manifest, ManifestError,
};

/// One of so many fields and files.
fn of(fields: usize, files: usize) -> Manifest {
    let field = Field { label: String::new(), value: String::new(), kind: FieldKind::Text };
    let file = File { name: String::new(), media_type: String::new(), size: 1 };
    let mut manifest = Manifest::default();
    manifest.fields = vec![field; fields];
    manifest.files = vec![file; files];
    manifest
}

#[test]
fn there_are_so_many_fields_and_files_and_no_more() {
    let most = of(MAX_FIELDS, MAX_FILES);
    let json = most.to_json().expect("it is within the bounds");
    assert_eq!(Manifest::from_json(&json).as_ref(), Ok(&most));
    for (manifest, error) in [
        (of(MAX_FIELDS + 1, 0), ManifestError::TooManyFields),
        (of(0, MAX_FILES + 1), ManifestError::TooManyFiles),
    ] {
        let json = waxseal_core::wire::to_json(&manifest);
        assert_eq!(manifest.to_json(), Err(error));
        assert_eq!(Manifest::from_json(json.as_bytes()), Err(error));
    }
}

#[test]
fn there_is_so_much_text_and_no_more() {
    let mut manifest = of(1, 0);
    let around = manifest.to_json().expect("it is within the bounds").len();
    manifest.fields[0].value = "a".repeat(MAX_BYTES - around);
    let json = manifest.to_json().expect("it is within the bounds");
    assert_eq!(json.len(), MAX_BYTES);
    assert_eq!(Manifest::from_json(&json).as_ref(), Ok(&manifest));

    for more in [1, 1000] {
        manifest.fields[0].value.push_str(&"a".repeat(more));
        assert_eq!(manifest.to_json(), Err(ManifestError::TooLong));
        let json = waxseal_core::wire::to_json(&manifest);
        assert_eq!(Manifest::from_json(json.as_bytes()), Err(ManifestError::TooLong));
    }
}
