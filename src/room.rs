//! Memory that may not be there.
//!
//! Running out of memory ends the process, unless an allocation is made so that it can fail. What is as large as a
//! setting, an argument or an answer says is allocated with what is here; `tests/architecture.rs` finds what is not.

#[cfg(test)]
pub(crate) mod counting;
#[cfg(not(loom))]
mod lines;

#[cfg(not(loom))]
pub(crate) use lines::{free_lines, zeroed_lines};

use std::alloc::Layout;
use std::collections::TryReserveError;
use std::fmt;

/// There is no memory left for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoMemory;

impl NoMemory {
    /// What it means and what to do, in half a sentence.
    pub(crate) const EXPLANATION: &str = "this machine has no memory left for it: free some";
}

impl fmt::Display for NoMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Self::EXPLANATION)
    }
}

impl std::error::Error for NoMemory {}

impl From<TryReserveError> for NoMemory {
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

/// An empty list with room for `count`.
pub(crate) fn list<T>(count: usize) -> Result<Vec<T>, NoMemory> {
    let mut list = Vec::new();
    list.try_reserve_exact(count)?;
    Ok(list)
}

/// All of them, in a list with room for no more.
pub(crate) fn collect<T>(items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>, NoMemory> {
    let mut all = list(items.len())?;
    all.extend(items);
    Ok(all)
}

/// Adds one to a list that grows as needed.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), NoMemory> {
    list.try_reserve(1)?;
    list.push(item);
    Ok(())
}

/// The same list with room for no more.
pub(crate) fn exact<T>(list: Vec<T>) -> Result<Vec<T>, NoMemory> {
    if list.len() == list.capacity() { Ok(list) } else { collect(list.into_iter()) }
}

/// `Clone` for what is as large as an answer.
pub(crate) trait TryClone: Sized {
    /// A copy, of the list or text and everything in it.
    fn try_clone(&self) -> Result<Self, NoMemory>;
}

impl<T: TryClone> TryClone for Option<T> {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        self.as_ref().map(T::try_clone).transpose()
    }
}

impl<T: TryClone> TryClone for Box<T> {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        (**self).try_clone().map(Self::new)
    }
}

impl<T: TryClone> TryClone for Vec<T> {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        let mut copies = list(self.len())?;
        for item in self {
            copies.push(item.try_clone()?);
        }
        Ok(copies)
    }
}

impl<T: TryClone, U: TryClone> TryClone for (T, U) {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        Ok((self.0.try_clone()?, self.1.try_clone()?))
    }
}

impl TryClone for i64 {
    fn try_clone(&self) -> Result<Self, NoMemory> {
        Ok(*self)
    }
}

/// Copies a struct field by field, so that none is forgotten.
macro_rules! try_clone {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::room::TryClone for $name {
            fn try_clone(&self) -> Result<Self, $crate::room::NoMemory> {
                let Self { $($field),* } = self;
                Ok(Self { $($field: $crate::room::TryClone::try_clone($field)?),* })
            }
        }
    };
}
pub(crate) use try_clone;

/// A copy of a text.
pub(crate) fn text(text: &str) -> Result<String, NoMemory> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len())?;
    copy.push_str(text);
    Ok(copy)
}

/// `count` values that are all zeros, in memory that comes zeroed from the system: what is never used takes no physical
/// memory.
///
/// # Safety
///
/// A value of zeros is valid.
pub(crate) unsafe fn zeroed<T>(count: usize) -> Result<Box<[T]>, NoMemory> {
    const { assert!(align_of::<T>() <= 2 * size_of::<usize>(), "see zeroed_lines") };
    let layout = Layout::array::<T>(count).map_err(|_| NoMemory)?;
    if layout.size() == 0 {
        return Ok(collect((0..count).map(|_| {
            // SAFETY: the caller's promise.
            unsafe { std::mem::zeroed() }
        }))?
        .into_boxed_slice());
    }
    // SAFETY: the size is not 0.
    let block = unsafe { std::alloc::alloc_zeroed(layout) };
    if block.is_null() {
        return Err(NoMemory);
    }
    // SAFETY: the block was allocated with the layout of so many values, which are valid as zeros by the caller's
    // promise, and nothing else owns it.
    Ok(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(block.cast(), count)) })
}

#[cfg(test)]
mod tests {
    use super::counting::each_refused;
    use super::*;

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(list::<u64>(usize::MAX / 8).unwrap_err(), NoMemory);
        // SAFETY: numbers are valid as zeros.
        unsafe {
            assert_eq!(zeroed::<u64>(usize::MAX / 2).unwrap_err(), NoMemory, "more than a pointer can tell");
            assert_eq!(zeroed::<[u8; 700]>(usize::MAX / 700).unwrap_err(), NoMemory);
            assert_eq!(*zeroed::<u64>(3).unwrap(), [0, 0, 0]);
            assert_eq!(zeroed::<u64>(0).unwrap().len(), 0);
            assert_eq!(*zeroed::<()>(2).unwrap(), [(), ()]);
        }
    }

    #[test]
    fn what_is_refused_is_an_error() {
        let refused = each_refused(1, || {
            let mut numbers = collect(0..9_u8)?;
            push(&mut numbers, 9)?;
            // SAFETY: numbers are valid as zeros.
            let zeros = unsafe { zeroed::<u8>(4) }?;
            Ok::<_, NoMemory>((numbers, text("words")?, zeros))
        });
        assert_eq!(refused, 4);
    }
}
