//! What a service is made of: its tenants, its tokens, the courier, and how a process sets it up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use proofup_domain::clock::Clock;
use proofup_domain::edition::Edition;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;

use crate::decide::ProtectedOperation;
use crate::delivery::{Carrier, Courier, GatewayConfig};
use crate::flow::{Caller, Sending};
use crate::keyed::{Digest, Keyed};
use crate::pause::Pause;
use crate::random::Random;
use crate::record::{account_key, domain_key};
use crate::refused::Refused;
use crate::rules::{PasswordComparison, RuleBook, Rules};
use crate::tenant::{Tenant, TenantSetup, Turn};
use crate::tokens::{TokenIndex, TokenKind};

/// How a service is to run.
#[derive(Clone)]
pub struct AppConfig {
    /// The machine's clock: for tenants that run on real time.
    pub clock: Clock,
    /// The token that test control asks for; if none, test control is off and there is a demo tenant in its place.
    pub test_control_token: Option<Secret>,
    /// Where tenants without a seed of their own draw from.
    pub randomness: Randomness,
    /// The key of the digests of passwords, codes and answers: fresh random bytes for each process.
    pub process_key: [u8; 32],
    /// The rules; anything but the default plants a defect.
    pub rule_book: RuleBook,
    /// The gateways of the demo tenant.
    pub demo_gateways: GatewayConfig,
    /// Deliveries that may be under way at a time.
    pub deliveries_max: usize,
    /// How the answers that a rule makes late are held back.
    pub pause: Pause,
    /// What takes messages to HTTP gateways in this process, in place of a socket.
    pub carrier: Option<Carrier>,
}

/// The source of randomness.
#[derive(Debug, Clone, Default)]
pub enum Randomness {
    /// From the operating system.
    #[default]
    Os,
    /// From a seed, for each tenant apart.
    Seed(String),
}

impl AppConfig {
    /// Makes the configuration of an ordinary service: no test control, nothing repeatable, no gateways.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            test_control_token: None,
            randomness: Randomness::Os,
            process_key: Random::from_os().bytes(),
            rule_book: RuleBook::default(),
            demo_gateways: GatewayConfig::default(),
            deliveries_max: 256,
            pause: Pause::by_timer(),
            carrier: None,
        }
    }
}

impl std::fmt::Debug for AppConfig {
    /// Leaves the process key out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppConfig")
            .field("test_control_token", &self.test_control_token)
            .field("randomness", &self.randomness)
            .field("rule_book", &self.rule_book)
            .field("demo_gateways", &self.demo_gateways)
            .field("deliveries_max", &self.deliveries_max)
            .finish_non_exhaustive()
    }
}

/// The service's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<ServiceState>);

#[derive(Debug)]
pub(crate) struct ServiceState {
    pub(crate) clock: Clock,
    pub(crate) test_control_token: Option<Secret>,
    pub(crate) demo_gateways: GatewayConfig,
    pub(crate) keyed: Arc<Keyed>,
    /// Stands in for the password of a user who does not exist, so that the comparison takes its time.
    dummy: Digest,
    randomness: Randomness,
    rule_book: Arc<RuleBook>,
    index: Arc<TokenIndex<Tenant>>,
    courier: Courier,
    pub(crate) pause: Pause,
    registry: RwLock<Registry>,
}

/// Which tenants there are.
#[derive(Debug, Default)]
struct Registry {
    tenants: BTreeMap<String, Arc<Tenant>>,
    /// The tenants that claim a domain.
    claims: BTreeMap<String, BTreeSet<String>>,
}

impl std::ops::Deref for App {
    type Target = ServiceState;

    fn deref(&self) -> &ServiceState {
        &self.0
    }
}

impl App {
    /// Makes the state of a service without tenants.
    pub(crate) fn new(config: AppConfig) -> Self {
        let keyed = Keyed::new(config.process_key);
        let nobody = Random::from_os().token();
        Self(Arc::new(ServiceState {
            dummy: keyed.digest("password", nobody.expose()),
            keyed: Arc::new(keyed),
            clock: config.clock,
            test_control_token: config.test_control_token,
            demo_gateways: config.demo_gateways,
            randomness: config.randomness,
            rule_book: Arc::new(config.rule_book),
            index: Arc::new(TokenIndex::default()),
            courier: Courier::carried(config.deliveries_max, config.carrier),
            pause: config.pause,
            registry: RwLock::default(),
        }))
    }

    /// Finds the rules of an edition.
    pub(crate) fn rules(&self, edition: Edition) -> &Rules {
        self.rule_book.of(edition)
    }

    /// Returns a tenant's source of randomness.
    pub(crate) fn random_for(&self, tenant: &str, seed: Option<&str>) -> Random {
        let random = match (seed, &self.randomness) {
            (Some(seed), _) => Random::seeded(seed),
            (None, Randomness::Os) => Random::from_os(),
            (None, Randomness::Seed(seed)) => Random::seeded(&format!("{seed}/{tenant}")),
        };
        if self.rules(Edition::default()).ids_are_uuids {
            random.with_uuids()
        } else {
            random
        }
    }

