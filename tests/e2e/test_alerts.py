"""What the alert rules ask about is there to be asked, from the first scrape on."""

import re

import httpx2
import pytest

from tests.documents import read
from tests.stack import Process, Stack

RULES = "deploy/prometheus/alerts.yaml"


def scraped(process: Process) -> str:
    answer = httpx2.get(f"{process.url}/metrics", trust_env=False)
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def everything(stack: Stack) -> str:
    return "\n".join(scraped(process) for process in stack.processes)


def test_each_metric_that_an_alert_names_is_exported(everything: str) -> None:
    exported = set(re.findall(r"^# TYPE (\w+) ", everything, re.MULTILINE))
    named = {re.sub("_bucket$", "", name) for name in re.findall(r"\bdarkroom_\w+", read(RULES))}
    assert len(named) >= 5
    assert named <= exported


def test_a_counter_that_an_alert_waits_for_is_there_before_it_counts(stack: Stack) -> None:
    fresh = scraped(stack.add_worker())
    for outcome in ("painted", "refused", "failed", "unknown"):
        labels = rf'{{model="(.+)",outcome="{outcome}"}}'
        models = re.findall(rf"^darkroom_vendor_calls_total{labels} 0\.0$", fresh, re.MULTILINE)
        assert "gpt-image-2.5-flare" in models
        assert len(models) > 1, "each model of the catalogue has its own"
    assert 'outcome="in_flight"' not in fresh
    assert 'darkroom_jobs_ended_total{error="outcome_unknown",status="failed"} 0.0' in fresh
    assert 'darkroom_vendor_cost_dollars_total{model="gpt-image-2.5-flare"} 0.0' in fresh
