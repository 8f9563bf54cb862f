//! Reads RESP3, whatever comes: in any pieces, and no more than is allowed.

use super::reply::{Reply, ReplyError, ReplyErrorKind, whole_number};
use crate::room::{self, NoMemory};

/// Most bytes of one reply as it comes over the wire. A value of the tier is much smaller.
pub(super) const LONGEST_REPLY: usize = 1024 * 1024;
/// Most items of one reply, in all of its lists together.
const MOST_ITEMS: usize = 16 * 1024;
/// How deep lists may lie in lists.
const DEEPEST: usize = 8;
/// Longest line: a status, an error, a number.
const LONGEST_LINE: usize = 4 * 1024;
/// How much of an error's text is kept.
const LONGEST_MESSAGE: usize = 256;
/// What an input buffer keeps between replies.
const KEPT_INPUT: usize = 64 * 1024;

/// Why the stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not RESP3.
    Malformed,
    /// A reply is longer, larger or deeper than any the tier asks for.
    TooLarge,
    NoMemory,
}

impl From<NoMemory> for Unreadable {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// What is decoded from one connection. Remembers where it is in a reply that has not come whole, so that each byte is
/// looked at about once, in whatever pieces it comes.
#[derive(Default)]
pub(super) struct Decoder {
    input: Vec<u8>,
    /// Bytes of the input that are read.
    read: usize,
    /// Lists that are not complete, the outermost first.
    open: Vec<Open>,
    /// Of the reply that is being read.
    bytes: usize,
    items: usize,
    /// Bytes of the reply that was read last.
    last: usize,
}

/// A list that is not complete.
struct Open {
    what: Aggregate,
    left: usize,
    items: Vec<Reply>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Array,
    Map,
    Push,
    /// Says something about the reply that follows, and is passed over.
    Attribute,
}

/// What one step read.
enum Token {
    Whole(Reply),
    Begin(Aggregate, usize),
}

impl Decoder {
    /// Adds what was received.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        if self.read == self.input.len() {
            self.input.clear();
            self.read = 0;
            if self.input.capacity() > KEPT_INPUT {
                self.input = Vec::new();
            }
        } else if self.read >= KEPT_INPUT {
            self.input.drain(..self.read);
            self.read = 0;
        }
        self.input.try_reserve(bytes.len()).map_err(NoMemory::from)?;
        self.input.extend_from_slice(bytes);
        Ok(())
    }

    /// How long the last reply was, as it came.
    pub(super) fn last_size(&self) -> usize {
        self.last
    }

    /// The next reply, if it has come whole.
    pub(super) fn next(&mut self) -> Result<Option<Reply>, Unreadable> {
        loop {
            let before = self.read;
            let Some(token) = self.token()? else { return Ok(None) };
            self.bytes += self.read - before;
            if self.bytes > LONGEST_REPLY {
                return Err(Unreadable::TooLarge);
            }
            let mut whole = match token {
                Token::Begin(what, left) => {
                    if self.open.len() == DEEPEST {
                        return Err(Unreadable::TooLarge);
                    }
                    self.items += left;
                    if self.items > MOST_ITEMS {
                        return Err(Unreadable::TooLarge);
                    }
                    // Room is made as items come: their number is only announced.
                    room::push(&mut self.open, Open { what, left, items: Vec::new() })?;
                    None
                }
                Token::Whole(reply) => Some(reply),
            };
            // What is complete goes into the list it is in, which may be complete then.
            loop {
                if let Some(reply) = whole.take() {
                    match self.open.last_mut() {
                        Some(open) => {
                            room::push(&mut open.items, reply)?;
                            open.left -= 1;
                        }
                        None => {
                            self.last = std::mem::take(&mut self.bytes);
                            self.items = 0;
                            return Ok(Some(reply));
                        }
                    }
                }
                match self.open.last() {
                    Some(open) if open.left == 0 => whole = self.complete()?,
                    _ => break,
                }
                if whole.is_none() {
                    break;
                }
            }
        }
    }

    /// Takes the innermost list, which is complete. `None` for what is passed over.
    fn complete(&mut self) -> Result<Option<Reply>, Unreadable> {
        let Some(Open { what, items, .. }) = self.open.pop() else { return Ok(None) };
        Ok(match what {
            Aggregate::Array => Some(Reply::Array(items)),
            Aggregate::Push => Some(Reply::Push(items)),
            Aggregate::Attribute => None,
            Aggregate::Map => {
                let mut entries = room::list(items.len() / 2)?;
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    entries.push((key, value));
                }
                Some(Reply::Map(entries))
            }
        })
    }

    /// Reads one thing, if it has come whole: a value, or the beginning of a list.
    fn token(&mut self) -> Result<Option<Token>, Unreadable> {
        let unread = &self.input[self.read..];
        let Some(line) = line(unread)? else { return Ok(None) };
        let after_line = line.len() + 2;
        let Some((mark, rest)) = line.split_first() else { return Err(Unreadable::Malformed) };
        let token = match mark {
            b'$' | b'=' | b'!' => {
                if rest == b"-1" && *mark == b'$' {
                    self.read += after_line;
                    return Ok(Some(Token::Whole(Reply::Null)));
                }
                let length = count(rest)?;
                let Some(value) = value(&unread[after_line..], length)? else { return Ok(None) };
                let reply = match mark {
                    b'$' => Reply::Bulk(room::collect(value.iter().copied())?),
                    // A verbatim string begins with three letters and a colon, which say what it is.
                    b'=' => {
                        let text = value.get(4..).filter(|_| value[3] == b':');
                        let text = text.ok_or(Unreadable::Malformed)?;
                        Reply::Bulk(room::collect(text.iter().copied())?)
                    }
                    _ => Reply::Error(error(value)),
                };
                self.read += after_line + length + 2;
                return Ok(Some(Token::Whole(reply)));
            }
            b'+' => Token::Whole(Reply::Simple(room::collect(rest.iter().copied())?)),
            b'(' if is_number(rest) => Token::Whole(Reply::Bulk(room::collect(rest.iter().copied())?)),
            b'-' => Token::Whole(Reply::Error(error(rest))),
            b':' => Token::Whole(Reply::Integer(whole_number(rest).ok_or(Unreadable::Malformed)?)),
            b',' => Token::Whole(Reply::Double(double(rest)?)),
            b'#' => Token::Whole(Reply::Bool(match rest {
                b"t" => true,
                b"f" => false,
                _ => return Err(Unreadable::Malformed),
            })),
            b'_' if rest.is_empty() => Token::Whole(Reply::Null),
            b'*' if rest == b"-1" => Token::Whole(Reply::Null),
            b'*' | b'~' => Token::Begin(Aggregate::Array, count(rest)?),
            b'>' => {
                // Only between replies: in one it would be taken for a part of it.
                if !self.open.is_empty() {
                    return Err(Unreadable::Malformed);
                }
                Token::Begin(Aggregate::Push, count(rest)?)
            }
            b'%' => Token::Begin(Aggregate::Map, 2 * count(rest)?),
            b'|' => Token::Begin(Aggregate::Attribute, 2 * count(rest)?),
            _ => return Err(Unreadable::Malformed),
        };
        self.read += after_line;
        Ok(Some(token))
    }
}

