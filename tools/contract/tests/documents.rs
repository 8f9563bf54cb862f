//! `management.json` and `storefront.json` hold what PayNow's documents say of the eleven operations, without the prose.
//! They fit the library; what is changed in them is named.

use paynow_bridge::declared::{Declared, Place, operations};
use paynow_contract::{Document, Kind, Report, compare};
use serde_json::{Value, json};

const MANAGEMENT: &str = include_str!("management.json");
const STOREFRONT: &str = include_str!("storefront.json");

const CUSTOMERS: &str = "/paths/~1v1~1stores~1{storeId}~1customers";
const CUSTOMER: &str = "/paths/~1v1~1stores~1{storeId}~1customers~1{customerId}";
const LOOKUP: &str = "/paths/~1v1~1stores~1{storeId}~1customers~1lookup/get/parameters";
const AUTH: &str = "/paths/~1v1~1store~1customer~1auth/post";
const UPSERT: &str = "/components/schemas/UpsertCustomerRequestDto";
const CUSTOMER_DTO: &str = "/components/schemas/CustomerDto";

fn management() -> Value {
    serde_json::from_str(MANAGEMENT).unwrap()
}

fn storefront() -> Value {
    serde_json::from_str(STOREFRONT).unwrap()
}

fn report(documents: &[Value]) -> Report {
    let documents: Vec<_> =
        documents.iter().flat_map(|document| Document::read_all(&document.to_string()).unwrap()).collect();
    compare(&documents, &operations()).unwrap()
}

/// What is found, and in which operation, when `change` was done to the document.
fn found(mut document: Value, change: impl FnOnce(&mut Value)) -> Vec<(Kind, &'static str, String)> {
    assert_eq!(report(std::slice::from_ref(&document)).findings, [], "before the change");
    change(&mut document);
    let report = report(&[document]);
    assert_eq!(report.fits(), report.findings.iter().all(|finding| finding.kind == Kind::New));
    report.findings.into_iter().map(|finding| (finding.kind, finding.operation, finding.text)).collect()
}

fn at<'a>(document: &'a mut Value, pointer: &str) -> &'a mut Value {
    document.pointer_mut(pointer).unwrap_or_else(|| panic!("there is no {pointer}"))
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name).unwrap();
}

fn named(list: &mut Value, name: &str) -> usize {
    list.as_array().unwrap().iter().position(|value| value["name"] == name).unwrap()
}

