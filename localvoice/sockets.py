"""Services spoken to over a WebSocket: how one is opened, and its failures as ours.

Rule of this file: as with `remote.py`, a key leaves it in the header of the handshake and nowhere else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localvoice.addresses import NO_PROXY_ADDRESS
from localvoice.errors import ProviderBroken, ProviderUnavailable
from localvoice.remote import Service, plain, reason_of, refusal, said_in

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection, connect

_CONNECT_S = 3.0
"""As for other services: a healthy handshake takes 0.1 to 0.3 s."""

_silent = logging.getLogger("localvoice.sockets.library")
_silent.setLevel(logging.CRITICAL)  # at DEBUG the library writes headers, and the key is one


def socket_url(service: Service, path: str) -> str:
    """The address of `path` (with its query) by the scheme of the service's own."""
    return "ws" + service.url.removeprefix("http") + path


async def connected(service: Service, path: str, headers: Mapping[str, str]) -> ClientConnection:
    """A socket to `path` of `service`; `headers` carry the key.

    Raises:
        ProviderError: it cannot be had.
    """
    import websockets

    name = service.name
    try:
        return await _straight(
            socket_url(service, path),
            additional_headers=headers,
            user_agent_header="localvoice",
            open_timeout=min(_CONNECT_S, service.timeout_s),
            max_size=None,  # a long sentence comes in one message
            compression=None,  # sound does not get smaller
            proxy=True if service.is_remote else None,
            logger=_silent,
        )
    except websockets.InvalidStatus as error:
        answer = error.response
        raise refusal(service, answer.status_code, said_in(bytes(answer.body or b"")), answer.headers) from error
    except (OSError, TimeoutError) as error:
        what = plain(service, reason_of(error)) or "no answer"
        raise ProviderUnavailable(
            f"{name} cannot be reached ({service.host}): {what}", provider=name, may_retry=True
        ) from error
    except (websockets.InvalidProxy, ValueError):
        message = f"{name} cannot be reached ({service.host}): {NO_PROXY_ADDRESS}"
        raise ProviderUnavailable(message, provider=name) from None  # the error quotes the password
    except ImportError as error:
        message = f"{name} cannot be reached ({service.host}): a socks proxy needs `pip install python-socks[asyncio]`"
        raise ProviderUnavailable(message, provider=name) from error
    except websockets.WebSocketException as error:
        raise ProviderBroken(f"{name} does not speak WebSocket: {type(error).__name__}", provider=name) from error


def _straight(url: str, **options: Any) -> connect:
    """A connection to `url` and nowhere else: of the headers with keys the library forwards all but `Authorization`."""
    from websockets.asyncio.client import connect

    class Straight(connect):
        def process_redirect(self, exc: Exception) -> Exception:
            return exc

    return Straight(url, **options)


def is_open(socket: ClientConnection) -> bool:
    """Whether it can be used, as far as this side knows."""
    return socket.state.name == "OPEN"
