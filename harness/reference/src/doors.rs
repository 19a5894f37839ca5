//! Doors: how a token or an id that stands alone finds its tenant without a search.
//!
//! A door is known by the SHA-256 of what opens it, so the index holds no token. What opens a door is drawn with at least 80 bits,
//! which is why a plain hash will do.
//!
//! **Invariant:** no lock of the index is held while a tenant is locked from within it; a tenant may open and close doors
//! while it is locked.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use sha2::{Digest as _, Sha256};

use crate::by_id::{Map, Set};
use crate::tenant::Tenant;

/// What a door leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Session,
    Reset,
    Device,
    Activation,
    Call,
}

/// What a door is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DoorKey([u8; 32]);

impl Hash for DoorKey {
    /// Writes eight bytes of what is a hash already.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl DoorKey {
    fn new(door: Door, opener: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update([door as u8]);
        hash.update(opener.as_bytes());
        Self(hash.finalize().into())
    }

    fn shard(self) -> usize {
        usize::from(self.0[0]) % SHARDS
    }
}

/// All doors of a process.
#[derive(Debug)]
pub(crate) struct Index([Shard; SHARDS]);

type Shard = RwLock<Map<DoorKey, (Weak<Tenant>, Arc<str>)>>;

const SHARDS: usize = 64;

impl Default for Index {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Shard::default()))
    }
}

impl Index {
    /// Finds the tenant behind a door, and the id of the record there.
    pub(crate) fn find(&self, door: Door, opener: &str) -> Option<(Arc<Tenant>, Arc<str>)> {
        let key = DoorKey::new(door, opener);
        let shard = self.0[key.shard()]
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let (tenant, id) = shard.get(&key)?;
        Some((tenant.upgrade()?, Arc::clone(id)))
    }
}

/// The doors of one tenant; they close when it goes.
#[derive(Debug)]
pub(crate) struct Doors {
    index: Arc<Index>,
    tenant: Weak<Tenant>,
    open: Set<DoorKey>,
}

impl Doors {
    /// Makes an empty set of doors.
    pub(crate) fn new(index: Arc<Index>, tenant: Weak<Tenant>) -> Self {
        Self {
            index,
            tenant,
            open: Set::default(),
        }
    }

    /// Opens a door to the record with this id.
    pub(crate) fn open(&mut self, door: Door, opener: &str, id: impl Into<Arc<str>>) -> DoorKey {
        let key = DoorKey::new(door, opener);
        self.index.0[key.shard()]
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, (Weak::clone(&self.tenant), id.into()));
        self.open.insert(key);
        key
    }

    /// Closes the door that this opens.
    pub(crate) fn close_for(&mut self, door: Door, opener: &str) {
        self.close(DoorKey::new(door, opener));
    }

    /// Closes a door.
    pub(crate) fn close(&mut self, key: DoorKey) {
        if self.open.remove(&key) {
            shut(&self.index, key);
        }
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        for key in &self.open {
            shut(&self.index, *key);
        }
    }
}

fn shut(index: &Index, key: DoorKey) {
    index.0[key.shard()]
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&key);
}
