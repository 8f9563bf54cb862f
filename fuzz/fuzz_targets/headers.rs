//! What a server says about time: `Retry-After`, and the dates in a body.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use paynow_bridge::{Answer, OperationId, fuzzing};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(wait) = fuzzing::retry_after(&text) {
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(300), "{wait:?}");
        if let Ok(seconds) = text.trim().parse::<u64>() {
            assert_eq!(wait, Duration::from_secs(seconds.min(300)));
        }
    }
    let body = serde_json::json!({ "id": "1", "created_at": text, "updated_at": text }).to_string();
    let outcome = fuzzing::decode(OperationId::GetCustomer, 200, &text, body.as_bytes());
    let Answer::Customer(customer) = outcome.answer else {
        panic!("a date that cannot be read must not refuse a customer: {:?}", outcome.message)
    };
    let (created, updated) = (customer.created_at.unwrap(), customer.updated_at.unwrap());
    assert_eq!(created, updated);
    assert_eq!(created.text.as_str(), text, "the server's own spelling is kept");
    if let Some(number) = created.unix_milliseconds {
        // Year 0 to 9999, which is all that RFC 3339 can say, and a day for offsets.
        assert!((-62_167_305_600_000..=253_402_387_200_000).contains(&number), "{number}");
    }
});
