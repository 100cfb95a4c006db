"""Which outputs of an encoder are the mean and the log-variance: by what the user says, by name, or by their shape."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from study.audit.onnx_session import Port, Session
from study.errors import StudyError
from study.runtime.checks import brief

MEANS = ("mu", "mean", "z_mean", "loc", "embedding")
SECONDS = ("log_var", "logvar", "log_variance", "z_log_var", "log_covariance")


@dataclasses.dataclass(frozen=True)
class Outputs:
    """Names of the mean and the second output, or of the mean alone; what to say; and whether the order is a guess."""

    names: list[str]
    notes: tuple[str, ...]
    assumed: bool = False


def outputs_of(
    session: Session, feed: Mapping[str, np.ndarray], *, data_size: int, mu: str | None, log_var: str | None
) -> Outputs:
    """Find them.

    Args:
        session: of the encoder.
        feed: some rows of every input.
        data_size: values in an example, since an output of as many may be a reconstruction.
        mu, log_var: names or numbers of outputs, if the user says so.

    Raises:
        StudyError: an output that the user names does not exist or is random, or they cannot be told.
    """
    if mu is not None:
        given = [(mu, "--mu"), *([(log_var, "--log-var")] if log_var is not None else [])]
        names = [_named(session, one, flag) for one, flag in given]
        return Outputs(
            _checked(session, names), (*_dropout(session, names), f"outputs named: {', '.join(names)}")
        )
    quiet = quiet_outputs(session)
    left = [port.name for port in session.outputs if port.name not in quiet]
    notes = (f"outputs that depend on noise were left out: {', '.join(left)}",) if left else ()
    sizes = {name: row_size(session, name, feed) for name in quiet}
    first, second = ([name for name in sizes if name.lower() in known] for known in (MEANS, SECONDS))
    if len(first) == len(second) == 1 and sizes[first[0]] == sizes[second[0]]:
        names = [*first, *second]
        return Outputs(
            names, (*notes, *_dropout(session, names), f"outputs found by name: {', '.join(names)}")
        )
    codes = [name for name, size in sizes.items() if size != data_size or len(sizes) <= 2]
    if len(codes) == 1:
        return Outputs(
            codes, (*notes, *_dropout(session, codes), f"one output, {codes[0]}: codes without noise")
        )
    if len(codes) == 2 and sizes[codes[0]] == sizes[codes[1]]:
        return Outputs(codes, (*notes, *_dropout(session, codes)), assumed=True)
    raise StudyError(
        f"{session.where}: which outputs are mean and log-variance cannot be told among {listed(session.outputs)}; "
        "give --mu NAME --log-var NAME"
    )


def quiet_outputs(session: Session) -> list[str]:
    """The outputs that do not depend on noise.

    Raises:
        StudyError: all of them do.
    """
    noise = session.file.noise
    quiet = [port.name for port in session.outputs if not _stays_random(noise.get(port.name, ()))]
    if quiet:
        return quiet
    what = ", ".join(sorted({one for found in noise.values() for one in found}))
    raise StudyError(
        f"{session.where}: every output is random ({what}); export mean and log-variance before the sampling, in "
        "evaluation mode"
    )


def row_size(session: Session, name: str, feed: Mapping[str, np.ndarray]) -> int:
    """Values in one row of an output, from a call on as many rows as the network takes."""
    declared = [port.shape[0] for port in session.inputs if port.shape and isinstance(port.shape[0], int)]
    rows = declared[0] if declared else 1
    tiled = {key: np.resize(given, (rows, *given.shape[1:])) for key, given in feed.items()}
    return math.prod(session.once([name], tiled)[0].shape[1:])


def listed(ports: Sequence[Port]) -> str:
    """Inputs or outputs for a message."""
    return brief("; ".join(port.told for port in ports))


def _named(session: Session, given: str, flag: str) -> str:
    """The output that the user names, by name or number from 0."""
    names = [port.name for port in session.outputs]
    if given in names:
        return given
    if given.isdigit() and int(given) < len(names):
        return names[int(given)]
    raise StudyError(
        f"{flag} {brief(given)}: {session.where} has no such output; it has {listed(session.outputs)}"
    )


def _checked(session: Session, names: list[str]) -> list[str]:
    """The names, none of which may be random."""
    for name in names:
        what = session.file.noise.get(name, ())
        if _stays_random(what):
            raise StudyError(
                f"{session.where}: output {name} is random ({', '.join(what)}), a sample of q(z|x) and no mean; name "
                f"another by --mu and --log-var, it has {listed(session.outputs)}"
            )
    return names


def _stays_random(operators: Sequence[str]) -> bool:
    """Whether an output is random at run time: onnxruntime takes dropout out when it loads a network."""
    return any(not one.startswith("Dropout") for one in operators)


def _dropout(session: Session, names: Sequence[str]) -> tuple[str, ...]:
    if not any(session.file.noise.get(name) for name in names):
        return ()
    return (
        f"{session.where} was exported with dropout in training mode, which onnxruntime leaves out: the numbers are "
        "those of the model without dropout",
    )
