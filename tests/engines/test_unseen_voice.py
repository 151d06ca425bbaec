"""A voice nobody has seen, as docs/adding-a-provider.md has it: one file and one row."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import websockets
from websockets.asyncio.server import ServerConnection, serve

from localvoice.errors import AllProvidersFailed, ProviderRefused
from localvoice.fallback import FallbackSynthesizer
from localvoice.provider_row import Provider
from localvoice.providers import PROVIDERS
from tests.cloud_orders import PLANTED, order
from tests.elevenlabs_server import spoken
from tests.fakes import FakeSynthesizer

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-provider.md"
ROW = Provider(
    "warble", "https://api.warble.example", key="WARBLE_API_KEY", path="", models={"tts": "w-1"}, voice="tit"
)
REPLY = ["Hello there,", " how are you?", " \n", " Good bye."]


@pytest.fixture(autouse=True)
def warble(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of the page is the module of the row."""
    (code,) = re.findall(
        r"^```python\n(\"\"\"Warble.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    module = ModuleType(ROW.module("tts"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, str(PAGE), "exec"), module.__dict__)  # noqa: S102 - our own page
    monkeypatch.setitem(PROVIDERS, ROW.name, ROW)


async def speak(voice, *clauses: str):
    async def texts() -> AsyncIterator[str]:
        for clause in clauses:
            yield clause

    return [chunk async for chunk in voice.synthesize(texts())]


async def sing(socket: ServerConnection, *, dies: bool = False) -> None:
    """The service of the page."""
    with suppress(websockets.ConnectionClosed):
        while (text := await socket.recv()) != "bye":
            await socket.send(spoken(str(text))[:1001])
            if dies:
                await socket.close(1008, "no credit")
            await socket.send(spoken(str(text))[1001:])
            await socket.send("ok")


async def said(answer, *clauses: str, behind=()):
    async with serve(answer, "127.0.0.1", 0) as server:
        made = order("warble", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        voice = import_module(ROW.module("tts")).load(made)
        try:
            return await speak(FallbackSynthesizer([voice, *behind], lambda *_: None), *clauses)
        finally:
            voice.close()
            await asyncio.sleep(0.01)


async def test_it_speaks_every_word_with_its_key_in_the_header():
    asked = []

    async def answer(socket: ServerConnection) -> None:
        asked.append(socket.request)
        await sing(socket)

    chunks = await said(answer, *REPLY)
    assert "".join(chunk.text for chunk in chunks) == "".join(REPLY)
    assert [chunk.clause for chunk in chunks if chunk.clause] == REPLY
    loudest = max(np.abs(chunk.samples).max(initial=0.0) for chunk in chunks)
    assert loudest == pytest.approx(8000 / 32768, abs=0.01)  # half a sample lost would be noise
    assert asked[0].headers["X-Key"] == PLANTED
    assert asked[0].path == "/say?voice=tit"


async def test_what_it_breaks_off_is_said_by_the_next_voice():
    other = FakeSynthesizer(name="other")
    chunks = await said(lambda socket: sing(socket, dies=True), *REPLY, behind=(other,))
    assert "".join(chunk.text for chunk in chunks) == "".join(other.clauses) == "".join(REPLY)


async def test_alone_it_is_refused_in_its_own_words():
    with pytest.raises(AllProvidersFailed, match="warble will not speak: no credit") as caught:
        await said(lambda socket: sing(socket, dies=True), "Hello.")
    assert isinstance(caught.value.__cause__, ProviderRefused)
