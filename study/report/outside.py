"""Make names and texts from outside harmless before they enter sentences, tables and figures.

A results folder or a user's file may contain anything: characters that move the cursor or reverse the writing
direction, backticks that end a code span, paths of somebody's machine. Characters with a meaning in one output format
are escaped where that format is written (`escape`, `page`, `plots.lettering`).
"""

import dataclasses
import re
import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd

from study.errors import StudyError
from study.runtime.shown import DEEPEST, shown_command, shown_text
from study.tables import schemas
from study.tables.results import Results

SPACES = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
# Control characters, overrides of the writing direction, lone surrogates, and code points that are not characters.
UNSEEN = re.compile(
    r"[\x00-\x1b\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
KEYS = {"run_id"}  # used to join tables, and never part of a sentence
TOLD = {"reason"}  # sentences, which may name paths


def visible(text: str) -> str:
    """`text` on one line, with invisible and direction-changing characters replaced."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", SPACES.sub(" ", text))


def tame(text: str) -> str:
    """A name that is safe in a sentence and between backticks."""
    return visible(text).replace("`", "'")


def tamed(results: Results) -> Results:
    """The same results with every text made `tame`, and local paths removed from reasons and provenance.

    Raises:
        StudyError: two different names would become equal.
    """
    tables = {name: tamed_table(getattr(results, name)) for name in schemas.TABLES}
    samples = results.samples
    if any(tame(name) != name for name in samples):
        samples = {_sample(name): array for name, array in samples.items()}
    return dataclasses.replace(results, **tables, samples=samples, provenance=_facts(results.provenance))


def tamed_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table with every text and column name made `tame`, except `run_id`.

    Raises:
        StudyError: two different names in a column would become equal.
    """
    changed = {}
    for column in table.columns:
        if column in KEYS or not (
            table[column].dtype == object or pd.api.types.is_string_dtype(table[column])
        ):
            continue
        found = [value for value in table[column].dropna().unique() if isinstance(value, str)]
        change = {value: tame(shown_text(value) if column in TOLD else value) for value in found}
        if column not in TOLD and len(set(change.values())) < len(change):
            raise StudyError(
                f"column {tame(str(column))!r}: two of its names are equal once control characters and backticks "
                "are removed; rename one"
            )
        change = {old: new for old, new in change.items() if old != new}
        if change:
            changed[column] = table[column].replace(change)
    return table.assign(**changed).rename(columns=lambda name: tame(name) if isinstance(name, str) else name)


def _sample(name: str) -> str:
    run, slash, rest = name.partition("/")
    return run + slash + tame(rest)


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    told = _told(facts, DEEPEST)
    if "command" in facts:
        told["command"] = tame(_command(str(facts["command"])))
    if "dataset" in facts and not isinstance(facts["dataset"], Mapping):
        told["dataset"] = {"name": str(told["dataset"])}
    return told


def _told(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return tame(shown_text(value))
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {tame(str(name)): _told(part, depth - 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_told(part, depth - 1) for part in value]
    return value


def _command(text: str) -> str:
    try:
        return shown_command(shlex.split(text))
    except ValueError:  # an unclosed quotation mark
        return shown_text(text)
