"""Counts how many rules per second Hypothesis runs on a model like the oracle of `proofup explore`.

The moves are those that the explorer draws most: sign in, look at the session, defer, begin an enrollment, have the code
sent again, submit a code by role, complete, delete, choose the default, change the policy, let time pass. The model is
smaller than the oracle (no calls, no apps, no resets, no providers), so each of its steps is cheaper. Nothing is asked
over a network: what is measured is what it costs to draw a step and to take it.

Prints one JSON object: `{"steps": N, "examples": N, "seconds": S, "perSecond": R}`.
"""

import argparse
import json
import time
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

DAY = 86_400
CODE_SECONDS = 600
ENROLLMENT_SECONDS = 1_800
RESEND_SECONDS = 30
SESSION_SECONDS = 28_800
BLOCK_SECONDS = 900
TRIES = 5
FAILURES = 20

USERS = ["alice", "bob"]
METHODS = ["mobilePhone", "officePhone", "email", "softwareOath"]
KINDS = {
    "mobilePhone": ["textMessage", "voiceCall"],
    "officePhone": ["voiceCall"],
    "email": ["emailCode"],
    "softwareOath": ["appCode"],
}
SECOND_STEP_KINDS = ["appCode", "textMessage", "voiceCall"]
ROLES = ["lastSent", "lastSent", "lastSent", "previous", "expired", "wrong", "anotherUsers"]
JUMPS = [1, 29, 30, 31, 60, 599, 600, 900, 1_800, 3_600, DAY, 7 * DAY, 14 * DAY]

executed = 0


@dataclass
class Policy:
    kinds: frozenset = frozenset()
    required: bool = False
    reset: bool = False
    deferral_days: int = 14


@dataclass
class Enrollment:
    method: str
    kind: str
    begun: int
    sent: int
    code: int
    codes: list
    tries: int = TRIES
    state: str = "challengeSent"


@dataclass
class Person:
    session: int | None = None
    deferred: bool = False
    window: int | None = None
    methods: dict = field(default_factory=dict)
    default: tuple | None = None
    enrollment: Enrollment | None = None
    throttle: dict = field(default_factory=dict)
    failures: int = 0
    blocked_until: int = 0
    trail: list = field(default_factory=list)


