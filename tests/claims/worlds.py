"""For each claim a world in which it is true and one in which it is false, as arguments of `made`."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tests.claims.made import Wanted, grid, place

BETAS = (0.2, 2.0)
QUALITY = ("kid", "fd_infinity", "coverage")
TURN = 1.0  # the β above which a world that is half true is false
World = Mapping[str, Mapping[str, Any]]  # by experiment: arguments of `made`


@dataclasses.dataclass(frozen=True)
class Case:
    """The worlds of one claim, and where its models are trained."""

    true: World
    false: World
    places: Mapping[str, Sequence[Mapping[str, Any]]] = dataclasses.field(default_factory=dict)


def shares(metrics: Sequence[str] = QUALITY, **of: Wanted) -> dict[str, Any]:
    """Shares of the gap by strategy, the same by every metric; `_` stands for a hyphen."""
    return {
        "shares": {
            (name.replace("_", "-"), metric): share for metric in metrics for name, share in of.items()
        }
    }


def half(case: Case) -> World:
    """The world in which a claim is true at a small β and false at a large one."""
    return {name: _mixed(case.true[name], case.false[name]) for name in case.true}


def _mixed(true: Any, false: Any) -> Any:
    if isinstance(true, Mapping):
        return {name: _mixed(true[name], false[name]) for name in true}

    def chosen(at: Mapping[str, Any], *more: Any) -> float:
        wanted = true if at["beta"] < TURN else false
        return wanted(at, *more) if callable(wanted) else wanted

    return chosen


def _one(
    *worlds: Mapping[str, Any],
    experiment: str = "sampling_strategies",
    places: Sequence[Mapping[str, Any]] = (),
) -> Case:
    """The true and the false world of a claim that reads one experiment."""
    true, false = worlds
    return Case({experiment: true}, {experiment: false}, {experiment: places} if places else {})


def _rising(per_decade: float, *, above: float = 0.0) -> Wanted:
    return lambda at: above + per_decade * math.log10(at["alpha"])


def _kl(per_decade: float) -> dict[str, Any]:
    return {
        "facts": {"rate": _rising(per_decade, above=3.0)},
        "latents": {"marginal_kl": lambda at, j: 0.5 + per_decade * math.log10(at["alpha"])},
    }


def _dims(**columns: Any) -> dict[str, Any]:
    return {"latents": {name: (lambda at, j, v=value: v) for name, value in columns.items()}}


def _ranked(order: int) -> dict[str, Any]:
    """Latents whose KLs have the order of what they tell (1), or the reverse (−1)."""
    return {
        "latents": {
            "mutual_information": lambda at, j: 1.0 + j, "mean_variance": lambda at, j: 0.1 + 0.1 * j,
            "kl": lambda at, j: 10.0 + 0.04 * order * j, "marginal_kl": lambda at, j: 10.0 + 0.04 * order * j,
        }
    }  # fmt: skip


def _far(hole: float, auc: float, inside: float, **more: Any) -> dict[str, Any]:
    return {"facts": {"hole_mass": hole, "latent_c2st": auc}, "inside": inside, **more}


def _learned(share: float) -> Wanted:
    return lambda at: 0.0 if at["family"] == "vae" else share


def _solved(fitted: float, learned: float) -> World:
    return {
        "gap_ladder": shares(TWO, posterior=0.6, gmm=fitted, flow=fitted),
        "learned_priors": shares(TWO, prior=_learned(learned)),
    }


def _gan(other: float) -> Wanted:
    return lambda at: 0.5 if at["family"] == "gan" else other


def _by_d(low: float, high: float) -> Wanted:
    return lambda at: low if at["latent_dim"] == 2 else high


def _drawn(means: float, draws: float) -> Wanted:
    return lambda at: means if at["decode"] == "mean" else draws


def _similar(same: float, distances: float) -> dict[str, Any]:
    return {"own": {"similar": lambda at: [{"same class": same, "chance": 0.1, "distances": distances}]}}


def _crossed(kid: float, coverage: float) -> dict[str, Any]:
    """Scores with codes of a decoder's own, beside a KID of 1 and a coverage of 0.4 with any other z."""
    scores = {"own codes": (kid, coverage), "other's codes": (1.0, 0.4), "N(0, I)": (1.0, 0.4)}
    rows = [
        {"data": "digits", "source": source, "metric": metric, "value": value}
        for source, values in scores.items()
        for metric, value in zip(("kid", "coverage"), values, strict=True)
    ]
    return {"own": {"crossed": lambda at: rows}}


ALPHAS = grid(*BETAS, alphas=(1.0, 10.0))
FAMILIES = [
    at for name in ("vae", "vampprior", "mog-prior", "flow-prior") for at in grid(*BETAS, family=name)
]
GANS = [*grid(*BETAS), place(family="gan")]
EQUAL = [place(alpha=a * k, beta=b * k) for a in (1.0, 10.0) for b in BETAS for k in (1.0, 4.0)]
SPACES = [place(beta=b, latent_dim=d) for b in BETAS for d in (2, 64)]
SHOWN = [at for way in ("mean", "sample") for at in grid(*BETAS, decode=way)]
TWO = ("kid", "fd_infinity")


def _omits(share: float, beyond: float) -> dict[str, Any]:
    found = shares(("recall", "precision"), posterior=share)
    return found | {"facts": {"hole_mass": 0.01 + beyond, "hole_mass_converse": 0.01 + beyond}}


def _best(share: float, nearer: float) -> dict[str, Any]:
    near = {"posterior": nearer, "held-out": 0.5, "copycat": 1.0, "noise": 0.5}
    values = {(name, "nearer_to_train"): value for name, value in near.items()}
    values |= {(name, "authenticity"): 1.0 - value for name, value in near.items()}
    return shares(posterior=share, gmm=0.5) | {"values": values}


