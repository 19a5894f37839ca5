//! Test control: tenants, policies and clocks from outside (`docs/implementing.md#test-control`).

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use serde_json::Value;

use super::extract::{At, Controller, JsonBody, PatchBody, invalid_field};
use super::json::Json;
use crate::by_id::ById;
use crate::decide::check_policy;
use crate::keyed::Keyed;
use crate::record::{UserRecord, account_key};
use crate::refused::{FieldError, Refused};
use crate::rules::Rules;
use crate::service::App;
use crate::tenant::{Tenant, TenantClock, TenantSetup};
use crate::wire::{
    AdvanceClock, AuditEvents, ChangeUser, ClockAdvanced, ClockSetting, ClockView, PolicySchema,
    PutTenant, PutUser, TenantMade,
};

/// The callback address of a tenant that names none: an address that nobody has.
const NOWHERE: &str = "http://target.invalid";

fn find(app: &App, id: &str) -> Result<Arc<Tenant>, Refused> {
    app.tenant(id).ok_or_else(|| Refusal::NotFound.into())
}

/// Create or replace a tenant whole.
#[utoipa::path(put, path = "/testControl/v1/tenants/{id}", operation_id = "putTenant", tag = "testControl",
    params(("id" = String, Path, description = "The tenant")),
    request_body = PutTenant,
    responses((status = 201, description = "Created", body = TenantMade),
        (status = 200, description = "Replaced; whatever was open in the old one is gone", body = TenantMade)))]
pub(crate) async fn put_tenant(
    _: Controller,
    State(app): State<App>,
    At(id): At<String>,
    JsonBody(request): JsonBody<PutTenant>,
) -> Result<(StatusCode, Json<TenantMade>), Refused> {
    let policy = read_policy(request.policy, "policy.")?;
    judge(&app, &policy)?;
    let mut gateways = request.gateways;
    if let Some(timeout_ms) = request.gateway_timeout_ms {
        gateways.timeout_ms = timeout_ms;
    }
    let base = request.callback_base.as_deref().unwrap_or(NOWHERE);
    base.trim_end_matches('/')
        .clone_into(&mut gateways.callback_base);
    let clock = match request.clock {
        ClockSetting::Manual { now } => TenantClock::Manual(now),
        ClockSetting::Real {} => TenantClock::Real(app.clock.clone()),
    };
    let now = clock.now();
    let rules = app.rules(policy.edition);
    let setup = TenantSetup {
        id: id.clone(),
        display_name: request.display_name,
        policy,
        domains: request.domains,
        users: users(&app.keyed, rules, request.users)?,
        gateways,
        clock,
        random: app.random_for(&id, request.seed.as_deref()),
    };
    let status = if app.put_tenant(setup) {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(TenantMade { id, now })))
}

fn users(keyed: &Keyed, rules: &Rules, users: Vec<PutUser>) -> Result<ById<UserRecord>, Refused> {
    let mut accounts = ById::default();
    for (place, user) in users.into_iter().enumerate() {
        let key = account_key(&user.user_principal_name);
        if key.is_empty() || accounts.contains_key(key.as_str()) {
            return Err(Refused::field(
                Refusal::InvalidInput,
                format!("users[{place}].userPrincipalName"),
                "every user needs a name of its own",
            ));
        }
        let account = UserRecord::new(
            user.user_principal_name,
            user.role,
            user.blocked,
            keyed.digest("password", &rules.counting_part(user.password.expose())),
        );
        accounts.insert(key.into(), account);
    }
    Ok(accounts)
}

/// Reads a policy. A number that no policy can have is a policy that cannot be met; the rest is input that cannot be read.
fn read_policy(value: Value, prefix: &str) -> Result<Policy, Refused> {
    let source = value.clone();
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let pointer = format!("/{}", path.replace('.', "/"));
        let is_known = !error.inner().to_string().starts_with("unknown field");
        if is_known && source.pointer(&pointer).is_some_and(Value::is_number) {
            return impossible(vec![FieldError {
                field: path,
                reason: "outOfRange",
            }]);
        }
        let mut refused = invalid_field(&error);
        refused.field = refused.field.map(|field| format!("{prefix}{field}"));
        refused
    })
}

/// Refuses a policy that members cannot meet. Requirement: `AVAIL-11`.
fn judge(app: &App, policy: &Policy) -> Result<(), Refused> {
    let faults = check_policy(policy).into_iter();
    let errors: Vec<FieldError> = faults
        .map(|fault| FieldError {
            field: fault.field.to_owned(),
            reason: fault.reason,
        })
        .collect();
    if errors.is_empty() || !app.rules(policy.edition).refuses_impossible_policy {
        Ok(())
    } else {
        Err(impossible(errors))
    }
}

fn impossible(errors: Vec<FieldError>) -> Refused {
    let mut refused = Refused::from(Refusal::InvalidPolicy);
    refused.field = errors.first().map(|error| error.field.clone());
    refused.errors = errors;
    refused
}

/// Delete a tenant.
#[utoipa::path(delete, path = "/testControl/v1/tenants/{id}", operation_id = "deleteTenant", tag = "testControl",
    params(("id" = String, Path, description = "The tenant")),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_tenant(
    _: Controller,
    State(app): State<App>,
    At(id): At<String>,
) -> Result<StatusCode, Refused> {
    if app.delete_tenant(&id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::NotFound.into())
    }
}

