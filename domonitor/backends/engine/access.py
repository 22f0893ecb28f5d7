"""What a job's servers and proxies are asked with: logins, headers, a certificate, cookies.

All of it lives in memory alone: no store, log, error or timeline ever sees it, and it is gone with the job or the
process. What is meant for a server is told to that scheme, host and port only, never to where it passes us on to.
To add something: a field of Access, and what libcurl is told of it in options.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType
from urllib.parse import unquote

from domonitor.backends.engine import addresses

MOST_COOKIES = 300
"""So many a job keeps; the oldest go first."""

Option = tuple[str, str | int | bytes]
"""One of libcurl's options, by its name."""


class AuthTarget(IntEnum):
    """Who wants to know the user. Source: BG_AUTH_TARGET."""

    SERVER = 1
    PROXY = 2


class AuthScheme(IntEnum):
    """How the user is proved. Source: BG_AUTH_SCHEME; ANY is ours: what the other side asks for."""

    ANY = 0
    BASIC = 1
    DIGEST = 2
    NEGOTIATE = 4


_BITS = {AuthScheme.BASIC: 1 << 0, AuthScheme.DIGEST: 1 << 1, AuthScheme.NEGOTIATE: 1 << 2}
"""Source: curl/curl.h, CURLAUTH_."""

BASIC_ALONE = _BITS[AuthScheme.BASIC]


class _Secret:
    """Shows nothing of what it holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Login(_Secret):
    """A user, "" for the one who is logged in to this computer (Negotiate only)."""

    user_name: str
    password: str

    @classmethod
    def of_address(cls, written: str) -> Login:
        """From what stands before the "@" of an address."""
        user_name, _, password = written.partition(":")
        return cls(unquote(user_name), unquote(password))


@dataclass(frozen=True, slots=True, repr=False)
class Certificate(_Secret):
    """A certificate of this computer; key_path: "" where the key stands in the same file."""

    path: str
    key_path: str
    password: str


@dataclass(frozen=True, slots=True, repr=False)
class Access(_Secret):
    """What one job's requests carry.

    logins: those that were set, the latest last. address_logins: those that stood in addresses, by the address as it
    goes over the wire. headers: lines "Name: value". cookies: lines as libcurl writes them, the oldest first.
    """

    logins: Mapping[tuple[AuthTarget, AuthScheme], Login] = field(default_factory=lambda: MappingProxyType({}))
    address_logins: Mapping[str, Login] = field(default_factory=lambda: MappingProxyType({}))
    headers: tuple[str, ...] = ()
    certificate: Certificate | None = None
    cookies: tuple[str, ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether there is more than cookies: then requests differ from those of other jobs."""
        return bool(self.logins or self.address_logins or self.headers or self.certificate)

    def with_login(self, target: AuthTarget, scheme: AuthScheme, login: Login | None) -> Access:
        """With another login for target and scheme, None for none."""
        logins = {key: known for key, known in self.logins.items() if key != (target, scheme)}
        if login is not None:
            logins[target, scheme] = login
        return replace(self, logins=MappingProxyType(logins))

    def with_address_login(self, address: str, login: Login | None) -> Access:
        """With what stood in an address, which is given without it; None for nothing."""
        logins = {**self.address_logins, addresses.on_the_wire(address): login}
        return replace(
            self, address_logins=MappingProxyType({each: known for each, known in logins.items() if known is not None})
        )

    def login(self, target: AuthTarget, address: str) -> tuple[Login, int] | None:
        """Who asks, and libcurl's bits for how it may be proved. The login that was set last counts."""
        logins = [(scheme, login) for (of, scheme), login in self.logins.items() if of is target]
        if not logins and target is AuthTarget.SERVER and address in self.address_logins:
            logins = [(AuthScheme.BASIC, self.address_logins[address])]
        if not logins:
            return None
        latest = logins[-1][1]
        bits = 0
        for scheme, login in logins:
            if login == latest:
                bits |= bits_of(scheme, login)
        return latest, bits

    def says_who_asks(self, address: str) -> bool:
        """Whether the server is told a user, by a login or by a header."""
        has_header = any(line.lower().startswith("authorization:") for line in self.headers)
        return has_header or self.login(AuthTarget.SERVER, address) is not None

    def options(self, address: str, *, is_at_home: bool) -> Iterator[Option]:
        """What libcurl is told for a request. is_at_home: it goes to the server that the job's own address names."""
        if (proxy := self.login(AuthTarget.PROXY, address)) is not None:
            login, bits = proxy
            yield from (("PROXYUSERPWD", b":"),) if not login.user_name else _pair("PROXY", login)
            yield "PROXYAUTH", bits
        if not is_at_home:
            return
        if (server := self.login(AuthTarget.SERVER, address)) is not None:
            login, bits = server
            yield from (("USERPWD", b":"),) if not login.user_name else _pair("", login)
            yield "HTTPAUTH", bits
        if self.certificate is not None:
            yield "SSLCERT", self.certificate.path.encode()
            if self.certificate.path.lower().endswith((".p12", ".pfx")):
                yield "SSLCERTTYPE", "P12"
            if self.certificate.key_path:
                yield "SSLKEY", self.certificate.key_path.encode()
            yield "KEYPASSWD", self.certificate.password.encode()  # "" too: else OpenSSL asks at the terminal


