"""The sections on packages: what each draws by default, and what the rule of thumb says of its noise variance."""

import pandas as pd

from study.claims.packages import DIMENSIONS, LATENTS, QUANTITIES
from study.claims.rule import FITTED_ON, LEAST_RATE, ROWS, errors
from study.report import frames
from study.report.claims.rule import QUANTITIES as SHARES
from study.report.page.blocks import Block, PageSection, Plain, Text
from study.report.text.numbers import listed, number

ANCHOR, TITLE = "packages", "What packages draw when they generate"
MORE, MORE_TITLE = "packages-more", "What packages draw: seeds, losses, encoders, and the scripts that say so"


def sections(packages: pd.DataFrame, points: pd.DataFrame | None) -> list[PageSection]:
    """The section of the front page.

    Args:
        packages: the columns of `schemas.PACKAGES`.
        points: the columns of `schemas.RULE`, from which it is said how far the rule was off; not said without.
    """
    blocks: list[Block] = [Text(said(packages)), _first(packages)]
    off = "" if points is None else accuracy(points)
    return [PageSection(ANCHOR, TITLE, [*blocks, Text(off)] if off else blocks)]


def details(packages: pd.DataFrame) -> PageSection:
    """The section of the appendix: all that the first table leaves out."""
    header = (
        "package",
        "seed",
        "loss by default",
        "of q(z|x) it gives",
        "not as one may expect",
        "confirmed by",
    )
    rows = [
        [
            row.package, row.seed, row.weights, row.encoder, row.remark or "—",
            " ".join(f"`{path}`" for path in row.confirmed_by.split()),
        ]
        for row in frames.each(packages)
    ]  # fmt: skip
    caption = (
        "By default, of the versions above. SSE: sum of squared errors over data dimensions; KL: summed over latents; "
        "both means over a batch unless said otherwise. Each script installs the package, prints what it finds, and "
        "fails if that is no longer so."
    )
    return PageSection(MORE, MORE_TITLE, [Plain(caption, header, rows)])


def said(packages: pd.DataFrame) -> str:
    """From where most packages draw, and how far their s lie apart."""
    generate = packages[~packages["draws"].str.startswith("generates")]
    normal = generate["draws"].str.startswith("N(0, I)")
    known = packages["s"][packages["s"] > 0]
    return (
        f"Of {len(packages)} packages {len(generate)} generate data, and {int(normal.sum())} of these from N(0, I) by "
        f"default. s = β/(2α), the variance of the decoder's Gaussian noise that the weights of a loss mean, has a "
        f"value by default in {len(packages['s'].dropna())}: from {number(known.min())} to {number(known.max())} or "
        f"more at D = {DIMENSIONS}{_zero(packages)}. {_noise(generate)}"
    )


def _zero(packages: pd.DataFrame) -> str:
    names = list(packages["package"][packages["s"] == 0])
    return f", and is 0 in {listed(names)}" if names else ""


def _noise(generate: pd.DataFrame) -> str:
    own = generate[generate["s"] > 0]
    added = int((own["noise"] != "none").sum())
    return f"Of the {len(own)} of them that generate, {added or 'none'} {'add' if added > 1 else 'adds'} that noise."


def _first(packages: pd.DataFrame) -> Plain:
    header = ("package", "draws z from", "noise", "s", *(SHARES[name] for name in QUANTITIES))
    rows = [
        [
            f"{row.package} {row.version}", row.draws, row.noise, _s(row.effective, row.s),
            *(number(100 * getattr(row, name), 0) for name in QUANTITIES),
        ]
        for row in frames.each(packages)
    ]  # fmt: skip
    caption = (
        f"What each draws by default, and its s, where D is the number of data dimensions. Last columns: what the "
        f"rule of thumb predicts for a Gaussian VAE with that s on {FITTED_ON.upper()}, N = {ROWS:,}, {LATENTS} "
        f"latents, D = {DIMENSIONS}, in % of the gap and of the way to copies (by nearness to them, "
        "a measure without a verdict on these data: see under the rule of thumb). No package was trained on it here. "
        f"—: s has no value by default, is 0, or is so large that the linear VAE's rate is below {number(LEAST_RATE)} "
        "nats."
    )
    return Plain(caption, header, rows)


def _s(effective: str, s: float) -> str:
    """s in words, with its number at the reference's D where the words do not hold it."""
    return f"{effective}: {number(s)} at D = {DIMENSIONS}" if "D" in effective else effective


def accuracy(points: pd.DataFrame) -> str:
    """How far the rule's predictions from s were off, where they could be compared; nothing without a place."""
    off = errors(points)
    parts = []
    every = off[off["source"] == "s"].groupby(["dataset", "seen", "fewer"], sort=False)
    for (dataset, seen, fewer), own in every:
        mean = own.set_index("quantity")["error"]
        shares = listed(
            f"{number(100 * mean[name], 0)} ({SHARES[name]})" for name in QUANTITIES if name in mean
        )
        where = f"on {dataset}, to which it was {'' if seen else 'not '}fitted"
        if dataset == FITTED_ON and not seen:
            where = f"on {'models of fewer examples' if fewer else 'other models'} of {dataset}"
        parts.append(f"{where}, {shares}")
    return (
        f"Predictions from s were off, on average over settings and in points: {'; '.join(parts)}."
        if parts
        else ""
    )
