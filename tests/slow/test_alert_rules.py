"""The alert rules that we hand to operators, judged by Prometheus's own tool."""

import subprocess

import pytest

from tests.repository import ROOT
from tests.slow.needs import needs_program


@pytest.mark.parametrize("words", [("check", "deploy/prometheus/alerts.yaml"), ("test", "tests/slow/alerts.test.yaml")])
def test_the_alert_rules_are_sound_and_fire_when_they_should(words: tuple[str, str]) -> None:
    promtool = needs_program("promtool", "prometheus")
    verb, file = words
    ran = subprocess.run([promtool, verb, "rules", file], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
