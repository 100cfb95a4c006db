"""Properties that every strategy in the registry must have."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.monitoring
import numpy as np
import pytest

from study.errors import CannotFit, StudyError
from study.latents import Latents
from study.strategies import REGISTRY, hyperparameters, strategy
from study.strategies.saving import load as load_strategy
from study.strategies.saving import save as save_strategy
from tests.tiers import trained, variant

# Strategies whose fit or draw is a loop of many steps: seconds each.
LOOPS = [name for name, kind in REGISTRY.items() if any("steps" in field for field in kind.quick)]
NAMES = [trained(name) if name in LOOPS else name for name in REGISTRY]
CASES = [(trained if name in LOOPS else pytest.param)((name, {}), id=name) for name in REGISTRY]
CASES += [
    variant((name, dict(fields)), id=f"{name}-{dict(fields)}")
    for name, kind in REGISTRY.items()
    for fields in (*[{"fit_on": "means"}] * hasattr(kind, "fit_on"), *kind.variants)
]
FIT, DRAW = jax.random.key(0), jax.random.key(1)
N = 257  # draws: everywhere the same, so that little is compiled
ESTIMATE = [name for name, kind in REGISTRY.items() if kind().least_codes(1) > 1]


def _make(name: str, fields: dict[str, Any]) -> Any:
    return strategy(name, **{**REGISTRY[name].quick, **fields})


def _fit(name: str, fields: dict[str, Any], latents: Latents) -> Any:
    return _make(name, fields).fit(FIT, latents, validation=latents)


@dataclasses.dataclass(frozen=True)
class Case:
    """A strategy with its hyper-parameters, fitted to `classes`, which also serve as validation codes."""

    name: str
    fields: dict[str, Any]
    fitted: Any

    @property
    def has_density(self) -> bool:
        return _make(self.name, self.fields).has_density


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, classes: Latents) -> Case:
    """Fitted once for all tests that only sample it."""
    name, fields = request.param
    return Case(name, fields, _fit(name, fields, classes))


def test_draws_have_the_shape_and_follow_the_key(case: Case) -> None:
    z = case.fitted.sample(DRAW, n=N)
    assert z.shape == (N, 3)
    assert z.dtype == np.float32
    assert isinstance(z, np.ndarray)
    assert np.isfinite(z).all()
    np.testing.assert_array_equal(z, case.fitted.sample(DRAW, n=N))
    assert not np.array_equal(z, case.fitted.sample(jax.random.key(2), n=N))


@pytest.mark.parametrize("n", [0, 1, variant(5000)])  # also tested by how many of 5000 differ
def test_n_is_exact(case: Case, n: int) -> None:
    """Zero draws are an array without rows."""
    z = case.fitted.sample(DRAW, n=n)
    assert z.shape == (n, 3)
    assert z.dtype == np.float32
    if case.has_density:
        assert case.fitted.log_prob(z).shape == (n,)


@pytest.mark.parametrize("n", [-1, 1.5, "3", True, None, 10**30])
@pytest.mark.usefixtures("unchecked")
def test_no_number_of_draws(case: Case, n: Any) -> None:
    with pytest.raises(StudyError, match=rf"^n: give a whole number( from 0 to 2147483647)?, got {n!r}$"):
        case.fitted.sample(DRAW, n=n)


def test_a_whole_number_is_taken_for_a_key(case: Case, classes: Latents) -> None:
    """`FIT` is key 0: a fit with the integer 0 has the same draws to the last bit."""
    again = _make(case.name, case.fields).fit(0, classes, validation=classes)
    np.testing.assert_array_equal(again.sample(3, n=N), case.fitted.sample(jax.random.key(3), n=N))
    assert again.info == case.fitted.info


@pytest.mark.parametrize(
    "key", [-1, 2**32, 1.0, True, None, "3", np.zeros(3, np.uint32), np.zeros((2, 2), np.uint32)]
)
@pytest.mark.usefixtures("unchecked")
def test_what_is_no_key(case: Case, classes: Latents, key: Any) -> None:
    calls = [
        lambda: case.fitted.sample(key, n=4),
        lambda: _make(case.name, case.fields).fit(key, classes),
        lambda: _make(case.name, case.fields).fit(key, classes, validation=classes),
    ]
    for call in calls:
        with pytest.raises(StudyError, match=r"^key: give [^\n]*$"):
            call()


@pytest.mark.parametrize("wrong", [None, np.zeros((5, 3)), "codes", [[0.0]]], ids=repr)
@pytest.mark.usefixtures("unchecked")
def test_what_are_no_codes(case: Case, classes: Latents, wrong: Any) -> None:
    with pytest.raises(StudyError, match=r"^fit: give Latents\(mean, log_var\), got [^\n]*$"):
        _make(case.name, case.fields).fit(FIT, wrong)
    other = Latents(np.zeros((5, 2)), np.zeros((5, 2)))
    with pytest.raises(StudyError, match=r"^fit: codes have 3 dimensions, validation codes 2$"):
        _make(case.name, case.fields).fit(FIT, classes, validation=other)


@pytest.mark.usefixtures("unchecked")
def test_what_are_no_values_of_z(case: Case) -> None:
    if not case.has_density:
        pytest.skip("has no density")
    for wrong in ("text", [["a", "b", "c"]], [[1, 2], [3]], None):
        with pytest.raises(StudyError, match=r"^[a-z_ ]+: z: give an array of numbers, got [^\n]*$"):
            case.fitted.log_prob(wrong)


def test_old_keys_are_taken(case: Case) -> None:
    old = jax.random.PRNGKey(1)
    for raw in (old, np.asarray(old)):
        np.testing.assert_array_equal(case.fitted.sample(raw, n=N), case.fitted.sample(DRAW, n=N))


def test_draws_within_one_call_differ(case: Case, classes: Latents) -> None:
    """5000 draws are all different (except when a pair of means is met twice), or are exact copies of the 300 codes."""
    z = case.fitted.sample(DRAW, n=5000)
    assert z.shape == (5000, 3)
    distinct = len(np.unique(z, axis=0))
    assert distinct > 4990 or 0.9 * classes.n < distinct <= classes.n


def test_fit_is_deterministic(case: Case, classes: Latents) -> None:
    again = _fit(case.name, case.fields, classes)
    np.testing.assert_array_equal(case.fitted.sample(DRAW, n=N), again.sample(DRAW, n=N))
    assert case.fitted.info == again.info


def test_density_is_said_by_type(case: Case) -> None:
    assert hasattr(case.fitted, "log_prob") == case.has_density
    if case.has_density:
        z = case.fitted.sample(DRAW, n=N)
        value = case.fitted.log_prob(z)
        assert value.shape == (N,)
        assert value.dtype == np.float64
        assert np.isfinite(value).all()


@pytest.mark.usefixtures("unchecked")
def test_a_density_in_other_dimensions(case: Case) -> None:
    if case.has_density:
        z = case.fitted.sample(DRAW, n=N)
        with pytest.raises(StudyError, match=r"must be \[\w, 3\], got \[257, 2\]"):
            case.fitted.log_prob(z[:, :2])


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """Every array within a fitted strategy."""
    if isinstance(value, np.ndarray | jax.Array):
        yield np.asarray(value)
    elif dataclasses.is_dataclass(value):
        yield from _arrays(vars(value))
    elif isinstance(value, Mapping):
        yield from _arrays(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _arrays(item)


def test_who_keeps_the_data_says_so(case: Case, classes: Latents) -> None:
    """An array with 300 rows holds something about each of the 300 codes; nothing else has that many rows."""
    kept = any(classes.n in array.shape for array in _arrays(case.fitted))
    assert kept == REGISTRY[case.name].keeps_data


@pytest.mark.parametrize("name", NAMES)
def test_what_is_needed_is_said(name: str, classes: Latents) -> None:
    """Exactly the strategies that need labels refuse codes without labels."""
    bare = Latents(classes.mean, classes.log_var)
    if "labels" in REGISTRY[name].needs:
        with pytest.raises(CannotFit, match=f"'{name}': the codes have no labels"):
            _fit(name, {}, bare)
    else:
        assert _fit(name, {}, bare).sample(DRAW, n=N).shape == (N, 3)


@pytest.mark.parametrize("name", NAMES)
def test_which_need_validation_codes(name: str, classes: Latents) -> None:
    """Exactly those that say so cannot be fitted without."""
    if "validation" in REGISTRY[name].needs:
        with pytest.raises(CannotFit, match=f"'{name}': give codes of data that was not trained on"):
            _make(name, {}).fit(FIT, classes)
    else:
        _make(name, {}).fit(FIT, classes)


def _plain(value: Any) -> bool:
    return type(value) in (int, float, bool, str) or (type(value) is tuple and all(map(_plain, value)))


def test_info_is_plain_and_scores_validation(case: Case, classes: Latents) -> None:
    info = case.fitted.info
    assert info["codes"] == classes.n
    assert all(map(_plain, info.values()))
    assert ("validation_log_prob" in info) == case.has_density


def test_frozen_with_plain_fields(case: Case) -> None:
    instance = _make(case.name, case.fields)
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.fit_on = "means"
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.fitted.info = {}
    assert case.fields.items() <= hyperparameters(instance).items()
    json.dumps(hyperparameters(instance), allow_nan=False)  # for keys and tables


def test_saved_and_loaded_draws_the_same(case: Case, tmp_path: Path) -> None:
    """To the last bit, with the same log-density and `info`."""
    save_strategy(tmp_path / "fit.npz", case.fitted, strategy=_make(case.name, case.fields))
    back: Any = load_strategy(tmp_path / "fit.npz")
    assert type(back) is type(case.fitted)
    assert type(back) in REGISTRY[case.name].fits
    assert back.info == case.fitted.info
    z = case.fitted.sample(DRAW, n=N)
    np.testing.assert_array_equal(back.sample(DRAW, n=N), z)
    if case.has_density:
        np.testing.assert_array_equal(back.log_prob(z), case.fitted.log_prob(z))
    if REGISTRY[case.name].conditional:
        labels = np.arange(N) % 3
        expected = case.fitted.sample(DRAW, n=N, labels=labels)
        np.testing.assert_array_equal(back.sample(DRAW, n=N, labels=labels), expected)


def test_what_can_be_traced_draws_the_same_in_a_compiled_program(case: Case) -> None:
    """A method `draw` declares this property; fusion by the compiler may change a few float32 roundings."""
    if not hasattr(case.fitted, "draw"):
        pytest.skip("makes no such claim")
    compiled = jax.jit(lambda key: 2.0 * case.fitted.draw(key, n=N))(DRAW)
    np.testing.assert_allclose(compiled, 2 * case.fitted.sample(DRAW, n=N), rtol=1e-5, atol=1e-5)


def test_labels_play_no_part_where_they_do_not_apply(case: Case) -> None:
    """One warning says so, and names the strategy and one where they do."""
    if REGISTRY[case.name].conditional:
        case.fitted.sample(DRAW, n=N, labels=np.zeros(N, int))  # a warning would be an error
        return
    told = (
        f"^strategy '{case.name}': labels play no part in its draws; 'class-posterior' draws from requested"
    )
    with pytest.warns(UserWarning, match=told) as warned:
        z = case.fitted.sample(DRAW, n=N, labels=np.zeros(N, int))
    assert len(warned) == 1  # `test_fitted.py` looks at whose line it blames: here a wrapper checks types
    np.testing.assert_array_equal(z, case.fitted.sample(DRAW, n=N))


def test_it_is_shown_in_one_short_line(case: Case) -> None:
    text = repr(case.fitted)
    assert len(text) < 400 and "\n" not in text and f"strategy={case.name!r}" in text


@pytest.mark.parametrize("name", [name for name, kind in REGISTRY.items() if kind.conditional])
def test_labels_are_honoured(name: str, classes: Latents) -> None:
    """The classes are 20 apart with spread about 1, so the nearest centre is the class."""
    labels = np.random.default_rng(2).integers(0, 3, 500)
    z = _fit(name, {}, classes).sample(DRAW, n=500, labels=labels)
    np.testing.assert_array_equal(np.round(z.mean(axis=1) / 20.0) + 1, labels)


@pytest.mark.parametrize("name", [name for name, kind in REGISTRY.items() if kind.conditional])
def test_empty_class_is_said(name: str, classes: Latents) -> None:
    fitted = _fit(name, {}, Latents(classes.mean, classes.log_var, 2 * np.asarray(classes.labels)))
    with pytest.raises(CannotFit, match=r"class 1 has no codes; ask for one of \[0, 2, 4\]"):
        fitted.sample(DRAW, n=2, labels=np.array([0, 1]))
    with pytest.raises(StudyError, match=r"labels must be \[3\], got \[2\]"):
        fitted.sample(DRAW, n=3, labels=np.array([0, 2]))
    with pytest.raises(CannotFit, match=f"'{name}': the codes have no labels"):
        _fit(name, {}, Latents(classes.mean, classes.log_var))


@pytest.mark.parametrize("name", ESTIMATE)
def test_one_code_is_too_few(name: str) -> None:
    with pytest.raises(
        CannotFit, match=f"strategy '{name}': needs at least \\d+ codes in 1 dimensions, got 1;"
    ):
        _fit(name, {}, Latents(np.zeros((1, 1)), np.zeros((1, 1))))


def test_no_more_codes_than_dimensions() -> None:
    codes = Latents(np.eye(3), np.zeros((3, 3)))
    with pytest.raises(CannotFit, match="'gaussian-full': needs at least 4 codes in 3 dimensions, got 3"):
        _fit("gaussian-full", {}, codes)
    with pytest.raises(CannotFit, match="'gmm': needs at least 4 codes in 3 dimensions, got 3"):
        _fit("gmm", {}, codes)
    with pytest.raises(CannotFit, match="'gmm': needs at least 10 codes in 3 dimensions, got 3"):
        _fit("gmm", {"n_components": 10}, codes)


NOISE = np.random.default_rng(4)  # and as many codes as in `classes`, which compiles nothing anew
LABELS = np.arange(300) % 2
HARD: dict[str, Latents] = {
    "one code": Latents(np.ones((1, 3)), np.zeros((1, 3)), np.array([0])),
    "fewer codes than dimensions": Latents(NOISE.normal(size=(2, 3)), np.full((2, 3), -2.0), np.arange(2)),
    "a constant dimension": Latents(NOISE.normal(size=(300, 3)) * [1, 0, 1], np.full((300, 3), -2.0), LABELS),
    "one constant to the last bit": Latents(
        NOISE.normal(size=(300, 3)) * [1, 0, 1] + 0.1, np.array([[-2.0, -60.0, -2.0]]).repeat(300, 0), LABELS
    ),
    "every code the same": Latents(np.ones((300, 3)), np.full((300, 3), -2.0), LABELS),
    "every code the same and no noise": Latents(np.ones((300, 3)), np.full((300, 3), -60.0), LABELS),
    "one dimension a copy of another": Latents(
        NOISE.normal(size=(300, 1)) * np.ones(3), np.full((300, 3), -60.0), LABELS
    ),
    "scales far apart": Latents(
        NOISE.normal(size=(300, 3)) * [1e-4, 1, 1e4], np.full((300, 3), -2.0), LABELS
    ),
}


@pytest.mark.filterwarnings("default:Number of distinct clusters")
@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("chosen", CASES)
def test_hard_codes_are_drawn_from_finitely_or_refused(chosen: tuple[str, dict[str, Any]], hard: str) -> None:
    """A refusal is `CannotFit`, the only error that becomes a row, with one line that names the strategy."""
    name, fields = chosen
    codes = HARD[hard]
    try:
        fitted = _fit(name, fields, codes)
    except CannotFit as error:
        assert str(error).startswith(f"strategy '{name}': ")
        assert "\n" not in str(error)
    else:
        z = fitted.sample(DRAW, n=N)
        assert z.shape == (N, codes.d)
        assert np.isfinite(z).all()


@pytest.mark.parametrize("which", ["mean", "log_var"])
def test_nan_reaches_no_strategy(which: str) -> None:
    """A strategy accepts only `Latents`, for training and validation alike."""
    arrays = {"mean": np.zeros((5, 2)), "log_var": np.zeros((5, 2))}
    arrays[which][3, 1] = np.nan
    with pytest.raises(StudyError, match=f"{which} has 1 values that are not finite, the first at example 3"):
        Latents(arrays["mean"], arrays["log_var"])


@pytest.mark.parametrize("name", ["global-gaussian", "gaussian-full"])
def test_constant_dimension(name: str, classes: Latents) -> None:
    mean = classes.mean.copy()
    mean[:, 1] = 0.1
    codes = Latents(mean, classes.log_var)
    assert np.isfinite(_fit(name, {}, codes).sample(DRAW, n=N)).all()
    with pytest.raises(CannotFit, match=f"'{name}': dimension 1 of the means is constant.*fit_on='samples'"):
        _fit(name, {"fit_on": "means"}, codes)


@pytest.mark.parametrize("name", ["gaussian-full", "kde", "flow"])
def test_constant_dimension_whose_noise_is_zero_as_a_float64(name: str, classes: Latents) -> None:
    mean, log_var = classes.mean.copy(), classes.log_var.copy()
    mean[:, 1], log_var[:, 1] = 0, -2000
    with pytest.raises(CannotFit, match=f"'{name}': dimension 1 of the codes is constant and without noise"):
        _make(name, {}).fit(FIT, Latents(mean, log_var))


def test_dependent_dimensions_of_any_scale(classes: Latents) -> None:
    mean = classes.mean * np.array([1.0, 1e-4, 1e4], np.float32)
    small = Latents(mean, classes.log_var)
    assert np.isfinite(_fit("gaussian-full", {"fit_on": "means"}, small).sample(DRAW, n=N)).all()
    mean[:, 2] = 2 * mean[:, 0]
    with pytest.raises(CannotFit, match="the codes span fewer than their 3 dimensions"):
        _fit("gaussian-full", {"fit_on": "means"}, Latents(mean, classes.log_var))


@contextlib.contextmanager
def _compilations() -> Iterator[list[str]]:
    """The programs compiled while the context is open."""
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def test_compilations_are_seen() -> None:
    with _compilations() as compiled:
        jax.jit(lambda x: x + 1)(np.float32(0))
        assert compiled


def test_second_call_compiles_nothing(case: Case, classes: Latents) -> None:
    """A second draw, log-density or fit; fits with another key may need a density at another number of tiles."""
    second = jax.random.key(3)
    z = case.fitted.sample(DRAW, n=N)
    if case.has_density:
        case.fitted.log_prob(z)
    with _compilations() as compiled:
        case.fitted.sample(second, n=N)
        if case.has_density:
            case.fitted.log_prob(z[::-1])
        _make(case.name, case.fields).fit(FIT, classes, validation=classes)
        assert not compiled


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LOOPS)) for name in REGISTRY]
)
def test_many_draws_compile_nothing(name: str) -> None:
    """10,000 draws in 16 dimensions, after a fit without validation codes."""
    rng = np.random.default_rng(3)
    codes = Latents(rng.normal(size=(2000, 16)), rng.uniform(-3, 0, (2000, 16)), rng.integers(0, 10, 2000))
    first, second = jax.random.split(DRAW)
    needed = codes if "validation" in REGISTRY[name].needs else None
    fitted = _make(name, {}).fit(first, codes, validation=needed)
    assert "validation_log_prob" not in fitted.info
    fitted.sample(first, n=10_000)
    with _compilations() as compiled:
        fitted.sample(second, n=10_000)
        assert not compiled
