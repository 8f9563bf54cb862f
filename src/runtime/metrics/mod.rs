//! What is counted for metrics beside the numbers about a client: how long requests take, and how it stands with the rate.
//!
//! Threads of the library write it, any thread reads it, and neither waits. No host's thread writes here: a tick costs the
//! same with metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::operations::{OperationId, Status};
use crate::room::{self, NoMemory};
use crate::runtime::mailbox::Answered;

/// Where each bucket but the last ends: from an answer out of memory to the default deadline, and twice that. In
/// microseconds.
pub(crate) const BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000, 20_000_000,
];
const BUCKETS: usize = BOUNDS.len() + 1;
/// Of one histogram: its buckets, and the sum.
const CELLS: usize = BUCKETS + 1;
const OUTCOMES: usize = Status::ALL.len();
const OPERATIONS: usize = OperationId::ALL.len();
const KINDS: usize = 2;

/// What a histogram is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// From when a request was accepted until its answer was there.
    Answer,
    /// From when it was accepted until it was first sent, or ended without.
    Queue,
}

/// A histogram at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// How many fell into each bucket, the last being what is longer than all bounds.
    pub(crate) buckets: [u64; BUCKETS],
    pub(crate) sum: Duration,
}

impl Histogram {
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// How the rules stand that are not among the numbers about a client.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Vitals {
    /// Questions that wait for a worker, the rate, or their next attempt.
    pub(crate) waiting: usize,
    /// What may be sent in a second; 0 while nothing may. `None` where no limit is known.
    pub(crate) rate: Option<f64>,
    /// How many attempts may be under way at once. `None` while no limit is kept.
    pub(crate) concurrency: Option<usize>,
}

/// What is counted. It orders nothing, so these are plain atomics also where a model checker looks.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Of every operation with every outcome both histograms. What is never touched takes no physical memory.
    cells: Box<[AtomicU64]>,
    waiting: AtomicU64,
    /// The bits of a number, which is infinite where no limit is known.
    rate: AtomicU64,
    /// The largest number where no limit is kept.
    concurrency: AtomicU64,
}

impl Metrics {
    pub(in crate::runtime) fn new() -> Result<Self, NoMemory> {
        // SAFETY: an atomic number is valid as zeros.
        let cells = unsafe { room::zeroed(OPERATIONS * OUTCOMES * KINDS * CELLS) }?;
        Ok(Self {
            cells,
            waiting: AtomicU64::new(0),
            rate: AtomicU64::new(f64::INFINITY.to_bits()),
            concurrency: AtomicU64::new(u64::MAX),
        })
    }

    /// A request was answered, or failed.
    pub(in crate::runtime) fn answered(&self, answered: &Answered) {
        let Answered { operation, status, took, queued } = *answered;
        self.note(Measure::Answer, operation, status, took);
        if let Some(queued) = queued {
            self.note(Measure::Queue, operation, status, queued);
        }
    }

