//! One-time codes from an `otpauth://totp/` URI (RFC 6238), as a field of kind `totp` holds it.

use crate::time::Timestamp;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::fmt::Write;
use zeroize::Zeroizing;

const PREFIX: &str = "otpauth://totp/";

/// A source of one-time codes.
pub struct Totp {
    secret: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
    digits: u32,
    period: u64,
}

/// A code and for how long it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// 6 to 8 digits.
    pub digits: String,
    /// Seconds till the next one: 1 … period.
    pub seconds_left: u64,
}

enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Totp {
    /// Reads an `otpauth://totp/` URI; `None` if no codes can be made from it.
    pub fn parse(uri: &str) -> Option<Self> {
        let (_, query) = uri.strip_prefix(PREFIX)?.split_once('?')?;
        let mut totp = Self {
            secret: Zeroizing::default(),
            algorithm: Algorithm::Sha1,
            digits: 6,
            period: 30,
        };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "secret" => totp.secret = secret(value)?,
                "algorithm" => {
                    totp.algorithm = match value {
                        "SHA1" => Algorithm::Sha1,
                        "SHA256" => Algorithm::Sha256,
                        "SHA512" => Algorithm::Sha512,
                        _ => return None,
                    }
                }
                "digits" => totp.digits = value.parse().ok().filter(|n| (6..=8).contains(n))?,
                "period" => totp.period = value.parse().ok().filter(|n| (1..=3600).contains(n))?,
                _ => {}
            }
        }
        (!totp.secret.is_empty()).then_some(totp)
    }

    /// The URI for what a person typed: such a URI, or a secret in base32 as sites show it, in groups
    /// and in small letters too. `None` if it is neither.
    pub fn uri_of(typed: &str, label: &str) -> Option<String> {
        let typed = typed.trim();
        if Self::parse(typed).is_some() {
            return Some(typed.to_owned());
        }
        let secret = BASE32_NOPAD.encode(&secret(typed)?);
        let label = if label.is_empty() { "Waxseal" } else { label };
        Some(format!("{PREFIX}{}?secret={secret}", percent_encoded(label)))
    }

    /// The code at `now`.
    pub fn at(&self, now: Timestamp) -> Code {
        let seconds = now.unix_millis() / 1000;
        let step = (seconds / self.period).to_be_bytes();
        let mac = match self.algorithm {
            Algorithm::Sha1 => mac::<Hmac<Sha1>>(&self.secret, &step),
            Algorithm::Sha256 => mac::<Hmac<Sha256>>(&self.secret, &step),
            Algorithm::Sha512 => mac::<Hmac<Sha512>>(&self.secret, &step),
        };
        // RFC 4226 section 5.3: the last four bits say which 31 bits count.
        let offset = usize::from(mac[mac.len() - 1] & 15);
        let word = [mac[offset], mac[offset + 1], mac[offset + 2], mac[offset + 3]];
        let code = (u32::from_be_bytes(word) & 0x7fff_ffff) % 10_u32.pow(self.digits);
        Code {
            digits: format!("{code:0width$}", width = self.digits as usize),
            seconds_left: self.period - seconds % self.period,
        }
    }
}

/// Base32 without what people and sites put between: spaces, hyphens, padding, small letters.
fn secret(typed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut canonical = Zeroizing::new(typed.to_ascii_uppercase());
    canonical.retain(|c| !matches!(c, ' ' | '-' | '='));
    let secret = BASE32_NOPAD.decode(canonical.as_bytes()).ok()?;
    (!secret.is_empty()).then(|| Zeroizing::new(secret))
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes any text");
        }
        encoded
    })
}

fn mac<M: Mac + KeyInit>(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(uri: &str, seconds: u64) -> Option<String> {
        Totp::parse(uri).map(|totp| totp.at(Timestamp::from_unix_millis(seconds * 1000)).digits)
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let sha1 = BASE32_NOPAD.encode(b"12345678901234567890");
        let sha256 = BASE32_NOPAD.encode(b"12345678901234567890123456789012");
        let sha512 = BASE32_NOPAD
            .encode(b"1234567890123456789012345678901234567890123456789012345678901234");
        for (seconds, one, two, five) in [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ] {
            for (secret, algorithm, expected) in
                [(&sha1, "SHA1", one), (&sha256, "SHA256", two), (&sha512, "SHA512", five)]
            {
                let uri =
                    format!("otpauth://totp/x?secret={secret}&algorithm={algorithm}&digits=8");
                assert_eq!(code(&uri, seconds).as_deref(), Some(expected), "{algorithm} {seconds}");
            }
        }
    }

    #[test]
    fn a_code_is_good_until_the_end_of_its_period() {
        let totp = Totp::parse("otpauth://totp/x?secret=JBSWY3DP&period=60").expect("a URI");
        for (now, left) in
            [(0, 60), (999, 60), (1000, 59), (59_999, 1), (60_000, 60), (130_000, 50)]
        {
            assert_eq!(totp.at(Timestamp::from_unix_millis(now)).seconds_left, left, "{now} ms");
        }
    }

    #[test]
    fn a_secret_as_sites_show_it_becomes_a_uri() {
        let uri = Totp::uri_of(" jbsw y3dp-ehpk 3pxp ", "Mail & co").expect("a secret");
        assert_eq!(uri, "otpauth://totp/Mail%20%26%20co?secret=JBSWY3DPEHPK3PXP");
        assert_eq!(Totp::uri_of(&uri, "other"), Some(uri.clone()));
    }

    #[test]
    fn what_makes_no_codes_is_refused() {
        for bad in [
            "",
            "otpauth://hotp/x?secret=JBSWY3DP",
            "otpauth://totp/x",
            "otpauth://totp/x?secret=",
            "otpauth://totp/x?secret=1",
            "otpauth://totp/x?secret=JBSWY3DP&digits=5",
            "otpauth://totp/x?secret=JBSWY3DP&period=0",
            "otpauth://totp/x?secret=JBSWY3DP&algorithm=MD5",
        ] {
            assert!(Totp::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(Totp::uri_of("not base32 at all!", ""), None);
    }
}
