//! Pages and bulk answers that do not answer what was asked. One call is one request: the library hands on what
//! came, so that the caller that turns the pages can stop.

use paynow_bridge::{Completion, Status};
use serde_json::json;

use super::row::{Ask, Kind, Row, customer, error, ok, once, refused, respond};

fn customers(ids: &[&str]) -> String {
    let list: Vec<_> = ids.iter().map(|id| format!(r#"{{"id":"{id}","name":"n{id}"}}"#)).collect();
    format!("[{}]", list.join(","))
}

fn ids(expected: &'static [&'static str]) -> impl Fn(&Completion<'_>) {
    move |completion| {
        let ids: Vec<_> = completion.customers().iter().map(|customer| customer.id.as_str()).collect();
        assert_eq!(ids, expected);
    }
}

pub fn rows() -> Vec<Row> {
    const BULK: Ask = Ask::Bulk(&["n1", "n2", "n3"]);
    let page = |limit, after| Ask::List { limit: Some(limit), after };
    vec![
        Row::sandbox("the same page without end", respond(200, &customers(&["1", "2"])))
            .ask(page(2, None), ok(Kind::Customers(2)).sees(ids(&["1", "2"])))
            .ask(page(2, Some("2")), ok(Kind::Customers(2)).sees(ids(&["1", "2"])))
            .ask(page(2, Some("2")), ok(Kind::Customers(2)).sees(ids(&["1", "2"]))),
        Row::sandbox("more than the limit", respond(200, &customers(&["1", "2", "3", "4", "5"])))
            .ask(page(2, None), ok(Kind::Customers(5)).sees(ids(&["1", "2", "3", "4", "5"]))),
        Row::sandbox("a page with the cursor in it", respond(200, &customers(&["2", "3"])))
            .ask(page(2, Some("2")), ok(Kind::Customers(2)).sees(ids(&["2", "3"]))),
        Row::sandbox("a page with one id twice", respond(200, &customers(&["2", "2"])))
            .ask(page(2, None), ok(Kind::Customers(2)).sees(ids(&["2", "2"]))),
        Row::sandbox("a page with something else among the customers", respond(200, r#"[{"id":"1"},null]"#))
            .ask(page(2, None), refused(Status::InvalidResponse, 200).says(&["a list of customers"])),
        Row::sandbox("a page in an envelope", respond(200, r#"{"data":[{"id":"1"}],"total":1}"#))
            .ask(page(2, None), refused(Status::InvalidResponse, 200).says(&["a list of customers"])),
        Row::sandbox("bulk, a shorter answer", respond(200, &customers(&["1", "2"])))
            .ask(BULK, ok(Kind::Customers(2)).sees(ids(&["1", "2"]))),
        Row::sandbox("bulk, reordered", respond(200, &customers(&["3", "1", "2"]))).ask(
            BULK,
            ok(Kind::Customers(3)).sees(|completion| {
                // By name: the order of the answer says nothing.
                let names: Vec<_> =
                    completion.customers().iter().map(|c| c.name.as_deref().unwrap()).collect();
                assert_eq!(names, ["n3", "n1", "n2"]);
            }),
        ),
        Row::sandbox(
            "bulk, partly failed",
            respond(200, &format!("[{},{}]", customer(""), error(409, "conflict"))),
        )
        .ask(
            BULK,
            refused(Status::InvalidResponse, 200).says(&["\"id\""]).sees(|completion| {
                // What did work is not lost: the body is there.
                assert!(completion.body().contains(r#""id":"77""#));
            }),
        ),
        Row::sandbox(
            "bulk, partly failed under 207",
            respond(207, r#"{"created":[{"id":"1"}],"failed":[2]}"#),
        )
        .ask(BULK, refused(Status::InvalidResponse, 207)),
        Row::sandbox("bulk, 409", respond(409, &error(409, "conflict")))
            .ask(BULK, refused(Status::Conflict, 409)),
        Row::sandbox(
            "bulk, 504 after it took effect",
            once(json!({"after_effect": true, "respond": {"status": 504}})),
        )
        .ask(BULK, refused(Status::Server, 504))
        .creates(3),
    ]
}
