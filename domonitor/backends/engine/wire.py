"""The vocabulary as JSON and back: one encoding, led by the fields and their types.

    codec(Job).decode(codec(Job).encode(job)) == job

Records (dataclasses and named tuples) become objects without the fields that have their default, enumerations their
values, moments ISO texts, tuples lists, mappings lists of pairs. Decoding is strict: what is not exactly as described
raises WireError.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from domonitor.jobs.error import InvalidInput

Json = Any


class WireError(ValueError):
    """What was received is not what is spoken here."""


class Codec(NamedTuple):
    """Both ways of one type. encode raises TypeError for a value of another type, decode WireError."""

    encode: Callable[[Any], Json]
    decode: Callable[[Json], Any]


@cache
def codec(kind: Any) -> Codec:
    """The codec of a type: a plain one, X | None, tuple[X, ...], frozenset[X], Mapping, an enumeration, or a record."""
    if kind is None:
        kind = NoneType
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind is object:
        return Codec(_encode_plain, _same)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        return _optional(codec(next(each for each in arguments if each is not NoneType)))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(codec(arguments[0]), tuple)
    if origin is frozenset:
        return _sequence(codec(arguments[0]), frozenset)
    if origin is Mapping:
        return _mapping(codec(arguments[0]), codec(arguments[1]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enumeration(kind)
    if dataclasses.is_dataclass(kind):
        return _record(kind, _defaults_of_dataclass(kind))
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _record(kind, _defaults_of_named_tuple(kind))
    raise TypeError(f"{kind} has no form in JSON")


_REQUIRED = object()


def _same(value: Any) -> Any:
    return value


def _only(kind: type, *also: type) -> Codec:
    """Values of the type, and of its subclasses as plain values of it."""

    def encode(value: Any) -> Any:
        if type(value) is kind:
            return value
        if isinstance(value, (kind, *also)):
            return kind(value)
        raise TypeError(f"{value!r} is no {kind.__name__}")

    def decode(data: Json) -> Any:
        if type(data) is kind:
            return data
        if type(data) in also:
            return kind(data)
        raise WireError(f"no {kind.__name__}")

    return Codec(encode, decode)


def _text_of(kind: type, write: Callable[[Any], str], read: Callable[[str], Any]) -> Codec:
    def encode(value: Any) -> str:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return write(value)

    def decode(data: Json) -> Any:
        if type(data) is not str:
            raise WireError(f"no {kind.__name__}")
        try:
            return read(data)
        except ValueError:
            raise WireError(f"no {kind.__name__}") from None

    return Codec(encode, decode)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise WireError("a moment without its zone")
    return moment


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # only a program that chooses one needs it

    return ZoneInfo(name)


_SIMPLE: Mapping[Any, Codec] = {
    NoneType: _only(NoneType),
    bool: _only(bool),
    int: _only(int),
    float: _only(float, int),
    str: _only(str),
    UUID: _text_of(UUID, str, UUID),
    datetime: _text_of(datetime, datetime.isoformat, _moment),
    tzinfo: _text_of(tzinfo, str, _zone),
}


def _encode_plain(value: Any) -> Json:
    """Anything that JSON knows by itself."""
    if isinstance(value, (tuple, list)):
        return [_encode_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _encode_plain(each) for name, each in value.items()}
    if isinstance(value, Enum):
        return _encode_plain(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{value!r} has no form in JSON")


def _optional(inner: Codec) -> Codec:
    encode, decode = inner
    return Codec(
        lambda value: None if value is None else encode(value),
        lambda data: None if data is None else decode(data),
    )


def _sequence(inner: Codec, kind: type[tuple[Any, ...]] | type[frozenset[Any]]) -> Codec:
    encode, decode = inner

    def decode_all(data: Json) -> tuple[Any, ...] | frozenset[Any]:
        if type(data) is not list:
            raise WireError("no list")
        return kind(map(decode, data))

    return Codec(lambda values: list(map(encode, values)), decode_all)


def _mapping(names: Codec, values: Codec) -> Codec:
    def decode(data: Json) -> Mapping[Any, Any]:
        if type(data) is not list or not all(type(pair) is list and len(pair) == 2 for pair in data):
            raise WireError("no pairs")
        return MappingProxyType({names.decode(name): values.decode(value) for name, value in data})

    return Codec(lambda held: [[names.encode(name), values.encode(value)] for name, value in held.items()], decode)


def _enumeration(kind: type[Enum]) -> Codec:
    def encode(value: Any) -> Json:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return value.value

    plain = {type(member.value) for member in kind}

    def decode(data: Json) -> Any:
        try:
            if type(data) in plain:
                return kind(data)
        except ValueError:
            pass
        raise WireError(f"no {kind.__name__}")

    return Codec(encode, decode)


def _defaults_of_dataclass(kind: Any) -> dict[str, Any]:
    defaults = {}
    for field in dataclasses.fields(kind):
        if field.default_factory is not dataclasses.MISSING:
            defaults[field.name] = field.default_factory()
        else:
            defaults[field.name] = _REQUIRED if field.default is dataclasses.MISSING else field.default
    return defaults


def _defaults_of_named_tuple(kind: Any) -> dict[str, Any]:
    return {name: kind._field_defaults.get(name, _REQUIRED) for name in kind._fields}


def _record(kind: Any, defaults: Mapping[str, Any]) -> Codec:
    hints = get_type_hints(kind)
    codecs = {name: codec(hints[name]) for name in defaults}
    plan = [(name, default, codecs[name].encode) for name, default in defaults.items()]
    decoders = {name: each.decode for name, each in codecs.items()}
    required = frozenset(name for name, default in defaults.items() if default is _REQUIRED)

    def encode(value: Any) -> Json:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is no {kind.__name__}")
        made = {}
        for name, default, write in plan:
            held = getattr(value, name)
            if held is not default and (default is _REQUIRED or held != default):
                made[name] = write(held)
        return made

    def decode(data: Json) -> Any:
        if type(data) is not dict or not required <= data.keys() <= decoders.keys():
            raise WireError(f"no {kind.__name__}")
        values = {name: decoders[name](each) for name, each in data.items()}
        try:
            return kind(**values)
        except (InvalidInput, ValueError):
            raise WireError(f"no usable {kind.__name__}") from None

    return Codec(encode, decode)
