//! Operations made of several requests: one call, one completion.

use super::{
    Answer, Arguments, CREATE_CUSTOMER, CREATE_CUSTOMER_TOKEN, Decoded, Entry, HttpRequest, LOOKUP_CUSTOMER,
};
use super::{Operation, Parameter, Sent, Status, encode};
use crate::model::{Customer, Text};

/// What a flow is to end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The customer, created if need be.
    Customer,
    /// A token of theirs.
    Token,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Lookup,
    Create,
    /// Another server may have created the customer, or our own attempt may have worked.
    LookupAgain,
    Mint,
}

/// A flow under way: looks a customer up, creates the unknown one, looks again when another server was first, and
/// mints a token if that is what was asked for.
pub(crate) struct Flow {
    goal: Goal,
    step: Step,
    store_id: String,
    lookup: HttpRequest,
    create: HttpRequest,
    customer: Option<Box<Customer>>,
    /// The customer is remembered and may be gone by now.
    recognised: bool,
}

/// What to do next.
pub(crate) enum Next {
    /// Send this.
    Send(&'static Operation, HttpRequest),
    /// Send this, and remember how the present step ended.
    SendAfterSetback(&'static Operation, HttpRequest),
    /// The flow is over, and ends as the step that was a setback did.
    AsBefore,
    /// The flow is over.
    Done(Decoded),
}

impl Flow {
    /// Begins: the first argument says whom to look up, all of them what to create. The request to send first comes with it.
    pub(crate) fn begin(goal: Goal, arguments: &Arguments, store_id: &str) -> (Self, HttpRequest) {
        let mut key = Arguments::new();
        let mut fields = Arguments::new();
        for (index, entry) in arguments.entries().enumerate() {
            if let Entry::Value(parameter, value) = entry {
                let target = if index == 0 { &mut key } else { &mut fields };
                // They were accepted once, in the same spelling.
                let _ = target.text(parameter, value);
            }
        }
        let lookup = encode(&LOOKUP_CUSTOMER, &key, store_id);
        let create = encode(&CREATE_CUSTOMER, &fields, store_id);
        let flow = Self {
            goal,
            step: Step::Lookup,
            store_id: store_id.to_owned(),
            lookup: lookup.clone(),
            create,
            customer: None,
            recognised: false,
        };
        (flow, lookup)
    }

    /// Goes on as if the customer had been looked up.
    pub(crate) fn recognise(&mut self, customer: Box<Customer>) -> Next {
        self.recognised = true;
        self.found(customer)
    }

    /// Goes on from how the present step ended.
    pub(crate) fn advance(&mut self, decoded: Decoded, sent: Sent) -> Next {
        match (self.step, decoded.status) {
            (Step::Lookup | Step::LookupAgain, Status::Ok) => match decoded.answer {
                Answer::Customer(customer) => self.found(customer),
                _ if self.step == Step::Lookup => {
                    self.step = Step::Create;
                    Next::Send(&CREATE_CUSTOMER, self.create.clone())
                }
                _ => Next::AsBefore,
            },
            (Step::Create, Status::Ok) => match decoded.answer {
                Answer::Customer(customer) => self.found(customer),
                _ => Next::Done(decoded),
            },
            // It exists by now, or may: never create twice what may be there.
            (Step::Create, status) if status == Status::Conflict || is_doubtful(status, sent) => {
                self.step = Step::LookupAgain;
                Next::SendAfterSetback(&LOOKUP_CUSTOMER, self.lookup.clone())
            }
            (Step::Mint, Status::Ok) => match (decoded.answer, self.customer.take()) {
                (Answer::Token(token), Some(customer)) => {
                    Next::Done(Decoded { answer: Answer::TokenFor(customer, token), ..Decoded::ok() })
                }
                (answer, _) => Next::Done(Decoded { answer, ..Decoded::ok() }),
            },
            // Who was remembered is gone: asked from the beginning.
            (Step::Mint, Status::NotFound) if self.recognised => {
                self.recognised = false;
                self.step = Step::Lookup;
                Next::Send(&LOOKUP_CUSTOMER, self.lookup.clone())
            }
            (Step::LookupAgain, _) => Next::AsBefore,
            _ => Next::Done(decoded),
        }
    }

    fn found(&mut self, customer: Box<Customer>) -> Next {
        if self.goal == Goal::Customer {
            return Next::Done(Decoded { answer: Answer::Customer(customer), ..Decoded::ok() });
        }
        self.step = Step::Mint;
        let mut arguments = Arguments::new();
        if let Err(error) = arguments.text(Parameter::CustomerId, &customer.id) {
            return Next::Done(Decoded {
                status: Status::InvalidResponse,
                message: Some(Text::from(format!("the customer's {error}"))),
                ..Decoded::ok()
            });
        }
        self.customer = Some(customer);
        Next::Send(&CREATE_CUSTOMER_TOKEN, encode(&CREATE_CUSTOMER_TOKEN, &arguments, &self.store_id))
    }
}

/// Whether a create that failed may have worked nevertheless.
fn is_doubtful(status: Status, sent: Sent) -> bool {
    match status {
        Status::Transport | Status::InvalidResponse | Status::ResponseTooLarge => sent != Sent::Never,
        Status::Server => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Expected, decode};
    use super::*;

    const STORE: &str = "411486491630370816";
    const CUSTOMER: &str = r#"{"id":"77"}"#;
    const UNKNOWN: &str = r#"{"status":404,"code":"not-found","message":"none"}"#;

    fn begin(goal: Goal) -> (Flow, HttpRequest) {
        let mut arguments = Arguments::new();
        arguments.text(Parameter::XboxXuid, "2535432196048835").unwrap();
        arguments.text(Parameter::XboxXuid, "2535432196048835").unwrap();
        arguments.text(Parameter::MinecraftPlatform, "bedrock").unwrap();
        Flow::begin(goal, &arguments, STORE)
    }

    fn answer(flow: &mut Flow, operation: &Operation, status: u16, body: &str) -> Next {
        flow.advance(decode(operation, status, "application/json", body.as_bytes()), Sent::Answered)
    }

    fn sent(next: Next) -> (&'static str, HttpRequest) {
        match next {
            Next::Send(operation, request) | Next::SendAfterSetback(operation, request) => {
                (operation.name, request)
            }
            Next::Done(decoded) => panic!("over: {decoded:?}"),
            Next::AsBefore => panic!("over, as before"),
        }
    }

    fn done(next: Next) -> Decoded {
        match next {
            Next::Done(decoded) => decoded,
            Next::Send(operation, _) | Next::SendAfterSetback(operation, _) => {
                panic!("goes on with {}", operation.name)
            }
            Next::AsBefore => panic!("as before"),
        }
    }

    #[test]
    fn the_known_customer_is_found_by_one_key() {
        let (mut flow, request) = begin(Goal::Customer);
        assert!(request.target.ends_with("/customers/lookup?xbox_xuid=2535432196048835"));
        let decoded = done(answer(&mut flow, &LOOKUP_CUSTOMER, 200, CUSTOMER));
        assert!(matches!(decoded.answer, Answer::Customer(customer) if customer.id == "77"));
    }

    #[test]
    fn the_unknown_customer_is_created_with_every_field() {
        let (mut flow, _) = begin(Goal::Customer);
        let (name, request) = sent(answer(&mut flow, &LOOKUP_CUSTOMER, 404, UNKNOWN));
        assert_eq!((name, request.method), ("create_customer", "POST"));
        let body = std::str::from_utf8(request.body.as_ref().unwrap()).unwrap();
        assert_eq!(body, r#"{"xbox_xuid":"2535432196048835","minecraft_platform":"bedrock"}"#);
        assert_eq!(done(answer(&mut flow, &CREATE_CUSTOMER, 201, CUSTOMER)).status, Status::Ok);
    }

    #[test]
    fn the_loser_of_the_race_takes_the_winners_customer() {
        for (status, body) in [(409, "{\"code\":\"exists\"}"), (504, ""), (500, "oops")] {
            let (mut flow, _) = begin(Goal::Customer);
            sent(answer(&mut flow, &LOOKUP_CUSTOMER, 404, UNKNOWN));
            let (name, _) = sent(answer(&mut flow, &CREATE_CUSTOMER, status, body));
            assert_eq!(name, "lookup_customer");
            let decoded = done(answer(&mut flow, &LOOKUP_CUSTOMER, 200, CUSTOMER));
            assert!(matches!(decoded.answer, Answer::Customer(_)));
        }
    }

    #[test]
    fn when_the_customer_is_unknown_after_all_the_first_error_is_told() {
        let (mut flow, _) = begin(Goal::Customer);
        sent(answer(&mut flow, &LOOKUP_CUSTOMER, 404, UNKNOWN));
        sent(answer(&mut flow, &CREATE_CUSTOMER, 504, ""));
        assert!(matches!(answer(&mut flow, &LOOKUP_CUSTOMER, 404, UNKNOWN), Next::AsBefore));
    }

    #[test]
    fn a_refusal_ends_it() {
        let (mut flow, _) = begin(Goal::Token);
        assert_eq!(done(answer(&mut flow, &LOOKUP_CUSTOMER, 401, "")).status, Status::Unauthorized);
        let (mut flow, _) = begin(Goal::Token);
        sent(answer(&mut flow, &LOOKUP_CUSTOMER, 404, UNKNOWN));
        assert_eq!(done(answer(&mut flow, &CREATE_CUSTOMER, 404, UNKNOWN)).status, Status::NotFound);
    }

    #[test]
    fn a_token_comes_with_its_customer() {
        let (mut flow, _) = begin(Goal::Token);
        let (name, request) = sent(answer(&mut flow, &LOOKUP_CUSTOMER, 200, CUSTOMER));
        assert_eq!(name, "create_customer_token");
        assert!(request.target.ends_with("/customers/77/tokens"));
        assert_eq!(CREATE_CUSTOMER_TOKEN.expected, Expected::Token("token"));
        let decoded = done(answer(&mut flow, &CREATE_CUSTOMER_TOKEN, 200, r#"{"token":"tok"}"#));
        assert!(
            matches!(decoded.answer, Answer::TokenFor(customer, token) if customer.id == "77" && token.expose() == "tok")
        );
    }

    #[test]
    fn an_id_that_is_none_is_not_put_into_a_path() {
        let (mut flow, _) = begin(Goal::Token);
        let decoded = done(answer(&mut flow, &LOOKUP_CUSTOMER, 200, r#"{"id":"../tokens"}"#));
        assert_eq!(decoded.status, Status::InvalidResponse);
    }
}
