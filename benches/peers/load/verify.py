"""Rows 8 and 9: the reference's verify endpoint beside a hello floor, sent the same prepared requests by the same client."""

import json
import os

from processes import TOKEN, NotMeasured, Scratch, Server, free_address, last_json, run

CONNECTIONS = 64


def measured(tools, pairs, floor_first):
    """Prepares pairs at fresh servers and sends each once; gives what the floor and the reference came to."""
    with (
        Scratch() as folder,
        Server.of_proofup(tools.proofup, "--test-control") as reference,
        Server.of_proofup(tools.proofup, "--hello") as floor,
    ):
        setting = {
            "reference": {"address": reference.address, "process": reference.id},
            "floor": {"address": floor.address, "process": floor.id},
            "controlToken": TOKEN,
            "gateway": free_address(),
            "pairs": pairs,
            "connections": CONNECTIONS,
            "floorFirst": floor_first,
        }
        file = folder.file("setting.json", json.dumps(setting))
        told = last_json(run([os.path.join(tools.peers, "verify-pairs"), file], 60)[0])
    if told["reference"]["other"] or told["floor"]["other"] or told["reference"]["verified"] != told["pairs"]:
        raise NotMeasured(f"not every pair was verified: {told}")
    return told


def clients(tools, pairs, wanted):
    """Gives what plays each server once. Both are played together, so the second takes what the first has found."""
    state = {"found": {}, "floorFirst": True}

    def play(name):
        if name not in state["found"]:
            found = measured(tools, pairs, state["floorFirst"])
            state["found"] = {one: {**found[one], "preparedSeconds": found["preparedSeconds"]} for one in ("floor", "reference")}
            state["floorFirst"] = not state["floorFirst"]
        return state["found"].pop(name)

    return {name: lambda name=name: play(name) for name in ("floor", "reference") if name in wanted}
