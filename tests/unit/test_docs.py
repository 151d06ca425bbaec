"""The pages: every link leads somewhere, and the reference says what the code says."""

import json
import re
from pathlib import Path

import pytest

from localvoice.messages import Origin
from localvoice.session.ending import EndedBy
from localvoice.turn.decisions import Dismissal, EndReason, TurnState
from scripts.make_reference import FILE, reference

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("docs/decisions/*.md"), *ROOT.glob("*/*/README.md")]
)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """What may stand behind `#`, as forges make it of headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path):
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for link in _LINK.findall(text):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_the_reference_is_what_the_code_says():
    assert FILE.read_text(encoding="utf-8") == reference(), "run `python -m scripts.make_reference`"


EVENTS = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")


def test_the_page_of_events_names_every_type_and_field_of_the_recordings():
    rows = {}
    for types, fields in re.findall(r"^\| (`.+?) \| (.+) \|$", EVENTS, re.MULTILINE):
        rows |= {key: set(re.findall(r"`(\w+)`", fields)) for key in re.findall(r"`(\w+)`", types)}
    for file in ROOT.glob("tests/recordings/*/events.jsonl"):
        for event in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            assert set(event) - {"type", "t"} <= rows[event["type"]], event


@pytest.mark.parametrize("words", [EndReason, Dismissal, TurnState, Origin, EndedBy])
def test_the_page_of_events_names_every_reason_and_state(words):
    assert [word for word in words if f"`{word}`" not in EVENTS] == []
