#!/usr/bin/env python3
"""Counts the verdicts of `proofup load --vs` where the truth is known: the same build against itself, and against one
that works ten percent longer on each request. One JSON line a try, so that what was measured stays when it is ended.

    benches/peers/alarms.py target/release/proofup --tries 60 --budget 20s > target/peers/alarms.jsonl
    benches/peers/alarms.py --count target/peers/alarms.jsonl
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time

LOAD = ["--flow", "signIn", "--users", "8"]


def cpu_per_verification(proofup):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [proofup, "load", *LOAD, "--duration", "5s", "--report", f"json={file.name}"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        report = json.load(open(file.name))
    return report["targetCpuSeconds"] / report["arrivals"]["correct"]


def one(proofup, slowed, burden_us, budget):
    command = [proofup, "load", *LOAD, "--duration", "300ms", "--vs", "reference", "--decide-by", "cpu", "--deadline", budget]
    if slowed:
        command += ["--burden", f"{burden_us:.2f}us"]
    begun = time.monotonic()
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    text = re.sub(r"\x1b\[[0-9;]*m", "", output.stdout)
    verdict = re.findall(r"(faster|slower|same|inconclusive).* after (\d+) pairs", text)
    ratio = re.findall(r"cpu +([0-9.]+) \(([0-9.]+) to ([0-9.]+)\)", text)
    return {
        "slowed": slowed,
        "verdict": verdict[-1][0] if verdict else "none",
        "pairs": int(verdict[-1][1]) if verdict else 0,
        "ratio": [float(part) for part in ratio[-1]] if ratio else None,
        "exit": output.returncode,
        "seconds": round(time.monotonic() - begun, 2),
        "load": os.getloadavg()[0],
    }


def exact(hits, of, level=0.05):
    """Clopper and Pearson by bisection: no packages needed."""

    def tail(p, least):
        return sum(math.comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(least, of + 1))

    def solve(goal):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if goal(middle) else (low, middle)
        return low

    lower = 0.0 if hits == 0 else solve(lambda p: tail(p, hits) < level / 2)
    upper = 1.0 if hits == of else solve(lambda p: 1 - tail(p, hits + 1) > level / 2)
    return lower, upper


def count(file):
    tries = [json.loads(line) for line in open(file) if line.strip()]
    tries = [one for one in tries if "verdict" in one]
    for slowed in (False, True):
        mine = [one for one in tries if one["slowed"] == slowed]
        print(f"{'10 % more work' if slowed else 'the same build'}: {len(mine)} tries")
        if not mine:
            continue
        for verdict in ("faster", "slower", "same", "inconclusive", "none"):
            hits = sum(one["verdict"] == verdict for one in mine)
            if hits or verdict != "none":
                low, high = exact(hits, len(mine))
                print(f"  {verdict:13} {hits:3}  {100 * low:5.1f} % to {100 * high:5.1f} %")
        seconds = sorted(one["seconds"] for one in mine)
        pairs = sorted(one["pairs"] for one in mine)
        print(f"  median {seconds[len(mine) // 2]} s, {pairs[len(mine) // 2]} pairs; longest {seconds[-1]} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("proofup", nargs="?")
    parser.add_argument("--tries", type=int, default=60)
    parser.add_argument("--budget", default="20s")
    parser.add_argument("--count")
    arguments = parser.parse_args()
    if arguments.count:
        count(arguments.count)
        return
    cpu = cpu_per_verification(arguments.proofup)
    # A sign-in and a sign-out: two requests a verification.
    burden = cpu * 1e6 * 0.10 / 2
    print(json.dumps({"cpuPerVerificationUs": cpu * 1e6, "burdenUsPerRequest": burden}), flush=True)
    for _ in range(arguments.tries):
        for slowed in (False, True):
            print(json.dumps(one(arguments.proofup, slowed, burden, arguments.budget)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
