//! Walking through all customers, page by page.
//!
//! Contract: every customer comes at most once, in order, and the walk ends on every input. A page counts only as far as
//! its ids go on beyond those before; a page that adds nothing, or less than was asked for, is the last one. So the
//! same page without end, a page that holds its own cursor, a page out of order and a page larger than the limit all end.

use std::io::Write as _;
use std::ops::Range;

use super::ListCustomers;
use crate::model::Customer;
use crate::operations::{InvalidArgument, PAGE_LIMIT, Parameter, digits};

const LARGEST: u32 = PAGE_LIMIT as u32;
/// No id has this bit.
const ASCENDING: u64 = 1 << 63;

/// A walk through the customers of a store. The host submits [`Pages::query`], hands the answer to [`Pages::accept`],
/// and goes on while there is a query. (Deep pages cost the API little: each begins behind an id.)
///
/// ```no_run
/// # use std::time::Duration;
/// # use paynow_bridge::{Call, Client, Pages, Status};
/// # fn walk(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut pages = Pages::new(100, true, None);
/// while let Some(query) = pages.query() {
///     client.list_customers(&query, &Call::default())?;
///     let Some(completion) = client.next(Duration::from_secs(60))? else { break };
///     if completion.status() != Status::Ok {
///         break; // `query` is still the same: it can be asked again
///     }
///     for customer in pages.accept(completion.customers()) {
///         println!("{}", customer.id);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages<'a> {
    limit: u32,
    ascending: bool,
    search: Option<&'a str>,
    cursor: Option<u64>,
    cursor_text: Decimal,
    is_over: bool,
}

impl<'a> Pages<'a> {
    /// A walk from the oldest customer to the newest, or the other way round, 1 to 100 a page.
    #[must_use]
    pub fn new(limit: u32, ascending: bool, search: Option<&'a str>) -> Self {
        Self {
            limit: limit.clamp(1, LARGEST),
            ascending,
            search,
            cursor: None,
            cursor_text: Decimal::of(0),
            is_over: false,
        }
    }

    /// A walk as the other faces describe it: where nothing is said, the largest pages, the oldest customer first. A limit
    /// that cannot be is refused, not bent.
    pub(crate) fn of(
        limit: Option<u32>,
        ascending: Option<bool>,
        search: Option<&'a str>,
    ) -> Result<Self, InvalidArgument> {
        let limit = limit.unwrap_or(LARGEST);
        if !(1..=LARGEST).contains(&limit) {
            return Err(InvalidArgument::new(Parameter::Limit.name(), "must be between 1 and 100"));
        }
        Ok(Self::new(limit, ascending.unwrap_or(true), search))
    }

    /// Goes on behind the customer with this id, for faces that keep ids as text.
    pub(crate) fn after_text(self, id: &str) -> Result<Self, InvalidArgument> {
        let number = digits(id, i64::MAX as u64).and_then(|digits| digits.parse().ok());
        let number = number.ok_or(InvalidArgument::new(
            Parameter::After.name(),
            "must be a PayNow id: decimal digits of a 64-bit number",
        ))?;
        Ok(self.after(number))
    }

    /// Goes on behind the customer with this id.
    #[must_use]
    pub fn after(mut self, id: u64) -> Self {
        self.go_on_behind(id);
        self
    }

