//! Bodies: manifest and files go in and come out; whatever was changed is refused.

use getrandom::SysRng;
use proptest::{collection::vec, prelude::*, sample::Index};
use waxseal_core::{
    body::{self, BodyPlan, Contents, OpenedHead, Piece, SealError},
    chunk::{ChunkCipher, ChunkKey, Damaged, Seal},
    keys::{BodyKey, InputKey, LinkKeys},
    layout::{BodySize, CHUNK, PART, SEAL, SEALED_CHUNK},
    link::LinkSecret,
    manifest::{Field, FieldKind, File, Manifest},
    open::Opener,
    passphrase::Passphrase,
    token::ShareId,
};

fn keys() -> LinkKeys {
    LinkKeys::derive(&LinkSecret::from_bytes([3; 32]))
}

fn key() -> BodyKey {
    keys().body()
}

/// A manifest with one field of `text` bytes and files of `sizes`.
fn manifest(text: usize, sizes: &[usize]) -> Manifest {
    let field = Field { label: "a".into(), value: "x".repeat(text), kind: FieldKind::Concealed };
    let file = |size: &usize| File { name: "n".into(), media_type: "t".into(), size: *size as u64 };
    let mut manifest = Manifest::default();
    manifest.fields.push(field);
    manifest.files = sizes.iter().map(file).collect();
    manifest
}

/// File `n`: bytes that tell where they are.
fn content(n: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 251 + at + n * 7) as u8).collect()
}

/// The plaintext of part `n`, out of the files' contents.
fn plaintext(plan: &BodyPlan, n: u64) -> Vec<u8> {
    let mut plaintext = Vec::new();
    for piece in plan.pieces(n) {
        let before = plaintext.len();
        match piece {
            Piece::Prefix(range) => plaintext.extend_from_slice(&plan.prefix()[range]),
            Piece::File { index, range } => {
                let content = content(index, range.end as usize);
                plaintext.extend_from_slice(&content[range.start as usize..]);
            }
            Piece::Zeros(len) => plaintext.resize(before + len as usize, 0),
        }
        assert!(plaintext.len() > before, "no piece is empty");
    }
    plaintext
}

/// Seals part by part, the last first.
fn seal(manifest: &Manifest) -> Vec<u8> {
    let plan = BodyPlan::new(&key(), manifest, &mut SysRng).expect("within limits");
    let cipher = ChunkCipher::new(plan.key().clone());
    let part = |n| {
        let mut part = Vec::new();
        plan.seal_part(&cipher, n, &plaintext(&plan, n), &mut part).expect("as long as planned");
        part
    };
    let mut parts: Vec<_> = (0..plan.size().parts()).rev().map(part).collect();
    parts.reverse();
    let out = parts.concat();
    assert_eq!(out.len() as u64, plan.size().get());
    out
}

/// The parts of a body, as they are stored.
fn parts(body: &[u8]) -> Vec<&[u8]> {
    let size = BodySize::try_from(body.len() as u64).expect("a sealed body's size");
    let mut rest = body;
    let parts = (0..size.parts()).map(|n| {
        let (part, behind) = rest.split_at(size.part_len(n).expect("a part that there is"));
        rest = behind;
        part
    });
    let parts = parts.collect();
    assert!(rest.is_empty());
    parts
}

fn open_head(body: &[u8]) -> Result<OpenedHead, Damaged> {
    let size = BodySize::try_from(body.len() as u64).map_err(|_| Damaged)?;
    OpenedHead::open(&key(), parts(body)[0], size)
}

/// Part `n` as a claim is handed it.
fn chunks<'a>(parts: &[&'a [u8]], n: u64) -> &'a [u8] {
    if n == 0 { &parts[0][SEAL..] } else { parts[n as usize] }
}

