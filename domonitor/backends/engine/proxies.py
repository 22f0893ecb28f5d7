"""Which proxy the engine goes through, and what libcurl is told of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from domonitor.backends.engine import addresses
from domonitor.backends.engine.access import AuthScheme, Login, Option, bits_of

SCHEMES = ("http", "https", "socks5", "socks5h")


class ProxyKind(StrEnum):
    """Where the proxy is told."""

    ENVIRONMENT = "environment"
    """By http_proxy, https_proxy, all_proxy and no_proxy, as libcurl reads them."""
    NONE = "none"
    """There is none, whatever the environment says."""
    FIXED = "fixed"
    """By the address that is given."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy of all transfers. Raises ValueError, in a sentence, where it can't be one.

    address: http://, https://, socks5:// (names are resolved here) or socks5h:// (by the proxy), host and port; with
    user:password@ where the proxy wants to know, in memory only. bypass: names of hosts, domains and addresses that
    are asked directly, "*" for all. Source: CURLOPT_PROXY, CURLOPT_NOPROXY.
    """

    kind: ProxyKind = ProxyKind.ENVIRONMENT
    address: str = field(default="", repr=False)
    bypass: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if ProxyKind(self.kind) is not ProxyKind.FIXED:
            return
        plain, _ = addresses.split_login(self.address)
        try:
            parts = urlsplit(plain)
            is_usable = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0 and plain.isascii()
        except ValueError:
            is_usable = False
        if not is_usable or any(ord(sign) <= 0x20 or ord(sign) == 0x7F for sign in self.address):
            raise ValueError(
                "This is no proxy's address. It looks like http://proxy.example:3128; "
                "https://, socks5:// and socks5h:// are possible too."
            )

    @property
    def may_be_secure(self) -> bool:
        """Whether the way to the proxy itself may be https, so that its certificate has to be checked."""
        if self.kind is ProxyKind.FIXED:
            return self.address.lower().startswith("https:")
        return self.kind is ProxyKind.ENVIRONMENT and any(
            address.lower().startswith("https:")
            for name, address in os.environ.items()
            if name.lower().endswith("_proxy")
        )

    def options(self) -> tuple[Option, ...]:
        """What libcurl is told; nothing of a login but how it may be proved where the environment tells the proxy."""
        asked = ("PROXYAUTH", bits_of(AuthScheme.ANY, Login("?", "")))
        if self.kind is ProxyKind.ENVIRONMENT:
            return (asked,)
        if self.kind is ProxyKind.NONE:
            return (("PROXY", ""), ("NOPROXY", "*"))
        plain, written = addresses.split_login(self.address)
        # Even an empty list of exceptions has to be said: else that of the environment counts.
        said: tuple[Option, ...] = (("PROXY", plain), ("NOPROXY", ",".join(self.bypass)), asked)
        if not written:
            return said
        login = Login.of_address(written)
        return (*said, ("PROXYUSERNAME", login.user_name.encode()), ("PROXYPASSWORD", login.password.encode()))
