"""Plays clients in turn, round by round, again where the machine was too restless."""

import statistics
import sys

from processes import NotMeasured

# A group is repeated when its yardstick's fastest round is faster than its slowest by more than this.
RESTLESS = 1.5
ATTEMPTS = 3


def say(text):
    print(text, file=sys.stderr, flush=True)


def played(clients, rounds, missing):
    """Plays every client once per round, every other round in the opposite order; drops who cannot be measured."""
    found = {name: [] for name in clients}
    for number in range(rounds):
        order = list(clients) if number % 2 == 0 else list(reversed(clients))
        for name in order:
            if name in missing:
                continue
            try:
                one = clients[name]()
            except NotMeasured as why:
                missing[name] = str(why)
                found.pop(name, None)
                say(f"  {name}: not measured: {why}")
                continue
            found[name].append(one)
            say(f"  {number + 1}/{rounds} {name:20} {told(one)}")
    return {name: one for name, one in found.items() if one}


def told(one):
    parts = [f"{one['rate']:10.1f}/s"]
    if one.get("cpuUs"):
        parts.append(f"{one['cpuUs']:9.2f} us")
    parts += [f"{name} {one[name]}" for name in ("failed", "starved") if one.get(name)]
    return "  ".join(parts)


def spread(rounds):
    rates = [one["rate"] for one in rounds]
    return max(rates) / max(min(rates), 1e-9)


def group(title, clients, yardsticks, rounds, may_repeat):
    """Plays a group, up to twice more while a yardstick's spread is too wide; gives the calmest attempt.

    `clients` maps a name to what plays it once; `yardsticks` names those that others are held to.
    """
    say(title)
    missing, attempts = {}, []
    while True:
        found = played(clients, rounds, missing)
        spreads = {name: spread(one) for name, one in found.items()}
        widest = max((spreads[name] for name in yardsticks if name in spreads), default=1.0)
        attempts.append({"rounds": found, "spreads": spreads, "widest": widest})
        if widest <= RESTLESS:
            break
        if len(attempts) == ATTEMPTS or not may_repeat():
            say(f"  restless: a yardstick's max/min is {widest:.2f}; the calmest attempt counts")
            break
        say(f"  restless: a yardstick's max/min is {widest:.2f}; once more")
    calmest = min(attempts, key=lambda one: one["widest"])
    return {**calmest, "attempts": attempts, "missing": missing}


def ratio(group, mine, other, what):
    """Gives the median over the rounds of mine to the other's, and the spread of the other; or why there is none."""
    for name in (mine, other):
        if name in group["missing"]:
            raise NotMeasured(f"{name}: {group['missing'][name]}")
        if name not in group["rounds"]:
            raise NotMeasured(f"{name} was not asked for")
    pairs = zip(group["rounds"][mine], group["rounds"][other])
    ratios = [one[what] / max(two[what], 1e-9) for one, two in pairs]
    return statistics.median(ratios), group["spreads"][other]