/// In each of these operations this one thing is found, and nothing else.
#[track_caller]
fn each(found: &[(Kind, &str, String)], kind: Kind, operations: &[&str], text: &str) {
    let mut expected: Vec<_> =
        operations.iter().map(|operation| (kind, *operation, text.to_owned())).collect();
    expected.sort();
    let mut found = found.to_vec();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_documents_fit() {
    let report = report(&[management(), storefront()]);
    assert_eq!(report.findings, []);
    assert_eq!(report.compared.len(), 11);
    assert_eq!(report.left_out, [""; 0]);
    assert_eq!(report.others, 0);
    assert!(
        report.to_string().starts_with("11 operations were compared: they fit the documents.\n"),
        "{report}"
    );
}

#[test]
fn what_many_operations_say_is_one_line() {
    let mut document = management();
    at(&mut document, UPSERT)["properties"]["epic_id"] = json!({"type": "string"});
    let said = report(&[document]).to_string();
    let line = "New:\n  the body's field \"epic_id\" is new (bulk_create_customers, create_customer, update_customer)\n\
                8 operations were compared: they fit the documents.\n\
                Not compared, because no document is about their API: authenticate_customer, get_current_customer, lookup_giftcard.\n\
                Not in the documents, which are older: the query parameter \"customer_id\" of list_customers.\n";
    assert_eq!(said, line);
}

#[test]
fn a_document_about_one_api_says_nothing_of_the_other() {
    let report = report(&[storefront()]);
    assert!(report.fits());
    assert_eq!(report.compared, ["authenticate_customer", "get_current_customer", "lookup_giftcard"]);
    assert_eq!(report.left_out.len(), 8);
}

#[test]
fn a_path_or_a_method_that_is_gone() {
    let gone = found(management(), |document| {
        remove(at(document, "/paths"), "/v1/stores/{storeId}/customers/bulk");
    });
    let text = "the path /v1/stores/{store_id}/customers/bulk is gone";
    each(&gone, Kind::Gone, &["bulk_create_customers"], text);
    let gone = found(management(), |document| {
        let delete = at(document, &format!("{CUSTOMER}~1tokens"));
        remove(delete, "delete");
    });
    let text = "DELETE is gone from /v1/stores/{store_id}/customers/{customer_id}/tokens, which has POST";
    each(&gone, Kind::Gone, &["invalidate_customer_tokens"], text);
}

#[test]
fn operations_that_are_not_declared_are_counted() {
    let mut document = management();
    at(&mut document, "/paths")["/v1/stores/{storeId}/orders"] =
        json!({"get": {"responses": {}}, "post": {}});
    let report = report(&[document]);
    assert_eq!((report.findings.len(), report.others), (0, 2));
}

#[test]
fn parameters_that_come_and_go() {
    let new = found(management(), |document| {
        let parameters = at(document, &format!("{CUSTOMERS}/get/parameters"));
        parameters
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "rank", "in": "query", "schema": {"type": "string"}}));
    });
    each(&new, Kind::New, &["list_customers"], "the query parameter \"rank\" is new");
    let required = found(management(), |document| {
        let parameters = at(document, &format!("{CUSTOMERS}/get/parameters"));
        let value = json!({"name": "page", "in": "query", "required": true, "schema": {"type": "integer"}});
        parameters.as_array_mut().unwrap().push(value);
    });
    let text = "the query parameter \"page\" is new and required; the library does not send it";
    each(&required, Kind::NotAllowed, &["list_customers"], text);
    let gone = found(management(), |document| {
        let parameters = at(document, LOOKUP);
        let index = named(parameters, "xbox_xuid");
        parameters.as_array_mut().unwrap().remove(index);
    });
    each(&gone, Kind::Gone, &["lookup_customer"], "the query parameter \"xbox_xuid\" is gone");
    let moved = found(storefront(), |document| {
        let parameters = at(document, &format!("{AUTH}/parameters"));
        let index = named(parameters, "x-paynow-customer-ip");
        parameters[index]["in"] = json!("query");
    });
    let text = "the header parameter \"x-paynow-customer-ip\" is gone; the name is now a query parameter";
    each(&moved, Kind::Gone, &["authenticate_customer"], text);
}

#[test]
fn a_parameter_that_has_to_be_there_now() {
    let required = found(management(), |document| {
        let parameters = at(document, &format!("{CUSTOMERS}/get/parameters"));
        let index = named(parameters, "limit");
        parameters[index]["required"] = json!(true);
    });
    let text = "the query parameter \"limit\" is required now; the library lets callers leave it out";
    each(&required, Kind::NotAllowed, &["list_customers"], text);
    // What is always sent may become required.
    let always = found(storefront(), |document| {
        let parameters = at(document, &format!("{AUTH}/parameters"));
        let index = named(parameters, "x-paynow-customer-ip");
        parameters[index]["required"] = json!(true);
    });
    assert_eq!(always, []);
}

#[test]
fn types_of_parameters() {
    let changed = found(management(), |document| {
        let parameters = at(document, &format!("{CUSTOMERS}/get/parameters"));
        let index = named(parameters, "asc");
        parameters[index]["schema"] = json!({"type": "string", "enum": ["asc", "desc"]});
    });
    let text = "the query parameter \"asc\" is now a string; the library sends a boolean";
    assert!(changed.contains(&(Kind::NotAllowed, "list_customers", text.to_owned())), "{changed:#?}");
    // A schema many refer to, and a path's placeholder among them.
    let ids = found(management(), |document| {
        at(document, "/components/schemas/FlakeId")["type"] = json!("integer")
    });
    let text = "the path parameter \"customerId\" is now an integer; the library sends a string";
    assert!(ids.contains(&(Kind::NotAllowed, "get_customer", text.to_owned())), "{ids:#?}");
    let less = found(management(), |document| {
        let parameters = at(document, &format!("{CUSTOMERS}/get/parameters"));
        let index = named(parameters, "limit");
        parameters[index]["schema"]["maximum"] = json!(50);
    });
    let text = "the query parameter \"limit\" must be 50 at most; the library allows 100";
    each(&less, Kind::NotAllowed, &["list_customers"], text);
    // Several of what one could be given: the library still gives one.
    let list = found(management(), |document| {
        let parameters = at(document, LOOKUP);
        let index = named(parameters, "id");
        parameters[index]["schema"] = json!({"type": "array", "items": {"type": "string"}});
    });
    assert_eq!(list, []);
}

