"""ElevenLabs' voices over the socket that takes text as it is written: one per reply, the next one made ahead."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from localvoice.audio.samples import from_int16
from localvoice.beside import Spare, start, stop
from localvoice.config import EngineOptions
from localvoice.engine_order import EngineOrder
from localvoice.errors import ConfigError, ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.messages import SpeechChunk
from localvoice.remote import Service, plain, refusal
from localvoice.tts.aligned_speech import AlignedSpeech, Mark

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_FORMAT = "pcm_24000"
_CONNECT_S = 3.0
"""As for other services: a healthy handshake takes 0.1 to 0.3 s."""
_IDLE_S = 180
"""The longest time that the service keeps a socket without text (its default is 20 s)."""
_STEP_S = 0.05
"""How often it is looked after text without a sound, and after the patience that is left."""
_SLOWEST, _FASTEST = 0.7, 1.2
"""What the service takes as speed."""
_REFUSALS = frozenset({
    *("invalid_api_key", "quota_exceeded", "detected_unusual_activity", "missing_permissions", "voice_not_found"),
    *("invalid_authorization_header", "voice_access_denied", "model_not_found", "payment_required"),
})  # fmt: skip
"""Error codes that another try does not change."""

_silent = logging.getLogger("localvoice.tts.elevenlabs.socket")
_silent.setLevel(logging.CRITICAL)  # at DEBUG the library writes headers, and the key is one


def load(order: EngineOrder) -> ElevenLabsSynthesizer:
    """The voice of `order`."""
    return ElevenLabsSynthesizer(order.service, order.voice, order.model, order.options, rate=order.config.speech.rate)


class ElevenLabsSynthesizer:
    """`engines.Synthesizer` over a WebSocket: chunks of whole words as their sound arrives."""

    def __init__(self, service: Service, voice: str, model: str, options: EngineOptions, *, rate: float = 1.0) -> None:
        """Raises `ConfigError` for an output format that would need a decoder."""
        self.name = service.name
        self.is_remote = service.is_remote
        self.rate = rate
        self.model = model
        self._service = service
        self._options = options
        self._url = _url(service, voice, model, options)
        self._spare = Spare(self._connected, lambda socket: socket.state.name == "OPEN")

    async def check(self) -> None:
        """Whether a socket can be had; keeps it for the next reply. Costs nothing."""
        await self._spare.ready()

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """As the protocol has it, but `text` is read as it comes: the service gathers the sound meanwhile."""
        speaking = _Speaking(await self._spare.take(), self._service, _rate_hz(self._options), self._settings())
        sending = start(speaking.send(text))
        try:
            while (chunks := await speaking.next()) is not None:
                for chunk in chunks:
                    yield chunk
            await sending
        finally:
            await stop(sending)
            speaking.hang_up()
            self._spare.prepare()

    def close(self) -> None:
        """Hang up."""
        socket = self._spare.drop()
        if socket is not None:
            socket.transport.abort()

    def _settings(self) -> dict[str, float]:
        options = self._options
        speed = min(max(options.speed * self.rate, _SLOWEST), _FASTEST)
        return {"stability": options.stability, "similarity_boost": options.similarity, "speed": speed}

    async def _connected(self) -> ClientConnection:
        import websockets
        from websockets.asyncio.client import connect

        service = self._service
        try:
            return await connect(
                self._url,
                additional_headers={"xi-api-key": service.key.reveal() if service.key else "none"},
                user_agent_header="localvoice",
                open_timeout=min(_CONNECT_S, service.timeout_s),
                max_size=None,  # a long sentence comes in one message
                compression=None,  # sound does not get smaller
                proxy=True if service.is_remote else None,
                logger=_silent,
            )
        except websockets.InvalidStatus as error:
            answer = error.response
            raise refusal(service, answer.status_code, _said(answer.body), answer.headers) from error
        except (OSError, TimeoutError) as error:
            what = plain(service, str(error)) or "no answer"
            raise ProviderUnavailable(
                f"{self.name} cannot be reached ({service.host}): {what}", provider=self.name, may_retry=True
            ) from error
        except websockets.WebSocketException as error:
            raise ProviderBroken(
                f"{self.name} does not speak WebSocket: {type(error).__name__}", provider=self.name
            ) from error


class _Speaking:
    """One reply on one socket."""

    def __init__(self, socket: ClientConnection, service: Service, rate_hz: int, settings: Mapping[str, float]) -> None:
        self._socket = socket
        self._service = service
        self._settings = settings
        self._speech = AlignedSpeech(rate_hz)
        self._has_text = True
        """More of it may come."""
        self._has_sound = False
        self._odd = b""
        """Half a sample at the end of a message."""
        self._heard_s = _now_s()
        """When something last came, or was sent while nothing was awaited."""

    async def send(self, text: AsyncIterator[str]) -> None:
        """Send the clauses of `text`, each to be spoken at once. Raises what `text` does."""
        try:
            await self._tell(text=" ", voice_settings=self._settings)
            async for clause in text:
                if not self._speech.is_waiting:
                    self._heard_s = _now_s()
                spoken = self._speech.expect(clause)
                if spoken:
                    await self._tell(text=f"{spoken.strip()} ", flush=True)
        finally:
            self._has_text = False
        await self._tell(text="")

    async def _tell(self, **message: Any) -> None:
        import websockets

        try:
            await self._socket.send(json.dumps(message))
        except websockets.ConnectionClosed:
            return  # who listens finds out, and why

    async def next(self) -> list[SpeechChunk] | None:
        """The next chunks, None behind the last. Raises `ProviderError`."""
        import websockets

        while True:
            if chunks := self._speech.ready():
                return chunks
            if not self._has_text and not self._speech.is_waiting:
                return None
            try:
                async with asyncio.timeout(_STEP_S):
                    message = await self._socket.recv()
            except TimeoutError:
                self._check_patience()
                continue
            except websockets.ConnectionClosed as error:
                raise self._closed(error) from error
            self._heard_s = _now_s()
            if self._take(message):
                return self._rest()

    def _rest(self) -> list[SpeechChunk] | None:
        """What is left when the service says that it has finished."""
        if chunks := self._speech.ready():
            return [*chunks, *(self._rest() or ())]
        if self._speech.lacks_sound or (self._has_text and not self._speech.is_waiting):
            raise self._broke_off()
        return self._speech.finish() or None

    def hang_up(self) -> None:
        """At once: no closing handshake is waited for."""
        self._socket.transport.abort()

    def _check_patience(self) -> None:
        if self._speech.is_waiting and _now_s() - self._heard_s > self._service.timeout_s:
            name = self._service.name
            raise ProviderUnavailable(f"{name} does not answer ({self._service.host})", provider=name)

    def _take(self, message: str | bytes) -> bool:
        """Whether it was the last one."""
        try:
            fields = json.loads(message)
            if fields.get("error") or (fields.get("message") and not fields.get("audio")):
                raise self._failure(str(fields.get("error") or ""), str(fields.get("message") or ""))
            sound = self._odd + base64.b64decode(fields.get("audio") or "", validate=True)
            whole = len(sound) // 2 * 2
            self._odd = sound[whole:]
            self._speech.take(from_int16(sound[:whole]), _marks(fields))
        except (ValueError, TypeError, AttributeError, KeyError, binascii.Error) as error:
            name = self._service.name
            raise ProviderBroken(f"{name} sent a message that cannot be read", provider=name) from error
        self._has_sound |= whole > 0
        return bool(fields.get("isFinal"))

    def _closed(self, error: Any) -> ProviderError:
        close = error.rcvd
        if close is not None and close.code != 1000 and close.reason:
            return self._failure(close.reason, "")
        return self._broke_off()

    def _broke_off(self) -> ProviderError:
        name, may_retry = self._service.name, not self._has_sound
        return ProviderUnavailable(f"{name} broke off in the middle of a reply", provider=name, may_retry=may_retry)

    def _failure(self, code: str, said: str) -> ProviderError:
        name, why = self._service.name, plain(self._service, f"{code} {said}")
        if any(known in code for known in _REFUSALS):
            return ProviderRefused(f"{name} will not speak: {why}", provider=name)
        may_retry = "input_timeout_exceeded" in code and not self._has_sound
        return ProviderUnavailable(f"{name} failed: {why}", provider=name, may_retry=may_retry)


def _marks(fields: Mapping[str, Any]) -> Sequence[Mark]:
    """The times of the characters in a message: its keys are spelled in more than one way."""
    aligned = fields.get("alignment") or fields.get("normalizedAlignment")
    if not aligned:
        return ()
    starts = aligned.get("charStartTimesMs") or aligned.get("charsStartTimesMs") or ()
    lengths = aligned.get("charDurationsMs") or aligned.get("charsDurationsMs") or ()
    characters = aligned.get("chars") or ()
    return [
        Mark(character, start / 1000, (start + length) / 1000)
        for character, start, length in zip(characters, starts, lengths, strict=True)
    ]


def _url(service: Service, voice: str, model: str, options: EngineOptions) -> str:
    _rate_hz(options)
    query = {
        "model_id": model,
        "output_format": options.output_format or _FORMAT,
        "auto_mode": "true",
        "sync_alignment": "true",
        "inactivity_timeout": str(_IDLE_S),
    }
    if options.language:
        query["language_code"] = options.language
    if options.optimize_streaming_latency:
        query["optimize_streaming_latency"] = str(options.optimize_streaming_latency)
    host = "ws" + service.url.removeprefix("http")
    return f"{host}/v1/text-to-speech/{quote(voice, safe='')}/stream-input?{urlencode(query)}"


def _rate_hz(options: EngineOptions) -> int:
    kind, _, rate = (options.output_format or _FORMAT).partition("_")
    if kind != "pcm" or not rate.isdigit():
        raise ConfigError(
            f"ElevenLabs' {options.output_format} would need a decoder: use pcm_16000 up to pcm_48000",
            key="engines.elevenlabs.output_format",
        )
    return int(rate)


def _said(body: bytes | bytearray | None) -> str:
    try:
        detail = json.loads(body or b"{}").get("detail", "")
    except (ValueError, AttributeError):
        return ""
    return (
        " ".join(str(detail.get(key, "")) for key in ("status", "message")) if isinstance(detail, dict) else str(detail)
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
