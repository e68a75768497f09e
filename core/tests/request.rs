//! Requests: one token for one request, and answers that nobody else opens.

use getrandom::SysRng;
use proptest::prelude::*;
use waxseal_core::{
    body,
    chunk::Damaged,
    keys::LinkKeys,
    link::{FoundLink, LinkError, LinkSecret},
    request::{self, FoundRequest, MAX_CHARS, Note, RequestKey, RequestLink, TOKEN_CHARS},
    token::{SealedSecret, ShareId},
    wire::ExpiresIn,
};

const ORIGIN: &str = "https://waxseal.example";

fn day() -> ExpiresIn {
    ExpiresIn::try_from(86_400).expect("a possible expiry")
}

/// A key, the link that goes with it, and the request's name.
fn request() -> (RequestKey, RequestLink, ShareId) {
    let key = RequestKey::generate(&mut SysRng).expect("there are random numbers");
    let link = RequestLink::generate(&key.public_key(), &mut SysRng).expect("there are some");
    let id = LinkKeys::of_request(&link).id;
    (key, link, id)
}

fn secret() -> (LinkSecret, ShareId) {
    let secret = LinkSecret::generate(&mut SysRng).expect("there are random numbers");
    let id = LinkKeys::derive(&secret).id;
    (secret, id)
}

proptest! {
    #[test]
    fn a_token_and_a_link_are_read_back(first: [u8; 32], second: [u8; 32]) {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&first);
        bytes[32..].copy_from_slice(&second);
        let link = RequestLink::from_bytes(bytes);
        let token = link.to_token();
        prop_assert_eq!(token.len(), TOKEN_CHARS);
        prop_assert!(token.ends_with(|last: char| last.is_ascii_alphanumeric()));
        prop_assert_eq!(RequestLink::from_token(&token), Ok(link.clone()));
        for (address, exposed) in [
            (link.to_link(ORIGIN).to_string(), false),
            (format!("{}.", *link.to_link(ORIGIN)), false),
            (link.to_link(ORIGIN).replace('#', "%23"), true),
        ] {
            let found = FoundRequest::in_address(&address).map(|found| (found.link, found.exposed));
            prop_assert_eq!(found.ok(), Some((link.clone(), exposed)));
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,120}", fragment in "[A-Za-z0-9_#%-]{0,100}") {
        RequestLink::from_token(&text).ok();
        FoundRequest::in_address(&format!("{text}#{fragment}")).ok();
    }

    #[test]
    fn a_note_is_read_back(text in "\\PC{0,1000}", from in "\\PC{0,100}", seconds in 60_u32..2_592_000) {
        let expires_in = ExpiresIn::try_from(seconds).expect("within the bounds");
        let note = Note { text, from, expires_in };
        let key = LinkKeys::of_request(&request().1).body();
        let sealed = body::seal(&key, &note.to_manifest(), &mut SysRng).expect("it fits");
        let opened = body::open(&key, &sealed).expect("it is as it was sealed");
        prop_assert!(Note::from_manifest(&opened.manifest, day()) == note);
    }
}

#[test]
fn the_longest_note_fits_what_a_server_takes_for_a_request() {
    // Six bytes of JSON for each, the most that there are.
    let longest = "\u{1}".repeat(MAX_CHARS);
    let note = Note { text: longest.clone(), from: longest, expires_in: day() };
    let key = LinkKeys::of_request(&request().1).body();
    let sealed = body::seal(&key, &note.to_manifest(), &mut SysRng).expect("it fits");
    assert!(sealed.len() <= waxseal_core::wire::REQUEST_BYTES, "{}", sealed.len());
}

#[test]
fn a_request_and_a_share_of_the_same_bytes_have_nothing_in_common() {
    let link = RequestLink::from_bytes([7; 64]);
    let (asked, shared) =
        (LinkKeys::of_request(&link), LinkKeys::derive(&LinkSecret::from_bytes([7; 32])));
    assert_ne!(asked.id, shared.id);
    assert_ne!(asked.access, shared.access);
    assert_ne!(asked.body().input().as_bytes(), shared.body().input().as_bytes());
    let as_share = FoundLink::in_address(&link.to_link(ORIGIN)).map(|_| ()).err();
    assert_eq!(as_share, Some(LinkError::Length));
    let as_request = FoundRequest::in_address(&LinkSecret::from_bytes([7; 32]).to_link(ORIGIN));
    assert_eq!(as_request.map(|_| ()).err(), Some(LinkError::Length));
}

#[test]
fn another_public_key_makes_another_request() {
    let (_, link, id) = request();
    let mut bytes = *link.as_bytes();
    bytes[32..].copy_from_slice(&request().0.public_key());
    assert_ne!(LinkKeys::of_request(&RequestLink::from_bytes(bytes)).id, id);
}

#[test]
fn an_answer_opens_for_its_key_its_request_and_its_share_alone() {
    let (key, link, id) = request();
    let (secret, share) = secret();
    let sealed = request::seal(&link, &secret, &mut SysRng).expect("the key is one");
    assert!(key.open(id, share, &sealed).as_ref() == Ok(&secret));
    let (other_key, _, other_id) = request();
    assert_eq!(other_key.open(id, share, &sealed).err(), Some(Damaged));
    assert_eq!(key.open(other_id, share, &sealed).err(), Some(Damaged));
    let (other_secret, other_share) = self::secret();
    assert_eq!(key.open(id, other_share, &sealed).err(), Some(Damaged));
    let other = request::seal(&link, &other_secret, &mut SysRng).expect("the key is one");
    assert_eq!(key.open(id, share, &other).err(), Some(Damaged));
}

#[test]
fn each_answer_is_sealed_with_a_key_of_its_own() {
    let (_, link, _) = request();
    let (secret, _) = secret();
    let seal = || request::seal(&link, &secret, &mut SysRng).expect("it can be sealed");
    let [one, other] = [seal(), seal()];
    // Encapsulation, then ciphertext.
    let halves = |sealed: &SealedSecret| sealed.as_bytes().chunks(32).map(<[u8]>::to_vec).collect();
    let pairs: [Vec<Vec<u8>>; 2] = [halves(&one), halves(&other)];
    assert!(pairs[0].iter().zip(&pairs[1]).all(|(one, other)| one != other));
}

#[test]
fn every_changed_bit_of_an_answer_is_refused() {
    let (key, link, id) = request();
    let (secret, share) = secret();
    let sealed = request::seal(&link, &secret, &mut SysRng).expect("the key is one");
    // The last bit of an X25519 key says nothing.
    for bit in (0..SealedSecret::LEN * 8).filter(|bit| *bit != 255) {
        let mut changed = *sealed.as_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        let opened = key.open(id, share, &SealedSecret::from_bytes(changed));
        assert_eq!(opened.err(), Some(Damaged), "bit {bit}");
    }
}

#[test]
fn nothing_is_sealed_to_a_public_key_that_is_none() {
    // Of small order: the shared secret would be zero, whoever computes it.
    let link = RequestLink::from_bytes([0; 64]);
    let sealed = request::seal(&link, &secret().0, &mut SysRng);
    assert_eq!(sealed.err(), Some(request::SealError::PublicKey));
}

#[test]
fn no_key_shows_itself() {
    assert_eq!(format!("{:?}", RequestLink::from_bytes([7; 64])), "RequestLink(…)");
    assert_eq!(format!("{:?}", RequestKey::from_bytes([7; 32])), "RequestKey(…)");
    assert_eq!(format!("{:?}", SealedSecret::from_bytes([7; 80])), "SealedSecret(…)");
}