#[test]
fn words_that_come_and_go() {
    let words = "/components/schemas/CustomerProfilePlatform/enum";
    let gone = found(storefront(), |document| {
        at(document, words).as_array_mut().unwrap().retain(|word| word != "paynow_name");
    });
    let text = "the body's field \"platform\" does not take \"paynow_name\" any more";
    each(&gone, Kind::Gone, &["authenticate_customer"], text);
    let new = found(storefront(), |document| at(document, words).as_array_mut().unwrap().push(json!("epic")));
    each(&new, Kind::New, &["authenticate_customer"], "the body's field \"platform\" takes \"epic\" too");
    let answer = found(storefront(), |document| {
        let editions = at(document, "/components/schemas/CustomerMinecraftPlatform/enum");
        editions.as_array_mut().unwrap().push(json!("education"));
    });
    let text = "the answer's field \"minecraft_platform\" can be \"education\"; the library reads that as \"unknown\"";
    each(&answer, Kind::New, &["get_current_customer"], text);
    let limited = found(management(), |document| {
        at(document, UPSERT)["properties"]["xbox_xuid"]["enum"] = json!(["1", null]);
    });
    let text = "the body's field \"xbox_xuid\" takes only \"1\"; the library sends any text";
    each(&limited, Kind::NotAllowed, &["create_customer", "update_customer", "bulk_create_customers"], text);
}

#[test]
fn fields_of_bodies() {
    let all = ["create_customer", "update_customer", "bulk_create_customers"];
    let gone = found(management(), |document| remove(&mut at(document, UPSERT)["properties"], "steam_id"));
    each(&gone, Kind::Gone, &all, "the body's field \"steam_id\" is gone");
    let new = found(management(), |document| {
        at(document, UPSERT)["properties"]["epic_id"] = json!({"type": "string"});
    });
    each(&new, Kind::New, &all, "the body's field \"epic_id\" is new");
    let required = found(management(), |document| {
        at(document, UPSERT)["properties"]["epic_id"] = json!({"type": "string"});
        at(document, UPSERT)["required"] = json!(["epic_id"]);
    });
    let text = "the body's field \"epic_id\" is new and required; the library does not send it";
    each(&required, Kind::NotAllowed, &all, text);
    let not_null =
        found(management(), |document| at(document, UPSERT)["properties"]["name"]["type"] = json!("string"));
    each(
        &not_null,
        Kind::NotAllowed,
        &all,
        "the body's field \"name\" cannot be null any more; the library sends null",
    );
    let numbers = found(management(), |document| {
        at(document, UPSERT)["properties"]["metadata"]["additionalProperties"]["type"] = json!("integer");
    });
    let text = "the body's field \"metadata\" has values that are now an integer; the library sends strings";
    each(&numbers, Kind::NotAllowed, &all, text);
    let fewer = found(management(), |document| {
        let body = "/paths/~1v1~1stores~1{storeId}~1customers~1bulk/post/requestBody/content/application~1json/schema";
        at(document, body)["maxItems"] = json!(100);
    });
    let text = "the request's body holds at most 100 items; the library sends up to 200";
    each(&fewer, Kind::NotAllowed, &["bulk_create_customers"], text);
    let needed = found(management(), |document| {
        at(document, &format!("{CUSTOMER}~1tokens/post"))["requestBody"] =
            json!({"required": true, "content": {}});
    });
    each(
        &needed,
        Kind::NotAllowed,
        &["create_customer_token"],
        "it needs a body now; the library sends none",
    );
}

