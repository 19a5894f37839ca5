"""Rows 1 to 3: one POST on 64 connections, beside wrk, oha and a plain reqwest loop."""

import json
import os
import re

from processes import NotMeasured, last_json, proofup_load, run

PATH = "/v1/sessions"
USERS = 64

# The hello floor as a target: one POST, answered with a constant.
TARGET = """
name = "hello"
base = "http://127.0.0.1:8081"
isolation = "none"

[capabilities]
editions = ["2019-02-13"]
methods = []
kinds = []
features = []
facilities = []

[capabilities.limits]
codeLength = 6
codeTries = 5
accountFailures = 20
blockSeconds = 900
resendSeconds = 30
gatewayTimeoutMs = 2000
codeSeconds = 600
activationSeconds = 600
enrollmentSeconds = 1800
notificationSeconds = 120
callSeconds = 120
resetSeconds = 1800
sessionSeconds = 28800

[operations.signIn]
request = { method = "POST", path = "/v1/sessions", body = { userPrincipalName = "{userPrincipalName}", password = "{password}" } }

[[operations.signIn.answers]]
status = 200

[operations.signIn.answers.answer]
state = "$.state"
"""

USER = """
[[users]]
name = "u{number}"
userPrincipalName = "u{number}@hello.example.com"
password = "+password-of-the-floor-{number}"
"""

PLAN = f"""
title = "One POST"
pace = 1
accounts = {USERS}
arrivals = {{ users = {USERS} }}
stop = {{ after = "SECONDSs" }}
probes = {{ wrongCode = "0%", reusedCode = "0%" }}
mix = {{ signIn = 1 }}
"""


def body():
    return json.dumps(
        {"userPrincipalName": "u1@hello.example.com", "password": "+password-of-the-floor-1"}, separators=(",", ":")
    )


def lua(path, body):
    """Writes wrk's script for one and the same POST."""
    return (
        f'wrk.method = "POST"\nwrk.path = "{path}"\nwrk.headers["content-type"] = "application/json"\n'
        f"wrk.body = '{body}'\n"
    )


def wrk(base, connections, seconds, script):
    """Runs wrk on one thread; every answer has to be a good one."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, base]
    text, cpu = run(command, seconds)
    wrong = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", text)
    if wrong:
        raise NotMeasured(f"wrk: {wrong.group(0)}")
    count = int(re.search(r"(\d+) requests in", text).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    return {"rate": rate, "cpuUs": cpu / count * 1e6, "requests": count}


def clients(tools, server, folder, seconds, wanted):
    """Gives what plays each client once, by its name."""
    target = folder.file("hello.toml", TARGET + "".join(USER.format(number=one) for one in range(USERS)))
    plan = folder.file("hello-plan.toml", PLAN.replace("SECONDS", str(seconds)))
    script = folder.file("post.lua", lua(PATH, body()))
    url = server.base + PATH

    def with_proofup():
        found = proofup_load(tools.proofup, seconds, "--plan", plan, "--target", target, "--url", server.base)
        # The whole process, its start included, as of wrk and oha, which do not tell of a part.
        return {**found, "cpuUs": found["wholeCpuUs"]}

    def with_oha():
        command = [tools.oha, "-z", f"{seconds}s", "-c", str(USERS), "-m", "POST", "-d", body()]
        command += ["-T", "application/json", "--no-tui", "--output-format", "json", url]
        text, cpu = run(command, seconds)
        told = json.loads(text)
        count = told["statusCodeDistribution"].get("200", 0)
        # What oha breaks off at its deadline is neither right nor wrong.
        wrong = {one: n for one, n in told["errorDistribution"].items() if "deadline" not in one}
        if not count or wrong or set(told["statusCodeDistribution"]) != {"200"}:
            raise NotMeasured(f"oha: {told['statusCodeDistribution']} {wrong}")
        return {"rate": count / told["summary"]["total"], "cpuUs": cpu / count * 1e6}

    def with_reqwest():
        command = [os.path.join(tools.peers, "reqwest-loop"), url, str(USERS), str(seconds)]
        text, cpu = run(command, seconds)
        told = last_json(text)
        count = told["requests"]
        if not count or told["failed"]:
            raise NotMeasured(f"reqwest: {told}")
        return {"rate": count / told["seconds"], "cpuUs": cpu / count * 1e6}

    all_of_them = {
        "proofup": with_proofup,
        "wrk": lambda: wrk(server.base, USERS, seconds, script),
        "oha": with_oha,
        "reqwest": with_reqwest,
    }
    return {name: play for name, play in all_of_them.items() if name in wanted}
