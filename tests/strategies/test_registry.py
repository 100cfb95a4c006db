"""The registry: the facts of every entry, the listing, and wrong hyper-parameters."""

import ast
import dataclasses
import inspect
import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from study.errors import StudyError
from study.strategies import FACTS, REFERENCES, REGISTRY, Strategy, hyperparameters, ladder, listing, strategy
from study.strategies.base import Need, Source


@pytest.mark.parametrize("name", REGISTRY)
def test_class_attributes_and_docstring(name: str) -> None:
    kind = REGISTRY[name]
    assert issubclass(kind, Strategy)
    assert kind.name == name
    assert kind.kind in get_args(Source)
    assert {type(fact) for fact in (kind.aims_at_q, kind.keeps_data, kind.density, kind.conditional)} == {
        bool
    }
    assert set(kind.needs) <= set(get_args(Need))
    assert kind.fitted_on
    assert hasattr(kind, "fit_on") == (kind.fitted_on == "samples or means")
    for settings in (kind.quick, *kind.variants):
        assert settings.items() <= hyperparameters(strategy(name, **settings)).items()
    assert kind.source
    assert kind.summary
    assert "\n" not in kind.summary
    assert kind.__doc__
    module = sys.modules[kind.__module__].__doc__ or ""
    assert "Source:" in module
    assert "The thread:" in module
    assert "z" in module.splitlines()[0]


@pytest.mark.usefixtures("unchecked")
def test_registry_errors() -> None:
    with pytest.raises(StudyError, match="no strategy 'gm'; known: prior, posterior, "):
        strategy("gm")
    others: tuple[Any, ...] = (None, [], 3)
    for other in others:
        with pytest.raises(StudyError, match=r"^no strategy .*; known: prior, "):
            strategy(other)
    with pytest.raises(StudyError, match="strategy 'gmm' has no 'k'; known: n_components, fit_on, "):
        strategy("gmm", k=3)
    with pytest.raises(StudyError, match="strategy 'averaged-moments' has no 'scale'; known: none"):
        strategy("averaged-moments", scale=2.0)
    for name in (name for name, kind in REGISTRY.items() if hasattr(kind, "fit_on")):
        with pytest.raises(StudyError, match=f"'{name}': fit_on must be 'samples' or 'means', got 'mean'"):
            strategy(name, fit_on="mean")
    for bad in (
        {"n_components": 0},
        {"n_components": ()},
        {"max_codes": 0},
        {"max_iter": 0},
        {"reg_covar": -1.0},
    ):
        with pytest.raises(StudyError, match="must be at least 1 and reg_covar at least 0"):
            strategy("gmm", **bad)


NUMBERS = [  # every hyper-parameter that is a number, or several
    (name, field.name)
    for name, kind in REGISTRY.items()
    for field in dataclasses.fields(kind)
    if {"int", "float"} & set(re.findall(r"\w+", str(field.type)))
]


@pytest.mark.parametrize(
    "bad", [float("nan"), float("inf"), -1, "a", True, [], None, 10**12, 10**400], ids=repr
)
@pytest.mark.parametrize(("name", "field"), NUMBERS)
@pytest.mark.usefixtures("unchecked")
def test_wrong_numbers_are_said_before_anything_is_fitted(name: str, field: str, bad: Any) -> None:
    """The message is one line that names the strategy and the mistake; a size of 10¹² could not fit into memory."""
    hint = str(next(f.type for f in dataclasses.fields(REGISTRY[name]) if f.name == field))
    if (bad is None and "None" in hint) or (bad == 10**12 and "float" in hint):
        assert strategy(name, **{field: bad})
        return
    with pytest.raises(StudyError, match=rf"^strategy '{name}': [^\n]*{field}[^\n]*$"):
        strategy(name, **{field: bad})


@pytest.mark.usefixtures("unchecked")
def test_numbers_of_numpy_become_plain_ones() -> None:
    made = strategy("gmm", n_components=[np.int64(2), 3], reg_covar=np.float32(0.5), max_iter=np.array(7))
    assert hyperparameters(made) == hyperparameters(
        strategy("gmm", n_components=(2, 3), reg_covar=0.5, max_iter=7)
    )
    json.dumps(hyperparameters(made))