class SecurityInfo(RuleBasedStateMachine):
    """A tenant with two people, as a pure model."""

    @initialize(
        kinds=st.frozensets(st.sampled_from(SECOND_STEP_KINDS)),
        required=st.booleans(),
        reset=st.booleans(),
        days=st.sampled_from([0, 1, 3, 14]),
    )
    def begin(self, kinds, required, reset, days):
        self.now = 0
        self.codes = 0
        self.policy = Policy(kinds, required and bool(kinds), reset, days)
        self.people = {name: Person() for name in USERS}

    # What the model decides.

    def usable(self, person):
        return [
            (method, kind)
            for method in person.methods
            for kind in KINDS[method]
            if kind in self.policy.kinds
        ]

    def stands(self, person):
        if person.session is None or self.now - person.session >= SESSION_SECONDS:
            return "unauthenticated"
        if self.now < person.blocked_until:
            return "blocked"
        if self.policy.required and not self.usable(person) and not person.deferred:
            if person.window is None:
                person.window = self.now
            return "interrupted"
        return "signedIn"

    def days_left(self, person):
        if person.window is None:
            return self.policy.deferral_days
        passed = (self.now - person.window) // DAY
        return max(0, self.policy.deferral_days - passed)

    def send(self, person, method):
        if self.now - person.throttle.get(method, -RESEND_SECONDS) < RESEND_SECONDS:
            return None
        person.throttle[method] = self.now
        self.codes += 1
        return self.codes

    def settle_default(self, person):
        usable = self.usable(person)
        if person.default not in usable:
            person.default = usable[0] if usable else None

    def tell(self, name, activity, answer):
        global executed
        executed += 1
        self.people[name].trail.append((activity, answer))
        return answer

    # The moves.

    @rule(name=st.sampled_from(USERS), password=st.sampled_from(["right", "right", "right", "wrong"]))
    def sign_in(self, name, password):
        person = self.people[name]
        if password == "wrong" or self.now < person.blocked_until:
            self.tell(name, "signIn", "invalidCredentials")
            return
        person.session, person.deferred = self.now, False
        self.tell(name, "signIn", self.stands(person))

    @rule(name=st.sampled_from(USERS))
    def read_session(self, name):
        self.tell(name, "readSession", self.stands(self.people[name]))

    @rule(name=st.sampled_from(USERS))
    def sign_out(self, name):
        self.people[name].session = None
        self.tell(name, "signOut", "done")

    @rule(name=st.sampled_from(USERS))
    def defer(self, name):
        person = self.people[name]
        if self.stands(person) != "interrupted" or self.days_left(person) == 0:
            self.tell(name, "defer", "deferralNotOffered")
            return
        person.deferred = True
        self.tell(name, "defer", self.days_left(person))

    @rule(name=st.sampled_from(USERS), method=st.sampled_from(METHODS), data=st.data())
    def begin_enrollment(self, name, method, data):
        kind = data.draw(st.sampled_from(KINDS[method]))
        person = self.people[name]
        stands = self.stands(person)
        if stands not in ("signedIn", "interrupted"):
            self.tell(name, "beginEnrollment", stands)
            return
        if kind not in self.policy.kinds and not (method == "email" and self.policy.reset):
            self.tell(name, "beginEnrollment", "methodNotAvailable")
            return
        code = self.send(person, method)
        if code is None:
            self.tell(name, "beginEnrollment", "throttled")
            return
        person.enrollment = Enrollment(method, kind, self.now, self.now, code, [code])
        self.tell(name, "beginEnrollment", "challengeSent")

    @precondition(lambda self: any(one.enrollment for one in self.people.values()))
    @rule(name=st.sampled_from(USERS))
    def send_again(self, name):
        person = self.people[name]
        setup = person.enrollment
        if setup is None or setup.state != "challengeSent":
            self.tell(name, "sendCode", "notFound")
            return
        code = self.send(person, setup.method)
        if code is None:
            self.tell(name, "sendCode", "throttled")
            return
        setup.code, setup.sent, setup.tries = code, self.now, TRIES
        setup.codes.append(code)
        self.tell(name, "sendCode", "challengeSent")

    @precondition(lambda self: any(one.enrollment for one in self.people.values()))
    @rule(name=st.sampled_from(USERS), role=st.sampled_from(ROLES))
    def submit_code(self, name, role):
        person = self.people[name]
        setup = person.enrollment
        if self.now < person.blocked_until:
            self.tell(name, "submitCode", "blocked")
            return
        if setup is None:
            self.tell(name, "submitCode", "notFound")
            return
        if setup.state != "challengeSent":
            self.tell(name, "submitCode", setup.state)
            return
        late = self.now - setup.sent >= CODE_SECONDS or self.now - setup.begun >= ENROLLMENT_SECONDS
        if late:
            self.tell(name, "submitCode", "expired")
            return
        given = self.code(name, setup, role)
        if given != setup.code:
            setup.tries -= 1
            person.failures += 1
            if person.failures >= FAILURES:
                person.blocked_until, person.failures = self.now + BLOCK_SECONDS, 0
            if setup.tries == 0:
                setup.state = "exhausted"
            self.tell(name, "submitCode", "wrongCode")
            return
        setup.state = "alreadyVerified"
        person.failures = 0
        person.methods[setup.method] = self.now
        self.settle_default(person)
        self.tell(name, "submitCode", "verified")

    def code(self, name, setup, role):
        if role == "lastSent":
            return setup.codes[-1]
        if role in ("previous", "expired"):
            return setup.codes[-2] if len(setup.codes) > 1 else None
        if role == "anotherUsers":
            other = self.people[USERS[1 - USERS.index(name)]].enrollment
            return other.code if other else None
        return None

    @rule(name=st.sampled_from(USERS))
    def complete_wizard(self, name):
        person = self.people[name]
        stands = self.stands(person)
        answer = "requiredInfoMissing" if stands == "interrupted" else "notInterrupted"
        self.tell(name, "completeWizard", answer)

    @rule(name=st.sampled_from(USERS))
    def list_methods(self, name):
        person = self.people[name]
        stands = self.stands(person)
        answer = sorted(person.methods) if stands == "signedIn" else stands
        self.tell(name, "listMethods", answer)

    @rule(name=st.sampled_from(USERS), method=st.sampled_from(METHODS))
    def delete_method(self, name, method):
        person = self.people[name]
        stands = self.stands(person)
        if stands != "signedIn":
            self.tell(name, "deleteMethod", stands)
            return
        if method not in person.methods:
            self.tell(name, "deleteMethod", "notFound")
            return
        del person.methods[method]
        self.settle_default(person)
        self.tell(name, "deleteMethod", "done")

    @rule(name=st.sampled_from(USERS), method=st.sampled_from(METHODS), data=st.data())
    def set_default(self, name, method, data):
        kind = data.draw(st.sampled_from(KINDS[method]))
        person = self.people[name]
        if (method, kind) not in self.usable(person):
            self.tell(name, "setDefault", "notEligible")
            return
        person.default = (method, kind)
        self.tell(name, "setDefault", "done")

    @rule(kinds=st.frozensets(st.sampled_from(SECOND_STEP_KINDS)), required=st.booleans())
    def set_policy(self, kinds, required):
        self.policy.kinds = kinds
        self.policy.required = required and bool(kinds)
        for person in self.people.values():
            self.settle_default(person)
        self.tell("alice", "setPolicy", "done")

    @rule(by=st.sampled_from(JUMPS), near=st.integers(-1, 1))
    def advance_clock(self, by, near):
        self.now += max(0, by + near)
        self.tell("alice", "advanceClock", self.now)

    @invariant()
    def a_default_is_eligible_or_none(self):
        for person in getattr(self, "people", {}).values():
            assert person.default is None or person.default in self.usable(person)


def play(examples, steps):
    """Plays this many examples, and tells how many rules ran and how long that took."""
    global executed
    executed = 0
    began = time.perf_counter()
    run_state_machine_as_test(
        SecurityInfo,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
    return executed, time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="how long to play, roughly")
    parser.add_argument("--steps", type=int, default=24, help="rules of an example at most")
    arguments = parser.parse_args()
    play(30, arguments.steps)
    _, warm = play(100, arguments.steps)
    examples = max(100, int(100 * arguments.seconds / warm))
    steps, seconds = play(examples, arguments.steps)
    print(
        json.dumps(
            {
                "steps": steps,
                "examples": examples,
                "seconds": round(seconds, 3),
                "perSecond": round(steps / seconds, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
