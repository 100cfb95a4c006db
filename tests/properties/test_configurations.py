"""For many configurations: a store key depends on exactly the fields that determine the stored content."""

import dataclasses
import math
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from study import AnnealingConfig, Dataset, LikelihoodConfig, StudyConfig, StudyError, TrainConfig, VAEConfig
from study.config import FAMILIES, NETWORK_SETTINGS, DataConfig, ObjectiveConfig, PriorConfig
from study.config.fields import hints
from study.config.serialise import from_dict, to_dict
from study.pipeline.plan import make_plan
from study.pipeline.store import content_key

# Values of every type are tried here, thousands of times, and the configurations check them themselves.
pytestmark = pytest.mark.usefixtures("unchecked_module")

GRID = ("alphas", "betas", "seeds")
KINDS = (
    StudyConfig,
    DataConfig,
    VAEConfig,
    PriorConfig,
    ObjectiveConfig,
    TrainConfig,
    LikelihoodConfig,
    AnnealingConfig,
)


def whole(least: int, most: int = 40) -> st.SearchStrategy:
    return st.integers(least, most)


def weight(least: float = 0.0) -> st.SearchStrategy:
    return st.floats(least, 1e6, width=32, allow_subnormal=False).filter(lambda x: x == 0 or x > 1e-30)


def several(values: st.SearchStrategy, least: int = 1) -> st.SearchStrategy:
    return st.lists(values, min_size=least, max_size=3, unique=True).map(tuple)


POSITIVE = weight().filter(bool)
VALUES: dict[type, dict[str, st.SearchStrategy]] = {
    PriorConfig: {
        "components": whole(1), "layers": whole(1, 9), "bins": whole(2, 9), "hidden": several(whole(1), 0),
        "proposals": whole(2), "normaliser_draws": whole(1), "exemplars": whole(2),
    },
    ObjectiveConfig: {
        "samples": whole(1), "tc_weight": weight(), "information": weight(-1e6), "mmd_weight": weight(),
        "scales": several(POSITIVE), "code_variance": POSITIVE, "penalty_weight": weight(),
        "gradient_penalty": weight(),
    },
    DataConfig: {
        "label": st.sampled_from(["", "none", "y"]),
        "size": st.lists(whole(1), max_size=2).map(tuple),
    },
    VAEConfig: {"latent_dim": whole(1), "hidden": several(whole(1)), "channels": several(whole(1))},
    TrainConfig: {
        "steps": whole(1), "batch_size": whole(1), "learning_rate": POSITIVE, "kl_warmup": st.floats(0, 1),
        "binarise": st.booleans(), "patience": whole(0),
    },
    AnnealingConfig: {"temperatures": whole(1), "chains": whole(2), "leapfrog_steps": whole(1)},
    LikelihoodConfig: {
        "examples": whole(0), "annealed": whole(0),
        "samples": st.sampled_from([(2,), (3, 6), (50, 500, 5000), (1, 8)]),
    },
    StudyConfig: {
        "dataset": st.just("made"), "alphas": several(POSITIVE), "betas": several(weight()),
        "seeds": several(whole(0, 2**31 - 1)), "n_train": st.sampled_from([0, 5, 9]), "n_samples": whole(0),
        "fits": whole(1, 3), "draws": whole(1, 3),
        "evaluations": whole(1, 100),
        "density_draws": whole(1), "feature_dimensions": whole(1), "features": st.just(""),
        "strategies": st.sampled_from([("prior",), ("prior", "gmm"), ("prior", "posterior", "held-out")]),
    },
}  # fmt: skip


def values(kind: type, name: str) -> st.SearchStrategy:
    """Valid values of a field."""
    hint = hints(kind)[name]
    if name in VALUES[kind]:
        return VALUES[kind][name]
    return configurations(hint) if dataclasses.is_dataclass(hint) else st.sampled_from(get_args(hint))


def configurations(kind: Any) -> st.SearchStrategy:
    """Valid configurations of a kind."""
    return st.fixed_dictionaries({name: values(kind, name) for name in hints(kind)}).map(lambda v: kind(**v))