    fn note(&self, measure: Measure, operation: OperationId, status: Status, time: Duration) {
        let Some(cells) = self.cells(measure, operation, status) else { return };
        let bucket = BOUNDS.partition_point(|bound| Duration::from_micros(*bound) < time);
        cells[bucket].fetch_add(1, Ordering::Relaxed);
        cells[BUCKETS].fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn cells(&self, measure: Measure, operation: OperationId, status: Status) -> Option<&[AtomicU64]> {
        let operation = OperationId::ALL.iter().position(|id| *id == operation)?;
        let outcome = Status::ALL.iter().position(|of_all| *of_all == status)?;
        let place = ((operation * OUTCOMES + outcome) * KINDS + measure as usize) * CELLS;
        self.cells.get(place..place + CELLS)
    }

    /// What was counted of an operation and an outcome; `None` when there was no such request.
    pub(crate) fn histogram(
        &self,
        measure: Measure,
        operation: OperationId,
        status: Status,
    ) -> Option<Histogram> {
        let cells = self.cells(measure, operation, status)?;
        let mut buckets = [0; BUCKETS];
        for (count, cell) in buckets.iter_mut().zip(cells) {
            *count = cell.load(Ordering::Relaxed);
        }
        let sum = Duration::from_nanos(cells[BUCKETS].load(Ordering::Relaxed));
        let histogram = Histogram { buckets, sum };
        (histogram.count() > 0).then_some(histogram)
    }

    pub(in crate::runtime) fn publish(&self, vitals: Vitals) {
        self.waiting.store(vitals.waiting as u64, Ordering::Relaxed);
        self.rate.store(vitals.rate.unwrap_or(f64::INFINITY).to_bits(), Ordering::Relaxed);
        self.concurrency.store(vitals.concurrency.map_or(u64::MAX, |limit| limit as u64), Ordering::Relaxed);
    }

    pub(crate) fn vitals(&self) -> Vitals {
        let rate = f64::from_bits(self.rate.load(Ordering::Relaxed));
        let waiting = usize::try_from(self.waiting.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let concurrency = match self.concurrency.load(Ordering::Relaxed) {
            u64::MAX => None,
            limit => usize::try_from(limit).ok(),
        };
        Vitals { waiting, rate: rate.is_finite().then_some(rate), concurrency }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn answered(
        operation: OperationId,
        status: Status,
        took: Duration,
        queued: Option<Duration>,
    ) -> Answered {
        Answered { operation, status, took, queued }
    }

    #[test]
    fn each_time_is_in_the_bucket_it_belongs_to() {
        let metrics = Metrics::new().unwrap();
        let operation = OperationId::TokenFor;
        let times = [
            (0, 0),
            (500_000, 0),
            (500_001, 1),
            (1_000_000, 1),
            (20_000_000_000, BUCKETS - 2),
            (20_000_000_001, BUCKETS - 1),
            (3_600_000_000_000, BUCKETS - 1),
        ];
        let mut expected = [0; BUCKETS];
        for (nanoseconds, bucket) in times {
            expected[bucket] += 1;
            let took = Duration::from_nanos(nanoseconds);
            metrics.answered(&answered(operation, Status::Ok, took, None));
        }
        let histogram = metrics.histogram(Measure::Answer, operation, Status::Ok).unwrap();
        assert_eq!((histogram.buckets, histogram.count()), (expected, times.len() as u64));
        assert_eq!(
            histogram.sum,
            times.iter().map(|(time, _)| Duration::from_nanos(*time)).sum::<Duration>()
        );
        assert_eq!(metrics.histogram(Measure::Queue, operation, Status::Ok), None, "it is not known");
    }

    #[test]
    fn every_operation_and_outcome_is_counted_by_itself() {
        let metrics = Metrics::new().unwrap();
        let mut time = 0;
        let mut all = Vec::new();
        for operation in OperationId::ALL {
            for status in Status::ALL {
                time += 1;
                all.push((*operation, *status, Duration::from_nanos(time), Duration::from_secs(time)));
            }
        }
        for (operation, status, took, queued) in &all {
            metrics.answered(&answered(*operation, *status, *took, Some(*queued)));
        }
        for (operation, status, took, queued) in &all {
            for (measure, time) in [(Measure::Answer, took), (Measure::Queue, queued)] {
                let histogram = metrics.histogram(measure, *operation, *status).unwrap();
                assert_eq!((histogram.count(), histogram.sum), (1, *time), "{operation:?} {status:?}");
            }
        }
    }

    #[test]
    fn limits_are_told_where_they_are_known() {
        let metrics = Metrics::new().unwrap();
        assert_eq!(metrics.vitals(), Vitals::default());
        let known = Vitals { waiting: 3, rate: Some(0.5), concurrency: Some(0) };
        for vitals in [known, Vitals::default()] {
            metrics.publish(vitals);
            assert_eq!(metrics.vitals(), vitals);
        }
    }

    #[test]
    fn what_is_counted_takes_little() {
        assert!(OPERATIONS * OUTCOMES * KINDS * CELLS * size_of::<AtomicU64>() <= 80 * 1024);
    }
}
