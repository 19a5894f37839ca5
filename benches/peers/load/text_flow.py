"""Rows 4 to 7 and 11: the text-message flow, beside goose, Locust and autocannon, and without a socket in between."""

import json
import os
import threading

from processes import NotMeasured, Scratch, Server, free_address, last_json, proofup_load, run

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
USERS = 16
# More than the fastest begins before the first has rested: three quarters of a second of flows at sixteen thousand per second.
# proofup makes its tenants as large.
ACCOUNTS = 12_000
USERS_PER_TENANT = 200

# A number is sent one text per 30 seconds. For proofup and its peers alike the tenants' clocks are moved by a quarter of a minute
# every quarter of a second, and an account rests until that has surely been done.
PACE = 60
TICK, STEP = 0.25, 15
REST = 0.9

# What begins in this time is not counted: a reference that has just started reads what it knows of phone numbers at the first.
WARM_UP = 1

# Row 7: what lets a run in process send its messages over HTTP to our gateways. A binary that does not know it exits with 2,
# and the row is not measured.
HTTP_GATEWAY = ("--gateways", "loopback")

PLAN = f"""
title = "The text-message flow"
pace = {PACE}
accounts = ACCOUNTS
arrivals = {{ users = {USERS} }}
stop = {{ after = "SECONDSs" }}
warmUp = "{WARM_UP}s"
probes = {{ wrongCode = "0%", reusedCode = "0%" }}
mix = {{ enrollText = 1 }}
"""

POLICY = {
    "reset": {"enabled": True, "methods": ["mobilePhone", "email", "officePhone", "appCode"], "methodsRequired": 1},
    "app": {"codeWithNotification": True},
}


def prepared(control, base, gateway):
    """Makes tenants and accounts for a peer, as proofup makes its own."""
    accounts, tenants = [], []
    for first in range(0, ACCOUNTS, USERS_PER_TENANT):
        tenant = f"peers-{first}"
        users = []
        for number in range(first, min(ACCOUNTS, first + USERS_PER_TENANT)):
            digits = 610_000_000 + number
            name, password = f"user{number}@{tenant}.example.com", "+a-password-of-the-peers"
            users.append({"userPrincipalName": name, "password": password})
            numbers = {"typed": f"0{digits}", "e164": f"+31{digits}"}
            accounts.append({"user": name, "password": password, "tenant": tenant, **numbers})
        body = {
            "displayName": "Peers",
            "policy": POLICY,
            "domains": [f"{tenant}.example.com"],
            "users": users,
            "gateways": {"sms": {"url": f"http://{gateway}/sms", "form": "json"}},
            "gatewayTimeoutMs": 10000,
            "callbackBase": base,
            "clock": {"mode": "manual", "now": "2026-01-15T09:00:00Z"},
        }
        control.ask("PUT", f"/tenants/{tenant}", body)
        tenants.append(tenant)
    return accounts, tenants


class Clocks:
    """Moves the clocks of tenants while a peer works, as proofup does itself."""

    def __init__(self, control, tenants):
        self.control, self.tenants, self.done = control, tenants, threading.Event()
        self.thread = threading.Thread(target=self.move, daemon=True)

    def move(self):
        while not self.done.wait(TICK):
            for tenant in self.tenants:
                self.control.ask("POST", f"/tenants/{tenant}/clock/advance", {"seconds": STEP})

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def peer(tools, command, seconds, environment=None):
    """Plays a peer once, against a server of its own."""
    gateway = free_address()
    with Scratch() as folder, Server.of_proofup(tools.proofup, "--test-control") as server:
        control = server.control()
        accounts, tenants = prepared(control, server.base, gateway)
        setting = {
            "base": server.base,
            "gateway": gateway,
            "accounts": accounts,
            "users": USERS,
            "seconds": seconds + WARM_UP,
            "warmUpSeconds": WARM_UP,
            "restSeconds": REST,
        }
        file = folder.file("setting.json", json.dumps(setting))
        environment = {"PROOFUP_LOAD_SETTING": file, **(environment or {})}
        with Clocks(control, tenants):
            text, _ = run(command, seconds, environment)
    told = last_json(text)
    flows = told["flows"]
    if not flows or not told["seconds"]:
        raise NotMeasured(f"no flow of {os.path.basename(command[0])} was right, {told['failed']} were not")
    return {
        "rate": flows / told["seconds"],
        "cpuUs": told["cpuSeconds"] / flows * 1e6,
        "failed": told["failed"],
    }


def clients(tools, folder, seconds, wanted):
    """Gives what plays each client once, by its name."""

    written = PLAN.replace("SECONDS", str(seconds + WARM_UP)).replace("ACCOUNTS", str(ACCOUNTS))
    plan = folder.file("text.toml", written)

    def over_loopback():
        with Server.of_proofup(tools.proofup, "--test-control") as server:
            return proofup_load(tools.proofup, seconds, "--plan", plan, "--url", server.base)

    def in_process(*words):
        return lambda: proofup_load(tools.proofup, seconds, "--plan", plan, "--transport", "in-process", *words)

    def with_goose():
        return peer(tools, [os.path.join(tools.peers, "text-flow-goose")], seconds)

    def with_locust():
        # Locust exits with 1 where a request failed; the flows that failed are told apart anyway.
        script = os.path.join(HERE, "text_flow_locust.py")
        words = ["--headless", "--only-summary", "-u", str(USERS), "-r", "1000", "-t", f"{seconds + WARM_UP}s"]
        return peer(tools, [tools.locust, "-f", script, *words, "--exit-code-on-error", "0"], seconds)

    def with_autocannon():
        if not os.path.isdir(os.path.join(tools.autocannon, "node_modules", "autocannon")):
            raise NotMeasured(f"autocannon is not in {tools.autocannon}")
        script = os.path.join(HERE, "text_flow_autocannon.mjs")
        return peer(tools, ["node", script], seconds, {"AUTOCANNON_FROM": os.path.abspath(tools.autocannon)})

    all_of_them = {
        "proofup": over_loopback,
        "goose": with_goose,
        "locust": with_locust,
        "autocannon": with_autocannon,
        "inProcess": in_process(),
        "inProcessHttpGateway": in_process(*HTTP_GATEWAY),
    }
    return {name: play for name, play in all_of_them.items() if name in wanted}
