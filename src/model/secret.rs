//! Values that must never be printed and are wiped when they are dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A credential: an API key or a customer token.
///
/// `Debug` prints a placeholder, there is no `Display`, and the memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a credential.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The credential itself. Never log, print or put into an error what this returns.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new("pn_very_secret".into());
        assert!(!format!("{secret:?}").contains("very"));
        assert_eq!(secret.expose(), "pn_very_secret");
    }
}
