"""The page of a recorded session: whole, self-contained, and true to the events and the sound."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.errors import FileError
from localvoice.replay.folder import Recorded
from localvoice.replay.page import page, write_page
from localvoice.replay.sounds import COLUMN_S, Sides, read_sides
from localvoice.replay.timeline import Timeline
from localvoice.replay.turns import turns_of
from tests.unit.test_replay import conversation, recorded
from tests.virtual_time import Talk

_VOID = {"meta", "br"}


class Checker(HTMLParser):
    """Notes what is not closed, and everything that a page would have to fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        if tag not in _VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        self.fetched += [value for name, value in attrs if name in {"src", "href"} and not value.startswith("data:")]

    def handle_startendtag(self, tag, attrs): ...

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def talk() -> Talk:
    return conversation()


@pytest.fixture
def kept(talk: Talk, tmp_path: Path) -> Recorded:
    return recorded(talk, tmp_path / "kept")


def with_sound(kept: Recorded) -> Recorded:
    """The user sounds from 1 to 2 s, we from 3 to 4 s, of 5."""
    for track, rate_hz, start_s in (("mic", 16_000, 1), ("output", 48_000, 3)):
        samples = np.zeros(5 * rate_hz, np.float32)
        tone = 0.2 * np.sin(2 * np.pi * 300 / rate_hz * np.arange(rate_hz))
        samples[start_s * rate_hz : (start_s + 1) * rate_hz] = tone
        soundfile.write(kept.folder / f"{track}.flac", samples, rate_hz, subtype="PCM_16")
    return kept


def test_the_page_is_whole_and_fetches_nothing(kept: Recorded):
    text = page(kept, read_sides(with_sound(kept).folder))
    checker = Checker()
    checker.feed(text)
    assert (checker.open, checker.fetched, checker.scripts) == ([], [], 1)
    assert not re.search(r"<!--\w+-->", text), "every place is filled"
    assert "http://" not in text
    assert "https://" not in text


def test_the_page_tells_words_overlaps_and_stages(kept: Recorded):
    text = page(kept, Sides())
    for story in turns_of(kept.events):
        assert story.user in text
    assert "tell me a story about a fox" in text
    assert 'class="unsaid"' in text
    assert "barge-in, silent after" in text
    assert "backchannel" in text
    assert "end of turn: " in text
    assert "No sound was recorded." in text


def test_what_was_said_cannot_change_the_page(kept: Recorded):
    evil = [dict(event) for event in kept.events]
    for event in evil:
        if event["type"] == "transcript":
            event["text"] = "</script><script>alert(1)</script>"
    text = page(Recorded(kept.folder, kept.meta, kept.config, kept.began, kept.noted, tuple(evil)), Sides())
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert") >= 3


def test_the_sound_of_both_sides_lies_in_the_page_at_its_time(kept: Recorded):
    sides = read_sides(with_sound(kept).folder)
    assert sides.seconds == pytest.approx(5.0, abs=COLUMN_S)
    for track, start_s in (("mic", 1), ("output", 3)):
        loud = [at * sides.columns_s for at, peak in enumerate(sides.outlines[track]) if peak > 0.05]
        assert (loud[0], loud[-1]) == pytest.approx((start_s, start_s + 1), abs=2 * COLUMN_S)
    encoded = sides.audio.removeprefix("data:audio/ogg;codecs=opus;base64,")
    heard, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(encoded)), dtype="float32")
    assert len(heard) / rate_hz == pytest.approx(5.0, abs=0.1)
    for side, start_s in ((0, 1), (1, 3)):
        loud = np.flatnonzero(np.abs(heard[:, side]) > 0.05) / rate_hz
        assert (loud[0], loud[-1]) == pytest.approx((start_s, start_s + 1), abs=0.1)


def test_the_drawing_has_every_state_and_overlap(kept: Recorded):
    stories = turns_of(kept.events)
    timeline = Timeline(kept.events, stories, Sides())
    root = ET.fromstring(timeline.svg())  # noqa: S314 - our own picture
    classes = [node.get("class", "") for node in root.iter()]
    states = [event for event in kept.events if event["type"] == "state"]
    drawn = sum(name.startswith("state") for name in classes)
    assert drawn <= sum(event["to"] not in {"idle", "closed"} for event in states)
    assert {"state user_speaking", "state speaking", "state overlap"} <= set(classes)
    outcomes = [overlap.outcome for story in stories for overlap in story.overlaps]
    rects = [node.get("class") for node in root.iter("{http://www.w3.org/2000/svg}rect")] or [
        node.get("class") for node in root.iter("rect")
    ]
    assert rects.count("cut") == outcomes.count("barge_in") > 0
    assert rects.count("alarm") == len(outcomes) - outcomes.count("barge_in") > 0


def test_a_long_session_is_drawn_closer_together():
    hour = [{"type": "session_started", "t": 0.0}, {"type": "session_ended", "t": 3600.0}]
    outline = {"mic": [0.1] * 12_000}
    timeline = Timeline(hour, [], Sides(3600.0, 0.3, outline))
    assert timeline.width <= 24_000
    assert len(timeline.svg()) < 1_000_000


def test_a_session_that_ended_as_it_began_has_a_page_without_sound(kept: Recorded):
    soundfile.write(kept.folder / "output.flac", np.zeros(480), 48_000)
    assert read_sides(kept.folder) == Sides()
    assert "<html" in page(kept, read_sides(kept.folder))


@pytest.mark.parametrize("name", ["events.jsonl", "mic.flac"])
def test_the_page_takes_the_place_of_nothing_that_it_is_made_of(kept: Recorded, name: str):
    before = sorted((path.name, path.read_bytes()) for path in kept.folder.iterdir())
    with pytest.raises(FileError, match="a part of the recording itself"):
        write_page(kept, kept.folder / name)
    assert sorted((path.name, path.read_bytes()) for path in kept.folder.iterdir()) == before
    write_page(kept, kept.folder / "page.html")


def test_nor_of_what_a_recording_s_file_is_a_link_to(kept: Recorded, tmp_path: Path):
    own, elsewhere = kept.folder / "events.jsonl", tmp_path / "elsewhere"
    own.rename(elsewhere)
    own.symlink_to(elsewhere)
    for place in (own, elsewhere):
        with pytest.raises(FileError, match="a part of the recording itself"):
            write_page(kept, place)


def test_damaged_sound_and_unwritable_places_are_one_line(kept: Recorded, tmp_path: Path):
    (kept.folder / "mic.flac").write_bytes(b"fLaC nonsense")
    with pytest.raises(FileError, match=r"mic\.flac is damaged"):
        write_page(kept, tmp_path / "page.html")
    (kept.folder / "mic.flac").unlink()
    with pytest.raises(FileError, match="is a folder"):
        write_page(kept, tmp_path)
    with pytest.raises(FileError, match="cannot write"):
        write_page(kept, tmp_path / "nowhere" / "page.html")
    write_page(kept, tmp_path / "page.html")
    assert [path.name for path in tmp_path.glob("*page*")] == ["page.html"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes among its files")
def test_what_is_no_file_is_written_to_and_stays_what_it_is(kept: Recorded, tmp_path: Path):
    (tmp_path / "link.html").symlink_to(tmp_path / "page.html")
    write_page(kept, tmp_path / "link.html")
    assert (tmp_path / "link.html").is_symlink()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    write_page(kept, pipe)
    assert reader.communicate()[0] == (tmp_path / "page.html").read_bytes()
    assert pipe.is_fifo()
