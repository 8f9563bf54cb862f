//! A bulk that is handed over whole, for faces at whose border reading a customer costs: each is read once, checked, and
//! packed into the arguments of the request that will send it.
//!
//! Contract: no more is kept than has not been sent. A piece under way keeps the pieces behind it, so that both live as
//! long as its request.

use std::collections::VecDeque;

use super::bulk::{BulkOutcome, Identity, outcome_of_all, outcomes};
use crate::model::Customer;
use crate::operations::{self, Arguments, BULK_LIMIT, Entry, InvalidArgument, Parameter, Sent, Status};
use crate::room::{self, NoMemory};

const NAME: &str = "customers";

/// The pieces of a bulk that are not sent yet.
#[derive(Default)]
pub(crate) struct Pieces {
    waiting: VecDeque<Arguments>,
    customers: usize,
    /// Shows a test whether anybody still keeps them.
    #[cfg(test)]
    _probe: Option<std::sync::Arc<()>>,
}

impl Pieces {
    #[cfg(test)]
    pub(crate) fn probed(probe: &std::sync::Arc<()>) -> Self {
        Self { _probe: Some(probe.clone()), ..Self::default() }
    }

    /// Takes the next customer, which `fill` describes. An error says which one it was of the whole bulk.
    pub(crate) fn add(
        &mut self,
        fill: impl FnOnce(&mut Arguments) -> Result<(), InvalidArgument>,
    ) -> Result<(), InvalidArgument> {
        if self.customers.is_multiple_of(BULK_LIMIT) {
            self.check_last()?;
            self.waiting.try_reserve(1).map_err(|_| InvalidArgument::without_memory(NAME))?;
            self.waiting.push_back(Arguments::new());
        }
        let index = self.customers;
        self.customers += 1;
        let Some(piece) = self.waiting.back_mut() else { return Ok(()) };
        piece.item().and_then(|()| fill(piece)).map_err(|error| error.in_item(index))
    }

    /// Checks what only whole customers can tell, after the last.
    pub(crate) fn check_last(&self) -> Result<(), InvalidArgument> {
        let Some(piece) = self.waiting.back() else { return Ok(()) };
        let before = self.customers.saturating_sub(1) / BULK_LIMIT * BULK_LIMIT;
        operations::BULK_CREATE_CUSTOMERS.check(piece).map_err(|error| error.behind_items(before))
    }

    /// The arguments of the next request, and what is kept with it; `None` when all were sent.
    pub(crate) fn send(mut self) -> Result<Option<(Arguments, PieceUnderWay)>, NoMemory> {
        let Some(piece) = self.waiting.pop_front() else { return Ok(None) };
        let wanted = identities(&piece)?;
        Ok(Some((piece, PieceUnderWay { wanted, rest: self })))
    }
}

/// A piece that was sent.
pub(crate) struct PieceUnderWay {
    wanted: Vec<Identity<String>>,
    rest: Pieces,
}

impl PieceUnderWay {
    /// How many customers are in it.
    pub(crate) fn len(&self) -> usize {
        self.wanted.len()
    }

    /// What became of all of them alike; `None` when the answer says of each.
    pub(crate) fn outcome_of_all(status: Status, sent: Sent) -> Option<BulkOutcome> {
        outcome_of_all(status, sent)
    }

    /// What became of each.
    pub(crate) fn accept(
        &self,
        status: Status,
        sent: Sent,
        created: &[Customer],
    ) -> Result<Vec<BulkOutcome>, NoMemory> {
        outcomes(self.wanted.iter().map(Identity::borrowed), status, sent, created)
    }

    /// Whether there is more to send when it has ended so: a piece that fails ends no bulk, unless the host ended it.
    pub(crate) fn goes_on_after(&self, status: Status) -> bool {
        !self.rest.waiting.is_empty() && !matches!(status, Status::Cancelled | Status::Shutdown)
    }

    /// What is left to send.
    pub(crate) fn rest(self) -> Pieces {
        self.rest
    }
}

/// What the customers of a request can be told apart by.
fn identities(piece: &Arguments) -> Result<Vec<Identity<String>>, NoMemory> {
    let mut all = Vec::new();
    let mut known = None;
    for entry in piece.entries() {
        match entry {
            Entry::Item => {
                if let Some(known) = known.replace([None; 4]) {
                    room::push(&mut all, identity(known)?)?;
                }
            }
            Entry::Value(parameter, value) => {
                let place = match parameter {
                    Parameter::SteamId => 0,
                    Parameter::MinecraftUuid => 1,
                    Parameter::XboxXuid => 2,
                    Parameter::Name => 3,
                    _ => continue,
                };
                if let Some(known) = &mut known {
                    known[place] = Some(value);
                }
            }
            _ => {}
        }
    }
    if let Some(known) = known {
        room::push(&mut all, identity(known)?)?;
    }
    Ok(all)
}