DESIGNED = {  # as tables, figures and `--strategies` name them
    *("prior", "posterior", "posterior-mean", "global-gaussian", "averaged-moments", "literal-logvar"),
    *(
        "mean-plus-logvar",
        "class-posterior",
        "gaussian-full",
        "shuffled-marginals",
        "gmm",
        "bayesian-gmm",
        "kde",
    ),
    *("flow", "two-stage", "latent-diffusion", "resampled-prior", "ncp", "tempered-prior", "interpolation"),
    *("riemannian", "held-out-posterior", "held-out", "reconstruction", "copycat", "noise"),
}


def test_listing() -> None:
    rows = listing()
    assert {row["name"] for row in rows} >= DESIGNED
    with_density = {row["name"] for row in rows if row["density"]}
    assert {"gmm", "flow", "ncp", "resampled-prior"} < with_density
    assert not with_density & {"two-stage", "latent-diffusion", "riemannian", "interpolation", *REFERENCES}
    assert [row["name"] for row in rows] == [*REGISTRY, *REFERENCES]
    columns = {"name", "summary", "source", "kind", "density", "conditional", "fitted_on", "hyperparameters"}
    columns |= {"aims_at_q", "keeps_data", "needs", "rung", "quick"}
    assert all(row.keys() == columns for row in rows)
    json.dumps(rows, allow_nan=False)
    assert all(row["summary"] and row["source"] for row in rows)
    assert all(row["fitted_on"] for row in rows)
    fitted_on = {row["name"]: row["fitted_on"] for row in rows}
    assert fitted_on["prior"] == "nothing"
    assert fitted_on["gmm"] == "samples or means"
    for row in rows:
        assert not row["conditional"] or "labels" in row["needs"]
    assert [row["name"] for row in rows if row["kind"] == "reference"] == list(REFERENCES)
    gmm = next(row for row in rows if row["name"] == "gmm")
    assert gmm["hyperparameters"]["max_codes"] == 20_000


def test_which_keep_the_data() -> None:
    """A fact that readers decide by: these strategies cannot be sampled without codes of training examples."""
    codes = {"posterior", "posterior-mean", "class-posterior", "literal-logvar", "mean-plus-logvar"}
    codes |= {"held-out-posterior"}
    free = {"prior", "tempered-prior", "global-gaussian", "averaged-moments", "gaussian-full", "gmm", "flow"}
    keeping = {name for name in FACTS if FACTS[name]["keeps_data"]}
    assert keeping >= codes | {"kde", "interpolation", "shuffled-marginals", "riemannian", "copycat"}
    assert not keeping & free


def test_the_gap_ladder_leads_from_the_prior_to_real_data() -> None:
    rungs = ladder(
        ["posterior", "held-out", "gmm", "kde", "shuffled-marginals", "unknown", "gaussian-full", "prior"]
    )
    assert list(rungs) == ["prior", "gaussian-full", "shuffled-marginals", "gmm", "posterior", "held-out"]
    assert [rung.level for rung in rungs.values()] == [0, 2, 2, 3, 6, 8]
    assert all(rung.measures for name, rung in rungs.items() if name != "prior")


def test_libraries_that_decide_draws_are_named_where_they_are_imported():
    """After a new version of any of them the strategy must be scored again."""
    always = {"jax", "jaxtyping", "numpy", "scipy", "sklearn", "study", "threadpoolctl"}
    for name, kind in REGISTRY.items():
        tree = ast.parse(Path(inspect.getfile(kind)).read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        modules = [a.name for node in imports if isinstance(node, ast.Import) for a in node.names]
        modules += [str(node.module) for node in imports if isinstance(node, ast.ImportFrom)]
        used = {module.partition(".")[0] for module in modules} - always - set(sys.stdlib_module_names)
        assert used <= set(kind.libraries), name
        assert all(metadata.version(library) for library in kind.libraries)
