"""What must be true after a run, one function per sentence. Each answers its figures and every case that is wrong."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.chaos.evidence import Evidence, Row
from tests.chaos.plan import ENDS
from tests.chaos.sums import CLASSES, classify

_MAY_COME_LATE = {"outcome_unknown", "canceled", "worker_lost"}
"""Ends after which a picture may still be found."""


@dataclass
class Check:
    """One sentence."""

    sentence: str
    figures: str
    wrong: list[str] = field(default_factory=list)


def _final(found: Evidence) -> Check:
    missing = [one.job_id for one in found.accepted if one.job_id not in found.jobs]
    ends = Counter(job["status"] for job in found.jobs.values())
    told = {one.job_id for one in found.accepted}
    return Check(
        "Every job that was answered 202 is in Postgres and has ended, as its client was told",
        f"{len(found.accepted)} accepted, {_counted(ends)}",
        [f"{job_id} was answered 202 and is not there" for job_id in missing]
        + [f"{job_id} is still {job['status']}" for job_id, job in found.jobs.items() if job["finished_at"] is None]
        + [f"{job_id} was made and nobody was answered 202" for job_id in found.jobs if job_id not in told]
        + [
            f"{one.job_id} is {found.jobs[one.job_id]['status']}, its client was told {one.said[0]}"
            for one in found.accepted
            if one.job_id in found.jobs and found.jobs[one.job_id]["status"] != one.said[0]
        ],
    )


def _one_picture(found: Evidence) -> Check:
    succeeded = {job_id for job_id, job in found.jobs.items() if job["status"] == "succeeded"}
    rows = Counter(str(image["job_id"]) for image in found.images)
    names = Counter(image["public_id"] for image in found.images)
    shelf = {picture.public_id: picture for picture in found.pictures}
    wrong = [f"{job_id} succeeded with {rows[job_id]} image rows" for job_id in succeeded if rows[job_id] != 1]
    late = {job_id for job_id in rows if job_id in found.jobs and _end(found.jobs[job_id]) in _MAY_COME_LATE}
    wrong += [f"an image row belongs to {one}, which ended otherwise" for one in rows if one not in succeeded | late]
    wrong += [f"{job_id} got {rows[job_id]} image rows after its end" for job_id in late if rows[job_id] > 1]
    wrong += [f"{name} belongs to {times} jobs" for name, times in names.items() if times > 1]
    wrong += [
        f"the picture of {image['job_id']} is not in the store as its row says"
        for image in found.images
        if image["public_id"] not in shelf or shelf[image["public_id"]].bytes != image["bytes"]
    ]
    stray = [name for name in shelf if name not in names]
    wrong += [
        f"the store keeps {name} of a job that ended {_end(found.jobs[job_id])}"
        for name in stray
        if (job_id := name.rpartition("/")[2]) in found.jobs and _end(found.jobs[job_id]) not in _MAY_COME_LATE
    ]
    return Check(
        "A job that succeeded has one image row and one picture of its own in the store, no other job has a row but "
        "one whose picture came late",
        f"{len(succeeded)} succeeded, {len(found.images)} rows, {len(late)} of them late, {len(shelf)} pictures, "
        f"{len(stray)} of them without a row",
        wrong,
    )


def _accounted(found: Evidence) -> Check:
    attempts = found.attempt_of
    told = Counter(call["client_request_id"] for call in found.calls)
    painted = Counter(call["client_request_id"] for call in found.paintings)
    per_job = Counter(str(attempts[name]["job_id"]) for name in painted if name in attempts)
    classes, strange = classify(found)
    wrong = [f"a call with the id {name} is in no attempt" for name in told if name not in attempts]
    wrong += [f"attempt {name} called {times} times" for name, times in told.items() if times > 1]
    wrong += [f"job {job_id} was painted {times} times" for job_id, times in per_job.items() if times > 1]
    wrong += [
        f"attempt {name} says painted, the vendor painted {painted[name]}"
        for name, attempt in attempts.items()
        if attempt["outcome"] == "painted" and painted[name] != 1
    ]
    wrong += [f"attempt {name} is still in flight" for name, one in attempts.items() if one["outcome"] == "in_flight"]
    total, summed = len(found.paintings), sum(classes.values())
    if total != summed:
        wrong.append(f"the vendor painted {total}, the classes add up to {summed}")
    told_of = " + ".join(f"{classes[one]} {one.value}" for one in CLASSES)
    return Check(
        "Every painting belongs to one attempt and one class, and no job was painted twice",
        f"{total} paintings = {told_of}",
        wrong + strange,
    )


def _money(found: Evidence) -> Check:
    cost = {call["client_request_id"]: call["cost_micros"] for call in found.paintings}
    ours = {name: one["cost_micros"] for name, one in found.attempt_of.items() if one["outcome"] == "painted"}
    theirs = {name: cost.get(name, 0) for name in ours}
    unknown = [name for name, one in found.attempt_of.items() if one["charged"] == "unknown"]
    wrong = [
        f"attempt {name} cost {theirs[name]}, we wrote {ours[name]}" for name in ours if ours[name] != theirs[name]
    ]
    wrong += [
        f"attempt {name} is {one['outcome']} and carries a cost"
        for name, one in found.attempt_of.items()
        if one["outcome"] != "painted" and one["cost_micros"]
    ]
    for job_id, job in found.jobs.items():
        wrong += _bill(job_id, job, found.of_job(job_id), set(cost))
    maybe = sum(cost.get(name, 0) for name in unknown)
    return Check(
        "The ledger's sum is the vendor's to the micro, and what may have been charged is said to be unknown",
        f"ours {sum(ours.values())}, theirs {sum(theirs.values())} micros for {len(ours)} painted attempts; "
        f"{len(unknown)} attempts unknown, for which the vendor took {maybe}",
        wrong,
    )


def _bill(job_id: str, job: Row, attempts: list[Row], paid: set[str]) -> Iterable[str]:
    charges = {attempt["charged"] for attempt in attempts}
    true = "true" if "true" in charges else "unknown" if "unknown" in charges else "false"
    if job["finished_at"] is None:
        return
    if job["charged"] != true:
        yield f"{job_id} says charged {job['charged']}, its attempts say {true}"
    if job["charged"] == "false" and any(str(attempt["id"]) in paid for attempt in attempts):
        yield f"{job_id} says that it was not charged, and was"
    if (job["actual_micros"] is None) != (true == "unknown"):
        yield f"{job_id} is charged {true} and says that it cost {job['actual_micros']}"
    if job["actual_micros"] is not None and job["actual_micros"] != sum(one["cost_micros"] for one in attempts):
        yield f"{job_id} says that it cost {job['actual_micros']}, its attempts say otherwise"


def _redis(found: Evidence) -> Check:
    return Check(
        "Nothing in Redis lacks an expiry but arq's queue, and a flushed Redis fills itself again",
        f"{found.keys} keys, {len(found.endless_keys)} without an expiry",
        [f"{key} never expires" for key in found.endless_keys]
        + ([] if found.keys else ["Redis is empty although jobs ran after the last FLUSHALL"]),
    )


def _told(found: Evidence) -> Check:
    polls = sum(one.polls for one in found.accepted)
    never = [one.job_id for one in found.accepted if one.final is None]
    return Check(
        "No client ever saw a job leave its end, or an attempt or revision go back",
        f"{polls} polls of {len(found.accepted)} jobs",
        [f"{job_id} never told its client that it ended" for job_id in never],
    )


def _fences(found: Evidence) -> Check:
    wrong = []
    for attempt in found.attempts:
        job = found.jobs[str(attempt["job_id"])]
        if attempt["attempt"] > job["attempt"]:
            wrong.append(f"attempt {attempt['id']} has number {attempt['attempt']}, its job only {job['attempt']}")
        if attempt["business_id"] != job["business_id"]:
            wrong.append(f"attempt {attempt['id']} is another business's than its job")
    wrong += [f"the bytes of {job_id}, which ended {_end(found.jobs[job_id])}, are left" for job_id in found.spilled]
    claims = Counter(job["attempt"] for job in found.jobs.values())
    losses = sum(job["losses"] for job in found.jobs.values())
    return Check(
        "Fences only grew, and nothing is left in Postgres of a picture that was stored",
        f"{losses} workers lost under jobs, {sum(n * times for n, times in claims.items())} claims, "
        f"at most {max(claims, default=0)} of one job",
        wrong,
    )


def _ends(found: Evidence) -> Check:
    wrong = []
    late = {str(image["job_id"]) for image in found.images}
    for one in found.accepted:
        job = found.jobs.get(one.job_id)
        if job is None or job["finished_at"] is None:
            continue
        allowed = ENDS[one.wish.weather] | {"outcome_unknown"}
        allowed |= {"canceled"} if one.wish.cancel_after is not None else set()
        allowed |= {"deadline_passed"} if one.wish.deadline_seconds else set()
        if _end(job) not in allowed:
            wrong.append(f"{one.job_id} {one.wish.weather.value} ended {_end(job)} ({job['error_detail']})")
        outcomes = {attempt["outcome"] for attempt in found.of_job(one.job_id)}
        if job["error_code"] == "outcome_unknown" and "unknown" not in outcomes and one.job_id not in late:
            wrong.append(f"{one.job_id} ended outcome_unknown, none of its calls is unknown, and no picture came late")
    ours = Counter(
        attempt["detail"]
        for one in found.accepted
        if ENDS[one.wish.weather] and found.jobs.get(one.job_id, {}).get("error_code") == "outcome_unknown"
        for attempt in found.of_job(one.job_id)
        if attempt["outcome"] == "unknown"
    )
    return Check(
        "Every job ended in a way that its vendor, its client or a death in mid-call explains",
        _counted(Counter(_end(job) for job in found.jobs.values() if job["status"] != "succeeded"))
        + f"; unknown without the vendor's fault: {_counted(ours) or 'none'}",
        wrong,
    )


def _end(job: Row) -> str:
    return str(job["error_code"] or job["status"])


def _counted(numbers: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.most_common())


ALL: tuple[Callable[[Evidence], Check], ...] = (
    *(_final, _one_picture, _accounted, _money, _redis, _told, _fences, _ends),
)