fn identity(
    [steam_id, minecraft_uuid, xbox_xuid, name]: [Option<&str>; 4],
) -> Result<Identity<String>, NoMemory> {
    Identity::of(steam_id, minecraft_uuid, xbox_xuid, name).try_to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{CustomerFields, Field};
    use crate::room::counting::{each_refused, refusing};

    fn named(name: &str) -> CustomerFields<'_> {
        CustomerFields { name: Field::Value(name), ..CustomerFields::default() }
    }

    fn packed<'a>(all: impl IntoIterator<Item = CustomerFields<'a>>) -> Result<Pieces, InvalidArgument> {
        let mut pieces = Pieces::default();
        for fields in all {
            pieces.add(|arguments| fields.write(arguments))?;
        }
        pieces.check_last()?;
        Ok(pieces)
    }

    #[test]
    fn each_piece_holds_what_a_request_may() {
        for (size, expected) in
            [(0, vec![]), (1, vec![1]), (200, vec![200]), (201, vec![200, 1]), (450, vec![200, 200, 50])]
        {
            let mut pieces = packed(std::iter::repeat_n(named("x"), size)).unwrap();
            let mut seen = Vec::new();
            while let Some((arguments, under_way)) = pieces.send().unwrap() {
                operations::BULK_CREATE_CUSTOMERS.check(&arguments).unwrap();
                assert_eq!(
                    arguments.entries().filter(|entry| *entry == Entry::Item).count(),
                    under_way.len()
                );
                seen.push(under_way.len());
                assert_eq!(under_way.goes_on_after(Status::Server), seen.len() < expected.len());
                assert!(!under_way.goes_on_after(Status::Cancelled));
                assert!(!under_way.goes_on_after(Status::Shutdown));
                pieces = under_way.rest();
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn each_is_known_by_its_strongest_identity() {
        let customers = [
            CustomerFields {
                steam_id: Field::Value("76561198000000001"),
                metadata: Field::Value(&[("steam_id", "x")]),
                ..named("a")
            },
            CustomerFields {
                minecraft_uuid: Field::Value("069A79F444E94726A5BEFCA90E38AAF5"),
                xbox_xuid: Field::Value("2535432196048835"),
                ..CustomerFields::default()
            },
            CustomerFields { name: Field::Null, ..CustomerFields::default() },
            CustomerFields { xbox_xuid: Field::Value("2535432196048835"), ..CustomerFields::default() },
            named("Olga"),
        ];
        let (_, piece) = packed(customers).unwrap().send().unwrap().unwrap();
        let expected: Vec<Identity<String>> =
            customers.iter().map(|fields| Identity::of_fields(fields).try_to_owned().unwrap()).collect();
        assert_eq!(piece.wanted, expected);
        let answer =
            Customer::read_list(r#"[{"id":"4","name":"Olga"},{"id":"1","steam_id":"76561198000000001"}]"#);
        let became = piece.accept(Status::Ok, Sent::Answered, &answer.unwrap()).unwrap();
        use BulkOutcome::{Created, Unknown};
        assert_eq!(became, [Created(1), Unknown, Unknown, Unknown, Created(0)]);
    }

    #[test]
    fn the_first_that_cannot_be_used_is_named_in_the_whole() {
        let bad = CustomerFields { steam_id: Field::Value("x"), ..CustomerFields::default() };
        let null = CustomerFields { steam_id: Field::Null, ..CustomerFields::default() };
        for (index, customer, is) in
            [(0, bad, "steam_id "), (321, bad, "steam_id "), (399, null, "steam_id cannot")]
        {
            let all = (0..450).map(|at| if at == index { customer } else { named("x") });
            let error = packed(all).err().unwrap().to_string();
            assert!(error.starts_with(&format!("customers[{index}].{is}")), "{error}");
        }
        let long = "x".repeat(60_000);
        let large = CustomerFields { metadata: Field::Value(&[("a", long.as_str())]), ..named("large") };
        let error = packed(std::iter::repeat_n(large, 200)).err().unwrap().to_string();
        assert!(error.ends_with("makes the request longer than 8 MiB"), "{error}");
    }

    #[test]
    fn what_there_is_no_memory_for_is_refused() {
        let refused = each_refused(1, || {
            let pieces = packed(std::iter::repeat_n(named("a customer"), 230));
            pieces.map_err(|error| assert!(error.is_without_memory(), "{error}"))
        });
        assert!(refused > 3, "{refused}");
        for granted in 0.. {
            let pieces = packed(std::iter::repeat_n(named("a customer"), 230)).unwrap();
            let (sent, was_refused) = refusing(granted, 1, || pieces.send().map(|sent| sent.is_some()));
            assert_eq!(sent, if was_refused { Err(NoMemory) } else { Ok(true) });
            if !was_refused {
                assert!(granted > 200, "{granted}");
                break;
            }
        }
    }
}
