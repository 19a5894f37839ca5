//! What of a password is compared.

/// Which part of a password counts; all but the first are defects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordComparison {
    /// All of it.
    Whole,
    /// Its letters, whatever their case.
    WithoutCase,
    /// Its first 72 bytes, which are all that bcrypt takes.
    FirstBytes,
    /// At sign-in, the beginning of what is typed.
    Beginning,
}