/// What comes before the next line end, if that is there.
fn line(unread: &[u8]) -> Result<Option<&[u8]>, Unreadable> {
    let searched = &unread[..unread.len().min(LONGEST_LINE)];
    match searched.iter().position(|byte| *byte == b'\r') {
        Some(end) => match unread.get(end + 1) {
            Some(b'\n') => Ok(Some(&unread[..end])),
            Some(_) => Err(Unreadable::Malformed),
            None => Ok(None),
        },
        None if searched.len() == LONGEST_LINE => Err(Unreadable::TooLarge),
        None => Ok(None),
    }
}

/// So many bytes and the line end behind them, if they are there.
fn value(unread: &[u8], length: usize) -> Result<Option<&[u8]>, Unreadable> {
    match unread.get(length..length + 2) {
        Some(b"\r\n") => Ok(Some(&unread[..length])),
        Some(_) => Err(Unreadable::Malformed),
        None => Ok(None),
    }
}

/// A length that is announced.
fn count(digits: &[u8]) -> Result<usize, Unreadable> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Unreadable::Malformed);
    }
    let count = whole_number(digits).and_then(|count| usize::try_from(count).ok());
    count.filter(|count| *count <= LONGEST_REPLY).ok_or(Unreadable::TooLarge)
}

fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn double(text: &[u8]) -> Result<f64, Unreadable> {
    match text {
        b"inf" => Ok(f64::INFINITY),
        b"-inf" => Ok(f64::NEG_INFINITY),
        b"nan" | b"-nan" => Ok(f64::NAN),
        _ => decimal(text).ok_or(Unreadable::Malformed),
    }
}

