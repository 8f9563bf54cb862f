//! What the Rust guide promises of threads and panics.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use paynow_bridge::{Call, Client, CollectError, Completion, LookupKey, Status};
use support::{FOREVER, Sandbox};

const KEY: LookupKey<'_> = LookupKey::MinecraftJavaName("Notch");

/// Polls until one completion was handed to `deliver`.
fn poll_one(client: &Client, mut deliver: impl FnMut(&Completion<'_>)) {
    while client.poll(1, Duration::ZERO, &mut deliver).unwrap() == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_client_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    shared(&client);
    let submitted = std::thread::scope(|scope| {
        scope.spawn(|| client.lookup_customer(KEY, &Call::default())).join().unwrap().unwrap()
    });
    poll_one(&client, |completion| {
        assert_eq!(completion.id(), submitted);
        assert_eq!(completion.status(), Status::Ok, "{:?}", completion.message());
        assert_eq!(client.poll(0, Duration::ZERO, |_| ()), Err(CollectError::Reentrant));
        assert!(client.lookup_customer(KEY, &Call::default()).is_ok(), "a closure may submit");
    });
}

#[test]
fn a_panic_in_a_closure_goes_to_the_caller_and_the_client_stays_usable() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    client.lookup_customer(KEY, &Call::default()).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| poll_one(&client, |_| panic!("the host's own"))));
    assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"the host's own"));
    assert_eq!(client.stats().outstanding, 0, "the completion was freed");
    client.lookup_customer(KEY, &Call::default()).unwrap();
    assert_eq!(client.next(FOREVER).unwrap().unwrap().status(), Status::Ok);
}

#[test]
fn a_client_without_a_key_can_be_given_one() {
    let sandbox = Sandbox::start();
    let client = Client::builder(&sandbox.store_id).api_base(&sandbox.base).build().unwrap();
    assert!(client.lookup_customer(KEY, &Call::default()).is_err());
    client.set_api_key(&sandbox.api_key).unwrap();
    client.lookup_customer(KEY, &Call::default()).unwrap();
    assert_eq!(client.next(FOREVER).unwrap().unwrap().status(), Status::Ok);
}