/// Read a tenant's policy.
#[utoipa::path(get, path = "/testControl/v1/tenants/{id}/policy", operation_id = "readPolicy", tag = "testControl",
    params(("id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The policy", body = PolicySchema)))]
pub(crate) async fn read_tenant_policy(
    _: Controller,
    State(app): State<App>,
    At(id): At<String>,
) -> Result<Json<Policy>, Refused> {
    let tenant = find(&app, &id)?;
    Ok(Json(tenant.turn(|turn| turn.state.policy.clone())))
}

/// Change a tenant's policy by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/testControl/v1/tenants/{id}/policy", operation_id = "setPolicy", tag = "testControl",
    params(("id" = String, Path, description = "The tenant")),
    request_body(content((PolicySchema = "application/merge-patch+json"), (PolicySchema = "application/json"))),
    responses((status = 200, description = "The policy as it is now", body = PolicySchema)))]
pub(crate) async fn patch_tenant_policy(
    _: Controller,
    State(app): State<App>,
    At(id): At<String>,
    PatchBody(patch): PatchBody<serde_json::Map<String, Value>>,
) -> Result<Json<Policy>, Refused> {
    let tenant = find(&app, &id)?;
    tenant.turn(|turn| {
        let mut merged = serde_json::to_value(&turn.state.policy).unwrap_or_default();
        merge(&mut merged, Value::Object(patch));
        let policy = read_policy(merged, "")?;
        judge(&app, &policy)?;
        turn.state.policy = policy.clone();
        if turn.rules.policy_change_unblocks {
            let users = turn.state.users.values_mut();
            users.for_each(|user| user.blocked_until = None);
        }
        turn.forget_disallowed_choices();
        Ok(Json(policy))
    })
}

/// Merges a patch into a value (RFC 7396).
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(target) = target {
        for (name, value) in patch {
            if value.is_null() {
                target.remove(&name);
            } else {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
    }
}

/// Block or unblock a user, as an administrator does.
#[utoipa::path(patch, path = "/testControl/v1/tenants/{id}/users/{userPrincipalName}", operation_id = "changeUser",
    tag = "testControl",
    params(("id" = String, Path, description = "The tenant"),
        ("userPrincipalName" = String, Path, description = "The sign-in address")),
    request_body = ChangeUser,
    responses((status = 204, description = "Changed, or as it was")))]
pub(crate) async fn change_user(
    _: Controller,
    State(app): State<App>,
    At((id, user)): At<(String, String)>,
    JsonBody(request): JsonBody<ChangeUser>,
) -> Result<StatusCode, Refused> {
    let user = account_key(&user);
    find(&app, &id)?.turn(|turn| {
        if !turn.state.users.contains_key(user.as_str()) {
            return Err(Refusal::NotFound.into());
        }
        if request.blocked {
            turn.block(&user);
        } else {
            turn.unblock(&user);
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

/// Read a tenant's clock.
#[utoipa::path(get, path = "/testControl/v1/tenants/{id}/clock", operation_id = "readClock", tag = "testControl",
    params(("id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "How it runs and what it shows", body = ClockView)))]
pub(crate) async fn read_clock(
    _: Controller,
    State(app): State<App>,
    At(id): At<String>,
) -> Result<Json<ClockView>, Refused> {
    let clock = find(&app, &id)?.turn(|turn| turn.state.clock.clone());
    let mode = match clock {
        TenantClock::Manual(_) => "manual",
        TenantClock::Real(_) => "real",
    };
    let now = clock.now();
    Ok(Json(ClockView { mode, now }))
}

/// Move a tenant's clock forward.
#[utoipa::path(post, path = "/testControl/v1/tenants/{id}/clock/advance", operation_id = "advanceClock",
    tag = "testControl",
    params(("id" = String, Path, description = "The tenant")),
    request_body = AdvanceClock,
    responses((status = 200, description = "Where it stands now", body = ClockAdvanced)))]
pub(crate) async fn advance_clock(
    _: Controller,
    State(app): State<App>,
    At(id): At<String>,
    JsonBody(request): JsonBody<AdvanceClock>,
) -> Result<Json<ClockAdvanced>, Refused> {
    let now = find(&app, &id)?.turn(|turn| match &mut turn.state.clock {
        TenantClock::Manual(now) => {
            *now = advanced(*now, request.seconds)?;
            Ok(*now)
        }
        TenantClock::Real(_) => Err(Refused::because(
            Refusal::OutOfOrder,
            "a real clock cannot be moved",
        )),
    })?;
    Ok(Json(ClockAdvanced { now }))
}

fn advanced(now: Timestamp, seconds: u64) -> Result<Timestamp, Refused> {
    let seconds = i64::try_from(seconds).ok();
    let later = seconds.and_then(|seconds| {
        let by = SignedDuration::from_secs(seconds);
        now.checked_add(by).ok()
    });
    later.ok_or_else(|| {
        Refused::field(
            Refusal::InvalidInput,
            "seconds",
            "time does not reach that far",
        )
    })
}

/// Read a tenant's whole audit trail.
#[utoipa::path(get, path = "/testControl/v1/tenants/{id}/auditEvents", operation_id = "readAudit",
    tag = "testControl",
    params(("id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "Events, oldest first", body = AuditEvents)))]
pub(crate) async fn read_audit(
    _: Controller,
    State(app): State<App>,
    At(id): At<String>,
) -> Result<Json<AuditEvents>, Refused> {
    let tenant = find(&app, &id)?;
    Ok(Json(tenant.turn(|turn| turn.audit_trail())))
}
