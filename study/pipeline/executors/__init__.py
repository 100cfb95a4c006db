"""Who computes the cells of a plan: this machine's cores (`local`), or the machines of a Ray cluster first (`ray`)."""

import dataclasses
import importlib.util

from study.errors import StudyError
from study.runtime.checks import shown

__all__ = ["LOCAL", "NAMES", "Executor"]

NAMES = ("local", "ray")


@dataclasses.dataclass(frozen=True)
class Executor:
    """An executor by name.

    Attributes:
        name: "local" or "ray".
        address: of a Ray cluster, "auto" for the one that this machine belongs to; empty starts one on this machine.

    Raises:
        StudyError: there is no such executor, it has no address, or Ray is not installed.
    """

    name: str = "local"
    address: str = ""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise StudyError(f"executor: there is no {shown(self.name)}; choose from {', '.join(NAMES)}")
        if self.address and self.name != "ray":
            raise StudyError(
                f"address {shown(self.address)}: only the executor `ray` has one; add `--executor ray`"
            )
        if self.name == "ray" and importlib.util.find_spec("ray") is None:
            raise StudyError(
                "executor ray: needs Ray, which is not installed; `pip install ray` on every machine"
            )


LOCAL = Executor()
