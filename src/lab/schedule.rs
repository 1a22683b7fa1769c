//! The order in which processes are measured: forth through all cells, then back, so that whatever
//! drifts on the machine (heat, a neighbour, a cache) meets all of them alike.
//!
//! Rounds of processes that only start are spread among those of processes that also run warm, as
//! evenly as they go, and each kind goes forth and back by itself.

use std::time::Duration;

use super::cgroup::PERIOD_US;

/// A process to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Its round; in each, every cell has one process.
    pub round: u32,
    /// Its cell.
    pub cell: usize,
    /// Whether it also runs warm.
    pub warm: bool,
}

/// All processes, in order.
pub fn abba(cells: usize, warm_rounds: u32, cold_rounds: u32) -> impl Iterator<Item = Visit> {
    let rounds = warm_rounds + cold_rounds;
    let (mut warm_done, mut cold_done) = (0_u32, 0_u32);
    (0..rounds).flat_map(move |round| {
        // The last of each share of the rounds.
        let due = u64::from(round + 1) * u64::from(warm_rounds) / u64::from(rounds);
        let warm = due > u64::from(warm_done);
        let done = if warm { &mut warm_done } else { &mut cold_done };
        let back = *done % 2 == 1;
        *done += 1;
        (0..cells).map(move |place| {
            let cell = if back { cells - 1 - place } else { place };
            Visit { round, cell, warm }
        })
    })
}

/// The pause before a warm invocation.
///
/// Were all of them alike, events would meet the quota's periods at the same few places again and
/// again, as a throttled function answers at the start of one: which places would decide on the
/// median. So they are spread over a whole period, evenly, by the golden ratio.
pub fn pause(mean: Duration, number: u32) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let place = (f64::from(number) * GOLDEN).fract();
    mean + spread(mean).mul_f64(place) - spread(mean) / 2
}

/// Over how much time pauses are spread.
pub fn spread(mean: Duration) -> Duration {
    mean.min(Duration::from_micros(PERIOD_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_go_forth_and_back() {
        let order: Vec<_> = abba(3, 3, 0).map(|visit| visit.cell).collect();
        assert_eq!(order, [0, 1, 2, 2, 1, 0, 0, 1, 2]);
        assert!(abba(2, 2, 0).map(|visit| visit.round).eq([0, 0, 1, 1]));
        assert!(abba(2, 2, 0).all(|visit| visit.warm));
    }

    #[test]
    fn events_meet_each_part_of_a_period_alike() {
        let mean = Duration::from_millis(50);
        let mut tenths = [0; 10];
        for number in 0..100 {
            let pause = pause(mean, number).as_secs_f64() * 1000.0;
            assert!((40.0..60.0).contains(&pause), "{pause}");
            tenths[(pause - 40.0) as usize / 2] += 1;
        }
        assert!(tenths.iter().all(|count| (9..=11).contains(count)), "{tenths:?}");
        assert!(pause(Duration::from_millis(1), 1) < Duration::from_millis(2));
    }

    #[test]
    fn cold_rounds_are_spread_among_the_warm_ones() {
        let order = |warm, cold| {
            let visit = |visit: Visit| {
                let letter = if visit.cell == 0 { 'a' } else { 'b' };
                if visit.warm { letter.to_ascii_uppercase() } else { letter }
            };
            abba(2, warm, cold).map(visit).collect::<String>()
        };
        assert_eq!(order(2, 4), "abbaAB abbaBA".replace(' ', ""));
        assert_eq!(order(2, 2), "abAB baBA".replace(' ', ""));
        assert_eq!(order(0, 2), "abba");
        assert_eq!(abba(3, 5, 33).filter(|visit| visit.warm).count(), 15);
    }
}
