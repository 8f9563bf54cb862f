//! Lists longer than a page and bulks larger than a request.
//!
//! Each crosses once: what a page or a piece means is decided where its answer lies, and comes with it. A walk is kept by
//! Java, which says with each page where it goes on. A bulk is handed over whole with its first piece; what is not
//! sent yet is kept here, with the piece under way.

use jni::sys::{JNIEnv, jboolean, jclass, jint, jintArray, jlong, jobjectArray, jstring};

use super::env::{Caller, Failure, INVALID_HANDLE, contain};
use super::follow::Follow;
use super::operations::{Common, add_fields, shape_at, shapes_in, submit};
use super::table;
use super::text::{JavaText, JavaTexts, optional};
use crate::client::{Pages, Pieces};
use crate::operations::{self, InvalidArgument, Parameter};
use crate::runtime::Key;

/// What Java gives for a number that is the client's to choose.
const UNSET: jint = -1;

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

/// The next page of a walk. `limit` is -1 for the largest one, `ascending` -1, 0 or 1, `cursor` null at the beginning.
///
/// # Safety
///
/// Only the JVM calls it; so it is for every export.
#[unsafe(no_mangle)]
#[allow(
    clippy::too_many_arguments,
    reason = "each is a thing of its own, and an object would cost more to read"
)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_nextPage(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    limit: jint,
    ascending: jint,
    search: jstring,
    cursor: jstring,
    deadline_ms: jint,
    background: jboolean,
    tag: jlong,
    ticket: jint,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    let common = Common { client, deadline_ms, background, tag, ticket };
    contain(caller, || {
        let search = JavaText::read(caller, Parameter::Search.name(), search)?;
        let cursor = JavaText::read(caller, Parameter::After.name(), cursor)?;
        let walk = walk(limit, ascending, optional(&search), optional(&cursor))?;
        submit(&common, &operations::LIST_CUSTOMERS, Follow::page(&walk), |_, arguments| {
            walk.query().map_or(Ok(()), |query| query.write(arguments))
        })
    })
}

/// Checks a bulk of any size and sends its first piece; the rest is kept until it is sent. `shapes` and `texts` are those
/// of `bulkCreateCustomers`, but of the whole bulk.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
#[allow(
    clippy::too_many_arguments,
    reason = "each is a thing of its own, and an object would cost more to read"
)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_startBulk(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    shapes: jintArray,
    texts: jobjectArray,
    deadline_ms: jint,
    background: jboolean,
    tag: jlong,
    ticket: jint,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    let common = Common { client, deadline_ms, background, tag, ticket };
    contain(caller, || {
        let mut pieces = Pieces::default();
        let mut texts = JavaTexts::new(caller, texts);
        for index in 0..shapes_in(caller, shapes) {
            pieces.add(|arguments| add_fields(arguments, shape_at(caller, shapes, index), &mut texts))?;
        }
        pieces.check_last()?;
        send(&common, pieces)
    })
}

/// Sends the piece behind `before`, whose completion has crossed and said that the bulk goes on.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_goOnBulk(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    before: jlong,
    deadline_ms: jint,
    background: jboolean,
    tag: jlong,
    ticket: jint,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    let common = Common { client, deadline_ms, background, tag, ticket };
    contain(caller, || send(&common, rest(client, before)?))
}

/// Frees what is left of a bulk, instead of sending it.
///
/// # Safety
///
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_endBulk(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    before: jlong,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    contain(caller, || rest(client, before).map(|_| 0))
}

fn rest(client: jlong, before: jlong) -> Result<Pieces, Failure> {
    let piece = Key::from_bits(before.cast_unsigned());
    table::enter(client)?.take_rest(piece).ok_or(Failure::Number(INVALID_HANDLE))
}