    /// What to ask next; `None` when the walk is over.
    #[must_use]
    pub fn query(&self) -> Option<ListCustomers<'_>> {
        (!self.is_over).then_some(ListCustomers {
            limit: Some(self.limit),
            after: self.cursor.map(|_| self.cursor_text.as_str()),
            before: None,
            ascending: Some(self.ascending),
            search: self.search,
            customer_ids: None,
        })
    }

    /// What an answer is compared with, in two numbers, for faces that keep it with the request. What is searched for is
    /// not among it.
    pub(crate) fn to_numbers(&self) -> (u8, u64) {
        let limit = u8::try_from(self.limit).expect("a page holds at most 100");
        (limit, self.cursor.unwrap_or(0) | if self.ascending { ASCENDING } else { 0 })
    }

    /// A walk as it was when [`Pages::to_numbers`] was called, which searches for nothing.
    pub(crate) fn from_numbers(limit: u8, place: u64) -> Self {
        let walk = Self::new(limit.into(), place & ASCENDING != 0, None);
        match place & !ASCENDING {
            0 => walk,
            cursor => walk.after(cursor),
        }
    }

    /// Where the walk is: the last id that came.
    #[must_use]
    pub fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// Takes an answer to [`Pages::query`]. What it returns is the part of the page that is new.
    pub fn accept<'c>(&mut self, page: &'c [Customer]) -> &'c [Customer] {
        &page[self.accept_ids(page.iter().map(|customer| customer.id.as_str()))]
    }

    /// [`Pages::accept`] for faces that have no more of a page than its ids: the places of those that are new.
    pub(crate) fn accept_ids<'i>(&mut self, ids: impl Iterator<Item = &'i str>) -> Range<usize> {
        let (mut fresh, mut length, mut is_broken) = (0..0, 0, false);
        for id in ids {
            match self.beyond(id).filter(|_| !is_broken) {
                Some(id) => {
                    let start = if fresh.is_empty() { length } else { fresh.start };
                    fresh = start..length + 1;
                    self.cursor = Some(id);
                }
                None => is_broken = !fresh.is_empty(),
            }
            length += 1;
        }
        if let Some(cursor) = self.cursor {
            self.go_on_behind(cursor);
        }
        self.is_over = length < self.limit as usize || is_broken || fresh.is_empty();
        fresh
    }

    fn beyond(&self, id: &str) -> Option<u64> {
        let id = id.parse().ok().filter(|id| (1..=i64::MAX as u64).contains(id))?;
        let is_beyond = match self.cursor {
            None => true,
            Some(cursor) if self.ascending => id > cursor,
            Some(cursor) => id < cursor,
        };
        is_beyond.then_some(id)
    }

    fn go_on_behind(&mut self, id: u64) {
        self.cursor = Some(id);
        self.cursor_text = Decimal::of(id);
    }
}

/// A number in digits, without an allocation: an answer is taken where there may be no memory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    digits: [u8; Self::LONGEST],
    length: usize,
}

impl Decimal {
    const LONGEST: usize = 20;

