//! Makes text of others harmless: what a terminal obeys, and what makes text look like another.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character steers a terminal, turns the direction of what follows, or takes no room.
fn is_dangerous(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' // what terminals obey
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// A text that can be printed: each dangerous character is shown as `\u{…}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    replaced(text, is_dangerous, |character, out| {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
    })
}

/// [`clean`] for a text of several lines, which stay lines.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    let is_dangerous = |character| character != '\n' && is_dangerous(character);
    replaced(text, is_dangerous, |character, out| {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
    })
}

/// A JSON document that means the same and can be printed: outside of strings none of the characters can be but line breaks.
pub fn clean_json(document: &str) -> Cow<'_, str> {
    let is_dangerous = |character| character != '\n' && is_dangerous(character);
    replaced(document, is_dangerous, |character, out| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn replaced(text: &str, is: impl Fn(char) -> bool, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(&is) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is(character) { write(character, &mut out) } else { out.push(character) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert_eq!(clean("\u{1b}]0;owned\u{7}x"), "\\u{1b}]0;owned\\u{7}x");
        assert_eq!(clean("a\u{9b}31mb\r\nc\td"), "a\\u{9b}31mb\\u{d}\\u{a}c\\u{9}d");
        assert_eq!(clean("\u{202e}evil\u{2069}"), "\\u{202e}evil\\u{2069}");
        assert_eq!(clean("Grünes Bäumchen 春の山 🔥"), "Grünes Bäumchen 春の山 🔥");
        assert_eq!(clean_lines("a\nb\u{1b}"), "a\nb\\u{1b}");
    }

    #[test]
    fn json_means_the_same() {
        for text in ["\u{1b}[2J", "\u{7f}\u{9b}", "\u{202e}x\u{e0041}", "plain"] {
            let document = serde_json::to_string(text).unwrap();
            let cleaned = clean_json(&document);
            assert_eq!(serde_json::from_str::<String>(&cleaned).unwrap(), text);
            assert!(!cleaned.contains(is_dangerous), "{cleaned}");
        }
    }
}