#[test]
fn fields_of_answers() {
    let all = [
        "list_customers",
        "create_customer",
        "get_customer",
        "update_customer",
        "lookup_customer",
        "bulk_create_customers",
    ];
    let new = found(management(), |document| {
        at(document, CUSTOMER_DTO)["properties"]["store"] = json!({"type": "object"})
    });
    each(&new, Kind::New, &all, "the answer's field \"store\" is new; the library passes over it");
    let gone = found(management(), |document| {
        remove(&mut at(document, CUSTOMER_DTO)["properties"], "minecraft_uuid")
    });
    each(&gone, Kind::Gone, &all, "the answer's field \"minecraft_uuid\" is gone");
    let changed = found(management(), |document| {
        at(document, CUSTOMER_DTO)["properties"]["created_at"] = json!({"type": "integer"});
    });
    let text = "the answer's field \"created_at\" is now an integer; the library reads a date in a string";
    each(&changed, Kind::NotAllowed, &all, text);
    let optional =
        found(management(), |document| at(document, CUSTOMER_DTO)["required"] = json!(["store_id"]));
    let text = "the answer's field \"id\" may be missing now; the library refuses an answer without it";
    each(&optional, Kind::NotAllowed, &all, text);
    let nested = found(storefront(), |document| {
        remove(&mut at(document, "/components/schemas/GenericProfileDto")["properties"], "platform");
    });
    let text = "the answer's field \"profile\"'s field \"platform\" is gone";
    each(&nested, Kind::Gone, &["get_current_customer"], text);
    let card = found(storefront(), |document| {
        at(document, "/components/schemas/StorefrontGiftCardDto")["properties"]["balance"]["type"] =
            json!("number");
    });
    let text = "the answer's field \"balance\" is now a number; the library reads an integer";
    each(&card, Kind::NotAllowed, &["lookup_giftcard"], text);
    let wrapped = found(management(), |document| {
        let list = at(document, &format!("{CUSTOMERS}/get/responses/200/content/application~1json/schema"));
        *list = json!({"type": "object", "properties": {"items": list.clone()}});
    });
    each(&wrapped, Kind::NotAllowed, &["list_customers"], "the answer is not an array any more");
    let errors = found(storefront(), |document| {
        remove(&mut at(document, "/components/schemas/ValidationError")["properties"], "path");
    });
    let text = "the error's field \"errors\"'s field \"path\" is gone";
    each(&errors, Kind::Gone, &["authenticate_customer", "get_current_customer", "lookup_giftcard"], text);
}

#[test]
fn credentials() {
    let other = found(management(), |document| {
        at(document, &format!("{CUSTOMER}/get"))["security"] = json!([{"OAuth": []}]);
    });
    each(&other, Kind::NotAllowed, &["get_customer"], "it now needs OAuth; the library sends an API key");
    let any = found(storefront(), |document| at(document, AUTH)["security"] = json!([{"APIKey": []}]));
    each(
        &any,
        Kind::NotAllowed,
        &["authenticate_customer"],
        "it now needs APIKey; the library sends no credentials",
    );
    // One of several is enough.
    let choice = found(management(), |document| {
        at(document, &format!("{CUSTOMER}/get"))["security"] = json!([{"OAuth": []}, {"APIKey": []}]);
    });
    assert_eq!(choice, []);
}

