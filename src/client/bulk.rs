//! Creating more customers than one request may.
//!
//! Contract: the input is cut into pieces of 200, sent one after the other, so that it ends on every input. For each
//! piece it is exact whether it was created; for each customer in it the answer says so if it can be told apart by an
//! identity (Steam id, UUID or XUID; a name only if it occurs once), and otherwise the outcome is unknown, not guessed:
//! PayNow's documents promise neither an order nor all or nothing.

use super::{CustomerFields, Field};
use crate::model::Customer;
use crate::operations::{BULK_LIMIT, Sent, Status, parse_uuid};
use crate::room::{self, NoMemory};

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

    /// Takes how the present piece ended, and goes on to the next: what became of each customer in it. All are
    /// [`BulkOutcome::Unknown`] when there is no memory to compare them with a long answer.
    pub fn accept(&mut self, status: Status, sent: Sent, created: &[Customer]) -> Vec<BulkOutcome> {
        let piece = self.piece();
        self.done += piece.len();
        outcomes(piece.iter().map(Identity::of_fields), status, sent, created)
            .unwrap_or_else(|NoMemory| vec![BulkOutcome::Unknown; piece.len()])
    }
}

/// How many customers go into the next piece when so many are left.
pub(crate) fn piece_length(left: usize) -> usize {
    left.min(BULK_LIMIT)
}

/// What a customer can be told apart by. `T` is how its texts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity<T> {
    Steam(T),
    Minecraft(u128),
    Xbox(T),
    Name(T),
    Nothing,
}

impl<'a> Identity<&'a str> {
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
    fn all_of(customer: &'a Customer) -> impl Iterator<Item = Self> {
        [
            customer.steam_id.as_deref().map(Self::Steam),
            customer.minecraft_uuid.as_deref().and_then(parse_uuid).map(Self::Minecraft),
            customer.xbox_xuid.as_deref().map(Self::Xbox),
            customer.name.as_deref().map(Self::Name),
        ]
        .into_iter()
        .flatten()
    }

    /// A copy that owns its text.
    pub(crate) fn try_to_owned(self) -> Result<Identity<String>, NoMemory> {
        Ok(match self {
            Self::Steam(id) => Identity::Steam(room::text(id)?),
            Self::Minecraft(uuid) => Identity::Minecraft(uuid),
            Self::Xbox(xuid) => Identity::Xbox(room::text(xuid)?),
            Self::Name(name) => Identity::Name(room::text(name)?),
            Self::Nothing => Identity::Nothing,
        })
    }
}

impl Identity<String> {
    pub(crate) fn borrowed(&self) -> Identity<&str> {
        match self {
            Self::Steam(id) => Identity::Steam(id),
            Self::Minecraft(uuid) => Identity::Minecraft(*uuid),
            Self::Xbox(xuid) => Identity::Xbox(xuid),
            Self::Name(name) => Identity::Name(name),
            Self::Nothing => Identity::Nothing,
        }
    }
}

/// What became of each of the customers a piece wanted.
pub(crate) fn outcomes<'i>(
    wanted: impl ExactSizeIterator<Item = Identity<&'i str>>,
    status: Status,
    sent: Sent,
    created: &'i [Customer],
) -> Result<Vec<BulkOutcome>, NoMemory> {
    if let Some(outcome) = outcome_of_all(status, sent) {
        return room::collect(wanted.map(|_| outcome));
    }
    let wanted = room::collect(wanted)?;
    let mut times = room::collect(wanted.iter().copied())?;
    times.sort_unstable();
    let mut places = room::list(created.iter().flat_map(Identity::all_of).count())?;
    for (place, customer) in created.iter().enumerate() {
        places.extend(Identity::all_of(customer).map(|identity| (identity, place)));
    }
    places.sort_unstable();
    room::collect(wanted.iter().map(|identity| {
        let first = places.partition_point(|(other, _)| other < identity);
        let mut found = places[first..].iter().take_while(|(other, _)| other == identity);
        // Two with the same identity cannot be told apart, on neither side.
        match (found.next(), found.next(), count_of(&times, identity)) {
            (Some((_, place)), None, 1) => BulkOutcome::Created(*place),
            _ => BulkOutcome::Unknown,
        }
    }))
}

/// What became of all customers of a piece alike; `None` when its answer says of each.
pub(crate) fn outcome_of_all(status: Status, sent: Sent) -> Option<BulkOutcome> {
    match status {
        Status::Ok => None,
        _ if is_surely_undone(status, sent) => Some(BulkOutcome::Failed(status)),
        _ => Some(BulkOutcome::Unknown),
    }
}

/// How often something is in a sorted list.
fn count_of<T: Ord>(sorted: &[T], wanted: &T) -> usize {
    sorted.partition_point(|each| each <= wanted) - sorted.partition_point(|each| each < wanted)
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
    use crate::room::counting::{each_refused, refusing};

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
    fn what_there_is_no_memory_to_compare_is_unknown() {
        let customers = [named("a"), named("b")];
        let many: Vec<String> = (0..300).map(|id| format!(r#"{{"id":"{id}","name":"{id}"}}"#)).collect();
        let answer = created(&format!("[{}]", many.join(",")));
        let wanted = || customers.iter().map(Identity::of_fields);
        let refused = each_refused(1, || outcomes(wanted(), Status::Ok, Sent::Answered, &answer));
        assert_eq!(refused, 4);
        let (became, _) =
            refusing(0, 4_000, || Bulk::new(&customers).accept(Status::Ok, Sent::Answered, &answer));
        assert_eq!(became, [BulkOutcome::Unknown; 2]);
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
