//! Sealer and opener: what goes in comes out, and nothing else does.

use proptest::{collection::vec, prelude::*, sample::Index};
use waxseal_core::{
    chunk::{ChunkCipher, ChunkKey, Damaged, Seal},
    keys::InputKey,
    layout::{CHUNK, SEALED_CHUNK},
    open::Opener,
    seal::Sealer,
};

const CONTEXT: &[u8] = b"a context";

fn key() -> InputKey {
    InputKey::from_bytes([1; 32])
}

/// The pieces of `bytes` between the points that `cuts` stand for.
fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

fn seal(plaintext: &[u8], cuts: &[Index]) -> (Seal, Vec<u8>) {
    let (key, seal) = ChunkKey::with_salt(&key(), CONTEXT, [2; 24]);
    let mut sealer = Sealer::new(ChunkCipher::new(key));
    let mut sealed = Vec::new();
    for piece in pieces(plaintext, cuts) {
        sealer.push(piece, &mut sealed);
    }
    sealer.finish(&mut sealed);
    (seal, sealed)
}

/// Opens `chunks` and hands back what was released, too.
fn open(seal: &Seal, chunks: &[u8], cuts: &[Index]) -> (Vec<u8>, Result<(), Damaged>) {
    let mut plaintext = Vec::new();
    let opened = ChunkKey::open_context(&key(), CONTEXT, seal).and_then(|key| {
        let mut opener = Opener::new(ChunkCipher::new(key));
        for piece in pieces(chunks, cuts) {
            opener.push(piece, &mut plaintext)?;
        }
        opener.finish(&mut plaintext)
    });
    (plaintext, opened)
}

/// Lengths around the ends of chunks, where mistakes are.
fn lengths() -> impl Strategy<Value = usize> {
    let around = (0..5_usize, 0..5_usize).prop_map(|(n, off)| (n * CHUNK + off).saturating_sub(2));
    prop_oneof![0..4 * CHUNK, around]
}

/// Bytes of which no two chunks are alike.
fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / CHUNK * 31 + at) as u8).collect()
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..12)
}

/// Damaged chunks must be refused, and only plaintext that lies before byte `damage` of them be
/// released.
fn refused(seal: &Seal, chunks: &[u8], cuts: &[Index], original: &[u8], damage: usize) {
    let (released, opened) = open(seal, chunks, cuts);
    assert_eq!(opened, Err(Damaged));
    assert!(released.len() <= damage / SEALED_CHUNK * CHUNK, "{} released", released.len());
    assert!(original.starts_with(&released));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_sealed_is_opened_however_it_is_cut(len in lengths(), a in cuts(), b in cuts()) {
        let plaintext = plaintext(len);
        let (seal, sealed) = seal(&plaintext, &a);
        prop_assert_eq!(sealed.len(), len + 16 * (len / CHUNK + 1));
        let (released, opened) = open(&seal, &sealed, &b);
        prop_assert_eq!(opened, Ok(()));
        prop_assert!(released == plaintext);
    }

    #[test]
    fn cuts_do_not_change_what_is_sealed(len in lengths(), a in cuts(), b in cuts()) {
        let plaintext = plaintext(len);
        prop_assert!(seal(&plaintext, &a) == seal(&plaintext, &b));
    }

    #[test]
    fn a_flipped_bit_is_refused(len in lengths(), at in any::<Index>(), bit in 0..8_u32, a in cuts()) {
        let plaintext = plaintext(len);
        let (seal, mut sealed) = seal(&plaintext, &[]);
        let at = at.index(sealed.len());
        sealed[at] ^= 1_u8 << bit;
        refused(&seal, &sealed, &a, &plaintext, at);
    }

    #[test]
    fn a_truncated_stream_is_refused(len in lengths(), end in any::<Index>(), a in cuts()) {
        let plaintext = plaintext(len);
        let (seal, sealed) = seal(&plaintext, &[]);
        let end = end.index(sealed.len());
        refused(&seal, &sealed[..end], &a, &plaintext, end);
    }

    #[test]
    fn an_appended_stream_is_refused(len in lengths(), more in vec(any::<u8>(), 1..40), a in cuts()) {
        let plaintext = plaintext(len);
        let (seal, mut sealed) = seal(&plaintext, &[]);
        let end = sealed.len();
        sealed.extend(more);
        refused(&seal, &sealed, &a, &plaintext, end);
    }

    #[test]
    fn chunks_moved_dropped_or_repeated_are_refused(
        len in 2 * CHUNK..5 * CHUNK,
        order in vec(any::<Index>(), 1..6),
        a in cuts(),
    ) {
        let plaintext = plaintext(len);
        let (seal, sealed) = seal(&plaintext, &[]);
        let chunks: Vec<&[u8]> = sealed.chunks(SEALED_CHUNK).collect();
        let order: Vec<usize> = order.iter().map(|n| n.index(chunks.len())).collect();
        prop_assume!(!order.iter().copied().eq(0..chunks.len()));
        let same = order.iter().zip(0..).take_while(|(got, due)| *got == due).count();
        let damaged: Vec<u8> = order.iter().flat_map(|n| chunks[*n]).copied().collect();
        refused(&seal, &damaged, &a, &plaintext, same * SEALED_CHUNK);
    }
}