/// The same document, as OpenAPI 3.0 and with other ways to say the same.
#[test]
fn other_spellings_of_the_same_fit_too() {
    fn older(value: &mut Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::Array(types)) = members.get("type") {
                    let own = types.iter().find(|name| *name != "null").unwrap().clone();
                    members.insert("type".to_owned(), own);
                    members.insert("nullable".to_owned(), json!(true));
                }
                members.values_mut().for_each(older);
            }
            Value::Array(items) => items.iter_mut().for_each(older),
            _ => {}
        }
    }
    let same = found(management(), |document| {
        older(document);
        document["openapi"] = json!("3.0.4");
    });
    assert_eq!(same, []);
    let same = found(management(), |document| {
        let steam = at(document, CUSTOMER_DTO)["properties"]["steam"].clone();
        at(document, CUSTOMER_DTO)["properties"]["steam"] = json!({"oneOf": [{"type": "null"}, steam]});
        at(document, UPSERT)["properties"]["name"] = json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
        let whole = at(document, CUSTOMER_DTO).clone();
        at(document, "/components/schemas")["CustomerBase"] = whole;
        *at(document, CUSTOMER_DTO) = json!({"allOf": [{"$ref": "#/components/schemas/CustomerBase"}]});
        let limit = at(document, &format!("{CUSTOMERS}/get/parameters/1")).clone();
        document["components"]["parameters"] = json!({"Limit": limit});
        *at(document, &format!("{CUSTOMERS}/get/parameters/1")) =
            json!({"$ref": "#/components/parameters/Limit"});
        let store = at(document, &format!("{CUSTOMERS}/get/parameters")).as_array_mut().unwrap().remove(0);
        at(document, CUSTOMERS)["parameters"] = json!([store]);
    });
    assert_eq!(same, []);
    // What refers to itself has an end.
    let same = found(management(), |document| {
        at(document, CUSTOMER_DTO)["properties"]["steam"]["properties"] =
            json!({"friend": {"$ref": "#/components/schemas/CustomerDto"}});
        at(document, "/components/schemas")["Loop"] =
            json!({"allOf": [{"$ref": "#/components/schemas/Loop"}]});
    });
    assert!(same.iter().all(|(kind, ..)| *kind == Kind::New), "{same:#?}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    for (text, why) in [
        ("", "is neither JSON nor Markdown"),
        ("# Customers\n\n```json\n{}\n```\n", "is neither JSON nor Markdown"),
        ("{", "is not JSON: "),
        (r#"{"swagger":"2.0","paths":{}}"#, "is not an OpenAPI document of version 3.0 or 3.1"),
        (r#"{"openapi":"3.1.0"}"#, "has no \"paths\""),
    ] {
        let refused = Document::read_all(text).unwrap_err();
        assert!(refused.starts_with(why), "{refused}");
    }
    let refused = |document: Value| {
        compare(&Document::read_all(&document.to_string()).unwrap(), &operations()).unwrap_err()
    };
    assert!(
        refused(json!({"openapi": "3.1.0", "paths": {"/v2/x": {"get": {}}}}))
            .starts_with("no path in the documents")
    );
    let mut elsewhere = management();
    at(&mut elsewhere, CUSTOMER_DTO)["properties"]["steam"] = json!({"$ref": "steam.json#/Profile"});
    assert_eq!(refused(elsewhere), "the document refers to what it does not hold: steam.json#/Profile");
}

/// The list by ids came after PayNow's first documents.
#[test]
fn an_older_document_lacks_what_is_newer() {
    let mut operations = operations();
    let list = operations.iter_mut().find(|operation| operation.name == "list_customers").unwrap();
    list.parameters.retain(|declared| declared.name != "customer_id");
    let parameter = |name| Declared {
        name,
        place: Place::Query,
        json_type: "string",
        words: &[],
        range: None,
        always: false,
        nullable: false,
    };
    list.parameters.push(parameter("customer_id"));
    let report = |document: &Value, operations: &[_]| {
        compare(&Document::read_all(&document.to_string()).unwrap(), operations).unwrap()
    };
    let mut document = management();
    let older = report(&document, &operations);
    assert!(older.fits());
    assert_eq!(older.newer, ["the query parameter \"customer_id\" of list_customers"]);
    let ids = json!({"type": "array", "items": {"$ref": "#/components/schemas/FlakeId"}});
    let parameters = at(&mut document, &format!("{CUSTOMERS}/get/parameters"));
    parameters.as_array_mut().unwrap().push(json!({"name": "customer_id", "in": "query", "schema": ids}));
    let newer = report(&document, &operations);
    assert_eq!((newer.findings.len(), newer.newer.len()), (0, 0));
    operations[0].parameters.push(parameter("shoe_size"));
    assert!(!report(&document, &operations).fits());
}

/// PayNow's documentation has a document for each operation, in a page about all of them.
#[test]
fn a_page_with_a_document_for_each_operation() {
    let mut page = "# Customers\n".to_owned();
    for document in [management(), storefront()] {
        for (path, item) in document["paths"].as_object().unwrap() {
            let mut part = document.clone();
            part["paths"] = json!({path: item});
            page += &format!("\n## {path}\n\n```json\n{part}\n```\n");
        }
    }
    let documents = Document::read_all(&page).unwrap();
    assert_eq!(documents.len(), 8);
    let report = compare(&documents, &operations()).unwrap();
    assert_eq!((report.findings.len(), report.compared.len()), (0, 11));
}
