"""Whether what a command answers is what the schema says."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from domonitor.commands import answers

KINDS = {
    kind.__dataclass_fields__["kind"].default: kind
    for kind in vars(answers).values()
    if isinstance(kind, type) and is_dataclass(kind) and "schema" in kind.__dataclass_fields__
}
"""The answers by their kinds."""


def conforms(answer: Any) -> bool:
    """Whether it is exactly one of the answers: each field is there, of its kind, and no other one."""
    assert answer["schema"] == answers.VERSION
    assert list(answer)[:2] == ["schema", "kind"]
    _check(answer, KINDS[answer["kind"]], answer["kind"])
    return True


def _check(value: Any, kind: Any, where: str) -> None:
    if isinstance(kind, UnionType):
        options = get_args(kind)
        if value is None:
            assert NoneType in options, where
            return
        (kind,) = (option for option in options if option is not NoneType)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        assert set(value) == set(hints), where
        for name, hint in hints.items():
            _check(value[name], hint, f"{where}.{name}")
    elif get_origin(kind) is list:
        assert isinstance(value, list), where
        for each in value:
            _check(each, get_args(kind)[0], f"{where}[]")
    elif get_origin(kind) is dict:
        for each in value.values():
            _check(each, get_args(kind)[1], f"{where}{{}}")
    elif kind is float:
        assert type(value) in (int, float), where
    else:
        assert type(value) is kind, (where, value)


def described() -> str:
    """The schema as text: a line for each field of each answer and of what it is made of."""
    kinds = [kind for kind in vars(answers).values() if isinstance(kind, type) and is_dataclass(kind)]
    return "".join(f"{kind.__name__}.{field.name}: {field.type}\n" for kind in kinds for field in fields(kind))
