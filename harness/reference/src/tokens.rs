//! Tokens: how a token or an id that stands alone finds its tenant without a search.
//!
//! A token is known by its SHA-256, so the index holds no token. Each is drawn with at least 80 bits, which is why a plain
//! hash will do.
//!
//! **Invariant:** no lock of the index is held while a tenant is locked from within it; a tenant may insert and remove tokens
//! while it is locked.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use sha2::{Digest as _, Sha256};

use crate::by_id::{Map, Set};

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Session,
    Reset,
    Device,
    Activation,
    Call,
}

/// The digest by which a token is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenDigest([u8; 32]);

impl Hash for TokenDigest {
    /// Writes eight bytes of what is a hash already.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl TokenDigest {
    fn new(kind: TokenKind, token: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update([kind as u8]);
        hash.update(token.as_bytes());
        Self(hash.finalize().into())
    }

    fn shard(self) -> usize {
        usize::from(self.0[0]) % SHARDS
    }
}

/// The tokens of all tenants of a process.
///
/// It knows nothing of what it leads to, so that records can be known by a digest and a tenant can be made of records.
#[derive(Debug)]
pub(crate) struct TokenIndex<T>([TokenShard<T>; SHARDS]);

type TokenShard<T> = RwLock<Map<TokenDigest, (Weak<T>, Arc<str>)>>;

const SHARDS: usize = 64;

impl<T> Default for TokenIndex<T> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| TokenShard::default()))
    }
}

impl<T> TokenIndex<T> {
    /// Returns the tenant that a token belongs to, and the id of the record there.
    pub(crate) fn find(&self, kind: TokenKind, token: &str) -> Option<(Arc<T>, Arc<str>)> {
        let digest = TokenDigest::new(kind, token);
        let shard = self.0[digest.shard()]
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let (tenant, id) = shard.get(&digest)?;
        Some((tenant.upgrade()?, Arc::clone(id)))
    }
}

/// The tokens of one tenant; they are removed when it goes.
#[derive(Debug)]
pub(crate) struct TenantTokens<T> {
    index: Arc<TokenIndex<T>>,
    tenant: Weak<T>,
    known: Set<TokenDigest>,
}

impl<T> TenantTokens<T> {
    /// Makes an empty set of tokens.
    pub(crate) fn new(index: Arc<TokenIndex<T>>, tenant: Weak<T>) -> Self {
        Self {
            index,
            tenant,
            known: Set::default(),
        }
    }

    /// Inserts a token of the record with this id, and returns its digest.
    pub(crate) fn insert(
        &mut self,
        kind: TokenKind,
        token: &str,
        id: impl Into<Arc<str>>,
    ) -> TokenDigest {
        let digest = TokenDigest::new(kind, token);
        self.index.0[digest.shard()]
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, (Weak::clone(&self.tenant), id.into()));
        self.known.insert(digest);
        digest
    }

    /// Removes a token.
    pub(crate) fn remove_for(&mut self, kind: TokenKind, token: &str) {
        self.remove(TokenDigest::new(kind, token));
    }

    /// Removes the token with this digest.
    pub(crate) fn remove(&mut self, digest: TokenDigest) {
        if self.known.remove(&digest) {
            forget(&self.index, digest);
        }
    }
}

impl<T> Drop for TenantTokens<T> {
    fn drop(&mut self) {
        for digest in &self.known {
            forget(&self.index, *digest);
        }
    }
}

fn forget<T>(index: &TokenIndex<T>, digest: TokenDigest) {
    index.0[digest.shard()]
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&digest);
}
