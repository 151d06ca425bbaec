"""What a count of rare events says about their rate."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.audio import hours
from benchmarks.audio.intervals import per_hour


@pytest.mark.parametrize(
    ("count", "hours", "interval"),
    [(0, 1.0, [0.0, 3.69]), (3, 1.0, [0.62, 8.77]), (10, 2.0, [2.4, 9.2]), (0, 10.0, [0.0, 0.37])],
)
def test_the_interval_is_the_one_of_the_tables(count, hours, interval):
    assert per_hour(count, hours) == interval


def test_hours_are_gone_on_with_where_they_were_broken_off(tmp_path, monkeypatch, capsys):
    parts, played = tmp_path / "parts.jsonl", []

    def play(scene, bars):
        played.append(scene.seed)
        return {
            "seed": scene.seed,
            "room": {"drift_ppm": scene.room.drift_ppm},
            "own_s": 360.0,
            "pauses": [5.0, 50.0],
        } | {"cuts": [50.1]}

    monkeypatch.setattr(hours, "play", play)
    monkeypatch.setattr(hours.os, "nice", lambda by: by)
    for wanted in ("0.1", "0.2", "0.2"):
        monkeypatch.setattr(sys, "argv", ["hours", "--hours", wanted, "--parts", str(parts)])
        hours.main()
    assert played == [1000, 1001, 1002, 1003, 1004, 1005]
    everything = json.loads(capsys.readouterr().out.split("\n}\n")[-2] + "\n}")["all"]
    assert everything["hours"] == 0.6
    assert (everything["false_pauses"], everything["in_the_first_10_s"], everything["false_cuts"]) == (12, 6, 6)
    assert everything["false_pauses_per_min"] == pytest.approx(12 / 36, abs=0.01)