FIELDS = [
    (*path, name)
    for path, kind in (
        ((), StudyConfig),
        (("model",), VAEConfig),
        (("model", "prior"), PriorConfig),
        (("model", "objective"), ObjectiveConfig),
        (("training",), TrainConfig),
        (("likelihood",), LikelihoodConfig),
        (("likelihood", "annealing"), AnnealingConfig),
    )
    for name in hints(kind)
    if not dataclasses.is_dataclass(hints(kind)[name])
]

PLANNED = [
    path
    for path in FIELDS
    if path[:2] not in (("model", "prior"), ("model", "objective")) and path[0] not in ("dataset", "features")
]


def replaced(config: Any, path: tuple[str, ...], value: Any) -> Any:
    """The configuration with another value of one field, at any depth."""
    inner = value if len(path) == 1 else replaced(getattr(config, path[0]), path[1:], value)
    return dataclasses.replace(config, **{path[0]: inner})


def at(config: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        config = getattr(config, name)
    return config


def decides(config: StudyConfig, path: tuple[str, ...]) -> str:
    """The part of a run that a field affects, as documented: "training", "measuring" or ""."""
    model, name = config.model, path[-1]
    if path[:2] == ("model", "prior"):
        return "training" if name in FAMILIES[model.family].prior else ""
    if path[:2] == ("model", "objective"):
        return "training" if name in FAMILIES[model.family].objective else ""
    if path[0] == "model":
        of_networks = {setting for settings in NETWORK_SETTINGS.values() for setting in settings}
        return "training" if name not in of_networks or name in NETWORK_SETTINGS[model.network] else ""
    if path[0] == "training" or name in (*GRID, "n_train"):
        return "training"
    if path[0] == "likelihood":  # off where it has no examples
        return "measuring" if config.likelihood.examples or name == "examples" else ""
    return "" if name in ("dataset", "features") else "measuring"  # these are in keys by their content


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    parts = [rng.random((n, 4), dtype=np.float32) for n in (20, 8, 12)]
    return Dataset("made", *parts, (4,), train_labels=np.arange(20) % 2)


def flat(config: StudyConfig) -> StudyConfig:
    """The same with a network for plain vectors and a likelihood that its family accepts."""
    network = config.model.network if config.model.network == "linear" else "mlp"
    likelihood = "gaussian" if config.model.family == "sigma-vae" else config.model.likelihood
    return dataclasses.replace(
        config, model=dataclasses.replace(config.model, network=network, likelihood=likelihood)
    )


@pytest.mark.integration
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_plain_values_make_the_same_configuration_again(kind, data):
    config = data.draw(configurations(kind))
    assert from_dict(kind, to_dict(config)) == config
    assert hash(config) == hash(from_dict(kind, to_dict(config)))


@pytest.mark.integration
@pytest.mark.parametrize("path", [p for p in FIELDS if p[0] in ("model", "training")], ids=".".join)
@settings(max_examples=20)
@given(base=configurations(StudyConfig), draw=st.data())
def test_what_decides_a_model_and_its_training_is_all_that_they_use(path, base, draw):
    part = {"prior": 1, "objective": 2}.get(path[-2] if len(path) == 3 else "", 0)
    families = [name for name, family in FAMILIES.items() if path[-1] in family[part]]
    if len(path) == 3 and draw.draw(st.booleans()):
        base = replaced(base, ("model", "family"), draw.draw(st.sampled_from(families)))
    networks = [network for network, names in NETWORK_SETTINGS.items() if path[-1] in names]
    if len(path) == 2 and networks and draw.draw(st.booleans()):
        base = replaced(base, ("model", "network"), draw.draw(st.sampled_from(networks)))
    changed = replaced(base, path, draw.draw(values(type(at(base, path[:-1])), path[-1])))
    assume(changed != base)
    differs = content_key(base.model.deciding) != content_key(changed.model.deciding)
    differs |= content_key(base.training.deciding) != content_key(changed.training.deciding)
    assert differs == (decides(base, path) == "training")


@pytest.mark.integration
@pytest.mark.parametrize("path", PLANNED, ids=".".join)
@settings(max_examples=3)
@given(base=configurations(StudyConfig), draw=st.data())
def test_a_field_changes_the_key_of_what_it_decides_and_no_other(data, path, base, draw):
    if path[0] == "likelihood" and draw.draw(st.booleans()):
        base = replaced(base, ("likelihood", "examples"), 7)
    base = flat(base)
    kind = type(at(base, path[:-1]))
    changed = flat(replaced(base, path, draw.draw(values(kind, path[-1]))))
    assume(changed != base)
    one, other = (keys(config, data) for config in (base, changed))
    if path[-1] in GRID:  # a cell is the same in another grid, and no two cells are the same
        assert {point: pair for point, pair in one.items() if point in other}.items() <= other.items()
        assert len({train for train, _ in (one | other).values()}) == len(one | other)
        return
    effect = decides(base, path)
    if path == ("model", "likelihood"):  # "auto" is what the data say
        told = {"gaussian" if one == "auto" else one for one in (at(base, path), at(changed, path))}
        effect = "training" if len(told) == 2 else ""
    for point, (train, everything) in one.items():
        assert (train != other[point][0]) == (effect == "training")
        assert (everything != other[point][1]) == (effect != "")


def keys(config: StudyConfig, data: Dataset) -> dict[tuple[float, float, int], tuple[str, str]]:
    """For every cell, by α, β and seed: the key of its training, and the key of all its measurements."""
    return {
        (one.cell.alpha, one.cell.beta, one.cell.seed): (one.train_key, one.evaluate_key)
        for one in make_plan(config, data).cells
    }


@settings(max_examples=15)
@given(base=configurations(StudyConfig), draw=st.data())
def test_order_of_the_grid_changes_no_key(data, base, draw):
    base = flat(base)
    shuffled = {name: tuple(draw.draw(st.permutations(getattr(base, name)))) for name in GRID}
    other = dataclasses.replace(base, **shuffled)
    assert keys(base, data) == keys(other, data)


@given(draw=st.data(), value=st.integers(1, 1000))
def test_equal_numbers_make_equal_configurations(draw, value):
    kind, name = draw.draw(
        st.sampled_from(
            [(k, n) for k in KINDS for n, hint in hints(k).items() if hint is float and n != "kl_warmup"]
        )
    )
    made = [
        kind(**{name: one})
        for one in (value, float(value), np.float32(value), np.int64(value), np.array(value))
    ]
    assert len(set(made)) == 1 and len({content_key(to_dict(one)) for one in made}) == 1
    assert all(type(getattr(one, name)) is float for one in made)


def deep(levels: int = 3000) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


HOSTILE = st.one_of(
    st.sampled_from([
        None, True, "", "1", "x" * 10_000, b"1", 1j, math.nan, math.inf, -math.inf, -1, 0, 2.5, 10**400, -(10**5000),
        1e-320, 1e308, {}, {"a": {"b": 1}}, [], [[1]], [None], ["a"], [math.nan], (), set(), {1, 2}, object(), int, len,
        range(10**30), range(10**9), np.array([[1.0]]), np.array("a"), np.datetime64("now"), np.zeros(0), deep(),
    ]),
    st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=3), st.dictionaries(st.text(), st.none()),
)  # fmt: skip


@pytest.mark.integration
@settings(max_examples=300)
@given(draw=st.data(), value=HOSTILE)
def test_a_hostile_value_works_or_is_one_short_line(draw, value):
    kind = draw.draw(st.sampled_from(KINDS))
    name = draw.draw(st.sampled_from(list(hints(kind))))
    for make in (lambda: kind(**{name: value}), lambda: from_dict(kind, {name: value})):
        try:
            made = make()
        except StudyError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
        else:
            plain(made)
            assert from_dict(kind, to_dict(made)) == made


def plain(config: Any) -> None:
    """Every field has the plain type that it declares."""
    for name, hint in hints(type(config)).items():
        value = getattr(config, name)
        if get_origin(hint) is tuple:
            assert type(value) is tuple and all(type(item) is get_args(hint)[0] for item in value)
        elif get_origin(hint) is Literal:
            assert type(value) is str
        else:
            assert type(value) is hint


@given(value=HOSTILE)
def test_a_hostile_whole_is_one_short_line(value):
    for kind in KINDS:
        with pytest.raises(StudyError) as error:
            from_dict(kind, {"no_such": value} if value == {} else value)
        assert "\n" not in str(error.value) and len(str(error.value)) < 800
