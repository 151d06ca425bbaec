"""What is remembered of pairs of devices: kept whole, found again, and never a reason to fail."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from localvoice.app.known_pairs import DevicePair, Known, KnownPairs
from localvoice.audio.device import DeviceInfo
from localvoice.audio.duplex_mode import Verdict

PAIR = DevicePair("Mikrofon (Büro)", "Lautsprecher", "WASAPI", "MME", 44_100, 48_000, "native")
GUARDED = Known("guarded", "test", "it echoes", "use headphones", 54.3)


@pytest.fixture
def memory(tmp_path) -> KnownPairs:
    return KnownPairs(tmp_path / "state" / "devices.json")


def test_a_pair_is_known_in_the_next_session(memory, tmp_path):
    assert memory.recall(PAIR) is None
    assert memory.keep(PAIR, GUARDED)
    assert KnownPairs(tmp_path / "state" / "devices.json").recall(PAIR) == GUARDED
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["devices.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"input": "Headset"},
        {"output": "Headset"},
        {"input_api": "MME"},
        {"output_api": "WASAPI"},
        {"input_rate_hz": 16_000},
        {"output_rate_hz": 44_100},
        {"path": "rtmixer"},
    ],
)
def test_every_part_of_a_pair_counts(memory, change):
    memory.keep(PAIR, GUARDED)
    assert memory.recall(replace(PAIR, **change)) is None


def test_a_pair_is_made_of_both_devices_and_the_rate_of_the_settings():
    microphone = DeviceInfo(3, "Mic", "ALSA", 1, 0, 44_100)
    loudspeaker = DeviceInfo(5, "Box", "JACK", 0, 2, 96_000)
    pair = DevicePair.of(microphone, loudspeaker, 0)
    assert (pair.input, pair.output, pair.input_rate_hz, pair.output_rate_hz) == ("Mic", "Box", 44_100, 96_000)
    assert DevicePair.of(microphone, loudspeaker, 48_000).output_rate_hz == 48_000


def test_the_last_word_counts_and_can_be_forgotten(memory):
    other = replace(PAIR, input="Headset")
    for known in (GUARDED, replace(GUARDED, mode="half")):
        memory.keep(PAIR, known)
        memory.keep(other, GUARDED)
    assert memory.recall(PAIR).mode == "half"
    memory.forget(PAIR)
    assert memory.recall(PAIR) is None
    assert memory.recall(other) == GUARDED


def test_the_pairs_measured_last_are_kept(memory):
    for number in range(60):
        memory.keep(replace(PAIR, input=f"Mic {number}"), GUARDED)
        memory.keep(replace(PAIR, input="Mic 0"), GUARDED)
    assert memory.recall(replace(PAIR, input="Mic 0")) == GUARDED
    assert memory.recall(replace(PAIR, input="Mic 10")) is None
    assert memory.recall(replace(PAIR, input="Mic 11")) == GUARDED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="cut off"),
        pytest.param("[]", id="a list"),
        pytest.param('{"form": 1, "pairs": [{}]}', id="a pair without anything"),
        pytest.param('{"form": 1, "pairs": 3}', id="no pairs"),
        pytest.param("\x00\xff", id="no text"),
    ],
)
def test_a_damaged_file_is_ignored_and_replaced(memory, tmp_path, caplog, text):
    file = tmp_path / "state" / "devices.json"
    file.parent.mkdir()
    file.write_bytes(text.encode("latin-1"))
    with caplog.at_level(logging.DEBUG):
        assert memory.recall(PAIR) is None
    assert len(caplog.records) <= 1
    assert memory.keep(PAIR, GUARDED)
    assert memory.recall(PAIR) == GUARDED


def test_a_later_form_of_the_file_is_ignored(memory, tmp_path):
    memory.keep(PAIR, GUARDED)
    file = tmp_path / "state" / "devices.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"form": 2}))
    assert memory.recall(PAIR) is None


@pytest.mark.parametrize(
    "change", [{"mode": "quarter"}, {"source": "rumour"}, {"delay_ms": "soon"}, {"why": None}, {"input": []}]
)
def test_a_pair_with_a_wrong_value_is_ignored(memory, tmp_path, change):
    memory.keep(PAIR, GUARDED)
    file = tmp_path / "state" / "devices.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["pairs"][0] |= change
    file.write_text(json.dumps(content), encoding="utf-8")
    assert memory.recall(PAIR) is None


def test_a_place_that_cannot_be_written_is_told_and_no_failure(tmp_path):
    (tmp_path / "state").write_text("a file")
    memory = KnownPairs(tmp_path / "state" / "devices.json")
    assert not memory.keep(PAIR, GUARDED)
    memory.forget(PAIR)
    assert memory.recall(PAIR) is None


def test_a_verdict_becomes_what_is_kept():
    known = Known.from_verdict(Verdict("half", "why", "advice"), "greeting", 54.321)
    assert known == Known("half", "greeting", "why", "advice", 54.3)
    assert Known.from_verdict(Verdict("full", "why"), "test", None).delay_ms is None
