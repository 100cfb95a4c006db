"""Limits of the evidence, and what captions and methods say, against made-up tables."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.metrics.registry import METRICS
from study.report import frames
from study.report.text.captions import follows
from study.report.text.conventions import COMPARED, CONVENTIONS, conventions
from study.report.text.glossary import glossary
from study.report.text.limits import falling, features, limits, too_few, without_verdicts
from study.report.text.main_table import main_table
from study.report.text.methods import definitions
from study.report.text.references import ADDRESSES, references
from study.strategies.registry import FACTS
from study.tables.names import REFERENCES
from study.tables.results import Results

ROOT = Path(__file__).parents[3]


def with_falls(results: Results, falls: float | list[float], error: float = 0.01) -> Results:
    """The same results whose validation losses are 100 and fell by so much."""
    runs = results.runs.assign(still_falling=falls, still_falling_error=error)
    return dataclasses.replace(results, runs=runs, losses=results.losses.assign(loss=100.0))


def test_a_loss_that_falls_is_not_converged_and_a_flat_one_is_not_called_so(results):
    text = falling(with_falls(results, [1.9, 2.0, *[0.0] * 25]))
    assert (
        "of 2 of 27 models still fell, by 1.9 to 2 in units" in text and "longer training may change" in text
    )
    for harmless in (
        with_falls(results, 0.4),
        with_falls(results, 2.0, error=1.5),
        with_falls(results, -3.0),
    ):
        text = falling(harmless)  # less than 0.5 % of the loss, less than two errors, and a loss that rose
        assert "none of 27 models fell" in text and "0.5 % of itself" in text
        assert "not ruled out" in text and "onverge" not in text
    assert falling(with_falls(results, float("nan"))) == ""


def test_limits_are_of_every_family_and_of_each_model_once(results, summary):
    runs = results.runs
    others = runs.assign(run_id="gan-" + runs["run_id"], family="gan", network="conv")
    drawn = runs.assign(run_id="drawn-" + runs["run_id"], decode="sample")
    whole = dataclasses.replace(results, runs=pd.concat([runs, others, drawn], ignore_index=True))
    found = dict(limits(with_falls(whole, 0.0), summary))
    assert found["Network"].startswith("vae and gan, mlp and conv, ")
    assert f"none of {2 * len(runs)} models fell" in found["Training"]


def test_limits_name_what_was_done(results, summary):
    found = dict(limits(results, summary))
    assert "digits" in found["Data"] and "1000 training examples" in found["Data"]
    assert (
        "mlp" in found["Network"]
        and "100 epochs" in found["Training"]
        and "800 optimiser" in found["Training"]
    )
    assert found["Seeds"].startswith("3 training seeds at each of 9 settings") and "898" in found["Samples"]
    assert "another feature extractor" in found["Not covered"]
    found = dict(limits(results, summary.assign(evaluations=4)))
    assert "4 evaluations" in found["Not covered"] and "alone" not in found["Not covered"]


@pytest.mark.parametrize(
    ("extractor", "words"),
    [
        (
            {"name": "classifier", "dimensions": 32, "accuracy": 0.98},
            "a small classifier trained on these data",
        ),
        (
            {"name": "pca", "dimensions": 8, "reason": "near chance"},
            "principal components of these data (8 dimensions) ",
        ),
        ({"name": "mine.onnx"}, "`mine.onnx`"),
    ],
)
def test_features_are_named_and_compare_with_no_published_value(extractor, words):
    text = features({"extractor": extractor})
    assert words in text and ("near chance" in text) == ("reason" in extractor)
    assert ("published" in text) and features({}) == ""


def test_too_few_examples_are_said_with_their_number(results, summary):
    assert too_few(results, summary) == ""
    assert "only 90 examples" in too_few(results, summary.assign(n=90))
    assert "for features of 32 dimensions" in too_few(results, summary.assign(n=90))
    assert "only 1 training run per" in too_few(results, summary.assign(seeds=1))
    silent = without_verdicts(summary)
    assert set(silent["verdict"]) == {"baseline", "none"} and set(silent["standing"]) == {""}


def test_words_are_explained_where_they_are_used(results, summary):
    found = dict(glossary(results, summary, ["the gap in KID"]))
    assert list(found) == ["KID", "Share of the gap closed", "q(z)", "s = β/(2α)"]
    bernoulli = dataclasses.replace(results, runs=results.runs.assign(noise_variance=np.nan))
    assert "α and β" in dict(glossary(bernoulli, summary, [])) and "s = β/(2α)" not in dict(
        glossary(bernoulli, summary, [])
    )
    assert list(dict(glossary(results, pd.DataFrame(), ["nothing"]))) == ["q(z)", "s = β/(2α)"]
    assert "Share of the gap closed" not in dict(glossary(results, summary, ["a gap between lines"]))


def test_active_dimensions_are_counted_by_setting(results, summary):
    assert follows("dimensions", results, summary).startswith("By setting, 6 of 8 dimensions are active")
    mixed = dataclasses.replace(results, runs=results.runs.assign(latent_dim=range(len(results.runs))))
    assert follows("dimensions", mixed, summary) == ""


def test_a_main_table_without_effects_explains_the_signs_that_it_has(summary):
    silent = summary.assign(state="cannot tell", effect=np.nan)
    made, full = main_table(silent), main_table(summary)
    assert made is not None and full is not None
    assert made.effect == "" and "▲ better" in made.caption and "The effect" not in made.caption
    assert "The effect is averaged over all 9 settings" in full.caption
    bare = main_table(silent.assign(verdict="none"))
    assert bare is not None and "▲" not in bare.caption


def verdict(summary: pd.DataFrame, said: str) -> pd.DataFrame:
    own = ~summary["strategy"].isin(["prior", *REFERENCES])
    return summary.assign(verdict=summary["verdict"].where(~own, said))


def test_what_follows_from_the_effects_counts_the_verdicts(results, summary):
    text = follows("effects", results, summary)
    rows = frames.averaged(summary)
    rows = rows[(rows["metric"] == "kid") & ~rows["strategy"].isin(["prior", *REFERENCES, "model"])]
    better = int((rows["verdict"] == "better").sum())
    assert text.startswith(f"Of 10 strategies besides the prior, {better} are better than the prior")
    assert "which closes" in text and "[" in text
    assert follows("effects", results, verdict(summary, "none")).startswith("Nothing is decided")
    text = follows("effects", results, verdict(summary, "not decided"))
    assert "10 are not decided" in text and "better" not in text


def test_what_follows_along_the_axis_counts_settings(results, summary):
    text = follows("where", results, summary)
    assert re.search(r"at s = 0\.125 and .* at s = 4; it is .*better than the prior at \d", text)
    text = follows("where", results, verdict(summary, "not decided"))
    assert "it is not decided at 9 of these 9" in text and "better" not in text and "worse" not in text
    assert "β/α = 0.25" in follows("where", results, summary.assign(noise_variance=np.nan))


def test_the_decoders_share_is_told_by_setting_and_not_as_an_average(results, summary):
    text = follows("ladder", results, summary)
    assert not text or ("Setting by setting" in text and "as it was trained there" in text)
    rows = summary["strategy"].eq("reconstruction") & summary["metric"].eq("kid")
    changed = summary.assign(effect=summary["effect"].mask(rows, 0.5), state="ok")
    changed.loc[rows & (summary["alpha"] == 2.0), "effect"] = 0.9
    assert "close 50 % to 90 % of the gap" in follows("ladder", results, changed)
    without = summary[summary["strategy"] != "reconstruction"]
    branches = "gaussian-full and shuffled-marginals are two branches (dashed): neither includes the other."
    assert follows("ladder", results, without) == branches
    assert follows("ladder", results, without[without["strategy"] != "gaussian-full"]) == ""


def test_pictures_and_copying_say_no_more_than_they_can(results, summary):
    assert "not which strategy is better" in follows("samples", results, summary).replace("\n", " ")
    assert "lean" in follows("novelty", results, summary.assign(stderr=1e-9))
    assert follows("novelty", results, summary.assign(stderr=np.nan)).startswith(
        "No verdict: this measure cannot"
    )


def test_methods_say_how_effects_intervals_and_levels_are_made(results, summary):
    found = dict(definitions(results, summary))
    assert "ratio of means over training seeds" in found["Effect"] and "jackknife" in found["Effect"]
    assert "level of all tests together" in found["Verdicts"]
    assert "a resampled seed brings its trainings at all settings" in found["Intervals"]
    assert "hold for these settings" in found["Intervals"]


def test_methods_say_what_the_committed_simulations_found(results, summary):
    text = dict(definitions(results, summary))["Simulations"]
    table = pd.read_csv(ROOT / "results" / "simulations.csv").set_index(["what", "distribution", "seeds"])[
        "found"
    ]
    said = [int(part) for part in re.findall(r"(\d+) %", text.replace("95 % interval", ""))]
    places = [
        *(("coverage", name) for name in ("normal", "t3", "exponential", "lognormal")),
        *(
            ("share", "lognormal"),
            ("family", "normal"),
            ("share family", "lognormal"),
            ("family", "exponential"),
            ("evaluations", "normal"),
            ("evaluations, seeds alone", "normal"),
            ("share, evaluations", "lognormal"),
        ),
    ]
    assert said == [pytest.approx(100 * table[(*place, 5)], abs=0.51) for place in places]
    assert "family of 12" in text


def test_versions_of_compared_packages_are_those_that_tests_run_with():
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    assert {name: pinned[name] for name in COMPARED} == COMPARED


def test_a_package_is_named_only_if_a_test_of_that_metric_uses_it():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "metrics").glob("test_*.py"))
    modules = {
        "scikit-learn": "sklearn",
        "scipy": "scipy",
        "numpy": "polyfit",
        "prdc": "prdc",
        "statsmodels": "statsmodels",
    }
    for text in CONVENTIONS.values():
        for package, version in COMPARED.items():
            assert (f"{package} {version}" not in text) or modules[package] in tests
        for function in re.findall(r"'s `(?:\w+\.)?(\w+)`", text):
            assert function in tests, function
    assert not re.search("torch|POT|sdmetrics", " ".join(CONVENTIONS.values()))
    (*_, (term, last)) = conventions(["kid", "fd"])
    assert (
        term == "Other packages"
        and "No test here compares with torch-fidelity, POT, torchmetrics and sdmetrics" in last
    )
    assert conventions([]) == []


def test_every_metric_of_quality_states_its_convention():
    silent = {name for name in frames.QUALITY if name not in CONVENTIONS}
    assert silent <= {"discriminative", "tstr", "label_accuracy"}
    assert set(CONVENTIONS) <= set(METRICS)


def test_addresses_are_those_of_the_bibliography():
    """Where an entry states an identifier, a source of that name and year has the same one."""
    bib = (ROOT / "references.bib").read_text()
    entries = {key: body for key, body in re.findall(r"@\w+\{(\w+),(.*?)\n\}", bib, re.DOTALL)}
    agreed = 0
    for source, address in ADDRESSES.items():
        surname, year = re.split(r"[ -]", source)[0].lower(), source[-4:]
        plain = surname.translate(str.maketrans("ńä", "na"))
        found = [entries[key] for key in entries if re.fullmatch(rf"{plain}\w*{year}\w?", key)]
        stated = re.findall(r"(?:arXiv:|eprint\s*= \{|doi\s*= \{)([^\s},]+)", " ".join(found))
        agreed += bool(stated)
        assert not stated or address.split("/abs/")[-1].removeprefix("https://doi.org/") in stated, source
    assert agreed > 10


def test_sources_of_strategies_and_metrics_have_addresses_or_are_text():
    sources = [str(fact["source"]) for fact in FACTS.values()] + [
        metric.source for metric in METRICS.values()
    ]
    found = dict(references(sources))
    assert set(found) & set(ADDRESSES) >= {
        "Bińkowski et al. 2018",
        "Heusel et al. 2017",
        "Rombach et al. 2022",
    }
    assert "discussion thread" not in found and list(found) == sorted(found)


def test_what_is_left_out_and_the_holes_are_told_where_the_axis_is_shown(results, summary):
    said = follows("where", results, summary)
    assert (
        "fall into holes, where q(z) is lower than at 99 % of held-out codes." in said
        and "Left out" not in said
    )
    left = summary["state"].mask(summary["beta"].eq(4.0), "no decoder to speak of")
    said = follows("where", results, summary.assign(state=left))
    assert "Left out, with a grey mark at the foot: α=0.5, β=4, s=4, α=1, β=4, s=2 and α=2, β=4, s=1" in said
