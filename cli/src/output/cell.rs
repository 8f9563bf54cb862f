//! Cells of CSV files.

use std::borrow::Cow;

/// A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe in front, as does what begins with
/// an apostrophe, so that taking one away always gives back what was there.
pub fn safe(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\'' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{text}"))
        }
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn what_begins_like_a_formula_is_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'x"] {
            assert_eq!(safe(formula), format!("'{formula}"));
        }
        for text in ["", "Notch", "a=b", ".Bedrock", "4216"] {
            assert_eq!(safe(text), text);
        }
    }
}
