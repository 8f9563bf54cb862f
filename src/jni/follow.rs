//! What this face keeps with a request until its completion crosses: the number Java's future is found by, and what the
//! client has to decide about the answer, so that the decision crosses with it.
//!
//! All of it lies in the three words a request carries, so it lives exactly as long as the request: a walk fits into them,
//! a piece of a bulk hangs on one of them. Each word holds 32 bits, whatever the machine.

use crate::client::{Pages, PieceUnderWay};
use crate::runtime::{Attachment, MAX_SLOTS};

/// Where the kind begins, above the ticket.
const KIND: u32 = 24;
const TICKET: u32 = (1 << KIND) - 1;
const ALONE: u8 = 0;
/// Any other number is a walk's limit.
const PIECE: u8 = u8::MAX;

const _: () = assert!(MAX_SLOTS <= TICKET, "each ticket is the place of a request");

/// What follows from the answer to a request.
pub(super) enum Follow {
    /// Nothing.
    Alone,
    /// How far a walk is.
    Page(Pages<'static>),
    /// What became of a bulk's customers.
    Piece(Box<PieceUnderWay>),
}

impl Follow {
    /// How far a walk is, which the next page is compared with.
    pub(super) fn page(walk: &Pages<'_>) -> Self {
        let (limit, place) = walk.to_numbers();
        Self::Page(Pages::from_numbers(limit, place))
    }
}

/// The same, of a request that still has it.
pub(super) enum Following<'a> {
    Alone,
    Page(Pages<'static>),
    Piece(&'a PieceUnderWay),
}

/// What a request is submitted with. Frees what it holds, unless the request was accepted.
pub(super) struct Attached(Attachment);

impl Attached {
    pub(super) fn new(ticket: u32, follow: Follow) -> Self {
        let (kind, words) = match follow {
            Follow::Alone => (ALONE, [std::ptr::null(); 2]),
            Follow::Page(walk) => {
                let (limit, place) = walk.to_numbers();
                (limit, [number(place as u32), number((place >> u32::BITS) as u32)])
            }
            Follow::Piece(piece) => (PIECE, [Box::into_raw(piece).cast_const().cast(), std::ptr::null()]),
        };
        Self(Attachment([number(u32::from(kind) << KIND | ticket & TICKET), words[0], words[1]]))
    }

    pub(super) fn words(&self) -> Attachment {
        self.0
    }

    /// The request was accepted: what is kept is the request's.
    pub(super) fn accepted(self) {
        std::mem::forget(self);
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // SAFETY: no request has these words.
        drop(unsafe { detach(self.0) });
    }
}

/// The number Java's future is found by.
pub(super) fn ticket(attachment: &Attachment) -> u32 {
    bits(attachment.0[0]) & TICKET
}

/// What is kept with a request.
///
/// # Safety
///
/// The words are those of an [`Attached`] that was accepted, and not detached while the result lives; or they are none.
pub(super) unsafe fn following(attachment: &Attachment) -> Following<'_> {
    match kind(attachment) {
        ALONE => Following::Alone,
        // SAFETY: `Attached::new` put the piece there, and it is there by the caller's promise.
        PIECE => Following::Piece(unsafe { &*attachment.0[1].cast() }),
        limit => Following::Page(walk(limit, attachment)),
    }
}

/// Takes what was kept with a request that has ended.
///
/// # Safety
///
/// The words are those of an [`Attached`], and this is the only call for them; or they are none.
pub(super) unsafe fn detach(attachment: Attachment) -> Follow {
    match kind(&attachment) {
        ALONE => Follow::Alone,
        // SAFETY: `Attached::new` made it of a box, which is this caller's alone by its promise.
        PIECE => Follow::Piece(unsafe { Box::from_raw(attachment.0[1].cast_mut().cast()) }),
        limit => Follow::Page(walk(limit, &attachment)),
    }
}

/// Whether a request is a piece of a bulk.
pub(super) fn is_piece(attachment: &Attachment) -> bool {
    kind(attachment) == PIECE
}

fn walk(limit: u8, Attachment([_, low, high]): &Attachment) -> Pages<'static> {
    Pages::from_numbers(limit, u64::from(bits(*high)) << u32::BITS | u64::from(bits(*low)))
}

fn kind(attachment: &Attachment) -> u8 {
    (bits(attachment.0[0]) >> KIND) as u8
}

fn number(bits: u32) -> *const () {
    std::ptr::without_provenance(bits as usize)
}

fn bits(word: *const ()) -> u32 {
    word.addr() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Pieces;
    use crate::operations::Parameter;

    fn piece() -> Follow {
        let mut pieces = Pieces::default();
        pieces.add(|arguments| arguments.text(Parameter::Name, "a customer with a name")).unwrap();
        Follow::Piece(Box::new(pieces.send().unwrap().unwrap().1))
    }

    #[test]
    fn what_is_kept_comes_back() {
        for ticket in [0, 1, MAX_SLOTS - 1] {
            let alone = Attached::new(ticket, Follow::Alone).words();
            assert_eq!((super::ticket(&alone), is_piece(&alone)), (ticket, false));
            // SAFETY: they are the words of nothing that was freed.
            assert!(matches!(unsafe { following(&alone) }, Following::Alone));
            for walk in [Pages::new(1, true, None), Pages::new(100, false, None).after(i64::MAX as u64)] {
                let page = Attached::new(ticket, Follow::Page(walk.clone())).words();
                assert_eq!((super::ticket(&page), is_piece(&page)), (ticket, false));
                // SAFETY: as above.
                assert!(matches!(unsafe { following(&page) }, Following::Page(kept) if kept == walk));
            }
            let attached = Attached::new(ticket, piece());
            let words = attached.words();
            attached.accepted();
            assert_eq!((super::ticket(&words), is_piece(&words)), (ticket, true));
            // SAFETY: as above.
            assert!(matches!(unsafe { following(&words) }, Following::Piece(piece) if piece.len() == 1));
            // SAFETY: as above, and nothing else detaches them.
            assert!(matches!(unsafe { detach(words) }, Follow::Piece(piece) if piece.len() == 1));
        }
        // SAFETY: they are none.
        assert!(matches!(unsafe { following(&Attachment::NONE) }, Following::Alone));
    }

    #[test]
    fn what_was_not_accepted_is_freed() {
        let (_, held) = crate::room::counting::held_by(|| drop(Attached::new(3, piece())));
        assert_eq!(held, 0);
    }
}
