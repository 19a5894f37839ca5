"""Row 10: the load gateway beside wiremock: requests per second at 16 connections, and memory per message."""

from hello import lua, wrk
from processes import NotMeasured, Server, processor_seconds, resident

CONNECTIONS = 16
BODY = '{"to":"+31610000001","text":"Your code is 482913"}'
# What this many seconds of messages leave behind is not counted: buffers and pools are filled then.
WARM_UP = 1


def clients(tools, folder, seconds, wanted):
    """Gives what plays each gateway once: ours for load, the same keeping everything, wiremock, and ours with wiremock."""
    script = folder.file("text.lua", lua("/sms", BODY))

    def play(name):
        if not tools.gateway:
            raise NotMeasured("the example `gateway` of proofup-benches is not built")
        with Server(tools.gateway, name) as server:
            wrk(server.base, CONNECTIONS, WARM_UP, script)
            before, begun = resident(server.id), processor_seconds(server.id)
            found = wrk(server.base, CONNECTIONS, seconds, script)
            used = processor_seconds(server.id) - begun
            grown = max(resident(server.id) - before, 0)
        count = found["requests"]
        return {**found, "cpuUs": used / count * 1e6, "clientCpuUs": found["cpuUs"], "bytesPerMessage": grown / count}

    names = ("handsOver", "keeps", "wiremock", "conformance")
    return {name: lambda name=name: play(name) for name in names if name in wanted}
