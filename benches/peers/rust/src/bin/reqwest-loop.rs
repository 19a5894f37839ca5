//! The plain loop that somebody writes in ten minutes: tasks that share one reqwest client, post JSON and read JSON.
//!
//! `reqwest-loop URL CONNECTIONS SECONDS`, one thread. Prints what came of it as one line of JSON.

use std::error::Error;
use std::time::{Duration, Instant};

use proofup_peers::processor;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, connections, seconds] = words.as_slice() else {
        return Err("reqwest-loop URL CONNECTIONS SECONDS".into());
    };
    let client = reqwest::Client::new();
    let (begun, before) = (Instant::now(), processor::used(None));
    let until = begun + Duration::from_secs(seconds.parse()?);
    let tasks: Vec<_> = (0..connections.parse::<u64>()?)
        .map(|number| tokio::spawn(person(client.clone(), url.clone(), number, until)))
        .collect();
    let (mut correct, mut failed) = (0_u64, 0_u64);
    for task in tasks {
        let (right, wrong) = task.await?;
        correct += right;
        failed += wrong;
    }
    let told = json!({
        "requests": correct,
        "failed": failed,
        "seconds": begun.elapsed().as_secs_f64(),
        "cpuSeconds": (processor::used(None) - before).as_secs_f64(),
    });
    println!("{told}");
    Ok(())
}

async fn person(client: reqwest::Client, url: String, number: u64, until: Instant) -> (u64, u64) {
    let body = json!({
        "userPrincipalName": format!("u{number}@hello.example.com"),
        "password": format!("+password-of-the-floor-{number}"),
    });
    let (mut correct, mut failed) = (0, 0);
    while Instant::now() < until {
        match post(&client, &url, &body).await {
            Ok(answer) if answer["state"] == "signedIn" => correct += 1,
            _ => failed += 1,
        }
    }
    (correct, failed)
}

async fn post(client: &reqwest::Client, url: &str, body: &Value) -> reqwest::Result<Value> {
    let response = client.post(url).json(body).send().await?;
    response.error_for_status()?.json().await
}
