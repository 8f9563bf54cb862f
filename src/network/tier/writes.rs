//! What this server wrote at PayNow lately.
//!
//! Others are told at once. But Redis may not have heard it, or forget it: it was away, it came back from a file or as a
//! replica that was behind. So every time it comes back it is told again, for as long as answers are kept there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::network::Written;
use crate::room::{self, NoMemory};

/// Most customers that are remembered. Beyond, anything may have been changed.
const MOST: usize = 1_000;

#[derive(Default)]
pub(super) struct Writes {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    changed: HashMap<String, Instant>,
    created: Option<Instant>,
    anything: Option<Instant>,
    /// Something did not arrive, as far as is known.
    is_owed: bool,
}

/// What is to be told again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Again {
    Nothing,
    /// New customers, and these changed ones.
    Customers(Vec<String>),
    Anything,
}

impl Writes {
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[inline(never)]
    pub(super) fn note(&self, written: Written<'_>, now: Instant) {
        self.with(|inner| match written {
            Written::Nothing => {}
            Written::Created => inner.created = Some(now),
            Written::Customer(id) => {
                if inner.note(id, now).is_err() {
                    inner.changed = HashMap::new();
                    inner.anything = Some(now);
                }
            }
            Written::Anything => inner.anything = Some(now),
        });
    }

    /// Something may not have arrived.
    #[inline(never)]
    pub(super) fn owe(&self) {
        self.with(|inner| inner.is_owed = true);
    }

    pub(super) fn is_owed(&self) -> bool {
        self.with(|inner| inner.is_owed)
    }

    /// All that was written less than `kept` ago. It is no longer owed.
    pub(super) fn again(&self, kept: Duration, now: Instant) -> Again {
        self.with(|inner| {
            let is_recent = |at: &Instant| now.saturating_duration_since(*at) < kept;
            inner.is_owed = false;
            inner.changed.retain(|_, at| is_recent(at));
            inner.created = inner.created.filter(is_recent);
            inner.anything = inner.anything.filter(is_recent);
            if inner.anything.is_some() {
                return Again::Anything;
            }
            if inner.changed.is_empty() && inner.created.is_none() {
                return Again::Nothing;
            }
            inner.customers().map_or(Again::Anything, Again::Customers)
        })
    }
}

impl Inner {
    fn note(&mut self, id: &str, now: Instant) -> Result<(), NoMemory> {
        if let Some(at) = self.changed.get_mut(id) {
            *at = now;
            return Ok(());
        }
        if self.changed.len() >= MOST {
            return Err(NoMemory);
        }
        self.changed.try_reserve(1)?;
        self.changed.insert(room::text(id)?, now);
        Ok(())
    }

    fn customers(&self) -> Result<Vec<String>, NoMemory> {
        let mut customers = room::list(self.changed.len())?;
        for id in self.changed.keys() {
            customers.push(room::text(id)?);
        }
        Ok(customers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::counting::each_refused;

    const KEPT: Duration = Duration::from_secs(60);

    #[test]
    fn what_was_written_is_told_again_for_as_long_as_answers_are_kept() {
        let (writes, start) = (Writes::default(), Instant::now());
        writes.note(Written::Nothing, start);
        assert_eq!(writes.again(KEPT, start), Again::Nothing);
        writes.note(Written::Created, start);
        assert_eq!(writes.again(KEPT, start), Again::Customers(Vec::new()));
        writes.note(Written::Customer("7"), start);
        writes.note(Written::Customer("7"), start + KEPT / 2);
        let later = start + KEPT;
        assert_eq!(writes.again(KEPT, later), Again::Customers(vec!["7".to_owned()]));
        assert_eq!(writes.again(KEPT, later + KEPT / 2), Again::Nothing);
        writes.note(Written::Anything, later);
        assert_eq!(writes.again(KEPT, later), Again::Anything);
    }

    #[test]
    fn too_many_are_anything() {
        let (writes, now) = (Writes::default(), Instant::now());
        for number in 0..MOST {
            writes.note(Written::Customer(&number.to_string()), now);
        }
        assert!(matches!(writes.again(KEPT, now), Again::Customers(ids) if ids.len() == MOST));
        writes.note(Written::Customer("one more"), now);
        assert_eq!(writes.again(KEPT, now), Again::Anything);
    }

    #[test]
    fn without_memory_anything_was_changed() {
        each_refused(1, || {
            let (writes, now) = (Writes::default(), Instant::now());
            writes.note(Written::Customer("7"), now);
            match writes.again(KEPT, now) {
                Again::Customers(ids) if ids == ["7"] => Ok(()),
                Again::Anything => Err(NoMemory),
                other => panic!("{other:?}"),
            }
        });
    }

    #[test]
    fn what_is_owed_is_owed_until_it_is_told() {
        let writes = Writes::default();
        assert!(!writes.is_owed());
        writes.owe();
        assert!(writes.is_owed());
        writes.again(KEPT, Instant::now());
        assert!(!writes.is_owed());
    }
}
