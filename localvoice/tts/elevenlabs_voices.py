"""The voices of an ElevenLabs account, by the vendor's own client (extra `cloud`): nobody waits for this in a turn."""

from __future__ import annotations

import json
from typing import Any

from localvoice.addresses import NO_PROXY_ADDRESS, NO_SOCKS
from localvoice.engine_order import EngineOrder
from localvoice.errors import ConfigError, ProviderUnavailable
from localvoice.remote import refusal, said_in
from localvoice.voice_entry import VoiceEntry

_PAGE = 100
"""The most that the service tells at once."""


async def listed(order: EngineOrder, wanted: str) -> list[VoiceEntry]:
    """All pages of them. Raises as `elevenlabs.voices`."""
    try:
        from elevenlabs.client import AsyncElevenLabs
        from elevenlabs.core.api_error import ApiError
    except ImportError as error:
        raise ConfigError(
            "listing the voices of ElevenLabs needs its package: pip install 'localvoice[cloud]'"
        ) from error
    import httpx

    service = order.service
    key = service.key.reveal() if service.key else "none"
    found: list[VoiceEntry] = []
    page: str | None = None
    try:
        opened = httpx.AsyncClient(timeout=service.timeout_s, trust_env=service.is_remote)
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        why = NO_SOCKS if isinstance(error, ImportError) else NO_PROXY_ADDRESS
        message = f"{service.name} cannot be reached ({service.host}): {why}"
        raise ProviderUnavailable(message, provider=service.name) from None  # the error quotes the password
    async with opened as transport:
        client = AsyncElevenLabs(api_key=key, base_url=service.url, httpx_client=transport)
        try:
            while True:
                answer = await client.voices.search(search=wanted or None, page_size=_PAGE, next_page_token=page)
                found += [_entry(voice, service.name) for voice in answer.voices]
                page = answer.next_page_token
                if not (answer.has_more and page):
                    return found
        except ApiError as error:
            said = said_in(json.dumps(error.body, default=str))
            raise refusal(service, error.status_code or 500, said, error.headers or {}) from error
        except httpx.HTTPError as error:
            raise ProviderUnavailable(
                f"{service.name} cannot be reached ({service.host})", provider=service.name
            ) from error


def _entry(voice: Any, engine: str) -> VoiceEntry:
    labels = voice.labels or {}
    told = [voice.name or "", *(labels[label] for label in ("gender", "accent", "use_case") if labels.get(label))]
    return VoiceEntry(engine, voice.voice_id, ", ".join(filter(None, told)), labels.get("language", ""), is_cloud=True)
