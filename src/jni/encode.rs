//! How what has finished crosses to Java: as bytes, many at a time, instead of one call into the JVM for each.
//!
//! ```text
//! batch      := record*
//! record     := length:i32 (of what follows) kind:u8 body
//! body       := log | completion
//! log        (kind 2) := level:u8 text
//! completion (kind 1) := ticket:i32 operation:u8 status:u8 sent:u8 source:u8 httpStatus:i32 attempts:i32
//!                        retryAfterMs:i64 (-1: none) queuedMicros:i64 networkMicros:i64
//!                        message:text error answer
//! error      := 0:u8 | 1:u8 code:text message:text traceId:text count:i32 detail*
//! detail     := code:text message:text validation:text count:i32 segment:text*
//! answer     := 0:u8 (nothing) | 1:u8 (does not exist) | 2:u8 customer | 3:u8 count:i32 customer* | 4:u8 token:text
//!             | 5:u8 customer token:text | 6:u8 giftcard | 7:u8 json:text
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

use std::time::Duration;

use zeroize::Zeroize;

use crate::model::{
    ApiError, Customer, Date, GiftCard, MinecraftPlatform, PlatformProfile, Profile, Text, Token,
};
use crate::operations::{Answer, OperationId, Sent, Status};
use crate::runtime::{LogLine, Outcome, Source};

/// Grows when the encoding or an export changes; Java compares it when it has loaded the library.
pub(super) const VERSION: i64 = 3;

const COMPLETION: u8 = 1;
const LOG_LINE: u8 = 2;
/// A batch's memory is given back when it was longer than this.
const KEPT: usize = 1024 * 1024;

/// What most customers fit into.
const ORDINARY: usize = 1024;

/// Records on their way to Java.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    holds_token: bool,
}

impl Batch {
    /// One for a single answer of ordinary size, which then is one allocation.
    pub(super) fn of_one() -> Self {
        Self { bytes: Vec::with_capacity(ORDINARY), holds_token: false }
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
        self.bytes.shrink_to(KEPT);
    }

