"""Prints what `run.sh` measured as a small table, with the ratios that were aimed at."""

import json
import sys
from pathlib import Path


def bench(folder, name):
    """Reads a criterion bench: elements per second, by the mean time of an iteration."""
    latest = Path(folder) / "explore" / name / "new"
    mean = json.loads((latest / "estimates.json").read_text())["mean"]["point_estimate"]
    elements = json.loads((latest / "benchmark.json").read_text())["throughput"]["Elements"]
    return elements * 1e9 / mean


def main():
    hypothesis, served, criterion = sys.argv[1:4]
    moves = json.loads(Path(hypothesis).read_text())["perSecond"]
    served = json.loads(Path(served).read_text())
    peer, one, many = served["schemathesis"], served["exploreOne"], served["exploreMany"]
    draw, step, play = (bench(criterion, name) for name in ("draw", "step", "in process"))
    in_process = served["exploreInProcess"]["requestsPerSecond"]

    def row(name, figure, unit, peer=None, aim=None):
        ratio = f"{figure / peer:8.1f} x" if peer else ""
        print(f"{name:<52}{figure:>12,.1f} {unit:<12}{ratio:>10}  {aim or ''}")

    print(f"{'what':<52}{'figure':>12} {'per second':<12}{'ratio':>10}  aim")
    row("Hypothesis, moves, one core", moves, "steps")
    row("  proofup draws with the oracle, one core", draw, "commands", moves, ">= 150 x (800 x)")
    row("  proofup's oracle alone, one core", step, "commands", moves)
    row("explore in process, one core", play, "commands", None, ">= 60,000")
    row("explore in process, --jobs 2", in_process, "commands")
    row("Schemathesis stateful, one connection", peer["requestsPerSecond"], "requests")
    row("  explore over loopback, --jobs 1", one["requestsPerSecond"], "commands", peer["requestsPerSecond"], ">= 30 x")
    row("  explore over loopback, --jobs 16", many["requestsPerSecond"], "commands", peer["requestsPerSecond"], ">= 200 x")
    row("Schemathesis stateful, one connection", peer["sequencesPerSecond"], "scenarios")
    row("  explore over loopback, --jobs 1", one["sequencesPerSecond"], "stories", peer["sequencesPerSecond"])
    row("  explore over loopback, --jobs 16", many["sequencesPerSecond"], "stories", peer["sequencesPerSecond"])


if __name__ == "__main__":
    main()
