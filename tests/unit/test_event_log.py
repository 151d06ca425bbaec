"""Events as lines."""

from __future__ import annotations

import io
import json
import os

import pytest

from localvoice.errors import FileError
from localvoice.event_log import EventLog, JsonLines
from localvoice.messages import Origin


def started(log: EventLog) -> list[dict]:
    heard: list[dict] = []
    log.subscribe(heard.append)
    log.emit("session_started", 0.0)
    return heard


def test_everyone_hears_everything_in_order():
    log = EventLog()
    one, other = started(log), []
    log.subscribe(other.append)
    log.emit("tool", 1.23456789, turn=3, ratio=0.123456789, names=("a", "b"), origin=Origin.USER)
    assert one[1] == other[0] == {
        "type": "tool", "t": 1.2346, "turn": 3, "ratio": 0.1235, "names": ["a", "b"], "origin": "user"
    }  # fmt: skip


def test_what_happens_before_the_session_follows_its_first_line():
    log = EventLog()
    heard: list[dict] = []
    log.subscribe(heard.append)
    log.emit("warning", 0.0, code="early")
    assert not heard
    log.emit("session_started", 0.0)
    log.emit("warning", 1.0, code="late")
    assert [event.get("code") for event in heard] == [None, "early", "late"]


def test_a_listener_that_fails_is_told_nothing_more_and_the_others_hear_everything():
    log = EventLog()
    told: list[str] = []

    def failing(event: dict) -> None:
        told.append(event["type"])
        raise FileError("the disk is full")

    log.subscribe(failing)
    with pytest.raises(FileError, match="full"):
        started(log)
    heard = []
    log.subscribe(heard.append)
    log.emit("state", 1.0)
    assert told == ["session_started"]
    assert heard


def test_lines_are_there_as_soon_as_they_are_written(tmp_path):
    path = tmp_path / "events.jsonl"
    lines = JsonLines(path)
    lines({"type": "transcript", "t": 1.0, "text": "Grüße\n“quoted”"})
    lines({"type": "state", "t": 2.0})
    assert [json.loads(line)["t"] for line in path.read_text(encoding="utf-8").splitlines()] == [1.0, 2.0]
    assert "Grüße" in path.read_text(encoding="utf-8")
    lines.close()
    lines.close()


def test_a_stream_is_left_open():
    stream = io.StringIO()
    lines = JsonLines(stream)
    lines({"type": "state", "t": 0.0})
    lines.close()
    assert not stream.closed
    assert stream.getvalue().endswith("\n")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FileError, match="missing"):
        JsonLines(tmp_path / "missing" / "events.jsonl")


def test_a_full_disk_is_told_in_one_line():
    class Full(io.StringIO):
        def flush(self):
            raise OSError(28, "No space left on device")

    with pytest.raises(FileError, match="standard output: no space left"):
        JsonLines(Full())({"type": "state", "t": 0.0})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in a folder are POSIX's")
def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="nobody reads the pipe"):
        JsonLines(tmp_path / "pipe")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in a folder are POSIX's")
def test_a_pipe_with_a_reader_gets_every_line(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        lines = JsonLines(tmp_path / "pipe")
        lines({"type": "state"})
        lines.close()
        assert os.read(reader, 100) == b'{"type": "state"}\n'
    finally:
        os.close(reader)


def test_half_a_letter_as_services_send_it_is_written_as_json_has_it(tmp_path):
    lines = JsonLines(tmp_path / "events.jsonl")
    lines({"text": "a\ud83d"})
    lines.close()
    assert json.loads((tmp_path / "events.jsonl").read_text(encoding="utf-8")) == {"text": "a\ud83d"}
