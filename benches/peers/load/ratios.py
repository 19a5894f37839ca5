"""The rows: which clients each needs, what it must reach, and what it came to."""

from dataclasses import dataclass

from processes import NotMeasured
from rounds import RESTLESS, ratio


@dataclass
class Row:
    """One ratio: what one client came to, to what the other did."""

    number: int
    title: str
    group: str
    mine: str
    other: str
    what: str
    must: float | None
    aim: float | None
    at_least: bool = True

    def reached(self, found):
        """Says how far a figure goes."""
        if self.must is None:
            return ""
        good = (lambda bound: found >= bound) if self.at_least else (lambda bound: found <= bound)
        return "aim" if good(self.aim) else "must" if good(self.must) else "no"


def less(number, title, group, mine, other, what, must, aim):
    """A row whose figure is to be small."""
    return Row(number, title, group, mine, other, what, must, aim, at_least=False)


ROWS = [
    Row(1, "one POST step, 64 connections: rate / wrk's", "hello", "proofup", "wrk", "rate", 0.90, 1.05),
    less(2, "its client CPU per request / wrk's", "hello", "proofup", "wrk", "cpuUs", 1.15, 0.90),
    Row(3, "its rate / oha's", "hello", "proofup", "oha", "rate", 1.0, 1.2),
    Row(3, "its rate / a plain reqwest loop's", "hello", "proofup", "reqwest", "rate", 1.6, 2.0),
    Row(4, "text-message flow, 16 users: flows / goose's", "textFlow", "proofup", "goose", "rate", 1.8, 2.2),
    Row(5, "its flows / Locust's", "textFlow", "proofup", "locust", "rate", 12, 15),
    Row(5, "its flows / autocannon's", "textFlow", "proofup", "autocannon", "rate", 3, 3.6),
    less(6, "its client CPU per flow / goose's", "textFlow", "proofup", "goose", "cpuUs", 0.45, 0.30),
    less(6, "its client CPU per flow / Locust's", "textFlow", "proofup", "locust", "cpuUs", 1 / 15, 1 / 22),
    Row(
        7,
        "flows with our HTTP gateway / with an in-process gateway",
        "textFlow",
        "inProcessHttpGateway",
        "inProcess",
        "rate",
        0.60,
        0.70,
    ),
    Row(8, "verify endpoint, 64 connections: rate / the floor's", "verify", "reference", "floor", "rate", 0.75, 0.85),
    less(9, "its server CPU per request / the floor's", "verify", "reference", "floor", "cpuUs", 1.5, 1.25),
    Row(10, "load gateway, 16 connections: rate / wiremock's", "gateway", "handsOver", "wiremock", "rate", 1.25, 1.4),
    less(
        10, "its memory per message / wiremock's", "gateway", "handsOver", "wiremock", "bytesPerMessage", 1 / 8, 1 / 20
    ),
    less(
        10,
        "the same of the gateway that keeps messages",
        "gateway",
        "keeps",
        "wiremock",
        "bytesPerMessage",
        None,
        None,
    ),
    Row(
        10,
        "its rate / that of our conformance host, which is wiremock behind doors",
        "gateway",
        "handsOver",
        "conformance",
        "rate",
        None,
        None,
    ),
    Row(11, "in-process flows on one core / loopback flows on two", "textFlow", "inProcess", "proofup", "rate", 6, 10),
]


def rows(only):
    """Takes the rows that are asked for; all where none is named."""
    numbers = {int(one) for one in only.split(",") if one}
    return [row for row in ROWS if not numbers or row.number in numbers]


def wanted(rows):
    """Lists the clients that rows need, by their group."""
    groups = {name: set() for name in ("hello", "textFlow", "verify", "gateway")}
    for row in rows:
        groups[row.group] |= {row.mine, row.other}
    return groups


def yardsticks(rows, group):
    """Lists the clients of a group that others are held to."""
    return {row.other for row in rows if row.group == group}


def held(found, rows):
    """Holds the figures to the rows."""
    told = []
    for row in rows:
        one = {"row": row.number, "ratio": row.title, "must": row.must, "aim": row.aim, "atLeast": row.at_least}
        try:
            figure, spread = ratio(found[row.group], row.mine, row.other, row.what)
            one |= {"found": figure, "spread": spread, "reached": row.reached(figure)}
        except NotMeasured as why:
            one["notMeasured"] = str(why)
        told.append(one)
    return told


def written(number):
    """Writes a ratio: small ones as one over something, as the issue does."""
    if number == 0:
        return "0"
    if number >= 0.2:
        return f"{number:.2f}"
    return f"1/{1 / number:.1f}" if number > 0.01 else f"1/{1 / number:,.0f}"


def bound(number):
    """Writes what is to be reached."""
    return f"1/{round(1 / number)}" if number < 0.2 else f"{number:g}"


def table(whole):
    """Writes the table, what was not measured, and how restless the machine was."""
    machine = whole["machine"]
    lines = [
        f"{machine['date']}, {machine['system']}, {machine['processors']} processors ({machine['model']}), "
        f"load {machine['loadBefore'][0]:.1f} before and {machine['loadAfter'][0]:.1f} after, "
        f"{whole['rounds']} rounds of {whole['seconds']} s",
        "",
        "| # | Ratio | Must | Aim | Found | Reached | Yardstick's max/min |",
        "| --- | --- | ---: | ---: | ---: | --- | ---: |",
    ]
    for row in whole["rows"]:
        sign = "≥ " if row["atLeast"] else "≤ "
        must, aim = (sign + bound(row[one]) if row[one] is not None else "" for one in ("must", "aim"))
        if "notMeasured" in row:
            figures = f"not measured: {row['notMeasured']} | | "
        else:
            figures = f"{written(row['found'])} | {row['reached']} | {row['spread']:.2f}"
        lines.append(f"| {row['row']} | {row['ratio']} | {must} | {aim} | {figures} |")
    # Of the verify endpoint, its floor and the gateways it is the server's processor time, of all others the client's.
    lines += ["", "| Who | Median rate | CPU per request or flow | Max/min |", "| --- | ---: | ---: | ---: |"]
    for group in whole["groups"].values():
        for name, rounds in group["rounds"].items():
            middle = sorted(rounds, key=lambda one: one["rate"])[len(rounds) // 2]
            lines.append(
                f"| {name} | {middle['rate']:,.0f}/s | {middle['cpuUs']:,.1f} µs | {group['spreads'][name]:.2f} |"
            )
    for name, group in whole["groups"].items():
        if len(group["attempts"]) > 1 or group["widest"] > RESTLESS:
            widest = ", ".join(f"{one['widest']:.2f}" for one in group["attempts"])
            lines += ["", f"The machine was restless in `{name}`: the widest yardstick's max/min was {widest}."]
        failed = {one: sum(r.get("failed", 0) for r in rounds) for one, rounds in group["rounds"].items()}
        starved = {one: sum(r.get("starved", 0) for r in rounds) for one, rounds in group["rounds"].items()}
        for word, counts in (("failed", failed), ("waited for an account to rest", starved)):
            if any(counts.values()):
                listed = ", ".join(f"{one} {count}" for one, count in counts.items() if count)
                lines += ["", f"Flows that {word} in `{name}`: {listed}."]
    return "\n".join(lines)