fn send(common: &Common, pieces: Pieces) -> Result<jlong, Failure> {
    let (piece, under_way) = pieces.send()?.ok_or(InvalidArgument::new("customers", "must not be empty"))?;
    let follow = Follow::Piece(Box::new(under_way));
    submit(common, &operations::BULK_CREATE_CUSTOMERS, follow, |_, arguments| {
        *arguments = piece;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::client::{Client, RequestId};
    use crate::jni::env::{QUEUE_FULL, SHUTDOWN};
    use crate::jni::host::Host;
    use crate::tables;

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

    /// A client that reaches no API, and a bulk of two pieces, of which the probe shows whether it is kept.
    struct Scene {
        client: jlong,
        probe: Arc<()>,
    }

    impl Scene {
        fn new() -> Self {
            let builder = Client::builder("411486491630370816")
                .api_key("k")
                .api_base("http://127.0.0.1:9")
                .max_outstanding(1);
            let host = Host::new(builder.build().unwrap()).unwrap();
            Self { client: table::publish(Box::new(host)).unwrap(), probe: Arc::default() }
        }

        fn host(&self) -> table::Entered {
            table::enter(self.client).unwrap()
        }

        fn send(&self, deadline_ms: jint) -> Result<jlong, Failure> {
            let mut pieces = Pieces::probed(&self.probe);
            for _ in 0..201 {
                pieces.add(|arguments| arguments.text(Parameter::Name, "x")).unwrap();
            }
            send(&self.common(deadline_ms), pieces)
        }

        fn common(&self, deadline_ms: jint) -> Common {
            Common { client: self.client, deadline_ms, background: false, tag: 0, ticket: 5 }
        }

        /// Takes the record of the one request, and says whether its bulk goes on.
        fn takes_one(&self) -> bool {
            let mut goes_on = None;
            self.host()
                .next(Duration::from_secs(60), |batch| {
                    let [.., goes_on_byte, 200, 0, 0, 0, _, _, _, _] = batch else {
                        panic!("no piece: {batch:?}")
                    };
                    goes_on = Some(*goes_on_byte != 0);
                    true
                })
                .unwrap();
            goes_on.unwrap()
        }

        fn is_kept(&self) -> bool {
            Arc::strong_count(&self.probe) > 1
        }

        fn outstanding(&self) -> u32 {
            self.host().client.stats().outstanding
        }
    }

    #[test]
    fn what_is_left_of_a_bulk_is_kept_until_it_is_sent_or_ended() {
        let scene = Scene::new();
        let first = scene.send(1).unwrap();
        assert!(scene.takes_one(), "a piece that failed ends no bulk");
        assert!(scene.is_kept());
        assert!(scene.host().take_rest(Key::from_bits(0)).is_none());
        let second = send(&scene.common(1), rest(scene.client, first).unwrap());
        assert!(rest(scene.client, first).is_err(), "it was taken");
        assert!(second.is_ok(), "in the place of the first");
        scene.host().client.shutdown();
        scene.host().retire();
        assert!(!scene.is_kept());

        let scene = Scene::new();
        let first = scene.send(1).unwrap();
        assert!(scene.takes_one());
        assert_eq!(scene.outstanding(), 1);
        drop(rest(scene.client, first).unwrap());
        assert_eq!((scene.is_kept(), scene.outstanding()), (false, 0));
        scene.host().retire();
    }

    #[test]
    fn what_is_refused_or_cancelled_or_destroyed_is_not_kept() {
        let scene = Scene::new();
        let request = scene.send(60_000).unwrap();
        assert!(scene.is_kept());
        let full = scene.send(60_000);
        assert!(matches!(full, Err(Failure::Number(QUEUE_FULL))), "{full:?}");
        assert_eq!(Arc::strong_count(&scene.probe), 2, "the refused one is gone");
        assert!(rest(scene.client, request).is_err(), "it has not ended");
        assert!(scene.host().client.cancel(RequestId(Key::from_bits(request.cast_unsigned()))));
        assert!(!scene.takes_one(), "a piece that was cancelled ends its bulk");
        assert_eq!((scene.is_kept(), scene.outstanding()), (false, 0));
        scene.host().client.shutdown();
        let closed = scene.send(60_000);
        assert!(matches!(closed, Err(Failure::Number(SHUTDOWN))), "{closed:?}");
        assert!(!scene.is_kept());
        scene.host().retire();

        for collects in [false, true] {
            let scene = Scene::new();
            scene.send(if collects { 1 } else { 60_000 }).unwrap();
            assert!(!collects || scene.takes_one());
            assert!(scene.is_kept());
            scene.host().retire();
            assert!(!scene.is_kept(), "{collects}");
        }
    }

    #[test]
    fn java_knows_how_long_a_piece_is() {
        let native = tables::read("java-shim/api/src/main/java/dev/paynowbridge/internal/Native.java");
        assert!(tables::constants(&native).contains(&("PIECE".to_owned(), operations::BULK_LIMIT as i64)));
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
