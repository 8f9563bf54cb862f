//! Bytes of a file, one by one, with the number of the line; and the JSON values among them.
//!
//! Contract: memory is bounded whatever the file holds. A value is cut out by counting brackets outside of strings, so that
//! one that is wrong, too long or too deep is passed over and the next one is found.

use std::io::{self, BufRead};

/// Longest value or line that is looked at.
pub const LONGEST: usize = 1024 * 1024;

pub struct Scanner<R> {
    reader: R,
    pub line: u64,
}

/// What became of cutting something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Whole,
    TooLong,
    /// The file ends before it does.
    Torn,
}

impl<R: BufRead> Scanner<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, line: 1 }
    }

    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.reader.fill_buf()?.first().copied())
    }

    pub fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.reader.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    /// The next byte that is neither space nor one of these, without taking it.
    pub fn skip(&mut self, also: &[u8]) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() || also.contains(&byte) => self.take()?,
                other => return Ok(other),
            };
        }
    }

    /// The rest of the line, without its end; `None` at the end of the file.
    pub fn rest_of_line(&mut self, out: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        out.clear();
        if self.peek()?.is_none() {
            return Ok(None);
        }
        let mut cut = Cut::Whole;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            if out.len() + piece.len() > LONGEST {
                cut = Cut::TooLong;
                out.clear();
            } else if cut == Cut::Whole {
                out.extend_from_slice(piece);
            }
            let taken = piece.len() + usize::from(end.is_some());
            self.reader.consume(taken);
            if end.is_some() {
                self.line += 1;
                break;
            }
        }
        if out.last() == Some(&b'\r') {
            out.pop();
        }
        Ok(Some(cut))
    }

    /// Cuts out the JSON value that begins here.
    pub fn value(&mut self, out: &mut Vec<u8>) -> io::Result<Cut> {
        out.clear();
        let mut length = 0_usize;
        let mut depth = 0_u64;
        let mut in_string = false;
        let mut is_escaped = false;
        loop {
            let Some(byte) = self.peek()? else {
                return Ok(if depth == 0 && !in_string && length > 0 { Cut::Whole } else { Cut::Torn });
            };
            if !in_string && depth == 0 && length > 0 {
                // A number or a word ends before what does not belong to it.
                if byte.is_ascii_whitespace() || b",:]}[{\"".contains(&byte) {
                    break;
                }
            }
            self.take()?;
            length += 1;
            if length <= LONGEST {
                out.push(byte);
            }
            if in_string {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' => is_escaped = true,
                    b'"' => {
                        in_string = false;
                        if depth == 0 {
                            break;
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        if length > LONGEST {
            out.clear();
            return Ok(Cut::TooLong);
        }
        Ok(Cut::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(Cut, String, u64)> {
        let mut scanner = Scanner::new(text.as_bytes());
        let mut found = Vec::new();
        let mut out = Vec::new();
        while scanner.skip(b",").unwrap().is_some() {
            let line = scanner.line;
            let cut = scanner.value(&mut out).unwrap();
            found.push((cut, String::from_utf8(out.clone()).unwrap(), line));
        }
        found
    }

    #[test]
    fn values_are_cut_out_whole() {
        let text = "{\"a\":\"}\\\"]\",\"b\":[{}]}\n, 12\n,\"x,\\\\\" , null{\"c\":1}";
        let whole = |text: &str, line| (Cut::Whole, text.to_owned(), line);
        assert_eq!(
            values(text),
            [
                whole("{\"a\":\"}\\\"]\",\"b\":[{}]}", 1),
                whole("12", 2),
                whole("\"x,\\\\\"", 3),
                whole("null", 3),
                whole("{\"c\":1}", 3)
            ]
        );
        assert_eq!(values("{\"a\":").pop().unwrap().0, Cut::Torn);
        assert_eq!(values("}]").len(), 2, "stray brackets are passed");
    }

    #[test]
    fn what_is_too_long_is_passed_over() {
        let long = format!("{{\"a\":\"{}\"}},{{\"b\":1}}", "x".repeat(LONGEST));
        let found = values(&long);
        assert_eq!(found[0].0, Cut::TooLong);
        assert_eq!(found[1], (Cut::Whole, "{\"b\":1}".to_owned(), 1));
        let deep = "[".repeat(2 * LONGEST);
        assert_eq!(values(&deep)[0].0, Cut::Torn);

        let text = format!("a\r\n{}\nb", "x".repeat(2 * LONGEST));
        let mut scanner = Scanner::new(text.as_bytes());
        let mut out = Vec::new();
        assert_eq!(scanner.rest_of_line(&mut out).unwrap(), Some(Cut::Whole));
        assert_eq!(out, b"a");
        assert_eq!(scanner.rest_of_line(&mut out).unwrap(), Some(Cut::TooLong));
        assert_eq!(scanner.line, 3);
        assert_eq!(scanner.rest_of_line(&mut out).unwrap(), Some(Cut::Whole));
        assert_eq!(out, b"b");
        assert_eq!(scanner.rest_of_line(&mut out).unwrap(), None);
    }
}
