//! Backups: what goes in comes out, and whatever was changed is refused for what it is.

use getrandom::SysRng;
use waxseal_core::{
    backup::{self, BackupError, MAX_BYTES, SealError},
    owned::{MAX_LINKS, OwnedLinks},
    passphrase::Passphrase,
};

fn passphrase(typed: &str) -> Passphrase {
    Passphrase::new(typed).expect("short enough").expect("not empty")
}

#[test]
fn what_is_sealed_is_opened_whatever_its_length() {
    let right = passphrase("right");
    for len in [0, 1, 1020, 1021, 16_380, 40_000] {
        let content: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let file = backup::seal(&content, &right, &mut SysRng).expect("short enough");
        assert_eq!(backup::examine(&file), Ok(()));
        assert_eq!(backup::open(&file, &right).expect("as it was").as_slice(), content, "{len}");
        let wrong = backup::open(&file, &passphrase("wrong"));
        assert_eq!(wrong.err(), Some(BackupError::WrongPassphrase), "{len}");
    }
}

#[test]
fn every_changed_bit_and_every_length_is_refused_without_the_passphrase() {
    let file = backup::seal(b"content", &passphrase("right"), &mut SysRng).expect("short enough");
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1 << (at % 8);
        let expected = match at {
            0..13 => BackupError::NoBackup,
            13 => BackupError::Newer,
            _ => BackupError::Damaged,
        };
        assert_eq!(backup::examine(&changed), Err(expected), "byte {at}");
        let expected = if at < 13 { BackupError::NoBackup } else { BackupError::Damaged };
        assert_eq!(backup::examine(&file[..at]), Err(expected), "{at} bytes");
    }
    let longer = [&file[..], &[0]].concat();
    assert_eq!(backup::examine(&longer), Err(BackupError::Damaged));
}

#[test]
fn two_files_of_the_same_have_nothing_in_common_but_their_name() {
    let [one, two] = [(); 2].map(|()| {
        backup::seal(b"content", &passphrase("right"), &mut SysRng).expect("short enough")
    });
    assert_eq!((one.len(), &one[..14]), (two.len(), &two[..14]));
    let same = one[14..].iter().zip(&two[14..]).filter(|(one, two)| one == two).count();
    assert!(same < 32, "{same} of {} bytes", one.len() - 14);
}

#[test]
fn too_much_is_refused_before_it_is_sealed() {
    let mut content = vec![7; MAX_BYTES];
    let right = passphrase("right");
    let most = backup::seal(&content, &right, &mut SysRng).expect("not too much");
    assert!(backup::open(&most, &right).is_ok_and(|opened| *opened == content));
    content.push(7);
    assert_eq!(backup::seal(&content, &right, &mut SysRng).err(), Some(SealError::TooLong));

    let row = r#"{"id":"AQEBAQEBAQEBAQEBAQEBAQ","owner":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI","label":""}"#;
    let list = |count| format!(r#"{{"origin":"","links":[{}]}}"#, vec![row; count].join(","));
    assert!(OwnedLinks::from_json(list(MAX_LINKS).as_bytes()).is_ok());
    assert!(OwnedLinks::from_json(list(MAX_LINKS + 1).as_bytes()).is_err());
}