def _like(less: float) -> dict[str, Any]:
    pairs = (("label_accuracy", "held-out"), ("confidence", "held-out"), ("precision", "reconstruction"))
    return {
        "values": {("class-posterior", metric): 0.9 - less for metric, _ in pairs}
        | {(other, metric): 0.9 for metric, other in pairs}
    }


def _dimensions(hole: float, covered: float, sharp: float) -> dict[str, Any]:
    return {
        "facts": {"hole_mass": _by_d(0.1, hole)},
        "values": {
            ("prior", "coverage"): _by_d(0.9, covered),
            ("prior", "sharpness"): _by_d(0.9, sharp), ("reconstruction", "sharpness"): 0.9,
        },
    }  # fmt: skip


def _fuzzy(rise: float, sharp: float) -> dict[str, Any]:
    return {
        "facts": {name: _rising(rise, above=0.2) for name in ("latent_c2st", "hole_mass")},
        "values": {("posterior", "sharpness"): 0.9, ("prior", "sharpness"): sharp},
    }


def _variance(gain: Wanted, rate: Wanted) -> dict[str, Any]:
    return shares(TWO, posterior=gain) | {"facts": {"rate": rate}}


CASES: Mapping[str, Case] = {
    "scale_log_var": _one(shares(literal_logvar=0.3), shares(literal_logvar=-0.5)),
    "scale_sigma": _one(shares(posterior=0.6, literal_logvar=0.1), shares(posterior=0.1, literal_logvar=0.3)),
    "empirical_is_best": _one(_best(0.6, 0.5), _best(0.2, 0.8)),
    "omits_and_oversamples": _one(_omits(0.5, 0.3), _omits(-0.1, 0.0)),
    "untrained_inputs": _one(
        _far(0.4, 0.9, 0.3, **shares(("precision",), posterior=0.5)),
        _far(0.01, 0.5, 0.0, **shares(("precision",), posterior=-0.1)),
    ),
    "prior_is_correct": _one(shares(posterior=-0.1, gmm=-0.2), shares(posterior=0.5, gmm=0.4)),
    "mismatch_then_failure": _one(_far(0.4, 0.9, 0.3), _far(0.01, 0.5, 0.0)),
    "learned_prior_solves": Case(
        _solved(0.5, 0.4),
        _solved(0.1, -0.1),
        {"learned_priors": FAMILIES},
    ),
    "a_mapping": _one(
        shares(posterior=0.6, averaged_moments=-0.5) | _dims(mean_variance=0.8, variance_mean=0.2),
        shares(posterior=0.1, averaged_moments=0.1) | _dims(mean_variance=0.001, variance_mean=1.0),
    ),
    "similar_codes": _one(
        _similar(0.6, 0.5), _similar(0.15, 0.05), experiment="latent_maps", places=grid(*BETAS, latent_dim=1)
    ),
    "like_one_image": _one(_like(0.0), _like(0.3), experiment="conditional"),
    "weight_raises_kl": _one(_kl(1.0), _kl(0.0), experiment="reconstruction_weight", places=ALPHAS),
    "far_and_fuzzy": _one(_fuzzy(0.3, 0.5), _fuzzy(0.0, 0.9), experiment="reconstruction_weight", places=ALPHAS),
    "q_resembles_prior": _one(
        _far(0.01, 0.5, 0.0, **_dims(w1=0.01)), _far(0.4, 0.9, 0.0, **_dims(w1=0.5))
    ),
    "dimensions_fill": _one(
        _dimensions(0.9, 0.3, 0.4), _dimensions(0.1, 0.9, 0.9), experiment="latent_dimension", places=SPACES
    ),
    "prior_at_300": _one(
        shares(posterior=0.6, gmm=0.5), shares(posterior=0.0, gmm=0.0), experiment="reconstruction_weight",
        places=grid(*BETAS, alphas=(300.0,)),
    ),
    "posterior_gap": _one(
        *({"facts": {"rate": 10.0, "posterior_gap": v, "posterior_gap_ais": v}} for v in (4.0, 0.2)),
        experiment="posterior_gap",
    ),
    "moments_are_not_samples": _one(
        *(
            shares(("kid",), prior=_drawn(0.0, -share))
            | {"values": {("prior", name): _drawn(0.5, 0.5 + by) for name in ("sharpness", "precision")}}
            for share, by in ((0.5, 0.4), (0.0, 0.0))
        ),
        experiment="decoder_noise", places=SHOWN,
    ),
    "weight_is_variance": _one(
        _variance(0.5, 5.0),
        _variance(lambda at: 0.2 + 0.3 * math.log10(at["alpha"]), lambda at: 5.0 * at["alpha"]),
        experiment="reconstruction_weight", places=EQUAL,
    ),
    "informative_units": _one(_ranked(1), _ranked(-1)),
    "farthest_latent": _one(
        shares(TWO, posterior=0.6, one_from_q=0.4, one_from_prior=0.2) | _dims(w1=0.5, ks=0.3),
        shares(TWO, posterior=0.6, one_from_q=0.0, one_from_prior=0.6) | _dims(w1=0.01, ks=0.01),
        experiment="single_latent",
    ),
    "two_data_sets": _one(_crossed(0.4, 0.6), _crossed(1.2, 0.3), experiment="two_datasets"),
    "gan_without_encoder": _one(
        *(shares(prior=_gan(other)) for other in (0.0, 0.8)), experiment="gan_baseline", places=GANS
    ),
    "three_ways": _one(
        shares(TWO, posterior=0.6, mean_plus_logvar=0.2), shares(TWO, posterior=-0.3, mean_plus_logvar=-0.5)
    ),
}  # fmt: skip
