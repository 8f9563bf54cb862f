//! Lists longer than a page and bulks larger than a request.
//!
//! Java keeps how far it is; what a page or a piece means is the client's to say. An answer is freed when it crosses, so
//! what matters of it comes back as text.

use jni::sys::{JNIEnv, jboolean, jclass, jint, jintArray, jlong, jlongArray, jobjectArray, jstring};

use super::encode;
use super::env::{Caller, contain};
use super::operations::{Common, FIELDS, add_fields, export, submit};
use super::text::{JavaText, JavaTexts, optional};
use crate::client::{BulkOutcome, Identity, Pages, outcomes, piece_length};
use crate::operations::{self, Arguments, InvalidArgument, Parameter, Sent};

/// What Java gives for a number that is the client's to choose.
const UNSET: jint = -1;
/// Stand for what became of a customer, where a place would be.
const FAILED: jint = -1;
const UNKNOWN: jint = -2;

/// Makes a walk of what Java keeps of it. `cursor` is the id it goes on behind.
fn walk<'a>(
    limit: jint,
    ascending: jint,
    search: Option<&'a str>,
    cursor: Option<&str>,
) -> Result<Pages<'a>, InvalidArgument> {
    let limit = (limit != UNSET).then(|| u32::try_from(limit).unwrap_or(0));
    let walk = Pages::of(limit, (ascending != UNSET).then_some(ascending != 0), search)?;
    match cursor {
        Some(cursor) => walk.after_text(cursor),
        None => Ok(walk),
    }
}

export! {
    /// The next page of a walk. `limit` is -1 for the largest one, `ascending` -1, 0 or 1, `cursor` null at the beginning.
    Java_dev_paynowbridge_internal_Native_nextPage(
        limit: jint, ascending: jint, search: jstring, cursor: jstring
    ) LIST_CUSTOMERS |caller, _, arguments| {
        let search = JavaText::read(caller, Parameter::Search.name(), search)?;
        let cursor = JavaText::read(caller, Parameter::After.name(), cursor)?;
        let walk = walk(limit, ascending, optional(&search), optional(&cursor))?;
        walk.query().map_or(Ok(()), |query| query.write(arguments))
    }
}

/// Takes a page, which is known by the ids of its customers. Puts into `taken`: where the new ones begin in it, how many
/// they are, the id to go on behind (0: none), and whether the walk is over.
///
/// # Safety
///
/// Only the JVM calls it; so it is for every export.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_acceptPage(
    env: *mut JNIEnv,
    _: jclass,
    limit: jint,
    ascending: jint,
    cursor: jstring,
    ids: jobjectArray,
    taken: jlongArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let cursor = JavaText::read(caller, Parameter::After.name(), cursor)?;
        let mut walk = walk(limit, ascending, None, optional(&cursor))?;
        let mut texts = JavaTexts::new(caller, ids);
        let mut page = Vec::new();
        while texts.has_next() {
            page.push(texts.next(Parameter::CustomerId.name())?);
        }
        let fresh = walk.accept_ids(page.iter().map(|id| optional(id).unwrap_or_default()));
        let cursor = walk.cursor().unwrap_or_default().cast_signed();
        let is_over = jlong::from(walk.query().is_none());
        caller.set_longs(taken, &[fresh.start as jlong, fresh.len() as jlong, cursor, is_over]);
        Ok(0)
    })
}

/// Names the first customer that a bulk would refuse, and says how many customers go into a piece. `shapes` and
/// `texts` are those of `bulkCreateCustomers`, but of the whole bulk: it crosses once to be checked, and then each piece
/// once to be sent and once when it has ended.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_checkBulk(
    env: *mut JNIEnv,
    _: jclass,
    shapes: jintArray,
    texts: jobjectArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let mut texts = JavaTexts::new(caller, texts);
        for (index, shape) in shapes_of(caller, shapes).as_chunks().0.iter().enumerate() {
            let mut arguments = Arguments::new();
            arguments.item()?;
            add_fields(&mut arguments, *shape, &mut texts)
                .and_then(|()| operations::BULK_CREATE_CUSTOMERS.check(&arguments))
                .map_err(|error| error.in_item(index))?;
        }
        Ok(piece_length(usize::MAX) as jlong)
    })
}

