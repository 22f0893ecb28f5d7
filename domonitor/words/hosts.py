"""How many downloads fail at the same server, in words."""

from __future__ import annotations

from dataclasses import dataclass

from domonitor.words import text


@dataclass(frozen=True, slots=True)
class Fellows:
    """The downloads from one server. failing: how many of them have an error now. all: how many there are, None where
    not every download was looked at.
    """

    host: str
    failing: int
    all: int | None = None

    @property
    def sentence(self) -> str:
        """All 3 downloads from it fail; "" where the job is the only one, or nothing is known."""
        if not self.host or self.failing < 2:
            return ""
        if self.all == self.failing:
            words = text.tr("Both downloads from {host} fail.") if self.failing == 2 else ""
            words = words or text.plural(self.failing, "", text.tr("All {n} downloads from {host} fail."))
        elif self.all is not None:
            words = text.plural(self.failing, "", text.tr("{n} of {all} downloads from {host} fail."))
            words = words.replace("{all}", text.plural(self.all, "{n}", "{n}"))
        else:
            words = text.plural(self.failing, "", text.tr("{n} downloads from {host} fail."))
        return words.replace("{host}", self.host)