/// A decimal number, to about 15 digits: the standard library's exact reader is 14 KiB of tables and code, and the tier
/// reads no fractions.
fn decimal(text: &[u8]) -> Option<f64> {
    let (is_negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let mark = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (number, exponent) = mark.map_or((text, None), |mark| (&text[..mark], Some(&text[mark + 1..])));
    let mut power: i32 = match exponent {
        Some(digits) => whole_number(digits.strip_prefix(b"+").unwrap_or(digits))?.try_into().ok()?,
        None => 0,
    };
    let (mut value, mut digits, mut is_fraction) = (0_u64, 0, false);
    for byte in number {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                // What no longer fits only moves the point.
                match value.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(byte - b'0'))) {
                    Some(longer) => {
                        value = longer;
                        power = power.saturating_sub(i32::from(is_fraction));
                    }
                    None => power = power.saturating_add(i32::from(!is_fraction)),
                }
            }
            b'.' if !is_fraction => is_fraction = true,
            _ => return None,
        }
    }
    let scale = 10_f64.powi(power.unsigned_abs().min(400) as i32);
    let size = match (value, power) {
        (0, _) => 0.0,
        (_, ..0) => value as f64 / scale,
        _ => value as f64 * scale,
    };
    (digits > 0).then_some(if is_negative { -size } else { size })
}

