"""What a resource holds: literal bytes, or a pattern of any size that costs no memory."""

from __future__ import annotations

import builtins
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

_BLOCK_BYTES = 1 << 20
# Odd factors are bijections modulo a power of two: the first 2**20 blocks of a seed, and the first blocks of the
# first 2**20 seeds, all start at different places of the noise.
_BLOCK_STRIDE = 655_211
_SEED_STRIDE = 424_247


class Content(Protocol):
    """Bytes that can be read anywhere, cheaply and from any thread."""

    @property
    def size(self) -> int: ...

    @property
    def name(self) -> str:
        """Different for different bytes; serves as ETag."""
        ...

    def views(self, offset: int, length: int) -> Iterator[memoryview]:
        """The bytes from offset on as views of at most 1 MiB; nothing is copied."""
        ...

    def bytes(self, offset: int = 0, length: int | None = None) -> builtins.bytes:
        """length bytes from offset on, fewer where the content ends; None: to the end."""
        ...

    def sha256(self) -> str:
        """Hexadecimal digest of the whole content."""
        ...


@dataclass(frozen=True, slots=True)
class Literal:
    """Content that a test wrote out."""

    data: builtins.bytes

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def name(self) -> str:
        return f"literal-{self.sha256()[:16]}"

    def views(self, offset: int, length: int) -> Iterator[memoryview]:
        end = min(offset + length, self.size)
        for start in range(offset, end, _BLOCK_BYTES):
            yield memoryview(self.data)[start : min(start + _BLOCK_BYTES, end)]

    def bytes(self, offset: int = 0, length: int | None = None) -> builtins.bytes:
        return self.data[offset : None if length is None else offset + length]

    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Pattern:
    """size bytes of noise, the same for the same seed in every process and on every machine.

    Each block of 1 MiB is a window on one 2 MiB buffer, opened elsewhere for every block and seed: a part written to
    a wrong place or taken from another file changes the digest. Serving any size takes no memory beyond that buffer.
    """

    size: int
    seed: int = 0

    @property
    def name(self) -> str:
        return f"pattern-{self.size}-{self.seed}"

    def views(self, offset: int, length: int) -> Iterator[memoryview]:
        noise = _noise()
        end = min(offset + length, self.size)
        while offset < end:
            block, within = divmod(offset, _BLOCK_BYTES)
            window = (self.seed * _SEED_STRIDE + block * _BLOCK_STRIDE) % _BLOCK_BYTES
            count = min(_BLOCK_BYTES - within, end - offset)
            yield noise[window + within : window + within + count]
            offset += count

    def bytes(self, offset: int = 0, length: int | None = None) -> builtins.bytes:
        return b"".join(self.views(offset, self.size if length is None else length))

    def sha256(self) -> str:
        return _pattern_digest(self)


@lru_cache(maxsize=1)
def _noise() -> memoryview:
    return memoryview(random.Random("domonitor").randbytes(2 * _BLOCK_BYTES))


@lru_cache(maxsize=256)
def _pattern_digest(pattern: Pattern) -> str:
    digest = hashlib.sha256()
    for view in pattern.views(0, pattern.size):
        digest.update(view)
    return digest.hexdigest()
