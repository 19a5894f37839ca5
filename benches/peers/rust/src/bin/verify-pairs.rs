//! The verify endpoint beside a hello floor: the same prepared requests to both, by the same client.
//!
//! `verify-pairs SETTING`, a JSON file (see [`Setting`]). It makes tenants by test control, signs their users in, begins a
//! set-up by text for each and takes its code from a gateway in this process. These pairs of set-up and code are then sent, each
//! once. Prints what came of it as one line of JSON.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

use proofup_peers::gateway::Codes;
use proofup_peers::processor;
use proofup_peers::wire::{Connection, request};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};

type Failure = Box<dyn Error>;

/// Holds what the script says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Setting {
    /// The reference, under test control.
    reference: Server,
    /// The floor.
    floor: Server,
    /// The token of test control.
    control_token: String,
    /// Where the gateway is to listen.
    gateway: String,
    /// How many pairs are prepared.
    pairs: usize,
    connections: usize,
    /// Whether the floor is asked before the reference.
    floor_first: bool,
}

#[derive(Debug, Deserialize)]
struct Server {
    /// Host and port.
    address: String,
    /// Its process.
    process: u32,
}

/// Holds a prepared request, and the set-up that it proves.
struct Pair {
    setup: String,
    request: Vec<u8>,
}

/// How many users a tenant has: the reference takes 64 KiB of a request.
const USERS_PER_TENANT: usize = 400;

/// How many requests the floor is sent before it is measured; the reference is warm from the preparation.
const WARM_UP: usize = 2_000;

const PASSWORD: &str = "+a-password-of-the-peers";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let file = std::env::args().nth(1).ok_or("verify-pairs SETTING")?;
    let setting: Setting = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let setting = Rc::new(setting);
    LocalSet::new().run_until(measure(setting)).await
}

async fn measure(setting: Rc<Setting>) -> Result<(), Failure> {
    let begun = Instant::now();
    let pairs = prepare(&setting).await?;
    let prepared = begun.elapsed();
    let distinct: BTreeSet<&str> = pairs.iter().map(|pair| pair.setup.as_str()).collect();
    if distinct.len() != setting.pairs {
        return Err(format!("{} pairs, {} distinct", pairs.len(), distinct.len()).into());
    }
    let distinct = distinct.len();
    let pairs = Rc::new(pairs);
    let connections = setting.connections;
    drive(&setting.floor, connections, &pairs, WARM_UP).await?;
    let (floor, reference);
    if setting.floor_first {
        floor = drive(&setting.floor, connections, &pairs, usize::MAX).await?;
        reference = drive(&setting.reference, connections, &pairs, usize::MAX).await?;
    } else {
        reference = drive(&setting.reference, connections, &pairs, usize::MAX).await?;
        floor = drive(&setting.floor, connections, &pairs, usize::MAX).await?;
    }
    let told = json!({
        "pairs": distinct,
        "preparedSeconds": prepared.as_secs_f64(),
        "floor": floor,
        "reference": reference,
    });
    println!("{told}");
    Ok(())
}

/// Makes the tenants, and a pair for each of their users.
async fn prepare(setting: &Rc<Setting>) -> Result<Vec<Pair>, Failure> {
    let codes = Codes::default();
    codes.serve(&setting.gateway).await?;
    let tenants = setting.pairs.div_ceil(USERS_PER_TENANT);
    let mut connection = Connection::open(&setting.reference.address).await?;
    for tenant in 0..tenants {
        let users: Vec<usize> = (tenant..setting.pairs).step_by(tenants).collect();
        put_tenant(setting, &mut connection, tenant, &users).await?;
    }
    let next = Rc::new(Cell::new(0));
    let mut all = JoinSet::new();
    for _ in 0..setting.connections {
        let (setting, next, codes) = (Rc::clone(setting), Rc::clone(&next), codes.clone());
        all.spawn_local(async move {
            let mut connection = Connection::open(&setting.reference.address).await?;
            let mut pairs = Vec::new();
            loop {
                // Neighbours are of different tenants, and so are requests that are under way together.
                let user = next.replace(next.get() + 1);
                if user >= setting.pairs {
                    return Ok::<_, Failure>(pairs);
                }
                let pair = pair(&mut connection, user, user % tenants, &codes).await?;
                pairs.push((user, pair));
            }
        });
    }
    let mut pairs = Vec::with_capacity(setting.pairs);
    while let Some(made) = all.join_next().await {
        pairs.extend(made??);
    }
    pairs.sort_by_key(|(user, _)| *user);
    Ok(pairs.into_iter().map(|(_, pair)| pair).collect())
}