    /// Adds a completion.
    pub(super) fn completion(&mut self, ticket: u32, operation: OperationId, outcome: &Outcome) {
        let start = self.begin(COMPLETION);
        let reply = outcome.reply.as_ref();
        self.int(ticket.cast_signed());
        self.byte(operation as i32 as u8);
        self.byte(outcome.status as i32 as u8);
        self.byte(match outcome.sent {
            Sent::Never => 0,
            Sent::Maybe => 1,
            Sent::Answered => 2,
        });
        self.byte(match outcome.source {
            Source::Network => 0,
            Source::Shared => 1,
            Source::Cache => 2,
            Source::StaleCache => 3,
        });
        self.int(outcome.http_status.into());
        self.count(outcome.attempts as usize);
        self.long(outcome.retry_after.map_or(-1, |wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
        self.long(micros(outcome.queued));
        self.long(micros(outcome.network));
        let own_words = reply.and_then(|reply| reply.message.as_deref());
        self.text(own_words.or(outcome.status.explanation()));
        self.error(reply.and_then(|reply| reply.error.as_deref()));
        match reply.map_or(&Answer::Nothing, |reply| &reply.answer) {
            Answer::Nothing => self.byte(0),
            Answer::Absent => self.byte(1),
            Answer::Customer(customer) => {
                self.byte(2);
                self.customer(customer);
            }
            Answer::Customers(customers) => {
                self.byte(3);
                self.count(customers.len());
                customers.iter().for_each(|customer| self.customer(customer));
            }
            Answer::Token(token) => {
                self.byte(4);
                self.token(token);
            }
            Answer::TokenFor(customer, token) => {
                self.byte(5);
                self.customer(customer);
                self.token(token);
            }
            Answer::GiftCard(card) => {
                self.byte(6);
                self.giftcard(card);
            }
            Answer::Json => {
                self.byte(7);
                // Whatever it is may hold a token.
                self.holds_token = true;
                self.text(reply.map(|reply| reply.body.as_str()));
            }
        }
        self.end(start);
    }

    /// Adds a line for the host's log.
    pub(super) fn log_line(&mut self, line: &LogLine) {
        let start = self.begin(LOG_LINE);
        self.byte(line.level as u8);
        self.text(Some(&line.text));
        self.end(start);
    }

    fn begin(&mut self, kind: u8) -> usize {
        let start = self.bytes.len();
        self.int(0);
        self.byte(kind);
        start
    }

    fn end(&mut self, start: usize) {
        let length = self.bytes.len() - start - size_of::<i32>();
        let length = i32::try_from(length).expect("an answer is bounded far below 2 GiB");
        self.bytes[start..start + size_of::<i32>()].copy_from_slice(&length.to_le_bytes());
    }

    fn error(&mut self, error: Option<&ApiError>) {
        let Some(error) = error else { return self.byte(0) };
        self.byte(1);
        self.text(error.code.as_deref());
        self.text(error.message.as_deref());
        self.text(error.trace_id.as_deref());
        self.count(error.errors.len());
        for detail in &error.errors {
            self.text(detail.code.as_deref());
            self.text(detail.message.as_deref());
            self.text(detail.validation.as_deref());
            self.count(detail.path.len());
            detail.path.iter().for_each(|segment| self.text(Some(segment)));
        }
    }

    fn customer(&mut self, customer: &Customer) {
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
        self.int(0);
        self.text(Some(id));
        for text in [store_id, steam_id, minecraft_uuid, xbox_xuid, name] {
            self.text(text.as_deref());
        }
        self.byte(match minecraft_platform {
            None => 0,
            Some(MinecraftPlatform::Unknown) => 1,
            Some(MinecraftPlatform::Java) => 2,
            Some(MinecraftPlatform::Bedrock) => 3,
        });
        self.date(created_at.as_ref());
        self.date(updated_at.as_ref());
        match profile {
            None => self.byte(0),
            Some(Profile { id, platform, name, avatar_url }) => {
                self.profile([id, platform, name, avatar_url]);
            }
        }
        for profile in [steam, minecraft] {
            match profile {
                None => self.byte(0),
                Some(PlatformProfile { id, name, avatar_url }) => self.profile([id, &None, name, avatar_url]),
            }
        }
        self.count(metadata.len());
        for (key, value) in metadata {
            self.text(Some(key));
            self.text(Some(value));
        }
        self.end(start);
    }

    fn profile(&mut self, texts: [&Option<Text>; 4]) {
        self.byte(1);
        texts.into_iter().for_each(|text| self.text(text.as_deref()));
    }

    fn giftcard(&mut self, card: &GiftCard) {
        let GiftCard { code, balance, starting_balance, expires_at } = card;
        self.text(Some(code));
        self.long(*balance);
        self.long(*starting_balance);
        self.date(expires_at.as_ref());
    }

    fn token(&mut self, token: &Token) {
        self.holds_token = true;
        self.text(Some(token.expose()));
    }

    fn date(&mut self, date: Option<&Date>) {
        self.text(date.map(|date| date.text.as_str()));
        self.long(date.and_then(|date| date.unix_milliseconds).unwrap_or(i64::MIN));
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.int(-1),
            Some(text) => {
                self.count(text.len());
                self.bytes.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn count(&mut self, count: usize) {
        self.int(i32::try_from(count).expect("an answer is bounded far below 2 GiB"));
    }

    fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    fn int(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn long(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
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

/// The status with a number. What the client itself never says, such as that it was full, is taken for a fault.
pub(super) fn status(number: i32) -> Status {
    Status::from_number(number).unwrap_or(Status::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::LogLevel;

    #[test]
    fn statuses_come_back_as_they_went() {
        for sent in Status::ALL {
            assert_eq!(status(i32::from(*sent as i32 as u8)), *sent);
        }
        for unknown in [-1, 3, 9, 255, 256] {
            assert_eq!(status(unknown), Status::Internal);
        }
    }

    #[test]
    fn a_record_says_how_long_it_is() {
        let mut batch = Batch::default();
        batch.log_line(&LogLine { level: LogLevel::Warn, text: Text::from("hm") });
        batch.log_line(&LogLine { level: LogLevel::Error, text: Text::from("") });
        let expected = [&[8, 0, 0, 0, 2, 2, 2, 0, 0, 0][..], b"hm", &[6, 0, 0, 0, 2, 1, 0, 0, 0, 0]].concat();
        assert_eq!(batch.bytes(), expected);
    }

    #[test]
    fn what_held_a_token_is_wiped() {
        let mut batch = Batch::default();
        batch.text(Some("pnct_secret"));
        batch.holds_token = true;
        batch.clear();
        assert!(batch.bytes().is_empty());
        assert!(!batch.holds_token);
        let capacity = batch.bytes.capacity();
        batch.bytes.resize(capacity, 1);
        assert!(!batch.bytes.windows(6).any(|window| window == b"secret"));
    }
}
