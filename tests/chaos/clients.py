"""The clients of a chaos run: they ask, ask again under the same key, change their minds, and never stop polling."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.chaos.plan import Plan, Wish

_GENERATE = "/api/v1/images/generate"
_FINAL = {"succeeded", "failed", "canceled"}
_THREADS = 6
_POLLERS = 2
_AGAIN = 0.15
_GIVE_UP = 60.0


@dataclass
class Accepted:
    """A wish that was answered 202, and everything its client was told."""

    wish: Wish
    job_id: str
    cancel_answers: list[int] = field(default_factory=list)
    """Statuses of the answers to its cancelling."""
    said: tuple[str, int, int] = ("queued", 0, 0)
    """Status, attempt and revision of the last poll."""
    final: dict[str, Any] | None = None
    """The first final answer."""
    polls: int = 0


class Clients:
    """All of them, in threads."""

    def __init__(self, url: str, plan: Plan) -> None:
        self._url = url
        self._waiting = list(plan.wishes)
        self._lock = threading.Lock()
        self._asking = threading.Semaphore(0)
        self._closing = threading.Event()
        self._began = time.monotonic()
        self.accepted: list[Accepted] = []
        self.wrong: list[str] = []
        """What should not have been answered."""
        self.repeated = 0
        """Requests that were sent again because no good answer came."""
        self.replayed = 0
        """202 that named an earlier job of the same key."""
        self.deaf = 0
        """Polls that got no answer, or a 5xx."""
        self._askers = [threading.Thread(target=self._ask_all, daemon=True) for _ in range(_THREADS)]
        self._others = [threading.Thread(target=self._poll_all, args=(n,), daemon=True) for n in range(_POLLERS)]

    def begin(self) -> None:
        """The clock starts now."""
        self._began = time.monotonic()
        for thread in (*self._askers, *self._others):
            thread.start()

    @property
    def all_asked(self) -> bool:
        """Whether every wish was accepted or given up, and every cancelling answered."""
        return not any(thread.is_alive() for thread in self._askers)

    def ask(self, wish: Wish) -> None:
        """Sends it until it is answered; 202 is written down."""
        with httpx2.Client(base_url=self._url, timeout=5, trust_env=False) as http:
            self._ask(http, wish)

    def wait_until_one_asks(self, seconds: float) -> None:
        """Returns in the moment in which a request is sent."""
        while self._asking.acquire(blocking=False):
            pass
        self._asking.acquire(timeout=seconds)

    def close(self) -> None:
        """The polling ends."""
        self._closing.set()
        for thread in self._others:
            thread.join()

    def _ask_all(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=5, trust_env=False) as http:
            while True:
                with self._lock:
                    if not self._waiting:
                        return
                    wish = self._waiting.pop(0)
                time.sleep(max(0.0, self._began + wish.at - time.monotonic()))
                self._ask(http, wish)

    def _ask(self, http: httpx2.Client, wish: Wish) -> None:
        body = {"prompt": wish.prompt, "business_id": wish.business_id, "size": "1024x640"}
        if wish.deadline_seconds:
            body["deadline_seconds"] = wish.deadline_seconds
        accepted: Accepted | None = None
        for _ in range(2 if wish.twice else 1):
            answer = self._until_answered(
                lambda: http.post(_GENERATE, json=body, headers={"Idempotency-Key": wish.key}), counts=True
            )
            if answer is None or answer.status_code != 202:
                self.wrong.append(f"wish {wish.number} was answered {answer and (answer.status_code, answer.text)}")
                return
            self.replayed += answer.headers.get("idempotency-replayed") == "true"
            job_id = answer.json()["job_id"]
            if accepted is None:
                accepted = Accepted(wish, job_id)
                self.accepted.append(accepted)
            elif accepted.job_id != job_id:
                self.wrong.append(f"the key {wish.key} named two jobs, {accepted.job_id} and {job_id}")
        if wish.cancel_after is not None and accepted:
            time.sleep(wish.cancel_after)
            self._cancel(http, accepted)

    def _cancel(self, http: httpx2.Client, accepted: Accepted) -> None:
        answer = self._until_answered(lambda: http.post(f"{_GENERATE}/{accepted.job_id}/cancel"))
        status = answer.status_code if answer else 0
        accepted.cancel_answers.append(status)
        if answer is None or status not in {200, 202, 409}:
            self.wrong.append(f"cancelling {accepted.job_id} was answered {status}")
        elif status == 200 and answer.json()["status"] != "canceled":
            self.wrong.append(f"cancelling {accepted.job_id} was answered 200 with {answer.json()['status']}")

    def _until_answered(self, send: Callable[[], httpx2.Response], counts: bool = False) -> httpx2.Response | None:
        """Sends it again, under the same key, while nobody answers or the answer is a 5xx."""
        deadline = time.monotonic() + _GIVE_UP
        while time.monotonic() < deadline:
            if counts:
                self._asking.release()
            try:
                answer = send()
            except httpx2.TransportError:
                self.repeated += 1
            else:
                if answer.status_code < 500:
                    return answer
                self._look_at_error(answer)
                self.repeated += 1
            time.sleep(_AGAIN)
        return None

    def _look_at_error(self, answer: httpx2.Response) -> None:
        """503 is what we say while Postgres is away; anything else is a defect."""
        if answer.status_code != 503:
            self.wrong.append(f"{answer.request.method} {answer.request.url.path} was answered {answer.status_code}")

    def _poll_all(self, number: int) -> None:
        chance = random.Random(number)
        with httpx2.Client(base_url=self._url, timeout=5, trust_env=False) as http:
            while not self._closing.is_set():
                # Each job belongs to one poller, so that "after" has a meaning.
                mine = [one for one in list(self.accepted) if one.wish.number % _POLLERS == number]
                if mine:
                    self._poll(http, chance.choice(mine))
                self._closing.wait(0.03)

    def _poll(self, http: httpx2.Client, one: Accepted) -> None:
        try:
            answer = http.get(f"{_GENERATE}/status/{one.job_id}")
        except httpx2.TransportError:
            self.deaf += 1
            return
        if answer.status_code >= 500:
            self.deaf += 1
            self._look_at_error(answer)
            return
        if answer.status_code != 200:
            self.wrong.append(f"the status of {one.job_id} was answered {answer.status_code}")
            return
        one.polls += 1
        body = answer.json()
        now = (body["status"], body["attempt"], int(answer.headers["etag"].removeprefix('W/"').partition(".")[0]))
        if now[1] < one.said[1] or now[2] < one.said[2]:
            self.wrong.append(f"{one.job_id} went back from {one.said} to {now}")
        if one.final is not None and body != one.final:
            self.wrong.append(f"{one.job_id} changed after it had ended: {one.final} became {body}")
        one.said = now
        if one.final is None and body["status"] in _FINAL:
            one.final = body

    def poll_everything(self) -> None:
        """Once more, each job; for the end, when all is quiet."""
        with httpx2.Client(base_url=self._url, timeout=5, trust_env=False) as http:
            for one in self.accepted:
                self._poll(http, one)