fn error(text: &[u8]) -> ReplyError {
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '?' };
    let message = text[..text.len().min(LONGEST_MESSAGE)].iter().map(shown).collect();
    ReplyError { kind: ReplyErrorKind::read(text), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::counting::{each_refused, held_by};

    fn all(bytes: &[u8]) -> Result<Vec<Reply>, Unreadable> {
        let mut decoder = Decoder::default();
        decoder.feed(bytes)?;
        let mut replies = Vec::new();
        while let Some(reply) = decoder.next()? {
            replies.push(reply);
        }
        Ok(replies)
    }

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.as_bytes().to_vec())
    }

    /// One of everything, and what it is read as.
    fn everything() -> (Vec<u8>, Vec<Reply>) {
        let parts: Vec<(&str, Option<Reply>)> = vec![
            ("+OK\r\n", Some(Reply::Simple(b"OK".to_vec()))),
            (
                "-WRONGTYPE Operation\r\n",
                Some(Reply::Error(ReplyError {
                    kind: ReplyErrorKind::Other,
                    message: "WRONGTYPE Operation".to_owned(),
                })),
            ),
            (
                "!21\r\nNOSCRIPT what\r\nis\u{1} it\r\n",
                Some(Reply::Error(ReplyError {
                    kind: ReplyErrorKind::NoScript,
                    message: "NOSCRIPT what??is? it".to_owned(),
                })),
            ),
            (":-42\r\n", Some(Reply::Integer(-42))),
            ("$5\r\na\r\nb\0\r\n", Some(bulk("a\r\nb\0"))),
            ("$0\r\n\r\n", Some(bulk(""))),
            ("$-1\r\n*-1\r\n_\r\n", None),
            ("#t\r\n", Some(Reply::Bool(true))),
            (",1.5e3\r\n", Some(Reply::Double(1500.0))),
            (",-inf\r\n", Some(Reply::Double(f64::NEG_INFINITY))),
            (
                "(-3492890328409238509324850943850943825024385\r\n",
                Some(bulk("-3492890328409238509324850943850943825024385")),
            ),
            ("=8\r\ntxt:text\r\n", Some(bulk("text"))),
            ("*0\r\n", Some(Reply::Array(vec![]))),
            (
                "~2\r\n:1\r\n*1\r\n_\r\n",
                Some(Reply::Array(vec![Reply::Integer(1), Reply::Array(vec![Reply::Null])])),
            ),
            (
                "%1\r\n+key\r\n%0\r\n",
                Some(Reply::Map(vec![(Reply::Simple(b"key".to_vec()), Reply::Map(vec![]))])),
            ),
            ("|1\r\n+ttl\r\n:3600\r\n:7\r\n", Some(Reply::Integer(7))),
            (
                "*2\r\n|1\r\n+a\r\n*1\r\n:0\r\n:1\r\n|0\r\n:2\r\n",
                Some(Reply::Array(vec![Reply::Integer(1), Reply::Integer(2)])),
            ),
            (
                ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n",
                Some(Reply::Push(vec![bulk("message"), bulk("c"), bulk("p")])),
            ),
        ];
        let bytes = parts.iter().flat_map(|(text, _)| text.bytes()).collect();
        let replies =
            parts.into_iter().flat_map(|(_, reply)| reply.map_or(vec![Reply::Null; 3], |reply| vec![reply]));
        (bytes, replies.collect())
    }

    #[test]
    fn every_type_is_read() {
        let (bytes, replies) = everything();
        assert_eq!(all(&bytes).unwrap(), replies);
    }

    #[test]
    fn in_whatever_pieces_it_comes() {
        let (bytes, replies) = everything();
        for size in 1..40 {
            let mut decoder = Decoder::default();
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                decoder.feed(piece).unwrap();
                while let Some(reply) = decoder.next().unwrap() {
                    found.push(reply);
                }
            }
            assert_eq!(found, replies, "pieces of {size}");
        }
    }

    #[test]
    fn what_is_not_resp_is_refused() {
        for bad in [
            "\r\n",
            "x\r\n",
            "HTTP/1.1 400 Bad Request\r\n",
            "+a\rb\r\n",
            ":\r\n",
            ":1x\r\n",
            ":99999999999999999999\r\n",
            "$x\r\n",
            "$-2\r\n",
            "$+1\r\na\r\n",
            "$1\r\nab\r\n",
            "*-2\r\n",
            "*?\r\n",
            "$?\r\n",
            "=2\r\nab\r\n",
            "=4\r\nabcd\r\n",
            "=-1\r\n",
            "!-1\r\n",
            "#x\r\n",
            "#\r\n",
            "_x\r\n",
            ",\r\n",
            ",infinity\r\n",
            ",x\r\n",
            "(1.5\r\n",
            "(\r\n",
            "*1\r\n>0\r\n",
            ">\r\n",
            "%-1\r\n",
            ".\r\n",
        ] {
            assert_eq!(all(bad.as_bytes()).unwrap_err(), Unreadable::Malformed, "{bad:?}");
        }
        for (text, value) in [
            ("0", 0.0),
            ("0e999", 0.0),
            ("-0.25", -0.25),
            ("12.5", 12.5),
            (".5", 0.5),
            ("3", 3.0),
            ("1e-2", 0.01),
            ("2.5E+2", 250.0),
        ] {
            assert_eq!(all(format!(",{text}\r\n").as_bytes()).unwrap(), [Reply::Double(value)], "{text}");
        }
        for (text, value) in
            [("12345678901234567890123", 1.234_567_890_123_456_8e22), ("0.333333333333333333333", 1.0 / 3.0)]
        {
            let found = all(format!(",{text}\r\n").as_bytes()).unwrap();
            let Reply::Double(number) = found[0] else { panic!("{found:?}") };
            assert!((number / value - 1.0).abs() < 1e-15, "{text}: {number}");
        }
        for bad in ["-", ".", "e5", "1e", "1.2.3", "1e1.5", "--1", "+1", "1e99999999999"] {
            assert_eq!(all(format!(",{bad}\r\n").as_bytes()).unwrap_err(), Unreadable::Malformed, "{bad}");
        }
        assert!(
            all(b",nan\r\n")
                .is_ok_and(|replies| matches!(replies[..], [Reply::Double(value)] if value.is_nan()))
        );
    }

    #[test]
    fn what_is_announced_takes_no_room_and_too_much_is_refused() {
        for bad in [
            format!("${}\r\n", LONGEST_REPLY + 1),
            "$99999999999999999999999\r\n".to_owned(),
            format!("*{}\r\n", MOST_ITEMS + 1),
            format!("%{}\r\n", MOST_ITEMS / 2 + 1),
            format!("|{}\r\n", MOST_ITEMS / 2 + 1),
            format!("*2\r\n*{0}\r\n{1}*{0}\r\n", MOST_ITEMS / 2, "_\r\n".repeat(MOST_ITEMS / 2)),
            "*1\r\n".repeat(DEEPEST + 1),
            format!("+{}", "a".repeat(LONGEST_LINE)),
            format!(
                "*2\r\n{0}{0}",
                format!("${0}\r\n{1}\r\n", LONGEST_REPLY - 100, "a".repeat(LONGEST_REPLY - 100))
            ),
        ] {
            assert_eq!(
                all(bad.as_bytes()).unwrap_err(),
                Unreadable::TooLarge,
                "{}",
                &bad[..bad.len().min(40)]
            );
        }
        assert!(
            all(format!("{}_\r\n", "*1\r\n".repeat(DEEPEST)).as_bytes()).is_ok_and(|found| found.len() == 1)
        );
        let most = format!("*{MOST_ITEMS}\r\n{}", "_\r\n".repeat(MOST_ITEMS));
        assert!(all(most.as_bytes()).is_ok_and(|found| found.len() == 1));
        let (decoder, held) = held_by(|| {
            let mut decoder = Decoder::default();
            decoder.feed(format!("*{}\r\n$1000000\r\n", MOST_ITEMS).as_bytes()).unwrap();
            assert_eq!(decoder.next().unwrap(), None);
            decoder
        });
        assert!(held < 4_096, "{held} bytes");
        drop(decoder);
    }

    #[test]
    fn no_input_is_held_when_a_large_reply_is_read() {
        let mut decoder = Decoder::default();
        let value = vec![7; 500_000];
        decoder.feed(b"$500000\r\n").unwrap();
        decoder.feed(&value).unwrap();
        assert_eq!(decoder.next().unwrap(), None);
        decoder.feed(b"\r\n").unwrap();
        assert_eq!(decoder.next().unwrap(), Some(Reply::Bulk(value)));
        assert_eq!(decoder.last_size(), 500_011);
        decoder.feed(b"_\r\n").unwrap();
        assert_eq!(decoder.next().unwrap(), Some(Reply::Null));
        assert!(decoder.input.capacity() <= KEPT_INPUT);
    }

    #[test]
    fn what_finds_no_memory_is_an_error() {
        let (mut bytes, _) = everything();
        bytes.extend_from_slice(format!("=104\r\ntxt:{0}\r\n+{0}\r\n", "a".repeat(100)).as_bytes());
        let refused = each_refused(64, || {
            let mut decoder = Decoder::default();
            decoder.feed(&bytes).map_err(|_| NoMemory)?;
            while decoder.next().map_err(|_| NoMemory)?.is_some() {}
            Ok::<_, NoMemory>(())
        });
        assert!(refused > 5, "{refused}");
    }

    /// Damages what is good, at random: what comes of it is a reply or an error, and the same in pieces as whole.
    #[test]
    fn damaged_input_is_read_or_refused() {
        let (good, _) = everything();
        let mut random = fastrand::Rng::with_seed(20_26);
        let mut refused = 0;
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..bytes.len().max(1));
                if bytes.len() < 2 {
                    break;
                }
                match random.u8(..4) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes[at] = *random.choice(b"*$>%|~0129-\r\n+:=!#_,(").unwrap_or(&b'*'),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at + 1),
                }
            }
            let whole = all(&bytes);
            let mut decoder = Decoder::default();
            let mut pieces = Vec::new();
            let mut outcome = Ok(());
            let size = random.usize(1..60);
            'reading: for piece in bytes.chunks(size) {
                decoder.feed(piece).unwrap();
                loop {
                    match decoder.next() {
                        Ok(Some(reply)) => pieces.push(reply),
                        Ok(None) => break,
                        Err(error) => {
                            outcome = Err(error);
                            break 'reading;
                        }
                    }
                }
            }
            let shown = |found: &Result<Vec<Reply>, Unreadable>| format!("{found:?}");
            assert_eq!(
                shown(&outcome.map(|()| pieces)),
                shown(&whole),
                "{:?}",
                String::from_utf8_lossy(&bytes)
            );
            refused += u32::from(whole.is_err());
        }
        assert!(refused > 1_000, "{refused}");
    }
}
