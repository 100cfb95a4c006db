"""Tiers on parameters: `make test` has what is fast, CI has each thing once, `make test-slow` has variants too."""

from collections.abc import Iterable
from typing import Any

import pytest


def variant(*values: Any, id: str | None = None) -> Any:
    """A case that runs in the slow tier."""
    return pytest.param(*values, id=id, marks=pytest.mark.slow)


def trained(*values: Any, id: str | None = None) -> Any:
    """A case that runs in CI, and not in `make test`."""
    return pytest.param(*values, id=id, marks=pytest.mark.integration)


def first_of(cases: Iterable[Any]) -> list[Any]:
    """The first case, and the rest as variants; a tuple holds the values of several parameters."""
    first, *rest = cases
    return [first, *(variant(*case) if isinstance(case, tuple) else variant(case) for case in rest)]
