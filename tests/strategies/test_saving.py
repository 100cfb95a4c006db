"""A saved strategy is restored exactly or refused. test_conformance tests that every strategy can be saved."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import study
from study.errors import StudyError
from study.latents import Latents
from study.runtime.keys import Key
from study.strategies import REGISTRY, saving, strategy
from study.strategies.parts.training import TrainedStrategy
from study.training import archive
from tests.tiers import variant

FIT, DRAW = jax.random.key(50), jax.random.key(51)


@dataclasses.dataclass(frozen=True, eq=False)
class Every:
    """A fitted class with a field of every kind that can be saved."""

    weights: Mapping[str, Any]
    info: Mapping[str, Any]

    def sample(self, key: Key, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        return np.zeros((n, 1), np.float32)


@pytest.fixture
def fitted(plane: Latents) -> Any:
    return strategy("posterior").fit(FIT, plane, validation=plane)


@pytest.fixture
def path(tmp_path: Path, fitted: Any) -> Path:
    path = tmp_path / "fit.npz"
    saving.save(path, fitted)
    return path


def _rewrite(path: Path, *, sign: bool = True, **changes: Any) -> None:
    """Change the header and update its checksum, so that only the change itself is wrong."""
    with np.load(path, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    content = {**json.loads(str(arrays.pop("header"))), **changes}
    if sign:
        content.pop("sha256")
        content["sha256"] = archive.digest(content, arrays)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, header=np.array(json.dumps(content)), **arrays)


def test_every_kind_of_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "every", SimpleNamespace(fits=(Every,)))
    shared = np.arange(6.0).reshape(2, 3)[:, ::2]
    value = Every(
        {"layers": [(shared, shared), {"bias": jnp.arange(3, dtype=jnp.int8)}], "empty": np.zeros((0, 2))},
        {"ends": (0.1, -np.inf, np.nan), "none": None, "yes": True, "scalar": np.float32(0.1), "text": "π"},
    )
    study.save_strategy(tmp_path / "every", value)
    back: Any = study.load_strategy(tmp_path / "every")
    assert type(back) is Every
    first, second = back.weights["layers"][0]
    assert first is second  # one object is saved once
    np.testing.assert_array_equal(first, shared)
    assert isinstance(back.weights["layers"][1]["bias"], jax.Array)
    assert back.weights["layers"][1]["bias"].dtype == jnp.int8
    assert back.weights["empty"].shape == (0, 2)
    assert list(back.info) == list(value.info)
    assert back.info["ends"][:2] == (0.1, -np.inf) and np.isnan(back.info["ends"][2])
    assert type(back.info["scalar"]) is np.float32 and back.info["scalar"] == np.float32(0.1)
    assert back.info["none"] is None and back.info["yes"] is True and back.info["text"] == "π"


def test_header_names_strategy_and_hyperparameters(path: Path, plane: Latents) -> None:
    assert saving.header(path)["strategy"] is None
    chosen = strategy("gmm", n_components=(1, 2))
    fitted = chosen.fit(FIT, plane, validation=plane)
    saving.save(path, fitted, strategy=chosen)  # replaces what was there
    found = saving.header(path)
    assert found["strategy"] == "gmm"
    assert found["class"] == "FittedMixture"
    assert found["hyperparameters"]["n_components"] == (1, 2)
    assert found["info"] == fitted.info
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_any_altered_byte_is_found_or_harmless(path: Path, fitted: Any) -> None:
    """Some bytes of a zip file are never read; a change in any other byte must be detected."""
    whole, z = path.read_bytes(), fitted.sample(DRAW, n=20)
    found = 0
    for position in range(0, len(whole), 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x20]) + whole[position + 1 :])
        try:
            np.testing.assert_array_equal(saving.load(path).sample(DRAW, n=20), z)
        except StudyError as error:
            assert "\n" not in str(error)
            found += 1
    assert found > 0.8 * len(whole) / 7


def test_torn_file(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(b"")
    with pytest.raises(StudyError, match=r"fit.npz: is empty; `study.save_strategy` writes one"):
        saving.load(path)
    for kept in (1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(
            StudyError, match=r"fit.npz: damaged, altered, or not a fitted strategy \(.*fit it again"
        ):
            saving.load(path)


def test_header_that_was_altered(path: Path) -> None:
    _rewrite(path, sign=False, strategy="prior")
    with pytest.raises(StudyError, match=r"altered.*\(its checksum does not match\)"):
        saving.load(path)


def test_newer_version(path: Path) -> None:
    _rewrite(path, version=saving.ARCHIVE.version + 1)
    with pytest.raises(StudyError, match=r"has version 2, newer than 1.*; update this package"):
        saving.load(path)


@pytest.mark.parametrize(
    "coded", [{"class": "Path", "fields": {}}, {"class": "Latents", "fields": {"mean": 1}}]
)
def test_unknown_class_or_field(path: Path, coded: dict[str, Any]) -> None:
    _rewrite(path, fitted=coded)
    with pytest.raises(StudyError, match=f"holds a {coded['class']} that this version does not know; fit"):
        saving.load(path)


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no such file; `study.save_strategy` writes one"):
        saving.load(tmp_path / "absent")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(StudyError, match=r"other.npz: damaged, altered, or not a fitted strategy"):
        saving.load(tmp_path / "other.npz")
    np.save(tmp_path / "pickled.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(StudyError, match=r"pickled.npy: damaged, altered, or not a fitted strategy"):
        saving.load(tmp_path / "pickled.npy")


@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_saved(tmp_path: Path, fitted: Any) -> None:
    path = tmp_path / "fit"
    with pytest.raises(
        StudyError, match=r"fitted is a Every, which no strategy in the registry names in its `fits`"
    ):
        saving.save(path, Every({}, {}))
    with pytest.raises(StudyError, match=r"fitted.info.why is a set, which no strategy"):
        saving.save(path, dataclasses.replace(fitted, info={"why": {1}}))
    with pytest.raises(StudyError, match=r"fitted.info.a is an array of objects"):
        saving.save(path, dataclasses.replace(fitted, info={"a": np.array([{}], object)}))
    with pytest.raises(StudyError, match=r"fitted.info has keys that are not text"):
        saving.save(path, dataclasses.replace(fitted, info={1: 2}))
    with pytest.raises(
        StudyError, match=r"cannot be written \(no such folder\); give the path of a file in a"
    ):
        saving.save(tmp_path / "no" / "fit", fitted)
    assert not list(tmp_path.iterdir())


FITTED = [  # of those that are trained, whose fits take long, one
    (variant if issubclass(kind, TrainedStrategy) and name != "two-stage" else pytest.param)(
        name, {}, id=name
    )
    for name, kind in REGISTRY.items()
]
FITTED += [
    pytest.param("shuffled-marginals", {"fit_on": "means"}, id="shuffled-marginals on means")
]  # another class
SMALL = {"batch_size": 8, "width": 4}  # where there are so many


def _quick(name: str, fields: dict[str, Any]) -> Any:
    kind = REGISTRY[name]
    small = {field: value for field, value in SMALL.items() if hasattr(kind, field)}
    return strategy(name, **{**kind.quick, **small, **fields})


def _arrays(coded: Any) -> list[str]:
    """The names of the arrays that a coded value refers to, `info` left out."""
    if isinstance(coded, list):
        return [name for item in coded for name in _arrays(item)]
    if not isinstance(coded, dict):
        return []
    if "fields" in coded:
        return [name for field, item in coded["fields"].items() if field != "info" for name in _arrays(item)]
    ((form, content),) = coded.items()
    return [content] if form in ("array", "jax") else _arrays(content)


def _resign(path: Path, arrays: dict[str, np.ndarray], content: dict[str, Any]) -> None:
    signed = {**content, "sha256": archive.digest(content, arrays)}
    np.savez(path, allow_pickle=False, header=np.array(json.dumps(signed)), **arrays)


@pytest.mark.integration
@pytest.mark.parametrize(("name", "fields"), FITTED)
def test_fields_that_do_not_go_together_fail_at_load(
    name: str, fields: dict[str, Any], plane: Latents, tmp_path: Path
) -> None:
    """Each array in turn is longer, flattened, of text or not finite, with a valid checksum."""
    path = tmp_path / "fit.npz"
    saving.save(path, _quick(name, fields).fit(FIT, plane, validation=plane))
    content, arrays = saving.ARCHIVE.read(path)
    assert saving.load(path).sample(DRAW, n=2).shape == (2, 2)
    used = _arrays(content["fitted"])
    assert used
    for which in used:
        array = arrays[which]
        wrong = [
            np.concatenate([array, array]) if array.ndim else array[None],
            array.astype("U8"),
            array[None],
        ]
        wrong += [array.astype(np.complex64)]
        if array.dtype.kind == "f":
            wrong += [np.full_like(array, np.nan)]
        for other in wrong:
            _resign(path, {**arrays, which: other}, content)
            with pytest.raises(
                StudyError, match=r"^[^\n]*fit.npz: [^\n]*; fit (it|the strategy) again[^\n]*$"
            ):
                saving.load(path)


WRONG: tuple[Any, ...] = (
    *([], "text", None, {}, {"no": 1}, {"list": []}, {"map": []}),
    *(-1, 1.5, 10**12, {"float": "nan"}),
)


@pytest.mark.integration
def test_a_learned_prior_that_was_saved_before_models_kept_examples_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fit.npz"
    model = study.train(
        study.load_dataset("digits"),
        study.VAEConfig(family="mog-prior", latent_dim=2, hidden=(4,)),
        training=study.TrainConfig(steps=1, patience=0),
    )
    assert model.prior is not None
    fitted = study.strategy("prior").fit(FIT, Latents(np.zeros((3, 2)), np.zeros((3, 2))), model=model)
    saving.save(path, fitted)
    content, arrays = saving.ARCHIVE.read(path)
    built = content["fitted"]["fields"]["prior"]["fields"]["architecture"]["fields"]
    del built["examples"], built["config"]["fields"]["prior"]["fields"]["exemplars"]
    _resign(path, arrays, content)
    np.testing.assert_array_equal(saving.load(path).sample(DRAW, n=5), model.prior.sample(DRAW, n=5))


@pytest.mark.integration
@pytest.mark.parametrize(("name", "fields"), FITTED)
def test_numbers_of_another_type_or_size_fail_at_load(
    name: str, fields: dict[str, Any], plane: Latents, tmp_path: Path
) -> None:
    path = tmp_path / "fit.npz"
    saving.save(path, _quick(name, fields).fit(FIT, plane, validation=plane))
    content, arrays = saving.ARCHIVE.read(path)
    for field, value in content["fitted"]["fields"].items():
        for wrong in WRONG:
            if field == "info" and wrong == {"map": []}:
                continue  # nothing said of the fit
            if isinstance(value, float) and (
                wrong in (1.5, 10**12) or (field == "log_normaliser" and wrong == -1)
            ):
                continue  # what these numbers may be
            changed = {
                **content,
                "fitted": {**content["fitted"], "fields": {**content["fitted"]["fields"], field: wrong}},
            }
            _resign(path, arrays, changed)
            with pytest.raises(StudyError, match=r"^[^\n]*fit.npz: [^\n]*$"):
                saving.load(path)


@pytest.mark.parametrize(
    "coded",
    [
        None,
        3,
        [],
        {},
        {"class": "FittedCodes"},
        {"class": []},
        {"class": "Latents", "fields": []},
        {"class": None, "fields": {}},
        {"map": 3},
        {"map": [["a"]]},
        {"array": "none"},
        {"array": []},
        {"tuple": 3},
        {"float": "text"},
        {"float": "0", "array": "array/000"},
    ],
    ids=repr,
)
def test_headers_of_another_form(path: Path, coded: Any) -> None:
    _rewrite(path, fitted=coded)
    with pytest.raises(StudyError, match=r"^[^\n]*fit.npz: [^\n]*; fit (it|the strategy) again[^\n]*$"):
        saving.load(path)


def test_a_class_of_a_very_long_name_is_one_short_line(path: Path) -> None:
    _rewrite(path, fitted={"class": "x" * 3000, "fields": {}})
    with pytest.raises(
        StudyError, match=r"fit.npz: holds a x+… that this version does not know[^\n]{1,60}$"
    ) as told:
        saving.load(path)
    assert len(str(told.value)) < 300 + len(str(path))


def test_a_header_nested_too_deeply(path: Path) -> None:
    nested: Any = 0
    for _ in range(400):  # what json reads and a recursion over it does not
        nested = {"list": [nested]}
    _rewrite(path, fitted=nested)
    with pytest.raises(StudyError, match=r"fit.npz: damaged, altered, or not a fitted strategy"):
        saving.load(path)


@pytest.mark.usefixtures("unchecked")
def test_what_would_not_load_is_not_saved(tmp_path: Path, fitted: Any) -> None:
    for wrong in (np.full_like(fitted.location, np.nan), fitted.location[0], np.array("text")):
        with pytest.raises(
            StudyError, match=r"^save: fitted: FittedCodesDensity.location [^\n]*; fit the strategy again$"
        ):
            saving.save(tmp_path / "fit", dataclasses.replace(fitted, location=wrong))
    assert not list(tmp_path.iterdir())


def test_files_of_before_the_checks_are_still_read(path: Path, fitted: Any) -> None:
    """The stored bytes have not changed since saving was a single module: names, order, types."""
    with np.load(path, allow_pickle=False) as found:
        assert found.files[0] == "header"
        assert found.files[1] == "array/000"
        header = json.loads(str(found["header"]))
    assert sorted(header) == ["fitted", "format", "hyperparameters", "sha256", "strategy", "version"]
    assert (header["format"], header["version"]) == ("study-fitted-strategy", 1)


@pytest.mark.usefixtures("unchecked")
def test_what_is_not_fitted_is_not_saved(tmp_path: Path, fitted: Any) -> None:
    others: tuple[Any, ...] = (None, 3, "text", {}, strategy("gmm"), np.zeros(3))
    for other in others:
        with pytest.raises(StudyError, match=r"^save: give what `fit` returned, got [^\n]*$"):
            saving.save(tmp_path / "fit", other)
    wrong: Any = "gmm"
    with pytest.raises(StudyError, match=r"^save: strategy must be one of study.strategy\(...\), got 'gmm'$"):
        saving.save(tmp_path / "fit", fitted, strategy=wrong)
    assert not list(tmp_path.iterdir())


def test_table_names_frozen_dataclasses_only() -> None:
    kinds = [kind for strategy in REGISTRY.values() for kind in strategy.fits]
    assert len({kind.__name__ for kind in kinds}) == len(set(kinds))  # no two classes of one name
    for name, kind in saving.classes().items():
        assert dataclasses.is_dataclass(kind) and kind.__name__ == name
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
