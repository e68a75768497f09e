//! Chance that can be had again: everything random in a test comes from one printed number.

/// Random numbers out of a seed (xorshift64*).
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    /// Those of this seed.
    pub fn new(seed: u64) -> Self {
        // Zero has no numbers.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The seed in `WAXSEAL_SEED`, to see a failure again, or another one each time.
    ///
    /// # Errors
    /// If that is no number, or the system has no random numbers.
    pub fn seed() -> anyhow::Result<u64> {
        match std::env::var("WAXSEAL_SEED") {
            Ok(seed) => Ok(seed.parse()?),
            Err(_) => Ok(getrandom::u32()?.into()),
        }
    }

    /// Any number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    /// Yes in so many of a hundred cases.
    pub fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    /// One of several.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).expect("an index")]
    }

    /// Bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        self.noise(N).try_into().expect("as long as asked")
    }

    /// Any number of bytes.
    pub fn noise(&mut self, len: usize) -> Vec<u8> {
        let mut noise = Vec::with_capacity(len + 8);
        while noise.len() < len {
            noise.extend(self.roll().to_be_bytes());
        }
        noise.truncate(len);
        noise
    }
}
