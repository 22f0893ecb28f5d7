"""The only way to a resource: inside the package where it is installed, else in the checkout's resources folder."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def asset(name: str) -> Traversable:
    """The resource of that name, for example "icons/resume.svg".

    Raises FileNotFoundError where it is in neither place: the installation is incomplete.
    """
    for root in _roots():
        resource = root.joinpath(name)
        if resource.is_file():
            return resource
    raise FileNotFoundError(f"{name} is missing from this installation of domonitor. Install it again.")


@cache
def _roots() -> tuple[Traversable, ...]:
    return files("domonitor") / "resources", Path(__file__).parent.parent / "resources"
