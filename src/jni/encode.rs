//! How what has finished crosses to Java: as bytes, many at a time, instead of one call into the JVM for each.
//!
//! ```text
//! batch      := record*
//! record     := length:i32 (of what follows) kind:u8 body
//! body       := log | completion
//! log        (kind 2) := level:u8 text
//! completion (kind 1) := ticket:i32 operation:u8 status:u8 sent:u8 source:u8 httpStatus:i32 attempts:i32
//!                        retryAfterMs:i64 (-1: none) queuedMicros:i64 networkMicros:i64
//!                        message:text error answer follow
//! error      := 0:u8 | 1:u8 code:text message:text traceId:text count:i32 detail*
//! detail     := code:text message:text validation:text count:i32 segment:text*
//! answer     := 0:u8 (nothing) | 1:u8 (does not exist) | 2:u8 customer | 3:u8 count:i32 customer* | 4:u8 token:text
//!             | 5:u8 customer token:text | 6:u8 giftcard | 7:u8 json:text
//! follow     := 0:u8 (nothing) | 1:u8 cursor:i64 (0: none) isOver:u8
//!             | 2:u8 goesOn:u8 count:i32 became:i32* | 3:u8 goesOn:u8 count:i32 became:i32 (the same for each)
//! became     := place in the answer | -1 (surely not created) | -2 (unknown)
//! customer   := length:i32 (of what follows) id:text storeId:text steamId:text minecraftUuid:text xboxXuid:text name:text platform:u8
//!               createdAt:date updatedAt:date profile steam minecraft count:i32 (key:text value:text)*
//! platform   := 0 (absent) | 1 (unknown) | 2 (Java) | 3 (Bedrock)
//! profile    := 0:u8 | 1:u8 id:text platform:text name:text avatarUrl:text
//! giftcard   := code:text balance:i64 startingBalance:i64 expiresAt:date
//! date       := text milliseconds:i64 (the least number there is: unknown)
//! text       := length:i32 bytes of UTF-8 | -1:i32 (null)
//! ```
//!
//! Numbers are little-endian. Java reads this with `dev.paynowbridge.Reader`; both are of one version, because
//! the library comes out of the jar. A customer still says how long it is: a field that is added at its end here, and
//! forgotten there, then costs that field and not every customer. `src/tables.rs` names the forgotten field.
//!
//! `follow` is what the client has decided about an answer: where a walk goes on behind the page (whose answer holds the
//! customers that are new, and no others), and what became of each customer of a bulk's piece.

use std::time::Duration;

use zeroize::Zeroize;

use super::follow::Following;
use crate::client::{BulkOutcome, Pages, PieceUnderWay};
use crate::model::{
    ApiError, Customer, Date, GiftCard, MinecraftPlatform, PlatformProfile, Profile, Text, Token,
};
use crate::operations::{Answer, OperationId, Sent, Status};
use crate::room::{self, NoMemory};
use crate::runtime::{LogLine, Outcome, Source};

/// Grows when the encoding or an export changes; Java compares it when it has loaded the library.
pub(super) const VERSION: i64 = 6;

const COMPLETION: u8 = 1;
const LOG_LINE: u8 = 2;
/// A batch's memory is given back when it was longer than this.
const KEPT: usize = 1024 * 1024;

/// What most customers fit into. A batch is never shorter.
const ORDINARY: usize = 1024;

/// What a completion without content fits into.
const LEAST: usize = 512;

/// Stand for what became of a customer, where a place would be.
const FAILED: i32 = -1;
const UNKNOWN: i32 = -2;

/// A request that has ended.
pub(super) struct Ended<'a> {
    pub(super) ticket: u32,
    pub(super) operation: OperationId,
    pub(super) outcome: &'a Outcome,
}

/// Records on their way to Java.
pub(super) struct Batch {
    bytes: Vec<u8>,
    holds_token: bool,
}

