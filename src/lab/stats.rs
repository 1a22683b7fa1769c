//! Turns raw samples into summaries, and pairs of samples into the median of their ratios with the
//! interval it is known to.
//!
//! Pairs, because a machine is now faster and now slower, for minutes at a time, by a factor of up
//! to two: what two variants took one right after the other differs by the variants alone.
//!
//! The interval is a percentile bootstrap of that median. No published crate offers one: `stats-ci`
//! has intervals for one sample's median that know no pairs, `bootstrap-ht` has p-values only, and
//! criterion keeps its own to itself. The resampling is seeded, so that a report can be computed
//! again from its samples.

use serde::{Deserialize, Serialize};

const RESAMPLES: usize = 10_000;
const CONFIDENCE: f64 = 0.95;
const SEED: u64 = 0x6c61_6d62_6461;

/// What a set of samples amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there are.
    pub count: usize,
    /// The smallest.
    pub min: f64,
    /// Their mean.
    pub mean: f64,
    /// Their median.
    pub p50: f64,
    /// Nine tenths are at most this.
    pub p90: f64,
    /// 99 in a hundred are at most this.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Summary {
    /// None of no samples.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            count: sorted.len(),
            min: *sorted.first()?,
            mean: mean(&sorted)?,
            p50: median_of_sorted(&sorted),
            p90: percentile(&sorted, 0.9),
            p99: percentile(&sorted, 0.99),
            max: *sorted.last()?,
        })
    }
}

/// The mean; none of no samples.
pub fn mean(samples: &[f64]) -> Option<f64> {
    (!samples.is_empty()).then(|| samples.iter().sum::<f64>() / samples.len() as f64)
}

/// The median; NaN of no samples.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

fn median_of_sorted(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
    }
}

/// The smallest sample that the given share of them does not exceed.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// How many times as much a baseline takes as a variant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The median of what the baseline takes by what the variant takes: above 1, it takes less.
    pub ratio: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Ratio {
    /// Of pairs of what the baseline and the variant took. None of fewer than two, or where there
    /// is nothing to divide by.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let ratios = pairs.into_iter().map(|(baseline, variant)| baseline / variant);
        let ratios: Vec<f64> = ratios.filter(|ratio| !ratio.is_nan()).collect();
        if ratios.len() < 2 {
            return None;
        }
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut resampled: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let drawn = ratios.iter().map(|_| ratios[random.usize(..ratios.len())]);
                median(&drawn.collect::<Vec<f64>>())
            })
            .collect();
        resampled.sort_by(f64::total_cmp);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        let (low, high) = (percentile(&resampled, tail), percentile(&resampled, 1.0 - tail));
        let ratio = median(&ratios);
        [ratio, low, high].iter().all(|value| value.is_finite()).then_some(Self {
            ratio,
            low,
            high,
        })
    }

    /// Whether the interval leaves out 1, which would mean no difference.
    pub fn significant(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_of_known_samples() {
        let samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let summary = Summary::of(&samples).expect("samples");
        let Summary { count, min, mean, p50, p90, p99, max } = summary;
        assert_eq!(
            (count, min, mean, p50, p90, p99, max),
            (100, 1.0, 50.5, 50.5, 90.0, 99.0, 100.0)
        );
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[7.0]).expect("a sample").p99, 7.0);
    }

    #[test]
    fn a_clear_difference_is_significant_and_chance_is_not() {
        let around =
            |middle: f64| (-5..=5).map(|step| middle + f64::from(step)).collect::<Vec<_>>();
        let pairs = |a: Vec<f64>, b: Vec<f64>| a.into_iter().zip(b);
        let clear = Ratio::of(pairs(around(1000.0), around(100.0))).expect("samples");
        assert_eq!(clear.ratio, 10.0);
        assert!(clear.significant() && 9.0 < clear.low && clear.low < 10.0 && clear.high < 11.0);

        let mut turned = around(101.0);
        turned.reverse();
        let chance = Ratio::of(pairs(around(100.0), turned)).expect("samples");
        assert!(!chance.significant(), "{chance:?}");
        assert!(chance.low < chance.ratio && chance.ratio < chance.high);
        assert_eq!(Ratio::of([(1.0, 100.0)]), None);
        assert_eq!(Ratio::of([(1.0, 0.0), (2.0, 0.0)]), None);
        assert_eq!(Ratio::of([(0.0, 0.0), (0.0, 0.0)]), None);
    }

    #[test]
    fn what_slows_both_of_a_pair_changes_nothing() {
        let speeds = [1.0, 2.0, 1.1, 1.9, 1.0, 2.1];
        let ratio = Ratio::of(speeds.map(|speed| (40.0 * speed, 10.0 * speed))).expect("samples");
        assert_eq!([ratio.low, ratio.ratio, ratio.high], [4.0; 3]);
    }
}
