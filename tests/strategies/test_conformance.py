"""What holds for every strategy in the registry."""

import dataclasses
import sys
from typing import Any, get_args

import jax
import jax.monitoring
import numpy as np
import pytest

from study.errors import StudyError
from study.latents import Latents
from study.strategies import REFERENCES, REGISTRY, hyperparameters, listing, strategy
from study.strategies.base import Source

CASES: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in REGISTRY]
CASES += [(name, {"fit_on": "means"}) for name, kind in REGISTRY.items() if hasattr(kind(), "fit_on")]
CASES += [("gmm", {"n_components": (2, 3)})]
DENSITY = {name: kind.density for name, kind in REGISTRY.items()}
NO_DENSITY_ON_MEANS = "shuffled-marginals"
every = pytest.mark.parametrize(("name", "fields"), CASES, ids=[f"{n}-{f}" if f else n for n, f in CASES])
FIT, DRAW = jax.random.key(0), jax.random.key(1)


def _fit(name: str, fields: dict[str, Any], latents: Latents) -> Any:
    return strategy(name, **fields).fit(FIT, latents, validation=latents)


@every
def test_draws_have_the_shape_and_follow_the_key(name: str, fields: dict[str, Any], classes: Latents) -> None:
    fitted = _fit(name, fields, classes)
    z = fitted.sample(DRAW, n=257)
    assert z.shape == (257, 3)
    assert z.dtype == np.float32
    assert isinstance(z, np.ndarray)
    assert np.isfinite(z).all()
    np.testing.assert_array_equal(z, fitted.sample(DRAW, n=257))
    assert not np.array_equal(z, fitted.sample(jax.random.key(2), n=257))
    assert fitted.sample(DRAW, n=1).shape == (1, 3)


@every
def test_fit_is_deterministic(name: str, fields: dict[str, Any], classes: Latents) -> None:
    one, two = _fit(name, fields, classes), _fit(name, fields, classes)
    np.testing.assert_array_equal(one.sample(DRAW, n=50), two.sample(DRAW, n=50))
    assert one.info == two.info


@every
def test_density_is_said_by_type(name: str, fields: dict[str, Any], classes: Latents) -> None:
    fitted = _fit(name, fields, classes)
    expected = DENSITY[name] and not (name == NO_DENSITY_ON_MEANS and fields)
    assert hasattr(fitted, "log_prob") == expected
    if expected:
        z = fitted.sample(DRAW, n=11)
        value = fitted.log_prob(z)
        assert value.shape == (11,)
        assert value.dtype == np.float64
        assert np.isfinite(value).all()
        with pytest.raises(StudyError, match=r"must be \[\w, 3\], got \[11, 2\]"):
            fitted.log_prob(z[:, :2])


@every
def test_info_is_plain_and_scores_validation(name: str, fields: dict[str, Any], classes: Latents) -> None:
    info = _fit(name, fields, classes).info
    assert info["codes"] == classes.n
    assert all(type(value) in (int, float, bool) for value in info.values())
    has_density = DENSITY[name] and not (name == NO_DENSITY_ON_MEANS and fields)
    assert ("validation_log_prob" in info) == has_density
    if "n_components" not in fields:
        assert "validation_log_prob" not in strategy(name, **fields).fit(FIT, classes).info


@every
def test_frozen_with_plain_fields(name: str, fields: dict[str, Any], classes: Latents) -> None:
    instance: Any = strategy(name, **fields)
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.fit_on = "means"
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.fit(FIT, classes, validation=classes).info = {}
    assert fields.items() <= hyperparameters(instance).items()


@pytest.mark.parametrize("name", REGISTRY)
def test_class_attributes_and_docstring(name: str) -> None:
    kind = REGISTRY[name]
    assert kind.name == name
    assert kind.kind in get_args(Source)
    assert kind.source
    assert kind.summary
    assert "\n" not in kind.summary
    assert kind.__doc__
    module = sys.modules[kind.__module__].__doc__ or ""
    assert "Source:" in module
    assert "The thread:" in module
    assert "z" in module.splitlines()[0]


@pytest.mark.parametrize("name", [name for name, kind in REGISTRY.items() if kind.conditional])
def test_labels_are_honoured(name: str, classes: Latents) -> None:
    """The classes are 20 apart with spread about 1, so the nearest centre is the class."""
    labels = np.random.default_rng(2).integers(0, 3, 500)
    z = _fit(name, {}, classes).sample(DRAW, n=500, labels=labels)
    np.testing.assert_array_equal(np.round(z.mean(axis=1) / 20.0) + 1, labels)