impl Batch {
    /// One with room for a single answer of ordinary size, which then is one allocation.
    pub(super) fn new() -> Result<Self, NoMemory> {
        Ok(Self { bytes: room::list(ORDINARY)?, holds_token: false })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        if self.holds_token {
            self.bytes.zeroize();
            self.holds_token = false;
        }
        self.bytes.clear();
        if self.bytes.capacity() > KEPT
            && let Ok(shorter) = room::list(ORDINARY)
        {
            self.bytes = shorter;
        }
    }

    /// Sees to it that a completion finds room, at least without its content. An empty batch has some.
    pub(super) fn make_room(&mut self) -> Result<(), NoMemory> {
        self.reserve(LEAST)
    }

    /// Adds a completion, after [`Batch::make_room`]. One there is no memory for is added without its content, with the
    /// status that says so, and the error says that it was.
    pub(super) fn completion(&mut self, ended: &Ended<'_>, following: Following<'_>) -> Result<(), NoMemory> {
        let start = self.bytes.len();
        let piece = if let Following::Piece(piece) = &following { Some(*piece) } else { None };
        let fits = self.with_content(ended, following);
        if fits.is_err() {
            // What is cut off is still wiped with the rest.
            self.bytes.truncate(start);
            let added = self.without_content(ended, piece);
            debug_assert!(added.is_ok(), "there was room for it");
        }
        fits
    }

    fn with_content(&mut self, ended: &Ended<'_>, following: Following<'_>) -> Result<(), NoMemory> {
        let start = self.begin(COMPLETION)?;
        let outcome = ended.outcome;
        let reply = outcome.reply.as_ref();
        self.details(ended, outcome.status)?;
        let own_words = reply.and_then(|reply| reply.message.as_deref());
        self.text(own_words.or(outcome.status.explanation()))?;
        self.error(reply.and_then(|reply| reply.error.as_deref()))?;
        match (reply.map_or(&Answer::Nothing, |reply| &reply.answer), following) {
            (Answer::Customers(page), Following::Page(walk)) if outcome.status == Status::Ok => {
                self.page(page, walk)?;
            }
            (answer, following) => {
                self.answer(answer, reply.map_or("", |reply| reply.body.as_str()))?;
                match following {
                    Following::Piece(piece) => self.piece(ended.outcome, piece)?,
                    Following::Page(_) | Following::Alone => self.byte(0)?,
                }
            }
        }
        self.end(start);
        Ok(())
    }

    fn without_content(&mut self, ended: &Ended<'_>, piece: Option<&PieceUnderWay>) -> Result<(), NoMemory> {
        let start = self.begin(COMPLETION)?;
        self.details(ended, Status::Resources)?;
        self.text(Status::Resources.explanation())?;
        self.error(None)?;
        self.byte(0)?;
        match piece {
            Some(piece) => {
                let Outcome { status, sent, .. } = *ended.outcome;
                let became = PieceUnderWay::outcome_of_all(status, sent).unwrap_or(BulkOutcome::Unknown);
                self.became_alike(piece, status, became)?;
            }
            None => self.byte(0)?,
        }
        self.end(start);
        Ok(())
    }