class Accesses:
    """The access of each job that has any, by the job's number. Lives on the engine's thread."""

    def __init__(self) -> None:
        self._by_job: dict[int, Access] = {}

    def get(self, number: int) -> Access | None:
        """What the job's requests carry, None for nothing."""
        return self._by_job.get(number)

    def set(self, number: int, access: Access | None) -> None:
        """From the job's next request on."""
        if access is None or access == Access():
            self._by_job.pop(number, None)
        else:
            self._by_job[number] = access

    def take_login(self, number: int, address: str) -> str:
        """Keeps what stands before the "@" of the address for the job, and returns the address without it."""
        plain, written = addresses.split_login(address)
        if written:
            access = self._by_job.get(number, Access())
            self._by_job[number] = access.with_address_login(plain, Login.of_address(written))
        return plain

    def keep_cookies(self, number: int, sent: Iterable[str], found: Iterable[str]) -> None:
        """What servers have set, as libcurl lists it at the end of a request that began with those of sent.

        A later cookie replaces its namesake; what was there at the beginning and is no more, a server has taken back.
        """
        access = self._by_job.get(number, Access())
        cookies = {_cookie_key(line): line for line in access.cookies}
        for line in sent:
            cookies.pop(_cookie_key(line), None)
        for line in found:
            cookies.pop(key := _cookie_key(line), None)
            cookies[key] = line
        self.set(number, replace(access, cookies=tuple(cookies.values())[-MOST_COOKIES:]))

    def drop(self, number: int) -> None:
        """The job has ended, or never was."""
        self._by_job.pop(number, None)


def bits_of(scheme: AuthScheme, login: Login) -> int:
    """libcurl's bits for a scheme, all that can succeed for ANY."""
    if scheme is not AuthScheme.ANY:
        return _BITS[scheme]
    # Beyond Windows, Negotiate only ever proves the user who is logged in. libcurl would prefer it, and fail.
    if login.user_name and sys.platform != "win32":
        return _BITS[AuthScheme.BASIC] | _BITS[AuthScheme.DIGEST]
    return sum(_BITS.values())


def _pair(which: str, login: Login) -> Iterator[Option]:
    yield f"{which}USERNAME", login.user_name.encode()
    yield f"{which}PASSWORD", login.password.encode()


def _cookie_key(line: str) -> tuple[str, ...]:
    """Domain, path and name. Source: the cookie file's format, curl/docs/HTTP-COOKIES."""
    fields = line.split("\t")
    return fields[0], fields[2], fields[5]
