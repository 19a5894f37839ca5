"""Starts what is measured: servers on processor 0, clients on processor 1, and what they used of the processors."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile

TOKEN = "of-the-peers"
SERVER, CLIENT = 0, 1
# A client that takes so much longer than it was told is ended.
PATIENCE = 60


class NotMeasured(Exception):
    """Says why there is no figure."""


def pinned(processor, command):
    if shutil.which("taskset") and os.cpu_count() > 1:
        return ["taskset", "-c", str(processor), *command]
    return command


def free_address():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def run(command, seconds, environment=None, good=(0,)):
    """Runs a client; gives its output and the processor seconds of the whole process."""
    if shutil.which(command[0]) is None:
        raise NotMeasured(f"{command[0]} is not there")
    environment = {**os.environ, **(environment or {})}
    limited = ["timeout", "--kill-after=5", str(seconds + PATIENCE), *command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(pinned(CLIENT, limited), stdout=out, stderr=err, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in good:
            name = os.path.basename(command[0])
            raise NotMeasured(f"{name} ended with {process.returncode}: {complaint(err.read() or out.read())}")
        return out.read(), used.ru_utime + used.ru_stime


def complaint(text):
    """Finds the line of an output that says what is wrong; the last one where none does."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it said nothing"]
    wrong = [line for line in lines if re.search(r"error|×", line, re.IGNORECASE)]
    return (wrong or lines[-1:])[0][:200].replace("|", "/")


def last_json(text):
    """Reads the last line of an output that is an object."""
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        raise NotMeasured("it told no figures")
    return json.loads(lines[-1])


def resident(process):
    """Tells how many bytes of a process are in memory."""
    with open(f"/proc/{process}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) * 1024


def processor_seconds(process):
    """Tells how long the threads of a process have been on a processor."""
    seconds = 0
    for task in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{task}/schedstat") as file:
            seconds += int(file.read().split()[0]) / 1e9
    return seconds


class Server:
    """A server that says on its first line where it serves; ended when left."""

    def __init__(self, *command):
        if not os.access(command[0], os.X_OK):
            raise NotMeasured(f"{command[0]} is not there")
        environment = {**os.environ, "PROOFUP_TEST_CONTROL_TOKEN": TOKEN}
        self.process = subprocess.Popen(
            pinned(SERVER, command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        found = re.search(r"http://[^\s/]+", self.process.stdout.readline())
        if not found:
            self.__exit__()
            raise NotMeasured(f"{os.path.basename(command[0])} did not say where it serves")
        self.base = found.group(0)
        self.address = self.base.removeprefix("http://")

    @classmethod
    def of_proofup(cls, proofup, *words):
        return cls(proofup, "serve", "--listen", "127.0.0.1:0", *words)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    @property
    def id(self):
        return self.process.pid

    def control(self):
        return Control(self.address)


class Control:
    """Test control over one connection that is kept."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)
        self.headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}

    def ask(self, method, path, body):
        self.connection.request(method, f"/testControl/v1{path}", json.dumps(body), self.headers)
        response = self.connection.getresponse()
        told = response.read()
        if response.status >= 300:
            raise NotMeasured(f"{method} {path}: {response.status} {told[:200]}")


class Scratch(tempfile.TemporaryDirectory):
    """A folder for the files that clients are handed."""

    def __enter__(self):
        return self

    def file(self, name, text):
        path = os.path.join(self.name, name)
        with open(path, "w") as file:
            file.write(text)
        return path


def proofup_load(proofup, seconds, *words):
    """Runs `proofup load` and reads its report.

    Exit 3 is no mistake here: a closed loop on one processor keeps its generator busy all the time.
    """
    with Scratch() as folder:
        file = os.path.join(folder.name, "report.json")
        command = [proofup, "load", *words, "--report", f"json={file}"]
        _, whole = run(command, seconds, {"PROOFUP_TEST_CONTROL_TOKEN": TOKEN}, good=(0, 3))
        with open(file) as report:
            report = json.load(report)
    counts = report["arrivals"]
    if counts["correct"] == 0:
        raise NotMeasured("no flow of proofup load was right")
    cpu = report["generator"]["cpuSeconds"] or whole
    return {
        "rate": report["throughput"],
        "cpuUs": cpu / counts["correct"] * 1e6,
        "wholeCpuUs": whole / counts["correct"] * 1e6,
        "failed": counts["finished"] - counts["correct"],
        "starved": report["generator"]["starved"],
        "busy": report["generator"]["busy"],
    }
