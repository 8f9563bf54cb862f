//! "Never freed under a call, and freed once", in every order the steps of the threads can take. Run by
//! `tests/verify/loom.sh`.

use std::sync::Arc;

use loom::thread;

use super::*;
use crate::sync::{AtomicUsize, Cell, explore};

/// A thing that is written to when it is freed: a thread that still reads it is caught.
struct Thing {
    value: Cell<u32>,
    freed: Arc<AtomicUsize>,
}

impl Thing {
    fn read(&self) -> u32 {
        // SAFETY: the table promises that it is not freed meanwhile, which is what is tested.
        unsafe { *self.value.reading() }
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        // SAFETY: the table promises that no thread is inside, which is what is tested.
        unsafe { *self.value.writing() = 0 };
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

fn thing(value: u32, freed: &Arc<AtomicUsize>) -> Box<Thing> {
    Box::new(Thing { value: Cell::new(value), freed: Arc::clone(freed) })
}

#[test]
fn what_is_destroyed_under_calls_is_freed_once_and_after_them() {
    explore("destroyed under calls", 3, || {
        let handles = Arc::new(Handles::<_, 1>::new());
        let freed = Arc::new(AtomicUsize::new(0));
        let handle = handles.reserve().unwrap().publish(thing(7, &freed));
        let others: Vec<_> = [false, true]
            .into_iter()
            .map(|destroys| {
                let handles = Arc::clone(&handles);
                thread::spawn(move || {
                    let Some(inside) = handles.enter(handle) else { return };
                    assert_eq!(inside.read(), 7);
                    if destroys {
                        inside.retire();
                    }
                })
            })
            .collect();
        if let Some(inside) = handles.enter(handle) {
            assert_eq!(inside.read(), 7);
            inside.retire();
        }
        for other in others {
            other.join().unwrap();
        }
        assert!(handles.enter(handle).is_none());
        assert_eq!(freed.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_next_owner_of_a_place_is_never_taken_for_the_last_one() {
    explore("a place's next owner", 3, || {
        let handles = Arc::new(Handles::<_, 1>::new());
        let freed = Arc::new(AtomicUsize::new(0));
        let first = handles.reserve().unwrap().publish(thing(1, &freed));
        let maker = {
            let (handles, freed) = (Arc::clone(&handles), Arc::clone(&freed));
            thread::spawn(move || {
                let reservation = handles.reserve()?;
                Some(reservation.publish(thing(2, &freed)))
            })
        };
        let caller = {
            let handles = Arc::clone(&handles);
            thread::spawn(move || {
                if let Some(inside) = handles.enter(first) {
                    assert_eq!(inside.read(), 1);
                }
                if let Some(inside) = handles.enter_place(0) {
                    assert!(matches!(inside.read(), 1 | 2));
                }
            })
        };
        handles.enter(first).unwrap().retire();
        caller.join().unwrap();
        let second = maker.join().unwrap();
        assert_eq!(freed.load(Ordering::Relaxed), 1);
        if let Some(second) = second {
            let inside = handles.enter(second).unwrap();
            assert_eq!(inside.read(), 2);
            inside.retire();
        }
    });
}