async fn put_tenant(
    setting: &Setting,
    connection: &mut Connection,
    tenant: usize,
    users: &[usize],
) -> Result<(), Failure> {
    let users: Vec<Value> = users
        .iter()
        .map(|user| json!({ "userPrincipalName": name(*user, tenant), "password": PASSWORD }))
        .collect();
    let body = json!({
        "displayName": "Peers",
        "policy": { "reset": { "enabled": true, "methods": ["mobilePhone"], "methodsRequired": 1 } },
        "domains": [format!("peers-{tenant}.example.com")],
        "users": users,
        "gateways": { "sms": { "url": format!("http://{}/sms", setting.gateway), "form": "json" } },
        "gatewayTimeoutMs": 10_000,
        "callbackBase": format!("http://{}", setting.reference.address),
        "clock": { "mode": "real" },
    });
    let path = format!("/testControl/v1/tenants/peers-{tenant}");
    ask(connection, "PUT", &path, &setting.control_token, &body).await?;
    Ok(())
}

async fn pair(
    connection: &mut Connection,
    user: usize,
    tenant: usize,
    codes: &Codes,
) -> Result<Pair, Failure> {
    let body = json!({
        "userPrincipalName": name(user, tenant),
        "password": PASSWORD,
        "tenant": format!("peers-{tenant}"),
    });
    let session = ask(connection, "POST", "/v1/sessions", "", &body).await?;
    let token = session["token"].as_str().ok_or("no token")?;
    let digits = 610_000_000 + user;
    let body = json!({
        "method": "mobilePhone",
        "phone": { "region": "NL", "number": format!("0{digits}") },
        "kind": "textMessage",
    });
    let begun = ask(connection, "POST", "/v1/enrollments", token, &body).await?;
    let setup = begun["id"].as_str().ok_or("no set-up")?;
    let code = codes.take(&format!("+31{digits}")).ok_or("no code")?;
    let path = format!("/v1/enrollments/{setup}/verification");
    let body = json!({ "code": code }).to_string();
    Ok(Pair {
        setup: setup.to_owned(),
        request: request("POST", &path, token, &body),
    })
}

fn name(user: usize, tenant: usize) -> String {
    format!("user{user}@peers-{tenant}.example.com")
}

async fn ask(
    connection: &mut Connection,
    method: &str,
    path: &str,
    token: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let bytes = request(method, path, token, &body.to_string());
    let answer = connection.exchange(&bytes).await?;
    if !(200..300).contains(&answer.status) {
        let told = String::from_utf8_lossy(answer.body);
        return Err(format!("{method} {path}: {} {told}", answer.status).into());
    }
    Ok(serde_json::from_slice(answer.body)?)
}

/// Sends each request once, or the first so many, and tells how fast they were answered.
async fn drive(
    server: &Server,
    connections: usize,
    pairs: &Rc<Vec<Pair>>,
    most: usize,
) -> Result<Value, Failure> {
    let count = pairs.len().min(most);
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(&server.address).await?);
    }
    let next = Rc::new(Cell::new(0));
    let mut all = JoinSet::new();
    let (begun, before) = (Instant::now(), processor::used(Some(server.process)));
    let own = processor::used(None);
    for mut connection in opened {
        let (next, pairs) = (Rc::clone(&next), Rc::clone(pairs));
        all.spawn_local(async move {
            let (mut good, mut verified, mut other) = (0_u64, 0_u64, 0_u64);
            loop {
                let number = next.replace(next.get() + 1);
                let Some(pair) = pairs[..count].get(number) else {
                    return Ok::<_, std::io::Error>([good, verified, other]);
                };
                let answer = connection.exchange(&pair.request).await?;
                if answer.status == 200 {
                    good += 1;
                } else {
                    other += 1;
                }
                verified += u64::from(contains(answer.body, b"\"verified\""));
            }
        });
    }
    let mut sum = [0_u64; 3];
    while let Some(counts) = all.join_next().await {
        for (sum, count) in sum.iter_mut().zip(counts??) {
            *sum += count;
        }
    }
    let seconds = begun.elapsed();
    let cpu = processor::used(Some(server.process)) - before;
    let own = processor::used(None) - own;
    Ok(json!({
        "requests": count,
        "ok": sum[0],
        "verified": sum[1],
        "other": sum[2],
        "seconds": seconds.as_secs_f64(),
        "rate": count as f64 / seconds.as_secs_f64(),
        "cpuUs": per(cpu, count),
        "clientCpuUs": per(own, count),
        "clientBusy": own.as_secs_f64() / seconds.as_secs_f64(),
    }))
}

fn per(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