/// Says what became of each customer of a piece: the place of its customer in the answer, -1 for surely not created, -2
/// for unknown. `status` and `sent` are the numbers a completion has, `created` holds Steam id, UUID, XUID and name of
/// each customer of the answer.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
#[allow(
    clippy::too_many_arguments,
    reason = "each is a thing of its own, and an object would cost more to read"
)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_acceptPiece(
    env: *mut JNIEnv,
    _: jclass,
    shapes: jintArray,
    texts: jobjectArray,
    status: jint,
    sent: jint,
    created: jobjectArray,
    became: jintArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || {
        let mut texts = JavaTexts::new(caller, texts);
        let shapes = shapes_of(caller, shapes);
        let wanted = shapes.as_chunks().0.iter().map(|shape| known(*shape, &mut texts));
        let wanted: Vec<[Option<JavaText>; 4]> = wanted.collect::<Result<_, _>>()?;
        let mut texts = JavaTexts::new(caller, created);
        let mut answer = Vec::new();
        while texts.has_next() {
            let mut known = [const { None }; 4];
            for (place, parameter) in known.iter_mut().zip(FIELDS) {
                *place = texts.next(parameter.name())?;
            }
            answer.push(known);
        }
        let sent = match sent {
            0 => Sent::Never,
            1 => Sent::Maybe,
            _ => Sent::Answered,
        };
        let wanted: Vec<Identity<'_>> = wanted
            .iter()
            .map(|known| {
                let [steam_id, minecraft_uuid, xbox_xuid, name] = known.each_ref().map(optional);
                Identity::of(steam_id, minecraft_uuid, xbox_xuid, name)
            })
            .collect();
        let created = answer.iter().map(|known| {
            let [steam_id, minecraft_uuid, xbox_xuid, name] = known.each_ref().map(optional);
            Identity::all_of(steam_id, minecraft_uuid, xbox_xuid, name)
        });
        let numbers: Vec<jint> = outcomes(&wanted, encode::status(status), sent, created)
            .into_iter()
            .map(|outcome| match outcome {
                BulkOutcome::Created(place) => jint::try_from(place).unwrap_or(UNKNOWN),
                BulkOutcome::Failed(_) => FAILED,
                BulkOutcome::Unknown => UNKNOWN,
            })
            .collect();
        caller.set_ints(became, &numbers);
        Ok(0)
    })
}

fn shapes_of(caller: Caller, shapes: jintArray) -> Vec<jint> {
    let mut numbers = vec![0; caller.array_length(shapes)];
    caller.ints(shapes, &mut numbers);
    numbers
}

/// Reads what the next customer can be known by; `add_fields` describes shape and texts.
fn known(
    [mask, entries]: [jint; 2],
    texts: &mut JavaTexts,
) -> Result<[Option<JavaText>; 4], InvalidArgument> {
    let mut known = [const { None }; 4];
    for (bit, parameter) in FIELDS.into_iter().take(known.len()).enumerate() {
        if mask >> bit & 1 != 0 {
            known[bit] = texts.next(parameter.name())?;
        }
    }
    texts.skip(usize::try_from(entries).unwrap_or(0) * 2);
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_made_of_what_java_keeps() {
        let pages = walk(UNSET, UNSET, Some("x"), None).unwrap();
        let query = pages.query().unwrap();
        assert_eq!(
            (query.limit, query.ascending, query.search, query.after),
            (Some(100), Some(true), Some("x"), None)
        );
        let pages = walk(7, 0, None, Some("42")).unwrap();
        let query = pages.query().unwrap();
        assert_eq!((query.limit, query.ascending, query.after), (Some(7), Some(false), Some("42")));
    }

    #[test]
    fn walks_that_cannot_be_are_refused_by_name() {
        for limit in [0, 101, -2, jint::MIN, jint::MAX] {
            assert_eq!(walk(limit, 1, None, None).unwrap_err().argument(), "limit");
        }
        for cursor in ["", "0", "-1", "9223372036854775808", "x"] {
            assert_eq!(walk(1, 1, None, Some(cursor)).unwrap_err().argument(), "after", "{cursor}");
        }
    }
}
