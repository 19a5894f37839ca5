//! The looks that answers can have on the wire.

/// How answers look on the wire; all but two of them are sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// As the contract has them.
    Plain,
    /// Objects have a member more.
    ExtraMembers,
    /// Responses have headers more.
    ExtraHeaders,
    /// Problem documents have nothing in words.
    Terse,
    /// Every answer takes a while.
    Slow,
    /// The members of objects come in another order.
    Reversed,
    /// JSON is written over many lines.
    Spaced,
    /// Every character of a JSON text is an escape.
    Escaped,
    /// Objects inside answers have a member more, too.
    ExtraMembersEverywhere,
    /// Members without a value are null in problem documents.
    NullsInProblems,
    /// Media types are in capitals and name a charset.
    MediaTypesRespelt,
    /// Bodies come in pieces of unknown length.
    InPieces,
    /// Every answer closes its connection.
    ClosesConnections,
    /// `daysLeft` is absent where it would be 0.
    NoDaysLeftUnsaid,
    /// A refusal repeats the body of the request. Requirement: `API-4`.
    RepeatsRequest,
    /// What cannot be read is a failure of the server. Requirement: `API-1`.
    FailsOnMalformed,
}
