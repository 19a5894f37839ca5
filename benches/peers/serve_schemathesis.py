"""Lets Schemathesis and `proofup explore` test the same server, one after the other, and counts cases per second.

Starts `proofup serve --test-control` on a free port of 127.0.0.1, provisions a tenant with one user who is signed in, and
gives Schemathesis the bearer token, so that its requests get further than 401. Schemathesis runs its stateful phase with
one worker, that is one connection, and without shrinking. Then `proofup explore --url` runs with one job and with
sixteen. What is counted is what each tool reports.

Schemathesis calls a request a test case and a sequence of requests a scenario; for the explorer a case is a story, and its
requests are commands. Both pairs are told.

Prints one JSON object with `schemathesis`, `exploreOne` and `exploreMany`.
"""

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def ask(url, method, body, token=None):
    """Sends JSON to the server on this machine and reads JSON."""
    request = urllib.request.Request(url, data=json.dumps(body).encode(), method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    # No proxy: the server is on this machine, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


def signed_in(url, control):
    """Provisions a tenant with a user, and gives the token of a session."""
    person = {"userPrincipalName": "alice@peers.example", "password": "correct horse battery"}
    tenant = {
        "displayName": "Peers",
        "policy": {},
        "domains": ["peers.example"],
        "users": [person],
        "gateways": {},
        "clock": {"mode": "manual", "now": "2026-01-15T09:00:00Z"},
        "seed": "peers",
    }
    ask(f"{url}/testControl/v1/tenants/peers", "PUT", tenant, control)
    return ask(f"{url}/v1/sessions", "POST", {**person, "tenant": "peers"})["token"]


def schemathesis(url, session, seconds, folder):
    """Runs the stateful phase, and reads how many cases and scenarios there were and how long it took."""
    command = [
        str(Path(sys.executable).parent / "st"), "run", f"{url}/openapi.json",
        "--phases", "stateful", "--workers", "1", "--max-time", str(seconds),
        "--max-examples", "100000", "--continue-on-failure", "--no-shrink", "--no-color",
        "--seed", "1", "--generation-database", "none", "--suppress-health-check", "all",
        "--header", f"Authorization: Bearer {session}",
    ]
    # In a folder of its own, so that no schemathesis.toml of anybody is read.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds + 60, check=False)
    text = COLOURS.sub("", done.stdout)
    cases = re.search(r"Test cases:\s+([\d,]+) generated", text)
    phase = re.search(r"Stateful \(in ([\d.]+)s\)", text)
    scenarios = re.search(r"Scenarios:\s+([\d,]+)", text)
    if not (cases and phase and scenarios):
        sys.exit(f"Schemathesis told no figures:\n{text}\n{done.stderr}")
    spent = float(phase[1])
    count = int(cases[1].replace(",", ""))
    sequences = int(scenarios[1].replace(",", ""))
    return {
        "requests": count,
        "sequences": sequences,
        "seconds": spent,
        "requestsPerSecond": round(count / spent, 1),
        "sequencesPerSecond": round(sequences / spent, 2),
    }


def explore(binary, arguments, control, seconds):
    """Explores for so long, and reads the summary."""
    command = [binary, "explore", "--seed", "1", "--cases", "1000000", "--deadline", f"{seconds}s", *arguments]
    environment = {**os.environ, "PROOFUP_TEST_CONTROL_TOKEN": control, "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as folder:
        command += ["--write", folder]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 60, check=False)
    told = re.search(r"(\d+) cases, (\d+) commands in ([\d.]+) s", COLOURS.sub("", done.stdout))
    if not told:
        sys.exit(f"`{' '.join(command)}` told no figures:\n{done.stdout}\n{done.stderr}")
    cases, commands, spent = int(told[1]), int(told[2]), float(told[3])
    return {
        "requests": commands,
        "sequences": cases,
        "seconds": spent,
        "requestsPerSecond": round(commands / spent, 1),
        "sequencesPerSecond": round(cases / spent, 2),
        "exitCode": done.returncode,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="the proofup binary, built for release")
    parser.add_argument("--seconds", type=int, default=20, help="how long each part runs")
    arguments = parser.parse_args()
    control = secrets.token_urlsafe(24)
    server = subprocess.Popen(
        [arguments.binary, "serve", "--test-control", "--listen", "127.0.0.1:0"],
        env={**os.environ, "PROOFUP_TEST_CONTROL_TOKEN": control, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        if not found:
            sys.exit("the server did not say where it listens")
        url = found[0]
        # A request of ours comes first: the server answers before anybody is timed.
        began = time.perf_counter()
        session = signed_in(url, control)
        print(f"provisioned in {time.perf_counter() - began:.3f} s", file=sys.stderr)
        told = {"exploreInProcess": explore(arguments.binary, ["--jobs", "2"], control, arguments.seconds)}
        with tempfile.TemporaryDirectory() as folder:
            told["schemathesis"] = schemathesis(url, session, arguments.seconds, folder)
        told["exploreOne"] = explore(arguments.binary, ["--url", url, "--jobs", "1"], control, arguments.seconds)
        told["exploreMany"] = explore(arguments.binary, ["--url", url, "--jobs", "16"], control, arguments.seconds)
    finally:
        server.terminate()
        server.wait(timeout=10)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
