//! What lines call shares, networks and people.
//!
//! Invariant: without the key, a pseudonym tells nothing but which lines have the same one. What may be
//! guessed, as addresses may, cannot be tried either.

use crate::{
    config::{AuditAddresses, AuditKey},
    network::Network,
    store::AddressHash,
};
use getrandom::{SysRng, rand_core::TryRng};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use waxseal_core::{base64url, mail_address::MailAddress, token::ShareId};

/// Bytes of a pseudonym.
const LEN: usize = 16;

/// Who did it, as far as the server knows.
#[derive(Clone, Default)]
pub(crate) struct By {
    /// Where it came from.
    pub(crate) network: Option<Network>,
    /// Whose share it is.
    pub(crate) owner: Option<Owner>,
}

/// The owner of a share.
#[derive(Clone)]
pub(crate) enum Owner {
    /// Who is asked to confirm, by mail.
    Asked(MailAddress),
    /// Who has confirmed so lately that a session keeps it.
    Known(AddressHash),
    /// Whom an application's grant names.
    Subject(String),
}

impl By {
    /// Anybody on this network.
    pub(crate) const fn network(network: Network) -> Self {
        Self { network: Some(network), owner: None }
    }
}

/// Makes pseudonyms.
pub(super) struct Names {
    key: Hmac<Sha256>,
    addresses: AuditAddresses,
}

impl Names {
    /// With this key, or one of its own.
    pub(super) fn new(
        key: Option<AuditKey>,
        addresses: AuditAddresses,
    ) -> Result<Self, getrandom::Error> {
        let mut random = [0; AuditKey::LEN];
        SysRng.try_fill_bytes(&mut random)?;
        let key = key.as_ref().map_or(&random, AuditKey::as_bytes);
        Ok(Self { key: Hmac::new_from_slice(key).expect("HMAC has keys of any length"), addresses })
    }

    /// A share.
    pub(super) fn share(&self, id: ShareId) -> String {
        self.pseudonym("share", id.as_bytes())
    }

    /// A network.
    pub(super) fn network(&self, network: Network) -> Option<String> {
        let address = network.address().to_string();
        self.addressed(|| self.pseudonym("network", address.as_bytes()), || address.clone())
    }

    /// An owner by the address, and by what an application says; the latter may be an address, too.
    pub(super) fn owner(&self, owner: Option<&Owner>) -> (Option<String>, Option<String>) {
        match owner {
            None => (None, None),
            Some(Owner::Asked(address)) => {
                let hash = || self.mailbox(AddressHash::of(address));
                (self.addressed(hash, || address.as_str().to_owned()), None)
            }
            Some(Owner::Known(hash)) => {
                (self.addressed(|| self.mailbox(*hash), || self.mailbox(*hash)), None)
            }
            Some(Owner::Subject(name)) if !name.contains('@') => (None, Some(name.clone())),
            Some(Owner::Subject(name)) => {
                let hash = || match name.parse() {
                    Ok(address) => self.mailbox(AddressHash::of(&address)),
                    Err(_) => self.pseudonym("sub", name.as_bytes()),
                };
                (None, self.addressed(hash, || name.clone()))
            }
        }
    }

    fn mailbox(&self, hash: AddressHash) -> String {
        self.pseudonym("owner", hash.as_bytes())
    }

    fn addressed(
        &self,
        hashed: impl FnOnce() -> String,
        clear: impl FnOnce() -> String,
    ) -> Option<String> {
        match self.addresses {
            AuditAddresses::Clear => Some(clear()),
            AuditAddresses::Hashed => Some(hashed()),
            AuditAddresses::Off => None,
        }
    }

    fn pseudonym(&self, kind: &str, bytes: &[u8]) -> String {
        let mut mac = self.key.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(bytes);
        base64url::encode(&mac.finalize().into_bytes()[..LEN])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn names(key: Option<&str>, addresses: AuditAddresses) -> Names {
        let key = key.map(|text| text.repeat(43).parse().expect("32 bytes"));
        Names::new(key, addresses).expect("there is randomness")
    }

    fn owners() -> [Owner; 4] {
        let address: MailAddress = "Ann+1@example.org".parse().expect("an address");
        [
            Owner::Known(AddressHash::of(&address)),
            Owner::Asked(address),
            Owner::Subject("ann@example.org".to_owned()),
            Owner::Subject("mailto:ann@example.org".to_owned()),
        ]
    }

    #[test]
    fn the_same_key_gives_the_same_names_and_another_gives_others() {
        let id = ShareId::from_bytes([1; 16]);
        let hashed = |key| names(key, AuditAddresses::Hashed).share(id);
        assert_eq!(hashed(Some("A")), hashed(Some("A")));
        let [one, other, random, again] = [Some("A"), Some("E"), None, None].map(hashed);
        assert!(one != other && random != again && one != random);
        // HMAC-SHA256 by OpenSSL, of "share", 0 and the id.
        assert_eq!(one, "24OMYPw9CvLL_94LEzRqqQ");
    }

    #[test]
    fn a_mailbox_has_one_name_however_it_is_known() {
        let names = names(Some("A"), AuditAddresses::Hashed);
        let [known, asked, subject, uri] = owners().map(|owner| names.owner(Some(&owner)));
        assert_eq!(known, asked);
        assert_eq!((known.0, None), (subject.1, subject.0), "of an application it is the subject");
        assert!(uri.1.is_some_and(|name| name.len() == 22 && Some(name) != asked.0));
    }

    #[test]
    fn addresses_are_told_as_the_settings_say() {
        let network: Network = "192.0.2.1".parse::<IpAddr>().expect("an address").into();
        let clear = names(None, AuditAddresses::Clear);
        assert_eq!(clear.network(network).as_deref(), Some("192.0.2.1"));
        let told = owners().map(|owner| clear.owner(Some(&owner)));
        assert_eq!(told[1].0.as_deref(), Some("Ann+1@example.org"));
        assert_eq!(told[3].1.as_deref(), Some("mailto:ann@example.org"));
        let hashed = names(None, AuditAddresses::Hashed);
        let off = names(None, AuditAddresses::Off);
        assert_eq!(off.network(network), None);
        for owner in owners() {
            let (address, subject) = hashed.owner(Some(&owner));
            assert!(address.or(subject).is_some_and(|name| !name.contains("ann")));
            assert_eq!(off.owner(Some(&owner)), (None, None));
        }
        let subject = Owner::Subject("user 17".to_owned());
        assert_eq!(off.owner(Some(&subject)), (None, Some("user 17".to_owned())));
    }
}