fn open_file(head: &OpenedHead, parts: &[&[u8]], n: usize) -> (Vec<u8>, Result<(), Damaged>) {
    let range = head.file_range(n).expect("a file that there is");
    let cipher = ChunkCipher::new(head.key().clone());
    let mut out = Vec::new();
    let opened = Contents::parts_of(&range).try_for_each(|part| {
        head.contents().open_part(&cipher, part, chunks(parts, part), &range, &mut out)
    });
    (out, opened)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![Just(0), 0..100_usize, 0..3 * CHUNK, 0..1_500_000_usize], 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_file_is_found_and_opened_by_itself(
        text in prop_oneof![0..100_usize, 0..100_000_usize],
        sizes in sizes(),
    ) {
        let sealed = manifest(text, &sizes);
        let body = seal(&sealed);
        let head = open_head(&body).expect("genuine");
        prop_assert!(head.manifest == sealed);
        prop_assert_eq!(head.size().get(), body.len() as u64);
        let parts = parts(&body);
        for (n, size) in sizes.iter().enumerate() {
            let (opened, result) = open_file(&head, &parts, n);
            prop_assert_eq!(result, Ok(()));
            prop_assert!(opened == content(n, *size));
        }
        prop_assert_eq!(head.file_range(sizes.len()), None);
    }

    #[test]
    fn the_whole_also_streams(text in 0..40_000_usize, sizes in sizes()) {
        let sealed = manifest(text, &sizes);
        let body = seal(&sealed);
        let (head, chunks) = body.split_first_chunk::<SEAL>().expect("a body has a seal");
        let key = ChunkKey::open(&key(), &Seal::from_bytes(*head)).expect("genuine");
        let mut opener = Opener::new(ChunkCipher::new(key));
        let mut plaintext = Vec::new();
        opener.push(chunks, &mut plaintext).expect("genuine");
        opener.finish(&mut plaintext).expect("genuine");

        let mut expected = sealed.to_json().expect("within limits");
        expected.splice(0..0, (expected.len() as u32).to_be_bytes());
        for (n, size) in sizes.iter().enumerate() {
            expected.extend(content(n, *size));
        }
        let padding = plaintext.split_off(expected.len());
        prop_assert!(plaintext == expected);
        prop_assert!(padding.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_body_of_one_part_with_a_flipped_bit_is_refused(
        text in 0..200_000_usize,
        at in any::<Index>(),
        bit in 0..8_u32,
    ) {
        let mut body = seal(&manifest(text, &[]));
        *at.get_mut(&mut body) ^= 1_u8 << bit;
        prop_assert!(body::open(&key(), &body).is_err());
    }

    #[test]
    fn a_flipped_bit_in_a_file_releases_only_the_chunks_before_it(
        sizes in vec(0..900_000_usize, 2..4),
        at in any::<Index>(),
        bit in 0..8_u32,
    ) {
        let mut body = seal(&manifest(1, &sizes));
        let at = at.index(body.len());
        body[at] ^= 1_u8 << bit;
        let flipped = (at.saturating_sub(SEAL) / SEALED_CHUNK * CHUNK) as u64;
        let Ok(head) = open_head(&body) else {
            // The manifest is in the first chunk.
            prop_assert!(at < SEAL + SEALED_CHUNK);
            return Ok(());
        };
        let parts = parts(&body);
        for (n, size) in sizes.iter().enumerate() {
            let range = head.file_range(n).expect("a file that there is");
            let (released, result) = open_file(&head, &parts, n);
            let hit = !range.is_empty() && range.start < flipped + CHUNK as u64 && flipped < range.end;
            prop_assert_eq!(result.is_err(), hit);
            prop_assert!(content(n, *size).starts_with(&released));
            let before = if hit { flipped.saturating_sub(range.start) } else { *size as u64 };
            prop_assert_eq!(released.len() as u64, before);
        }
    }
}

#[test]
fn every_flipped_bit_of_a_small_body_is_refused() {
    let body = body::seal(&key(), &manifest(10, &[]), &mut SysRng).expect("within limits");
    assert_eq!(body.len(), 1096);
    for bit in 0..body.len() * 8 {
        let mut body = body.clone();
        body[bit / 8] ^= 1 << (bit % 8);
        assert!(body::open(&key(), &body).is_err(), "bit {bit}");
    }
}

#[test]
fn an_empty_last_chunk_is_checked_too() {
    // Padded to a multiple of a chunk.
    let text = (16_000..17_000).find(|text| {
        let body = body::seal(&key(), &manifest(*text, &[]), &mut SysRng).expect("within limits");
        (body.len() - SEAL) % SEALED_CHUNK == 16
    });
    let text = text.expect("some length has such a body");
    let mut body = body::seal(&key(), &manifest(text, &[]), &mut SysRng).expect("within limits");
    assert!(body::open(&key(), &body).is_ok());
    *body.last_mut().expect("a body is not empty") ^= 1;
    assert!(body::open(&key(), &body).is_err());
}

#[test]
fn padding_that_is_not_zero_is_refused_with_the_file_before_it() {
    // The file ends in the second chunk, and so does the body.
    let plan = BodyPlan::new(&key(), &manifest(1, &[30_000]), &mut SysRng).expect("within limits");
    let cipher = ChunkCipher::new(plan.key().clone());
    let right = plaintext(&plan, 0);
    let open = |plaintext: &[u8]| {
        let mut body = Vec::new();
        plan.seal_part(&cipher, 0, plaintext, &mut body).expect("as long as planned");
        let head = open_head(&body).expect("its chunk is as it was");
        open_file(&head, &[&body], 0)
    };
    assert_eq!(open(&right), (content(0, 30_000), Ok(())));
    let mut wrong = right.clone();
    *wrong.last_mut().expect("a plaintext is not empty") = 1;
    let (released, opened) = open(&wrong);
    assert_eq!(opened, Err(Damaged));
    assert_eq!(released.as_slice(), &right[plan.prefix().len()..CHUNK]);
}

#[test]
fn every_truncation_of_a_small_body_is_refused() {
    let body = body::seal(&key(), &manifest(10, &[]), &mut SysRng).expect("within limits");
    for len in 0..body.len() {
        assert!(body::open(&key(), &body[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn whatever_is_appended_is_refused() {
    let body = body::seal(&key(), &manifest(10, &[]), &mut SysRng).expect("within limits");
    for more in (1..100).chain([SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 16, PART]) {
        let mut longer = body.clone();
        longer.resize(body.len() + more, 0);
        assert!(body::open(&key(), &longer).is_err(), "{more} bytes");
    }
    // A genuine chunk of another body under the same key, too.
    let other = body::seal(&key(), &manifest(11, &[]), &mut SysRng).expect("within limits");
    assert!(body::open(&key(), &[body.as_slice(), &other[SEAL..]].concat()).is_err());
}

#[test]
fn another_share_another_flag_and_another_passphrase_are_refused() {
    let passphrase = |text| Passphrase::new(text).expect("short").expect("not empty");
    let right = keys().with_passphrase(&passphrase("right")).body;
    let body = body::seal(&right, &manifest(10, &[]), &mut SysRng).expect("within limits");
    assert!(body::open(&right, &body).is_ok());

    let id = keys().id;
    let input = |key: &BodyKey| InputKey::from_bytes(*key.input().as_bytes());
    let mut other_id = *id.as_bytes();
    other_id[15] ^= 1;
    for (what, key) in [
        ("no passphrase", key()),
        ("another passphrase", keys().with_passphrase(&passphrase("right ")).body),
        ("no flag", BodyKey::new(id, input(&right), false)),
        ("another share", BodyKey::new(ShareId::from_bytes(other_id), input(&right), true)),
        ("another key", BodyKey::new(id, InputKey::from_bytes([0; 32]), true)),
    ] {
        assert!(body::open(&key, &body).is_err(), "{what}");
    }
}

#[test]
fn parts_in_the_wrong_place_are_refused() {
    let sealed = manifest(1, &[3 * PART]);
    let body = seal(&sealed);
    let head = open_head(&body).expect("genuine");
    let parts = parts(&body);
    let range = head.file_range(0).expect("there is a file");
    assert_eq!(Contents::parts_of(&range), 0..4);
    let cipher = ChunkCipher::new(head.key().clone());
    let refused = |n, part: &[u8]| {
        let mut out = Vec::new();
        let opened = head.contents().open_part(&cipher, n, part, &range, &mut out);
        assert_eq!((opened, out), (Err(Damaged), vec![]), "as part {n}");
    };
    for (n, part) in [(1, 2), (2, 1), (1, 0), (0, 1), (3, 2), (4, 1)] {
        refused(n, chunks(&parts, part));
    }
    // With the seal in front, without its first byte, and with another's end.
    refused(0, parts[0]);
    refused(1, &parts[1][1..]);
    refused(1, &[parts[1], &[0]].concat());
}

#[test]
fn a_part_of_another_share_is_refused() {
    let sealed = manifest(1, &[2 * PART]);
    let (body, other) = (seal(&sealed), seal(&sealed));
    let head = open_head(&body).expect("genuine");
    let range = head.file_range(0).expect("there is a file");
    let cipher = ChunkCipher::new(head.key().clone());
    let mut out = Vec::new();
    let open = head.contents().open_part(&cipher, 1, parts(&other)[1], &range, &mut out);
    assert_eq!((open, out), (Err(Damaged), vec![]));
}

#[test]
fn a_head_of_another_size_is_refused() {
    let body = seal(&manifest(1, &[2 * PART]));
    let head = parts(&body)[0];
    let open = |size: u64| {
        let size = BodySize::try_from(size).expect("a possible size");
        OpenedHead::open(&key(), head, size).is_ok()
    };
    let size = body.len() as u64;
    assert!(open(size));
    for other in [size + 1, size + SEALED_CHUNK as u64, size + PART as u64, size - PART as u64] {
        assert!(!open(other), "{other}");
    }
}

#[test]
fn files_longer_or_shorter_than_the_manifest_says_are_not_sealed() {
    let plan = BodyPlan::new(&key(), &manifest(1, &[10]), &mut SysRng).expect("within limits");
    let cipher = ChunkCipher::new(plan.key().clone());
    let right = plaintext(&plan, 0);
    for wrong in [&right[1..], &[right.as_slice(), &[0]].concat()] {
        let sealed = plan.seal_part(&cipher, 0, wrong, &mut Vec::new());
        assert!(matches!(sealed, Err(SealError::FileChanged)));
    }
    let of_an_empty_file = body::seal(&key(), &manifest(1, &[0]), &mut SysRng);
    assert!(body::open(&key(), &of_an_empty_file.expect("there is nothing to add")).is_ok());
    let with_files = body::seal(&key(), &manifest(1, &[10]), &mut SysRng);
    assert!(matches!(with_files, Err(SealError::FileChanged)));
}

#[test]
fn no_two_bodies_are_sealed_alike() {
    let sealed = manifest(10, &[]);
    let [a, b] = [(); 2].map(|()| body::seal(&key(), &sealed, &mut SysRng).expect("within limits"));
    assert_ne!(a[..SEAL], b[..SEAL]);
    assert_ne!(a[SEAL..], b[SEAL..]);
}
