"""Tables made of a few plain rows: what a row leaves out is filled in, what a table has no column for is left out."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from study.tables import schemas

FILL: Mapping[str, Any] = {"string": "x", "int64": 1, "bool": False, "float64": 1.0}


def plain_table(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    plain = {column: FILL[kind] for column, kind in schemas.TABLES[name].items()}
    plain |= {column: words[0] for column, words in schemas.VALUES[name].items()}
    full = [{column: row.get(column, value) for column, value in plain.items()} for row in rows]
    return schemas.conform(pd.DataFrame(full), name)
