//! "A reader never meets a value that is being freed", in every order the steps can take. Run by
//! `tests/verify/loom.sh`.

use loom::thread;

use super::table::{Table, table};
use crate::sync::{Cell, explore};
use std::sync::Arc;

/// A value whose reading and freeing the model checker watches.
struct Watched(Cell<u64>);

// SAFETY: the model checker reports every access that is not ordered.
unsafe impl Send for Watched {}
// SAFETY: as above.
unsafe impl Sync for Watched {}

impl Watched {
    fn new(number: u64) -> Self {
        Self(Cell::new(number))
    }

    fn read(&self) -> u64 {
        // SAFETY: the model checker reports a write at the same time.
        unsafe { *self.0.reading() }
    }

    fn free(self) -> u64 {
        // SAFETY: the value is owned; the model checker reports readers.
        unsafe { std::mem::replace(&mut *self.0.writing(), u64::MAX) }
    }
}

fn reading(table: &Arc<Table<Watched>>, rounds: usize) -> thread::JoinHandle<()> {
    let table = Arc::clone(table);
    thread::spawn(move || {
        let mut last = 0;
        for _ in 0..rounds {
            if let Some(number) = table.read(0, Watched::read) {
                assert!((last..4).contains(&number), "{number} after {last}");
                last = number;
            }
        }
    })
}

#[test]
fn readers_meet_whole_values_and_the_writer_frees_them_once() {
    explore("cache table", 3, || {
        let (table, mut writer) = table(1, 2).unwrap();
        let table = Arc::new(table);
        let readers = [reading(&table, 1), reading(&table, 2)];
        let mut freed = Vec::new();
        for number in 1..4 {
            // A node that comes free is used again at once.
            if let Err(Some(refused)) = writer.replace(0, Some(Watched::new(number))) {
                freed.push(refused.free());
            }
            writer.reclaim(|value| freed.push(value.free()));
        }
        assert!(writer.replace(0, None).is_ok());
        for reader in readers {
            reader.join().unwrap();
        }
        writer.reclaim(|value| freed.push(value.free()));
        freed.sort_unstable();
        assert_eq!(freed, [1, 2, 3]);
    });
}

#[test]
fn a_reader_that_comes_as_the_place_is_emptied_is_counted_where_it_read() {
    explore("cache table emptied", 4, || {
        let (table, mut writer) = table(1, 0).unwrap();
        let table = Arc::new(table);
        assert!(writer.replace(0, Some(Watched::new(1))).is_ok());
        let readers = [reading(&table, 1), reading(&table, 1)];
        assert!(writer.replace(0, None).is_ok());
        let mut freed = 0;
        writer.reclaim(|value| freed += value.free());
        if writer.replace(0, Some(Watched::new(2))).is_ok() {
            assert_eq!(freed, 1, "the only node was used while it was read");
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
}