    /// What is known of every request.
    fn details(&mut self, ended: &Ended<'_>, status: Status) -> Result<(), NoMemory> {
        let Ended { ticket, operation, outcome } = ended;
        self.int(ticket.cast_signed())?;
        self.byte(*operation as i32 as u8)?;
        self.byte(status as i32 as u8)?;
        self.byte(match outcome.sent {
            Sent::Never => 0,
            Sent::Maybe => 1,
            Sent::Answered => 2,
        })?;
        self.byte(match outcome.source {
            Source::Network => 0,
            Source::Shared => 1,
            Source::Cache => 2,
            Source::StaleCache => 3,
            Source::OtherServer => 4,
        })?;
        self.int(outcome.http_status.into())?;
        self.count(outcome.attempts as usize)?;
        self.long(
            outcome.retry_after.map_or(-1, |wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
        )?;
        self.long(micros(outcome.queued))?;
        self.long(micros(outcome.network))
    }

    fn answer(&mut self, answer: &Answer, body: &str) -> Result<(), NoMemory> {
        match answer {
            Answer::Nothing => self.byte(0),
            Answer::Absent => self.byte(1),
            Answer::Customer(customer) => {
                self.byte(2)?;
                self.customer(customer)
            }
            Answer::Customers(customers) => self.customers(customers),
            Answer::Token(token) => {
                self.byte(4)?;
                self.token(token)
            }
            Answer::TokenFor(customer, token) => {
                self.byte(5)?;
                self.customer(customer)?;
                self.token(token)
            }
            Answer::GiftCard(card) => {
                self.byte(6)?;
                self.giftcard(card)
            }
            Answer::Json => {
                self.byte(7)?;
                // Whatever it is may hold a token.
                self.holds_token = true;
                self.text(Some(body))
            }
        }
    }

    fn customers(&mut self, customers: &[Customer]) -> Result<(), NoMemory> {
        self.byte(3)?;
        self.count(customers.len())?;
        customers.iter().try_for_each(|customer| self.customer(customer))
    }

    /// The part of a page that is new, and where its walk goes on.
    fn page(&mut self, page: &[Customer], mut walk: Pages<'_>) -> Result<(), NoMemory> {
        self.customers(walk.accept(page))?;
        self.byte(1)?;
        self.long(walk.cursor().unwrap_or(0).cast_signed())?;
        self.byte(walk.query().is_none().into())
    }

    /// What became of the customers of a piece.
    fn piece(&mut self, outcome: &Outcome, piece: &PieceUnderWay) -> Result<(), NoMemory> {
        let Outcome { status, sent, .. } = *outcome;
        if let Some(became) = PieceUnderWay::outcome_of_all(status, sent) {
            return self.became_alike(piece, status, became);
        }
        let created = match outcome.reply.as_ref().map(|reply| &reply.answer) {
            Some(Answer::Customers(customers)) => customers.as_slice(),
            _ => &[],
        };
        let each = piece.accept(status, sent, created)?;
        self.byte(2)?;
        self.byte(piece.goes_on_after(status).into())?;
        self.count(each.len())?;
        each.into_iter().try_for_each(|became| self.int(number(became)))
    }

    fn became_alike(
        &mut self,
        piece: &PieceUnderWay,
        status: Status,
        became: BulkOutcome,
    ) -> Result<(), NoMemory> {
        self.byte(3)?;
        self.byte(piece.goes_on_after(status).into())?;
        self.count(piece.len())?;
        self.int(number(became))
    }

    /// Adds a number behind a record.
    pub(super) fn number(&mut self, number: u64) -> Result<(), NoMemory> {
        self.long(number.cast_signed())
    }

    /// Adds a line for the host's log; a line there is no memory for is left out.
    pub(super) fn log_line(&mut self, line: &LogLine) {
        let start = self.bytes.len();
        let added = self.begin(LOG_LINE).and_then(|start| {
            self.byte(line.level as u8)?;
            self.text(Some(&line.text))?;
            self.end(start);
            Ok(())
        });
        if added.is_err() {
            self.bytes.truncate(start);
        }
    }

    fn begin(&mut self, kind: u8) -> Result<usize, NoMemory> {
        let start = self.bytes.len();
        self.int(0)?;
        self.byte(kind)?;
        Ok(start)
    }

    fn end(&mut self, start: usize) {
        let length = self.bytes.len() - start - size_of::<i32>();
        let length = i32::try_from(length).expect("an answer is bounded far below 2 GiB");
        self.bytes[start..start + size_of::<i32>()].copy_from_slice(&length.to_le_bytes());
    }

    fn error(&mut self, error: Option<&ApiError>) -> Result<(), NoMemory> {
        let Some(error) = error else { return self.byte(0) };
        self.byte(1)?;
        for text in [&error.code, &error.message, &error.trace_id] {
            self.text(text.as_deref())?;
        }
        self.count(error.errors.len())?;
        for detail in &error.errors {
            for text in [&detail.code, &detail.message, &detail.validation] {
                self.text(text.as_deref())?;
            }
            self.count(detail.path.len())?;
            detail.path.iter().try_for_each(|segment| self.text(Some(segment)))?;
        }
        Ok(())
    }

    fn customer(&mut self, customer: &Customer) -> Result<(), NoMemory> {
        // Without `..`: the compiler names a field that is forgotten here.
        let Customer {
            id,
            store_id,
            profile,
            steam_id,
            steam,
            minecraft_uuid,
            minecraft,
            xbox_xuid,
            minecraft_platform,
            name,
            created_at,
            updated_at,
            metadata,
        } = customer;
        let start = self.bytes.len();
        self.int(0)?;
        self.text(Some(id))?;
        for text in [store_id, steam_id, minecraft_uuid, xbox_xuid, name] {
            self.text(text.as_deref())?;
        }
        self.byte(match minecraft_platform {
            None => 0,
            Some(MinecraftPlatform::Unknown) => 1,
            Some(MinecraftPlatform::Java) => 2,
            Some(MinecraftPlatform::Bedrock) => 3,
        })?;
        self.date(created_at.as_ref())?;
        self.date(updated_at.as_ref())?;
        match profile {
            None => self.byte(0)?,
            Some(Profile { id, platform, name, avatar_url }) => {
                self.profile([id, platform, name, avatar_url])?;
            }
        }
        for profile in [steam, minecraft] {
            match profile {
                None => self.byte(0)?,
                Some(PlatformProfile { id, name, avatar_url }) => {
                    self.profile([id, &None, name, avatar_url])?;
                }
            }
        }
        self.count(metadata.len())?;
        for (key, value) in metadata {
            self.text(Some(key))?;
            self.text(Some(value))?;
        }
        self.end(start);
        Ok(())
    }

    fn profile(&mut self, texts: [&Option<Text>; 4]) -> Result<(), NoMemory> {
        self.byte(1)?;
        texts.into_iter().try_for_each(|text| self.text(text.as_deref()))
    }

    fn giftcard(&mut self, card: &GiftCard) -> Result<(), NoMemory> {
        let GiftCard { code, balance, starting_balance, expires_at } = card;
        self.text(Some(code))?;
        self.long(*balance)?;
        self.long(*starting_balance)?;
        self.date(expires_at.as_ref())
    }

    fn token(&mut self, token: &Token) -> Result<(), NoMemory> {
        self.holds_token = true;
        self.text(Some(token.expose()))
    }

    fn date(&mut self, date: Option<&Date>) -> Result<(), NoMemory> {
        self.text(date.map(|date| date.text.as_str()))?;
        self.long(date.and_then(|date| date.unix_milliseconds).unwrap_or(i64::MIN))
    }

    fn text(&mut self, text: Option<&str>) -> Result<(), NoMemory> {
        let Some(text) = text else { return self.int(-1) };
        self.count(text.len())?;
        self.add(text.as_bytes())
    }

    fn count(&mut self, count: usize) -> Result<(), NoMemory> {
        self.int(i32::try_from(count).expect("an answer is bounded far below 2 GiB"))
    }

    fn byte(&mut self, value: u8) -> Result<(), NoMemory> {
        self.add(&[value])
    }

    fn int(&mut self, value: i32) -> Result<(), NoMemory> {
        self.add(&value.to_le_bytes())
    }

    fn long(&mut self, value: i64) -> Result<(), NoMemory> {
        self.add(&value.to_le_bytes())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), NoMemory> {
        self.reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Makes room for so many bytes. What held a token leaves no copy behind when it grows.
    fn reserve(&mut self, more: usize) -> Result<(), NoMemory> {
        if self.bytes.capacity() - self.bytes.len() >= more {
            return Ok(());
        }
        if !self.holds_token {
            self.bytes.try_reserve(more)?;
            return Ok(());
        }
        let mut longer = room::list((self.bytes.len() + more).max(2 * self.bytes.capacity()))?;
        longer.extend_from_slice(&self.bytes);
        self.bytes.zeroize();
        self.bytes = longer;
        Ok(())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if self.holds_token {
            self.bytes.zeroize();
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn number(became: BulkOutcome) -> i32 {
    match became {
        BulkOutcome::Created(place) => i32::try_from(place).unwrap_or(UNKNOWN),
        BulkOutcome::Failed(_) => FAILED,
        BulkOutcome::Unknown => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{CustomerFields, Field, Pieces};
    use crate::operations::OperationId;
    use crate::room::counting::refusing;
    use crate::runtime::LogLevel;

    const FULL_CUSTOMER: &str = r#"{"id":"411","name":"Notch","metadata":{"rank":"vip","note":"first"},
        "steam_id":"76561198000000001","created_at":"2024-01-01T00:00:00Z"}"#;

    fn customers(count: usize) -> Vec<Customer> {
        let one = |id: usize| FULL_CUSTOMER.replace("411", &(id + 1).to_string());
        Customer::read_list(&format!("[{}]", (0..count).map(one).collect::<Vec<_>>().join(","))).unwrap()
    }

    fn ended(outcome: &Outcome) -> Ended<'_> {
        Ended { ticket: 7, operation: OperationId::ListCustomers, outcome }
    }

    /// The records of a batch: kind, and what is behind it.
    fn records(batch: &Batch) -> Vec<(u8, Vec<u8>)> {
        let (mut rest, mut found) = (batch.bytes(), Vec::new());
        while let Some((length, body)) = rest.split_first_chunk() {
            let (record, behind) = body.split_at(i32::from_le_bytes(*length) as usize);
            found.push((record[0], record[1..].to_vec()));
            rest = behind;
        }
        found
    }

    fn status_of(record: &[u8]) -> i32 {
        record[5].into()
    }

    fn piece(count: usize, more: bool) -> PieceUnderWay {
        let mut pieces = Pieces::default();
        let rest = if more { 200 } else { 0 };
        let names: Vec<_> = (0..count + rest).map(|name| name.to_string()).collect();
        for name in &names {
            let fields = CustomerFields { name: Field::Value(name.as_str()), ..CustomerFields::default() };
            pieces.add(|arguments| fields.write(arguments)).unwrap();
        }
        pieces.send().unwrap().unwrap().1
    }

    #[test]
    fn a_record_says_how_long_it_is() {
        let mut batch = Batch::new().unwrap();
        batch.log_line(&LogLine { level: LogLevel::Warn, text: Text::from("hm") });
        batch.log_line(&LogLine { level: LogLevel::Error, text: Text::from("") });
        let expected = [&[8, 0, 0, 0, 2, 2, 2, 0, 0, 0][..], b"hm", &[6, 0, 0, 0, 2, 1, 0, 0, 0, 0]].concat();
        assert_eq!(batch.bytes(), expected);
    }

    #[test]
    fn what_held_a_token_is_wiped() {
        let mut batch = Batch::new().unwrap();
        batch.text(Some("pnct_secret")).unwrap();
        batch.holds_token = true;
        batch.clear();
        assert!(batch.bytes().is_empty());
        assert!(!batch.holds_token);
        let capacity = batch.bytes.capacity();
        batch.bytes.resize(capacity, 1);
        assert!(!batch.bytes.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn a_page_crosses_with_what_is_new_of_it_and_where_it_goes_on() {
        let outcome = Outcome::of(Status::Ok, Answer::Customers(customers(3)));
        let mut batch = Batch::new().unwrap();
        let walk = Pages::new(3, true, None).after(1);
        batch.completion(&ended(&outcome), Following::Page(walk)).unwrap();
        let mut expected = Batch::new().unwrap();
        expected.customers(&customers(3)[1..]).unwrap();
        expected.byte(1).unwrap();
        expected.long(3).unwrap();
        expected.byte(0).unwrap();
        let [(COMPLETION, record)] = &records(&batch)[..] else { panic!("one record") };
        assert!(record.ends_with(expected.bytes()), "customers 2 and 3, behind 3, not over");
    }

    #[test]
    fn a_page_that_failed_leaves_the_walk_where_it_is() {
        let mut batch = Batch::new().unwrap();
        let outcome = Outcome::of(Status::Timeout, Answer::Nothing);
        batch.completion(&ended(&outcome), Following::Page(Pages::new(3, true, None))).unwrap();
        assert!(records(&batch)[0].1.ends_with(&[0, 0, 0]), "no error, no answer, nothing follows");
    }

    #[test]
    fn a_piece_crosses_with_what_became_of_each() {
        let answer = r#"[{"id":"9","name":"1"},{"id":"8","name":"0"}]"#;
        let outcome = Outcome::of(Status::Ok, Answer::Customers(Customer::read_list(answer).unwrap()));
        let mut batch = Batch::new().unwrap();
        batch.completion(&ended(&outcome), Following::Piece(&piece(3, false))).unwrap();
        let became = [&[2, 0][..], &[3, 0, 0, 0], &[1, 0, 0, 0], &[0; 4], &(-2_i32).to_le_bytes()].concat();
        assert!(records(&batch)[0].1.ends_with(&became), "1, 0 and unknown");

        let failed = Outcome::of(Status::Connect, Answer::Nothing);
        let mut batch = Batch::new().unwrap();
        batch.completion(&ended(&failed), Following::Piece(&piece(200, true))).unwrap();
        assert!(records(&batch)[0].1.ends_with(&[3, 1, 200, 0, 0, 0, 255, 255, 255, 255]));
    }

    /// Refuses each allocation in turn that crossing needs: what does not fit says so, and nothing else is lost or doubled.
    #[test]
    fn what_there_is_no_memory_for_crosses_without_its_content() {
        let small = Outcome::of(Status::Cancelled, Answer::Nothing);
        let large = Outcome::of(Status::Ok, Answer::Customers(customers(200)));
        let piece = piece(200, true);
        let mut granted = 0;
        loop {
            let mut batch = Batch::new().unwrap();
            let mut added = Vec::with_capacity(4);
            let (_, was_refused) = refusing(granted, 1, || {
                for (outcome, following) in [
                    (&small, Following::Alone),
                    (&large, Following::Piece(&piece)),
                    (&large, Following::Page(Pages::new(100, true, None))),
                    (&small, Following::Alone),
                ] {
                    if batch.make_room().is_err() {
                        break;
                    }
                    let fits = batch.completion(&ended(outcome), following);
                    added.push(if fits.is_ok() { outcome.status } else { Status::Resources });
                }
            });
            let found = records(&batch);
            let statuses: Vec<i32> = found.iter().map(|(_, record)| status_of(record)).collect();
            let expected: Vec<i32> = added.iter().map(|status| i32::from(*status as i32 as u8)).collect();
            assert_eq!(statuses, expected, "{granted}");
            if !was_refused {
                assert_eq!(added, [Status::Cancelled, Status::Ok, Status::Ok, Status::Cancelled]);
                break;
            }
            let lost = added.iter().filter(|status| **status == Status::Resources).count();
            assert!(added.len() < 4 || lost == 1, "{granted}: {added:?}");
            if added.get(1) == Some(&Status::Resources) {
                let unknown = [3, 1, 200, 0, 0, 0, 254, 255, 255, 255];
                assert!(found[1].1.ends_with(&unknown), "each is unknown, and the bulk goes on");
            }
            granted += 1;
        }
        assert!(granted > 5, "{granted}");
    }

    #[test]
    fn an_empty_batch_has_room_for_what_has_none() {
        let large = Outcome::of(Status::Ok, Answer::Customers(customers(200)));
        let piece = piece(200, true);
        let mut batch = Batch::new().unwrap();
        for _ in 0..2 {
            let (fits, was_refused) = refusing(0, 1, || {
                batch.make_room()?;
                batch.completion(&ended(&large), Following::Piece(&piece))
            });
            assert_eq!((fits, was_refused), (Err(NoMemory), true));
            assert!(batch.bytes().len() < LEAST);
            assert_eq!(records(&batch).len(), 1);
            batch.clear();
        }
    }

    #[test]
    fn a_batch_that_grows_leaves_no_token_behind() {
        let mut batch = Batch::new().unwrap();
        batch.token(&crate::model::read_token(r#"{"token":"pnct_secret"}"#, "token").unwrap()).unwrap();
        let before = batch.bytes.capacity();
        batch.add(&vec![0; before]).unwrap();
        assert!(batch.bytes.capacity() >= 2 * before);
        assert!(batch.bytes.windows(6).any(|window| window == b"secret"), "it moved with the rest");
    }
}