    fn of(number: u64) -> Self {
        let mut digits = [0; Self::LONGEST];
        let mut rest = &mut digits[..];
        write!(rest, "{number}").expect("no number is longer");
        let length = Self::LONGEST - rest.len();
        Self { digits, length }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length]).expect("digits are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: impl IntoIterator<Item = u64>) -> Vec<Customer> {
        let json: Vec<String> = ids.into_iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
        Customer::read_list(&format!("[{}]", json.join(","))).unwrap()
    }

    /// Walks over a server that answers with `answer`, which gets the cursor: the ids, and how often it was asked.
    fn walk(mut pages: Pages<'_>, answer: impl Fn(Option<u64>) -> Vec<Customer>) -> (Vec<u64>, usize) {
        let (mut ids, mut asked) = (Vec::new(), 0);
        while pages.query().is_some() {
            asked += 1;
            assert!(asked < 1_000, "it does not end");
            let page = answer(pages.cursor());
            ids.extend(pages.accept(&page).iter().map(|customer| customer.id.parse::<u64>().unwrap()));
        }
        (ids, asked)
    }

    #[test]
    fn an_honest_server_is_walked_to_its_end() {
        let up = |cursor: Option<u64>| page((cursor.unwrap_or(0) + 1..=25).take(10));
        assert_eq!(walk(Pages::new(10, true, None), up), ((1..=25).collect(), 3));
        let down = |cursor: Option<u64>| page((1..cursor.unwrap_or(31)).rev().take(10));
        assert_eq!(walk(Pages::new(10, false, None), down), ((1..=30).rev().collect(), 4));
        assert_eq!(walk(Pages::new(10, true, None), |_| page([])), (vec![], 1));
    }

    #[test]
    fn a_dishonest_one_ends_all_the_same() {
        let ten = || Pages::new(10, true, None);
        assert_eq!(walk(ten(), |_| page(1..=10)), ((1..=10).collect(), 2), "the same page without end");
        let holds_cursor =
            |cursor: Option<u64>| page((cursor.unwrap_or(1)..).take_while(|id| *id <= 30).take(10));
        assert_eq!(walk(ten(), holds_cursor).0, (1..=30).collect::<Vec<_>>(), "the cursor comes along");
        let too_many = |cursor: Option<u64>| page((cursor.unwrap_or(0) + 1..=45).take(20));
        assert_eq!(walk(ten(), too_many), ((1..=45).collect(), 3), "more than was asked for");
        let backwards = |_: Option<u64>| page((1..=10).rev());
        assert_eq!(walk(ten(), backwards), (vec![10], 1), "in the wrong order");
        let ping_pong = |cursor: Option<u64>| page(if cursor == Some(10) { 11..=20 } else { 1..=10 });
        assert_eq!(walk(ten(), ping_pong), ((1..=20).collect(), 3), "two pages in turn");
        let zero = Customer::read_list(r#"[{"id":"0"},{"id":"1"}]"#).unwrap();
        assert_eq!(
            walk(Pages::new(2, true, None), |_| zero.clone()).0,
            [1],
            "an id that is none is passed over"
        );
    }

    #[test]
    fn a_walk_that_cannot_be_is_refused_by_name() {
        let walk = Pages::of(None, None, Some("x")).unwrap();
        let query = walk.query().unwrap();
        assert_eq!((query.limit, query.ascending, query.search), (Some(100), Some(true), Some("x")));
        let walk = Pages::of(Some(7), Some(false), None).unwrap().after_text("42").unwrap();
        let query = walk.query().unwrap();
        assert_eq!((query.limit, query.ascending, query.after), (Some(7), Some(false), Some("42")));
        for limit in [0, 101, u32::MAX] {
            assert_eq!(Pages::of(Some(limit), None, None).unwrap_err().argument(), "limit");
        }
        for id in ["", "0", "-1", "9223372036854775808", "x"] {
            let refused = Pages::of(None, None, None).unwrap().after_text(id).unwrap_err();
            assert_eq!(refused.argument(), "after", "{id}");
        }
    }

    #[test]
    fn a_walk_survives_as_numbers() {
        for walk in
            [Pages::new(1, true, None), Pages::new(100, false, None), Pages::new(7, true, None).after(1)]
        {
            for walk in [walk.clone(), walk.after(i64::MAX as u64)] {
                let (limit, place) = walk.to_numbers();
                assert_eq!(Pages::from_numbers(limit, place), walk);
            }
        }
    }

    #[test]
    fn ids_that_are_none_end_the_walk() {
        for id in [0, i64::MAX as u64 + 1, u64::MAX] {
            assert_eq!(walk(Pages::new(1, true, None), |_| page([id])), (vec![], 1), "{id}");
        }
    }

    #[test]
    fn the_query_says_where_to_go_on() {
        let mut pages = Pages::new(500, true, Some("x"));
        assert_eq!(pages.query().unwrap().limit, Some(100));
        assert_eq!(pages.query().unwrap().after, None);
        let full = page(1..=100);
        pages.accept(&full);
        let query = pages.query().unwrap();
        assert_eq!((query.after, query.ascending, query.search), (Some("100"), Some(true), Some("x")));
        for id in [7, u64::MAX] {
            let pages = Pages::new(1, true, None).after(id);
            assert_eq!(pages.query().unwrap().after, Some(id.to_string().as_str()));
        }
    }
}
