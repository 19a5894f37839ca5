#!/usr/bin/env python3
"""Measures `proofup load` beside wrk, Locust and autocannon: interleaved rounds, medians, the server pinned to one
processor and each client to the other.

    benches/peers/load.py target/release/proofup [--rounds 5] [--seconds 4] > target/peers/load.json

Needs wrk on the path, Locust in $LOCUST (default: locust) and autocannon below $AUTOCANNON_FROM/node_modules. What is not
there is left out, and said so. Everything stays on 127.0.0.1.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = "of-the-peers"
PACE_TICK, PACE_SECONDS = 0.25, 15
GATEWAY = "127.0.0.1:18099"


def pinned(processor, command):
    return ["taskset", "-c", str(processor), *command] if shutil.which("taskset") and os.cpu_count() > 1 else command


def run(command, **more):
    """Runs a client on processor 1; gives its output and its processor seconds."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(pinned(1, command), stdout=out, stderr=subprocess.DEVNULL, **more)
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
        out.seek(0)
        return out.read(), used.ru_utime + used.ru_stime


class Server:
    def __init__(self, proofup, *words):
        command = pinned(0, [proofup, "serve", "--listen", "127.0.0.1:0", *words])
        environment = {**os.environ, "PROOFUP_TEST_CONTROL_TOKEN": TOKEN}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.base = re.search(r"http://\S+", self.process.stdout.readline()).group(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def control(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.base}/testControl/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return response.read()


def proofup_load(proofup, *words, environment=None):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [proofup, "load", *words, "--report", f"json={file.name}"]
        _, cpu = run(command, env={**os.environ, "PROOFUP_TEST_CONTROL_TOKEN": TOKEN, **(environment or {})})
        return json.load(open(file.name)), cpu


def hello(proofup, rounds, seconds):
    """One POST on 64 connections: the rate, and the client's processor time per request."""
    found = {"wrk": [], "proofup": []}
    lua = os.path.join(tempfile.mkdtemp(), "post.lua")
    with open(lua, "w") as file:
        file.write('wrk.method = "POST"\nwrk.path = "/v1/sessions"\nwrk.headers["content-type"] = "application/json"\n')
        file.write('wrk.body = \'{"userPrincipalName":"u1@hello.example.com","password":"+password-of-the-floor-1"}\'\n')
    with Server(proofup, "--hello") as server:
        for _ in range(rounds):
            if shutil.which("wrk"):
                text, cpu = run(["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", lua, server.base])
                count = int(re.search(r"(\d+) requests in", text).group(1))
                found["wrk"].append({"rate": count / seconds, "cpuUs": cpu / count * 1e6})
            words = ["--target", f"{HERE}/hello.toml", "--url", server.base, "--flow", "signIn", "--users", "64"]
            report, cpu = proofup_load(proofup, *words, "--duration", f"{seconds}s", "--warm-up", "0s")
            count = report["arrivals"]["correct"]
            found["proofup"].append({"rate": report["throughput"], "cpuUs": cpu / max(count, 1) * 1e6})
    return found


def accounts(server, count):
    """Makes tenants and accounts for the peers, as proofup makes its own."""
    made, tenants = [], []
    policy = {
        "reset": {"enabled": True, "methods": ["mobilePhone", "email", "officePhone", "appCode"], "methodsRequired": 1},
        "app": {"codeWithNotification": True},
    }
    for tenant in range(0, count, 200):
        name = f"peers-{tenant}"
        users = []
        for number in range(tenant, min(count, tenant + 200)):
            digits = 610_000_000 + number
            user = f"user{number}@{name}.example.com"
            users.append({"userPrincipalName": user, "password": "+a-password-of-the-peers"})
            account = {"user": user, "password": "+a-password-of-the-peers", "tenant": name}
            made.append({**account, "typed": f"0{digits}", "e164": f"+31{digits}"})
        body = {
            "displayName": "Peers",
            "policy": policy,
            "domains": [f"{name}.example.com"],
            "users": users,
            "gateways": {"sms": {"url": f"http://{GATEWAY}/sms", "form": "json"}},
            "gatewayTimeoutMs": 10000,
            "callbackBase": server.base,
            "clock": {"mode": "manual", "now": "2026-01-15T09:00:00Z"},
        }
        server.control("PUT", f"/tenants/{name}", body)
        tenants.append(name)
    return made, tenants


def with_clocks(server, tenants, work):
    done = threading.Event()

    def move():
        while not done.wait(PACE_TICK):
            for tenant in tenants:
                server.control("POST", f"/tenants/{tenant}/clock/advance", {"seconds": PACE_SECONDS})

    thread = threading.Thread(target=move)
    thread.start()
    try:
        return work()
    finally:
        done.set()
        thread.join()


def peer(proofup, command, environment, count, users, seconds):
    with Server(proofup, "--test-control") as server:
        made, tenants = accounts(server, count)
        setting = {"base": server.base, "gateway": GATEWAY, "accounts": made, "users": users, "seconds": seconds, "restSeconds": 0.8}
        more = {**os.environ, "PROOFUP_LOAD_SETTING": json.dumps(setting), **environment}
        text, cpu = with_clocks(server, tenants, lambda: run(command, env=more))
    lines = [line for line in text.splitlines() if line.startswith("{")]
    told = json.loads(lines[-1])
    return {"rate": told["flows"] / seconds, "cpuUs": cpu / max(told["flows"], 1) * 1e6, "failed": told["failed"]}


PLAN = """
title = "The text-message flow"
pace = 60
accounts = {accounts}
arrivals = {{ users = {users} }}
stop = {{ after = "{seconds}s" }}
probes = {{ wrongCode = "0%", reusedCode = "0%" }}
mix = {{ enrolText = 1 }}
"""


def text_flow(proofup, rounds, seconds, users=16, count=1600):
    found = {"proofup": [], "locust": [], "autocannon": [], "inProcess": []}
    locust = shutil.which(os.environ.get("LOCUST", "locust"))
    autocannon = os.environ.get("AUTOCANNON_FROM")
    plan = tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False)
    plan.write(PLAN.format(accounts=count, users=users, seconds=seconds))
    plan.close()
    for _ in range(rounds):
        with Server(proofup, "--test-control") as server:
            report, cpu = proofup_load(proofup, "--plan", plan.name, "--url", server.base)
        counts = report["arrivals"]
        failed = counts["finished"] - counts["correct"]
        used = report["generator"]["cpuSeconds"] or cpu
        found["proofup"].append({"rate": report["throughput"], "cpuUs": used / max(counts["correct"], 1) * 1e6, "failed": failed, "starved": report["generator"]["starved"]})
        report, _ = proofup_load(proofup, "--plan", plan.name, "--in-process")
        found["inProcess"].append({"rate": report["throughput"], "cpuUs": 0, "starved": report["generator"]["starved"]})
        if locust:
            script = f"{HERE}/text_flow_locust.py"
            words = [locust, "-f", script, "--headless", "--only-summary", "-u", str(users), "-r", str(users), "-t", f"{seconds}s"]
            found["locust"].append(peer(proofup, words, {}, count, users, seconds))
        if autocannon:
            words = ["node", f"{HERE}/text_flow_autocannon.mjs"]
            found["autocannon"].append(peer(proofup, words, {}, count, users, seconds))
    os.unlink(plan.name)
    return found