#[test]
fn a_key_handed_to_another_thread_is_the_same() {
    let (key, _) = ChunkKey::with_salt(&key(), CONTEXT, [2; 24]);
    let handed = ChunkKey::from_bytes(&key.to_bytes());
    assert_eq!((handed.aes(), handed.nonce(7)), (key.aes(), key.nonce(7)));
}

#[test]
fn a_full_last_chunk_is_refused_even_if_it_is_genuine() {
    let (key, seal) = ChunkKey::with_salt(&key(), CONTEXT, [2; 24]);
    let cipher = ChunkCipher::new(key);
    let mut sealed = Vec::new();
    cipher.seal_chunk(0, &[7; CHUNK], &mut sealed);
    let (released, opened) = open(&seal, &sealed, &[]);
    assert_eq!(opened, Err(Damaged));
    assert_eq!(released, [7; CHUNK]);
}

#[test]
fn every_bit_of_the_seal_counts() {
    let (seal, sealed) = seal(b"secret", &[]);
    for bit in 0..seal.as_bytes().len() * 8 {
        let mut bytes = *seal.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&Seal::from_bytes(bytes), &sealed, &[]), (vec![], Err(Damaged)));
    }
}

#[test]
fn another_key_or_context_is_refused_before_anything_is_opened() {
    let (seal, _) = seal(b"secret", &[]);
    let opens = |key: [u8; 32], context: &[u8]| {
        ChunkKey::open_context(&InputKey::from_bytes(key), context, &seal).is_ok()
    };
    assert!(opens([1; 32], CONTEXT));
    assert!(!opens([0; 32], CONTEXT));
    assert!(!opens([1; 32], b""));
    assert!(!opens([1; 32], b"a contexT"));
    assert!(!opens([1; 32], b"a context\0"));
}

#[test]
fn an_opener_stays_broken() {
    let (seal, sealed) = seal(&plaintext(3 * CHUNK), &[]);
    let key = ChunkKey::open_context(&key(), CONTEXT, &seal).expect("the seal is genuine");
    let mut opener = Opener::new(ChunkCipher::new(key));
    let mut out = Vec::new();
    opener.push(&sealed[..SEALED_CHUNK], &mut out).expect("chunk 0 is genuine");
    assert_eq!(opener.push(&[0; SEALED_CHUNK], &mut out), Err(Damaged));
    assert_eq!(opener.push(&sealed[SEALED_CHUNK..], &mut out), Err(Damaged));
    assert_eq!(opener.finish(&mut out), Err(Damaged));
    assert_eq!(out.len(), CHUNK);
}

#[test]
fn no_chunk_is_opened_beyond_the_last_possible_number() {
    let (key, _) = ChunkKey::with_salt(&key(), CONTEXT, [2; 24]);
    let cipher = ChunkCipher::new(key);
    let mut sealed = Vec::new();
    cipher.seal_chunk((1 << 38) - 1, b"last", &mut sealed);
    let mut out = Vec::new();
    assert_eq!(cipher.open_chunk((1 << 38) - 1, &sealed, &mut out), Ok(()));
    assert_eq!(cipher.open_chunk(1 << 38, &sealed, &mut out), Err(Damaged));
    assert_eq!(out, b"last");
}
