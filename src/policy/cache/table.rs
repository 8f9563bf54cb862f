//! A table whose readers never wait.
//!
//! Contract: [`Table::read`] is two atomic additions around the caller's look at the value, whatever a writer is
//! doing, or was doing when it was stopped. It takes no lock, retries nothing, makes no system call, and neither
//! allocates nor frees, not even on a thread's first read. A value that was replaced stays until its last reader has
//! left; only the one [`Writer`] drops values, in [`Writer::reclaim`].
//!
//! Each place is one word: the number of the node that holds its value, and how many readers have come since the
//! node was put there. A reader counts itself and learns the number in one step, so a writer cannot take the node
//! away in between. When it is done, the reader counts itself again on the node. A writer that swaps the word learns
//! how many readers came; when as many have left, no reader can reach the node any more.
//!
//! Both counts wrap around at 2^32. They are only compared with each other, and fewer readers than that are in one
//! node at a time.

use std::sync::Arc;

use crate::sync::{AtomicU32, AtomicU64, Cell, Ordering, zeros};

const ONE_READER: u64 = 1 << 32;

/// The number of a word's node; 0 for an empty place.
fn number_of(word: u64) -> u32 {
    (word & u64::from(u32::MAX)) as u32
}

/// How many readers came since the node was put into its place.
fn readers_of(word: u64) -> u32 {
    (word >> 32) as u32
}

struct Node<T> {
    /// How many readers have left.
    left: AtomicU32,
    value: Cell<Option<T>>,
}

struct Shared<T> {
    places: Box<[AtomicU64]>,
    /// Number 1 is the first.
    nodes: Box<[Node<T>]>,
}

// SAFETY: readers only get `&T`, on any thread; values are moved and dropped by the thread that has the writer.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}
// SAFETY: it owns its values.
unsafe impl<T: Send> Send for Shared<T> {}

impl<T> Shared<T> {
    fn node(&self, number: u32) -> &Node<T> {
        &self.nodes[number as usize - 1]
    }
}

/// Where values are read.
pub(super) struct Table<T> {
    shared: Arc<Shared<T>>,
}

/// What replaces values. There is one for each table.
pub(super) struct Writer<T> {
    shared: Arc<Shared<T>>,
    free: Vec<u32>,
    /// Taken out of their places, and perhaps still read.
    limbo: Vec<Retired>,
}

struct Retired {
    number: u32,
    /// How many readers came in all.
    readers: u32,
}

/// Counts a reader out, also when it panics.
struct Reading<'a>(&'a AtomicU32);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // Release: what was read must not be dropped before.
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// A table of this many empty places. At most `spare` values that were replaced can wait for their readers.
pub(super) fn table<T>(places: usize, spare: usize) -> (Table<T>, Writer<T>) {
    let count = u32::try_from(places + spare).expect("a table has fewer than 2^32 nodes");
    let nodes = (0..count).map(|_| Node { left: AtomicU32::new(0), value: Cell::new(None) }).collect();
    let shared = Arc::new(Shared { places: zeros(places), nodes });
    let writer = Writer { shared: Arc::clone(&shared), free: (1..=count).rev().collect(), limbo: Vec::new() };
    (Table { shared }, writer)
}

/// What a table of that size takes, full or empty.
pub(super) const fn table_bytes<T>(places: usize, spare: usize) -> usize {
    places * size_of::<AtomicU64>() + (places + spare) * (size_of::<Node<T>>() + size_of::<u32>())
}

impl<T> Table<T> {
    /// Looks at the value in a place. Never waits.
    pub(super) fn read<R>(&self, place: usize, look: impl FnOnce(&T) -> R) -> Option<R> {
        let word = &self.shared.places[place];
        // An empty place needs no counting, and leaves the cache line shared.
        if number_of(word.load(Ordering::Relaxed)) == 0 {
            return None;
        }
        // Acquire: the writer filled the node before it put it here.
        let number = number_of(word.fetch_add(ONE_READER, Ordering::Acquire));
        if number == 0 {
            return None;
        }
        let node = self.shared.node(number);
        let _reading = Reading(&node.left);
        // SAFETY: this reader is counted in the word and not yet in `left`, so the writer leaves the node alone.
        let value = unsafe { &*node.value.reading() };
        value.as_ref().map(look)
    }
}

