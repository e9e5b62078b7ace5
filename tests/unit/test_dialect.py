"""A dialect's table in the catalogue file: what is sent, and which faults stop the start."""

from pathlib import Path

import pytest

from shared.catalog.catalogue import load
from shared.catalog.datafile import DataFileError
from shared.catalog.dialect import Dialect


def read(tmp_path: Path, text: str) -> Dialect:
    (tmp_path / "mine.toml").write_text(f'dialect = "mine"\n[dialects.mine]\n{text}\n')
    return load(tmp_path / "mine.toml").models[0].dialect


def test_parameters_are_dropped_renamed_split_and_added(tmp_path: Path) -> None:
    dialect = read(
        tmp_path,
        'drop = ["n"]\nrename = { prompt = "text" }\nsplit_size = ["w", "h"]\nsend = { steps = 4, safe = true }',
    )
    assert dialect.body({"prompt": "a fox", "n": 1, "size": "640x480", "model": "m"}) == {
        "text": "a fox", "w": 640, "h": 480, "model": "m", "steps": 4, "safe": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('errors = [{ means = "nonsense", status = [400] }]', "dialects.mine.errors[0].means"),
        ('errors = [{ means = "quota" }]', "dialects.mine.errors[0].means"),
        ('errors = [{ means = "quota", text = "(" }]', "dialects.mine.errors[0].text"),
        ('errors = [{ means = "quota", status = ["400"] }]', "dialects.mine.errors[0].status"),
        ('split_size = ["w"]', "dialects.mine.split_size"),
        ("send = { a = [1] }", "dialects.mine.send.a"),
        ('dropp = ["n"]', "dialects.mine.dropp"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(DataFileError) as caught:
        read(tmp_path, text)
    assert caught.value.key == key


def test_a_dialect_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('dialect = "klingon"\n')
    with pytest.raises(DataFileError, match="must be one of"):
        load(tmp_path / "mine.toml")