    /// Creates or replaces a tenant, and returns whether it is new. Whatever was open in an older one is gone.
    pub(crate) fn put_tenant(&self, setup: TenantSetup) -> bool {
        let tenant = Tenant::new(
            setup,
            self.clock.clone(),
            Arc::clone(&self.rule_book),
            Arc::clone(&self.keyed),
            Arc::clone(&self.index),
        );
        let mut registry = self
            .registry
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let replaced = registry.remove(&tenant.id);
        registry.add(tenant);
        drop(registry);
        // The old tenant removes its tokens here, outside the lock.
        replaced.is_none()
    }

    /// Deletes a tenant, and returns whether there was one.
    pub(crate) fn delete_tenant(&self, id: &str) -> bool {
        let mut registry = self
            .registry
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let removed = registry.remove(id);
        drop(registry);
        removed.is_some()
    }

    /// Finds a tenant by its id.
    pub(crate) fn tenant(&self, id: &str) -> Option<Arc<Tenant>> {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        registry.tenants.get(id).cloned()
    }

    /// Finds the tenant of a sign-in address: the one that is named, else the only one that claims the domain.
    pub(crate) fn tenant_of(&self, principal_name: &str, id: Option<&str>) -> Option<Arc<Tenant>> {
        if let Some(id) = id {
            return self.tenant(id);
        }
        let (_, domain) = principal_name.trim().rsplit_once('@')?;
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let mut claims = registry.claims.get(&domain_key(domain))?.iter();
        match (claims.next(), claims.next()) {
            (Some(only), None) => registry.tenants.get(only).cloned(),
            _ => None,
        }
    }

    /// Finds the tenant and the record that a token, or an id that stands alone, belongs to.
    pub(crate) fn find(&self, kind: TokenKind, token: &str) -> Option<(Arc<Tenant>, Arc<str>)> {
        self.index.find(kind, token)
    }

    /// Compares a password within a turn; an unknown user is compared too. Requirement: `SIGN-7`.
    pub(crate) fn is_right_password(&self, turn: &Turn<'_>, user: &str, password: &Secret) -> bool {
        let user = turn.state.users.get(user);
        let digest = user.map_or(&self.dummy, |user| &user.password);
        let typed = turn.rules.counting_part(password.expose());
        let matches = |typed: &str| self.keyed.matches("password", typed, digest);
        let is_beginning = |end: usize| typed.get(..end).is_some_and(matches);
        let by_beginning = turn.rules.passwords == PasswordComparison::Beginning;
        matches(&typed) || by_beginning && (0..typed.len()).any(is_beginning)
    }

    /// Does for a tenant that does not exist what is done for one that does.
    pub(crate) fn compare_with_nobody(&self, principal_name: &str, password: &Secret) {
        let _ = account_key(principal_name);
        let _ = self
            .keyed
            .matches("password", password.expose(), &self.dummy);
    }

    /// Delivers what was planned and settles it, also if the client goes away meanwhile. Requirement: `GATE-1`.
    pub(crate) async fn deliver(
        &self,
        tenant: &Arc<Tenant>,
        sending: Option<Sending>,
    ) -> Result<(), Refused> {
        let Some(sending) = sending else {
            return Ok(());
        };
        let (courier, tenant) = (self.courier.clone(), Arc::clone(tenant));
        let settled = tokio::spawn(async move {
            let mut delivered = Ok(());
            for _ in 0..sending.copies {
                let outgoing = sending.outgoing.clone();
                delivered = courier.deliver(&sending.gateways, outgoing).await;
            }
            if let Some(copy) = sending.archived {
                // Whether the archive took it is nobody's concern.
                let _ = courier.deliver(&sending.gateways, copy).await;
            }
            tenant.turn(|turn| turn.settle(sending.ticket, delivered))
        });
        settled
            .await
            .unwrap_or_else(|_| Err(Refusal::GatewayFailed.into()))
    }
}

impl Registry {
    fn add(&mut self, tenant: Arc<Tenant>) {
        for domain in &tenant.domain_keys {
            let claims = self.claims.entry(domain.clone()).or_default();
            claims.insert(tenant.id.clone());
        }
        self.tenants.insert(tenant.id.clone(), tenant);
    }

    fn remove(&mut self, id: &str) -> Option<Arc<Tenant>> {
        let tenant = self.tenants.remove(id)?;
        for domain in &tenant.domain_keys {
            if let Some(claims) = self.claims.get_mut(domain) {
                claims.remove(id);
                if claims.is_empty() {
                    self.claims.remove(domain);
                }
            }
        }
        Some(tenant)
    }
}

/// A session that a bearer token opened.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) session: Arc<str>,
}

impl Visitor {
    /// Does one piece of work in the session, if its state may use the endpoint.
    pub(crate) fn act<T>(
        &self,
        endpoint: ProtectedOperation,
        work: impl FnOnce(&mut Turn<'_>, &Caller) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.tenant.turn(|turn| {
            let caller = turn.enter(&self.session, endpoint)?;
            work(turn, &caller)
        })
    }
}
