"""Take over what the decisions make of recorded sessions now: `python scripts/accept_recording.py DIR...`.

For tests/recordings after an intended change of turn-taking; look at `localvoice replay DIR --compare` first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from localvoice.errors import LocalVoiceError
from localvoice.replay.again import decided_again
from localvoice.replay.differing import compared
from localvoice.replay.folder import read_folder


def accept(folder: Path) -> int:
    """Rewrite the events of one recording; returns how many differed."""
    recorded = read_folder(folder)
    _, found = compared(recorded)
    if found:
        events = decided_again(recorded.config, recorded.began, recorded.noted)
        lines = (json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        (folder / "events.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(found)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        try:
            print(f"{name}: {accept(Path(name))} differences taken over")
        except LocalVoiceError as error:
            sys.exit(str(error))
