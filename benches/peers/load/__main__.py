"""Measures the ratios of `proofup load` side by side; `benches/peers/load.sh` installs what it needs and calls it."""

import argparse
import json
import os
import platform
import sys
import time

import gateway
import hello
import ratios
import text_flow
import verify
from processes import Scratch, Server
from rounds import group, say


def arguments():
    parser = argparse.ArgumentParser(prog="benches/peers/load")
    parser.add_argument("--proofup", required=True, help="the binary that is measured")
    parser.add_argument("--oha", default="oha")
    parser.add_argument("--locust", default="locust")
    parser.add_argument("--autocannon", default=".", help="the folder that has node_modules/autocannon")
    parser.add_argument("--peers", default=".", help="the folder with the programs of benches/peers/rust")
    parser.add_argument("--gateway", default="", help="the example `gateway` of proofup-benches")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="how long each client works in each round")
    parser.add_argument("--pairs", type=int, default=40_000, help="pairs of set-up and code in each round")
    parser.add_argument("--only", default="", help="rows, such as 1,2,3")
    parser.add_argument("--budget", type=int, default=480, help="seconds after which no group is repeated")
    parser.add_argument("--json", default="", help="where the raw rounds go")
    return parser.parse_args()


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processors": os.cpu_count(),
        "model": models[0] if models else "unknown",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d %H:%M %Z"),
    }


def measured(tools, rows):
    """Plays the groups that the rows need."""
    begun, found = time.monotonic(), {}

    def may_repeat():
        return time.monotonic() - begun < tools.budget

    def play(name, title, clients):
        found[name] = group(title, clients, ratios.yardsticks(rows, name), tools.rounds, may_repeat)

    wanted = ratios.wanted(rows)
    with Scratch() as folder:
        if wanted["hello"]:
            with Server.of_proofup(tools.proofup, "--hello") as server:
                clients = hello.clients(tools, server, folder, tools.seconds, wanted["hello"])
                play("hello", "One POST on 64 connections", clients)
        if wanted["textFlow"]:
            clients = text_flow.clients(tools, folder, tools.seconds, wanted["textFlow"])
            play("textFlow", "The text-message flow, 16 users", clients)
        if wanted["verify"]:
            clients = verify.clients(tools, tools.pairs, wanted["verify"])
            play("verify", f"The verify endpoint, {tools.pairs} pairs, 64 connections", clients)
        if wanted["gateway"]:
            clients = gateway.clients(tools, folder, tools.seconds, wanted["gateway"])
            play("gateway", "The gateways, 16 connections", clients)
    say(f"{time.monotonic() - begun:.0f} s in all")
    return found


def main():
    tools = arguments()
    if not os.access(tools.proofup, os.X_OK):
        say(f"{tools.proofup} is no program")
        return 2
    rows = ratios.rows(tools.only)
    before = os.getloadavg()
    found = measured(tools, rows)
    whole = {
        "machine": {**machine(), "loadBefore": before, "loadAfter": os.getloadavg()},
        "rounds": tools.rounds,
        "seconds": tools.seconds,
        "groups": found,
        "rows": ratios.held(found, rows),
    }
    if tools.json:
        with open(tools.json, "w") as file:
            json.dump(whole, file, indent=1)
    print(ratios.table(whole))
    return 0


if __name__ == "__main__":
    sys.exit(main())