@pytest.mark.parametrize(
    "name", ["global-gaussian", "averaged-moments", "gaussian-full", "shuffled-marginals", "gmm"]
)
def test_one_code_is_too_few(name: str) -> None:
    with pytest.raises(
        StudyError, match=f"strategy '{name}': needs at least \\d+ codes in 1 dimensions, got 1;"
    ):
        _fit(name, {}, Latents(np.zeros((1, 1)), np.zeros((1, 1))))


def test_no_more_codes_than_dimensions() -> None:
    codes = Latents(np.eye(3), np.zeros((3, 3)))
    with pytest.raises(StudyError, match="'gaussian-full': needs at least 4 codes in 3 dimensions, got 3"):
        _fit("gaussian-full", {}, codes)
    with pytest.raises(StudyError, match="'gmm': needs at least 10 codes in 3 dimensions, got 3"):
        _fit("gmm", {}, codes)


@pytest.mark.parametrize("name", ["global-gaussian", "gaussian-full"])
def test_constant_dimension(name: str, classes: Latents) -> None:
    mean = classes.mean.copy()
    mean[:, 1] = 0.1
    codes = Latents(mean, classes.log_var)
    assert np.isfinite(_fit(name, {}, codes).sample(DRAW, n=9)).all()
    with pytest.raises(StudyError, match=f"'{name}': dimension 1 of the means is constant.*fit_on='samples'"):
        _fit(name, {"fit_on": "means"}, codes)


def test_dependent_dimensions_of_any_scale(classes: Latents) -> None:
    mean = classes.mean * np.array([1.0, 1e-4, 1e4], np.float32)
    small = Latents(mean, classes.log_var)
    assert np.isfinite(_fit("gaussian-full", {"fit_on": "means"}, small).sample(DRAW, n=9)).all()
    mean[:, 2] = 2 * mean[:, 0]
    with pytest.raises(StudyError, match="the codes span fewer than their 3 dimensions"):
        _fit("gaussian-full", {"fit_on": "means"}, Latents(mean, classes.log_var))


def test_class_posterior_errors(classes: Latents) -> None:
    with pytest.raises(StudyError, match="the codes have no labels"):
        _fit("class-posterior", {}, Latents(classes.mean, classes.log_var))
    fitted = _fit(
        "class-posterior", {}, Latents(classes.mean, classes.log_var, 2 * np.asarray(classes.labels))
    )
    with pytest.raises(StudyError, match=r"class 1 has no codes; ask for one of \[0, 2, 4\]"):
        fitted.sample(DRAW, n=2, labels=np.array([0, 1]))
    with pytest.raises(StudyError, match=r"labels must be \[3\], got \[2\]"):
        fitted.sample(DRAW, n=3, labels=np.array([0, 2]))


def test_registry_errors() -> None:
    with pytest.raises(StudyError, match="no strategy 'gm'; known: prior, posterior, "):
        strategy("gm")
    with pytest.raises(StudyError, match="strategy 'gmm' has no 'k'; known: n_components, fit_on, "):
        strategy("gmm", k=3)
    with pytest.raises(StudyError, match="strategy 'prior' has no 'scale'; known: none"):
        strategy("prior", scale=2.0)
    for name in ("gmm", "global-gaussian", "gaussian-full", "shuffled-marginals"):
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


def test_listing() -> None:
    rows = listing()
    assert [row["name"] for row in rows] == [*REGISTRY, *REFERENCES]
    columns = {"name", "summary", "source", "kind", "density", "conditional", "hyperparameters"}
    assert all(row.keys() == columns for row in rows)
    assert all(row["summary"] and row["source"] for row in rows)
    assert [row["name"] for row in rows if row["conditional"]] == ["class-posterior"]
    assert [row["name"] for row in rows if row["kind"] == "reference"] == list(REFERENCES)
    gmm = next(row for row in rows if row["name"] == "gmm")
    assert gmm["hyperparameters"]["n_components"] == 10


@pytest.mark.parametrize("name", REGISTRY)
def test_second_draw_compiles_nothing(name: str) -> None:
    rng = np.random.default_rng(3)
    codes = Latents(rng.normal(size=(2000, 16)), rng.uniform(-3, 0, (2000, 16)), rng.integers(0, 10, 2000))
    fitted = strategy(name).fit(FIT, codes)
    first, second = jax.random.split(DRAW)
    jax.clear_caches()
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        fitted.sample(first, n=10_000)
        assert compiled
        compiled.clear()
        fitted.sample(second, n=10_000)
        assert not compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
