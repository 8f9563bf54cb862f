//! Creating more customers than one request may.
//!
//! Contract: the input is cut into pieces of 200, sent one after the other, so that it ends on every input. For each
//! piece it is exact whether it was created; for each customer in it the answer says so if it can be told apart by an
//! identity (Steam id, UUID or XUID; a name only if it occurs once), and otherwise the outcome is unknown, not guessed:
//! PayNow's documents promise neither an order nor all or nothing.

use std::collections::BTreeMap;

use super::{CustomerFields, Field};
use crate::model::Customer;
use crate::operations::{BULK_LIMIT, Sent, Status, parse_uuid};

/// What became of one customer of a bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkOutcome {
    /// Created: the customer at this place of its piece's answer.
    Created(usize),
    /// Surely not created.
    Failed(Status),
    /// It may have been created: the answer does not tell.
    Unknown,
}

/// A bulk under way: any number of new customers, sent in pieces of 200, one after the other.
///
/// ```no_run
/// # use std::time::Duration;
/// # use paynow_bridge::{Bulk, BulkOutcome, Call, Client, CustomerFields, Field};
/// # fn create(client: &Client, names: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
/// let customers: Vec<_> =
///     names.iter().map(|name| CustomerFields { name: Field::Value(*name), ..Default::default() }).collect();
/// let mut bulk = Bulk::new(&customers);
/// while !bulk.piece().is_empty() {
///     client.bulk_create_customers(bulk.piece(), &Call::default())?;
///     let Some(completion) = client.next(Duration::from_secs(60))? else { break };
///     for outcome in bulk.accept(completion.status(), completion.sent(), completion.customers()) {
///         match outcome {
///             BulkOutcome::Created(place) => println!("{}", completion.customers()[place].id),
///             BulkOutcome::Failed(status) => println!("not created: {status:?}"),
///             BulkOutcome::Unknown => println!("created, or not"),
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bulk<'a> {
    customers: &'a [CustomerFields<'a>],
    done: usize,
}

impl<'a> Bulk<'a> {
    /// A bulk of any size.
    #[must_use]
    pub fn new(customers: &'a [CustomerFields<'a>]) -> Self {
        Self { customers, done: 0 }
    }

    /// The piece to send next, at most 200; empty when all were sent.
    #[must_use]
    pub fn piece(&self) -> &'a [CustomerFields<'a>] {
        let rest = &self.customers[self.done..];
        &rest[..piece_length(rest.len())]
    }

    /// How many customers are done, whatever became of them.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// Takes how the present piece ended, and goes on to the next: what became of each customer in it.
    pub fn accept(&mut self, status: Status, sent: Sent, created: &[Customer]) -> Vec<BulkOutcome> {
        let piece = self.piece();
        self.done += piece.len();
        let wanted: Vec<_> = piece.iter().map(Identity::of_fields).collect();
        outcomes(&wanted, status, sent, created.iter().map(Identity::all_of_customer))
    }
}

/// How many customers go into the next piece when so many are left.
pub(crate) fn piece_length(left: usize) -> usize {
    left.min(BULK_LIMIT)
}