impl<T> Writer<T> {
    /// What is in a place now.
    pub(super) fn current(&self, place: usize) -> Option<&T> {
        // Relaxed: only this writer changes the number.
        let number = number_of(self.shared.places[place].load(Ordering::Relaxed));
        if number == 0 {
            return None;
        }
        // SAFETY: only `replace` and `reclaim` change a node, and they need `&mut self`.
        unsafe { (*self.shared.node(number).value.reading()).as_ref() }
    }

    /// Puts a value into a place, or empties it. Gives the value back when too many wait for their readers.
    pub(super) fn replace(&mut self, place: usize, value: Option<T>) -> Result<(), T> {
        let number = match value {
            None => 0,
            Some(value) => {
                let Some(number) = self.free.pop() else {
                    return Err(value);
                };
                let node = self.shared.node(number);
                node.left.store(0, Ordering::Relaxed);
                // SAFETY: a free node is in no place, and every reader it had has left.
                unsafe { *node.value.writing() = Some(value) };
                number
            }
        };
        // Release: readers find the node filled.
        let word = self.shared.places[place].swap(number.into(), Ordering::Release);
        if number_of(word) != 0 {
            self.limbo.push(Retired { number: number_of(word), readers: readers_of(word) });
        }
        Ok(())
    }

    /// Takes out every replaced value whose readers have left.
    pub(super) fn reclaim(&mut self, mut unread: impl FnMut(T)) {
        let mut index = 0;
        while let Some(&Retired { number, readers }) = self.limbo.get(index) {
            let node = self.shared.node(number);
            // Acquire: each reader was done with the value before it left.
            if node.left.load(Ordering::Acquire) != readers {
                index += 1;
                continue;
            }
            // SAFETY: the node is in no place any more, so no reader comes, and all that came have left.
            let value = unsafe { (*node.value.writing()).take() };
            self.limbo.swap_remove(index);
            self.free.push(number);
            if let Some(value) = value {
                unread(value);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_value_waits_for_its_readers() {
        let (table, mut writer) = table(2, 1);
        writer.replace(0, Some(1)).unwrap();
        assert_eq!(table.read(0, |value| *value), Some(1));
        assert_eq!(table.read(1, |value| *value), None);
        let mut freed = Vec::new();
        table.read(0, |value| {
            writer.replace(0, Some(2)).unwrap();
            writer.reclaim(|value| freed.push(value));
            assert!(freed.is_empty());
            assert_eq!(table.read(0, |value| *value), Some(2), "another reader finds the new one");
            writer.replace(0, Some(3)).unwrap();
            writer.reclaim(|value| freed.push(value));
            assert_eq!(freed, [2], "whose reader has left");
            writer.replace(1, Some(4)).unwrap();
            assert_eq!(writer.replace(0, Some(5)), Err(5), "the one spare node is held");
            assert_eq!(*value, 1);
        });
        writer.replace(0, None).unwrap();
        writer.reclaim(|value| freed.push(value));
        assert_eq!(freed, [2, 1, 3]);
        assert_eq!((writer.current(0), writer.current(1)), (None, Some(&4)));
    }

    #[test]
    fn a_reader_that_panics_has_left() {
        let (table, mut writer) = table(1, 1);
        writer.replace(0, Some(1)).unwrap();
        let panicking = std::panic::AssertUnwindSafe(|| table.read(0, |_| panic!("while reading")));
        assert!(std::panic::catch_unwind(panicking).is_err());
        writer.replace(0, None).unwrap();
        let mut freed = 0;
        writer.reclaim(|_| freed += 1);
        assert_eq!(freed, 1);
    }

    #[test]
    fn counts_may_wrap_around() {
        let (table, mut writer) = table(1, 1);
        writer.replace(0, Some(1)).unwrap();
        // As if all but two of the readers that fit into the count had come and left.
        table.shared.places[0].fetch_add(ONE_READER * (u64::from(u32::MAX) - 1), Ordering::Relaxed);
        table.shared.node(1).left.store(u32::MAX - 1, Ordering::Relaxed);
        for _ in 0..3 {
            assert_eq!(table.read(0, |value| *value), Some(1));
        }
        let mut freed = 0;
        table.read(0, |_| {
            writer.replace(0, None).unwrap();
            writer.reclaim(|_| freed += 1);
            assert_eq!(freed, 0);
        });
        writer.reclaim(|_| freed += 1);
        assert_eq!(freed, 1);
    }
}