def summary(found):
    told = {}
    for name, rounds in found.items():
        if rounds:
            rates = [one["rate"] for one in rounds]
            told[name] = {
                "rate": statistics.median(rates),
                "cpuUs": statistics.median(one["cpuUs"] for one in rounds),
                "spread": max(rates) / max(min(rates), 1e-9),
                "rounds": rounds,
            }
    return told


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("proofup")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    arguments = parser.parse_args()
    one = summary(hello(arguments.proofup, arguments.rounds, arguments.seconds))
    flow = summary(text_flow(arguments.proofup, arguments.rounds, arguments.seconds))
    print(json.dumps({"hello": one, "textFlow": flow, "load": os.getloadavg()}, indent=1))

    def ratio(group, mine, other, what):
        if mine in group and other in group:
            return f"{group[mine][what] / max(group[other][what], 1e-9):.2f}"
        return "not measured"

    rows = [
        ("1 one POST: rate / wrk", ratio(one, "proofup", "wrk", "rate")),
        ("2 its client CPU per request / wrk's", ratio(one, "proofup", "wrk", "cpuUs")),
        ("5 text flow: flows / Locust's", ratio(flow, "proofup", "locust", "rate")),
        ("5 text flow: flows / autocannon's", ratio(flow, "proofup", "autocannon", "rate")),
        ("6 client CPU per flow / Locust's", ratio(flow, "proofup", "locust", "cpuUs")),
        ("11 in-process flows / loopback flows", ratio(flow, "inProcess", "proofup", "rate")),
    ]
    for name, value in rows:
        print(f"{name:40} {value}", file=sys.stderr)
    for group in (one, flow):
        for name, told in group.items():
            print(f"  {name:12} {told['rate']:10.1f}/s  {told['cpuUs']:8.1f} us  max/min {told['spread']:.2f}", file=sys.stderr)


if __name__ == "__main__":
    main()