/// What a customer can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity<'a> {
    Steam(&'a str),
    Minecraft(u128),
    Xbox(&'a str),
    Name(&'a str),
    Nothing,
}

impl<'a> Identity<'a> {
    pub(crate) fn of_fields(fields: &CustomerFields<'a>) -> Self {
        let value = |field: Field<&'a str>| match field {
            Field::Value(value) => Some(value),
            _ => None,
        };
        Self::of(
            value(fields.steam_id),
            value(fields.minecraft_uuid),
            value(fields.xbox_xuid),
            value(fields.name),
        )
    }

    pub(crate) fn of(
        steam_id: Option<&'a str>,
        minecraft_uuid: Option<&'a str>,
        xbox_xuid: Option<&'a str>,
        name: Option<&'a str>,
    ) -> Self {
        if let Some(id) = steam_id {
            Self::Steam(id)
        } else if let Some(uuid) = minecraft_uuid.and_then(parse_uuid) {
            Self::Minecraft(uuid)
        } else if let Some(xuid) = xbox_xuid {
            Self::Xbox(xuid)
        } else {
            name.map_or(Self::Nothing, Self::Name)
        }
    }

    /// Everything a customer of an answer can be told apart by.
    pub(crate) fn all_of(
        steam_id: Option<&'a str>,
        minecraft_uuid: Option<&'a str>,
        xbox_xuid: Option<&'a str>,
        name: Option<&'a str>,
    ) -> impl Iterator<Item = Self> {
        [
            steam_id.map(Self::Steam),
            minecraft_uuid.and_then(parse_uuid).map(Self::Minecraft),
            xbox_xuid.map(Self::Xbox),
            name.map(Self::Name),
        ]
        .into_iter()
        .flatten()
    }

    pub(crate) fn all_of_customer(customer: &'a Customer) -> impl Iterator<Item = Self> {
        Self::all_of(
            customer.steam_id.as_deref(),
            customer.minecraft_uuid.as_deref(),
            customer.xbox_xuid.as_deref(),
            customer.name.as_deref(),
        )
    }
}

/// What became of each of the customers a piece wanted.
/// Each customer of the answer is known by its identities.
pub(crate) fn outcomes<'i>(
    wanted: &[Identity<'i>],
    status: Status,
    sent: Sent,
    created: impl Iterator<Item = impl Iterator<Item = Identity<'i>>>,
) -> Vec<BulkOutcome> {
    if status != Status::Ok {
        return vec![
            if is_surely_undone(status, sent) {
                BulkOutcome::Failed(status)
            } else {
                BulkOutcome::Unknown
            };
            wanted.len()
        ];
    }
    let mut places: BTreeMap<Identity<'_>, Option<usize>> = BTreeMap::new();
    for (place, identities) in created.enumerate() {
        for identity in identities {
            // Two with the same identity cannot be told apart.
            places.entry(identity).and_modify(|found| *found = None).or_insert(Some(place));
        }
    }
    let mut times: BTreeMap<Identity<'_>, u32> = BTreeMap::new();
    for identity in wanted {
        *times.entry(*identity).or_default() += 1;
    }
    wanted
        .iter()
        .map(|identity| match places.get(identity) {
            Some(Some(place)) if times[identity] == 1 => BulkOutcome::Created(*place),
            _ => BulkOutcome::Unknown,
        })
        .collect()
}

fn is_surely_undone(status: Status, sent: Sent) -> bool {
    match status {
        Status::Unauthorized | Status::Forbidden | Status::RateLimited | Status::Unavailable => true,
        // All or nothing is documented nowhere: a refusal may come after some were created.
        _ => sent == Sent::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> CustomerFields<'_> {
        CustomerFields { name: Field::Value(name), ..CustomerFields::default() }
    }

    fn created(json: &str) -> Vec<Customer> {
        Customer::read_list(json).unwrap()
    }

    #[test]
    fn any_size_is_cut_into_pieces() {
        for (size, pieces) in
            [(0, vec![]), (1, vec![1]), (200, vec![200]), (201, vec![200, 1]), (450, vec![200, 200, 50])]
        {
            let customers = vec![CustomerFields::default(); size];
            let mut bulk = Bulk::new(&customers);
            let mut seen = Vec::new();
            while !bulk.piece().is_empty() {
                seen.push(bulk.piece().len());
                let outcomes = bulk.accept(Status::Server, Sent::Answered, &[]);
                assert_eq!(outcomes.len(), *seen.last().unwrap());
            }
            assert_eq!((seen, bulk.done()), (pieces, size));
        }
    }

    #[test]
    fn each_is_found_by_its_identity_whatever_the_order() {
        let customers = [
            CustomerFields { steam_id: Field::Value("76561198000000001"), ..CustomerFields::default() },
            CustomerFields {
                minecraft_uuid: Field::Value("069A79F444E94726A5BEFCA90E38AAF5"),
                ..CustomerFields::default()
            },
            CustomerFields { xbox_xuid: Field::Value("2535432196048835"), ..CustomerFields::default() },
            named("Olga"),
            named("missing"),
            CustomerFields::default(),
        ];
        let answer = created(
            r#"[{"id":"4","name":"Olga"},{"id":"3","xbox_xuid":2535432196048835},
                {"id":"2","minecraft_uuid":"069a79f4-44e9-4726-a5be-fca90e38aaf5"},{"id":"1","steam_id":"76561198000000001"}]"#,
        );
        let outcomes = Bulk::new(&customers).accept(Status::Ok, Sent::Answered, &answer);
        use BulkOutcome::{Created, Unknown};
        assert_eq!(outcomes, [Created(3), Created(2), Created(1), Created(0), Unknown, Unknown]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_unknown() {
        let customers = [named("twin"), named("twin"), named("single")];
        let answer =
            created(r#"[{"id":"1","name":"twin"},{"id":"2","name":"single"},{"id":"3","name":"single"}]"#);
        let outcomes = Bulk::new(&customers).accept(Status::Ok, Sent::Answered, &answer);
        assert_eq!(outcomes, [BulkOutcome::Unknown; 3]);
    }

    #[test]
    fn a_failed_piece_is_undone_only_if_that_is_sure() {
        let customers = [named("a")];
        let outcome = |status, sent| Bulk::new(&customers).accept(status, sent, &[])[0];
        assert_eq!(outcome(Status::Connect, Sent::Never), BulkOutcome::Failed(Status::Connect));
        assert_eq!(outcome(Status::Unauthorized, Sent::Answered), BulkOutcome::Failed(Status::Unauthorized));
        assert_eq!(outcome(Status::Transport, Sent::Maybe), BulkOutcome::Unknown);
        assert_eq!(outcome(Status::Conflict, Sent::Answered), BulkOutcome::Unknown);
        assert_eq!(outcome(Status::Timeout, Sent::Maybe), BulkOutcome::Unknown);
    }
}
