"""Draws docs/screen.svg: `python -m scripts.draw_screen [FILE.svg]`.

The real program holds the conversation of examples/sample.wav in an emulated terminal of 80 columns, with the starter
engines and file devices. What the terminal shows in the middle of its third reply, while a line is being typed, is
written as SVG. The picture is a photograph of what was written to the terminal: nothing is drawn here. It takes 20 s.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import Any

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.e2e.glass import Glass

ROOT = Path(__file__).parent.parent
ENGINES = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")
_FAINT = 2
_ITALIC = 3
"""The emulator knows no faint letters, and the screen writes no italic ones: one stands for the other."""


_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Would be loaded from elsewhere; the picture takes whatever has letters of one width."""


class Faint(pyte.HistoryScreen):
    """Remembers which letters are faint."""

    def select_graphic_rendition(self, *attributes: int, **more: Any) -> None:
        """As it was written, faint as italic."""
        super().select_graphic_rendition(*(_ITALIC if one == _FAINT else one for one in attributes), **more)


def text_of(screen: pyte.Screen) -> Text:
    """What is to be seen, with its colours; empty rows at the end left out."""
    picture = Text()
    rows = [screen.buffer[row] for row in range(screen.lines)]
    last = max(row for row in range(screen.lines) if screen.display[row].strip())
    for row in rows[: last + 1]:
        for style, cells in groupby((row[column] for column in range(screen.columns)), key=_style):
            picture.append("".join(cell.data or " " for cell in cells), style)
        picture.append("\n")
    return picture


def _style(cell: Any) -> Style:
    colour = None if cell.fg == "default" else cell.fg.replace("brown", "yellow").replace("bright", "bright_")
    return Style(color=colour, bold=cell.bold, dim=cell.italics)


def talk(folder: Path) -> Text:
    """The screen in the middle of a reply."""
    command = [sys.executable, "-m", "localvoice", "--offline", "--input", str(ROOT / "examples" / "sample.wav")]
    environ = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "LOCALVOICE_MODELS"}}
    environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    glass = Glass([*command, "--output", "reply.wav", *ENGINES], folder, environ, screen=Faint(80, 24, history=100))
    try:
        glass.until("what can you do")
        glass.press("and how many feet")
        glass.until(lambda: _is_half_heard(glass.screen))
        return text_of(glass.screen)
    finally:
        glass.close()


def _is_half_heard(screen: pyte.Screen) -> bool:
    """Whether a good part of the reply is bright and the rest faint."""
    start = max((row for row, text in enumerate(screen.display) if text.startswith("localvoice:")), default=0)
    cells = [screen.buffer[row][column] for row in range(start, screen.lines) for column in range(screen.columns)]
    end = next((at for at, cell in enumerate(cells) if cell.data == "─"), 0)
    heard = [cell.bold for cell in cells[len("localvoice:") : end] if cell.data.strip()]
    return len(heard) * 0.1 < sum(heard) < len(heard)


def main() -> None:
    """Write the picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screen.svg"
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=80, file=nowhere, force_terminal=True)
        console.print(talk(Path(folder)), end="", soft_wrap=True)
        picture = console.export_svg(title="localvoice", unique_id="localvoice")
        target.write_text(_FONTS.sub("", picture), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
