"""The text-message flow for Locust: sign in, begin, code from the gateway, verify; then delete and sign out.

The same requests as proofup's `enrollText`, against a reference that the script (`load/text_flow.py`) has started and prepared.
The gateway is in the Locust process, as it is in proofup's.
"""

import collections
import json
import os
import re
import threading
import time

import gevent
from gevent import pywsgi
from locust import FastHttpUser, events, task

with open(os.environ["PROOFUP_LOAD_SETTING"]) as file:
    SETTING = json.load(file)
CODES = {}
RESTED = collections.deque(SETTING["accounts"])
REST = SETTING["restSeconds"]
COUNTS = {"flows": 0, "failed": 0}
# From the beginning of the first flow after the warm-up to the last flow's end: wall time and processor time.
SPAN = {}
WARM_UP = SETTING["warmUpSeconds"]


def instant():
    return time.monotonic(), time.process_time()


def gateway(environ, start_response):
    body = json.loads(environ["wsgi.input"].read())
    CODES[body["to"]] = re.search(r"\b(\d{6})\b", json.dumps(body)).group(1)
    start_response("202 Accepted", [("content-type", "application/json")])
    return [b'{"id":"1"}']


@events.init.add_listener
def serve(environment, **_):
    host, port = SETTING["gateway"].split(":")
    server = pywsgi.WSGIServer((host, int(port)), gateway, log=None)
    server.start()


@events.quitting.add_listener
def tell(environment, **_):
    first, last = SPAN.get("first", (0, 0)), SPAN.get("last", (0, 0))
    span = {"seconds": last[0] - first[0], "cpuSeconds": last[1] - first[1]}
    print(json.dumps({**COUNTS, **span}), flush=True)


class Person(FastHttpUser):
    host = SETTING["base"]

    @task
    def flow(self):
        now = instant()
        counts = now[0] - SPAN.setdefault("begun", now)[0] >= WARM_UP
        if counts:
            SPAN.setdefault("first", now)
        while True:
            if RESTED and RESTED[0].get("at", 0) <= time.monotonic():
                account = RESTED.popleft()
                break
            gevent.sleep(0.002)
        try:
            ok = self.verify(account)
        except Exception:
            ok = False
        account["at"] = time.monotonic() + REST
        RESTED.append(account)
        if counts:
            COUNTS["flows" if ok else "failed"] += 1
            SPAN["last"] = instant()

    def verify(self, account):
        sign_in = {"userPrincipalName": account["user"], "password": account["password"], "tenant": account["tenant"]}
        token = self.client.post("/v1/sessions", json=sign_in, name="signIn").json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        setup = {"method": "mobilePhone", "phone": {"region": "NL", "number": account["typed"]}, "kind": "textMessage"}
        begun = self.client.post("/v1/enrollments", json=setup, headers=headers, name="begin").json()
        code = CODES.pop(account["e164"])
        proof = self.client.post(
            f"/v1/enrollments/{begun['id']}/verification", json={"code": code}, headers=headers, name="verify"
        )
        told = proof.json()
        self.client.delete(f"/v1/methods/{told['methodId']}", headers=headers, name="delete")
        self.client.delete("/v1/sessions/current", headers=headers, name="signOut")
        return told["state"] == "verified"
