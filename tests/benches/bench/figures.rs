//! What many measurements come to.

use std::fmt;

/// The middle of the samples and their ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one sample.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut samples: Vec<f64> = samples.into_iter().collect();
        samples.sort_by(f64::total_cmp);
        Self {
            min: quantile(&samples, 0.0),
            median: quantile(&samples, 0.5),
            max: quantile(&samples, 1.0),
        }
    }
}

impl fmt::Display for Spread {
    /// As three cells of a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} | {:.0} | {:.0}", self.min, self.median, self.max)
    }
}

/// The smallest sample that at least the share `q` of the samples does not exceed; NaN of none.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
