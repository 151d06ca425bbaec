"""Addresses of services: which of them are this machine, and which may be spoken to."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from localvoice.errors import ConfigError

NO_PROXY_ADDRESS = "the proxy is no address: check HTTPS_PROXY (in its password write / as %2F and # as %23)"
"""Told in place of an error that quotes it, and so the password."""
NO_SOCKS = "a socks proxy needs `pip install 'httpx[socks]'`: or set HTTPS_PROXY to one that takes http://"


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine and nothing else. Nothing is looked up.

    No other name than `localhost` is: a system that does not know it itself asks a server on the network.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def is_address(host: str) -> bool:
    """Whether `host` is an address, and no name that has to be looked up."""
    try:
        ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return False
    return True


def is_here(url: str) -> bool:
    """Whether the service at `url` runs on this machine."""
    return is_loopback(host_of(url))


def host_of(url: str) -> str:
    """The host in `url`; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def checked_url(url: str, name: str) -> str:
    """`url` without a closing slash and with its host in ASCII, as an address that a key may be sent to.

    Raises:
        ConfigError: no address at all, one that carries a password, or one that is neither TLS nor this machine.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError as error:
        raise _refused(name, "is no address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refused(name, "is no address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _refused(name, "carries more than an address")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise _refused(name, "would travel unencrypted")
    return (url if parts.hostname.isascii() else _in_ascii(parts, parts.hostname, name)).rstrip("/")


def _in_ascii(parts: SplitResult, host: str, name: str) -> str:
    import idna

    try:
        netloc = parts.netloc.lower().replace(host, idna.encode(host, uts46=True).decode())
    except idna.IDNAError as error:
        raise _refused(name, "is no address") from error
    return parts._replace(netloc=netloc).geturl()


def _refused(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"the address of {name} {what}: give one like https://HOST/v1, or http://127.0.0.1:PORT/v1 on this machine",
        key=f"engines.{name}.base_url",
    )
