"""What VAE packages that can be installed draw when they generate, and what the rule of thumb says of their default s.

Only what was confirmed by running that version stands here: each row names the scripts that do so again. The packages
are those of :cite:`chadebec2022b,xu2019,lopez2018,an2023` and ten others.

s = β/(2α) is the variance of the Gaussian noise of the decoder that the default weights of a loss mean. Where it grows
with the number D of data dimensions, it is that at D = 784. The rule of thumb (`rule.py`) is then asked as if each
package were trained with its s on the same data: MNIST, 60,000 examples, 16 latents. It is a prediction: none of the
packages was trained on MNIST here.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.claims.rule import FITTED_ON, LEAST_RATE, ROWS, RULE, Quantity, linear_rate
from study.tables import schemas

DIMENSIONS, LATENTS = 784, 16  # of the reference, which is `FITTED_ON` with `ROWS` examples
CHECKS = "experiments/benchmarks/packages"
QUANTITIES: tuple[Quantity, ...] = ("posteriors", "mixture", "copied")


@dataclasses.dataclass(frozen=True)
class Package:
    """A package as it is by default; every text is a phrase for a cell.

    Attributes:
        name, version: as it is installed.
        draws: from which distribution it draws z.
        noise: what it adds to, or draws around, the decoder's mean.
        seed: what decides its draws.
        weights: the loss.
        effective: s, and on what it depends; why there is none, if so.
        s: that number for the reference, NaN where there is none.
        encoder: what one gets of q(z|x).
        remark: what a reader may not expect.
        findings: the scripts of `findings/` that show it.
    """

    name: str
    version: str
    draws: str
    noise: str
    seed: str
    weights: str
    effective: str
    s: float
    encoder: str
    remark: str = ""
    findings: tuple[str, ...] = ()

    @property
    def confirmed_by(self) -> tuple[str, ...]:
        """The scripts, from the root of the project, that run it and fail if what is said here changes."""
        check = f"{CHECKS}/check_{self.name.replace('-', '_')}.py"
        return (check, *(f"findings/{name}.sh" for name in self.findings))


NORMAL, NOTHING = "N(0, I)", "generates nothing"
COUNTS, NO_LOSS = "none: not Gaussian", "none: no loss is given"
PACKAGES: Sequence[Package] = (
    Package(
        "ctgan", "0.12.1", NORMAL, "numbers: Gaussian, σ learned for each column; categories: none",
        "torch's for z, NumPy's for the noise", "SSE/σ² + 2 log σ + 2 cross-entropy + KL", "σ²/2, σ learned",
        math.nan, "nothing: it is not kept", "a category is the most probable one, so that rare ones vanish",
        ("ctgan_tvae_categories",),
    ),
    Package(
        "sdv", "2.0.0", NORMAL, "that of ctgan, its model", "a constant; those that are set change nothing",
        "those of ctgan", "σ²/2, σ learned", math.nan, "nothing: it is not kept",
        "a saved model gives every session the same rows", ("sdv_tvae_seed",),
    ),
    Package(
        "distvae-tabular", "0.2.4", NORMAL, "by the quantile function; categories: Gumbel noise",
        "0 unless given; sets torch's global one", "CRPS + cross-entropy + 0.1 KL", COUNTS, math.nan,
        "a sample, mean and log-variance",
        "the Gumbel noise has the wrong sign: where z leaves a category open, rare ones become rarer",
        ("distvae_categories",),
    ),
    Package(
        "scvi-tools", "1.4.2", "q(z|x) of the cells given, one for each", "counts are drawn", "torch's",
        "zero-inflated negative binomial + KL, whose weight rises over 400 epochs", COUNTS, math.nan,
        "the mean; `get_normalized_expression` decodes a sample",
        "training ends before the weight is 1: with N > 20,000 cells at about 20,000/N", ("scvi_kl_warmup",),
    ),
    Package(
        "pythae", "0.1.2", f"{NORMAL}, or a mixture of 10 fitted to samples of z", "none",
        "torch's and the size of a batch; of a mixture NumPy's", "SSE/2 + KL", "1", 1.0,
        "a sample by `embed` and `reconstruct`, the mean by `predict`",
        "saving a fitted sampler saves no mixture", ("pythae_mixture_lost",),
    ),
    Package(
        "tsgm", "0.1.0", NORMAL, "none", "Keras'", "SSE summed over the batch + mean KL",
        "1/(2 B) for batches of B; 1/64 at Keras' 32", 1 / 64, "the mean, by `call`", "β is not used",
        ("tsgm_beta",),
    ),
    Package(
        "probaforms", "0.2.0", NORMAL, "none", "torch's", "SSE/D + 0.001 KL", "0.0005 D",
        0.0005 * DIMENSIONS, "mean and `log_sigma`, which is a log-variance",
    ),
    Package(
        "vae-anomaly-detection", "2.0.1", NORMAL, "σ times a uniform number from [0, 1)", "torch's",
        "−log N(x; mean, σ²) + KL", "σ², σ learned for each z", math.nan, "mean, σ and a sample",
        "the model is Gaussian: its samples are shifted by σ/2 and too narrow", ("vae_anomaly_noise",),
    ),
    Package(
        "demovae", "0.0.6", NORMAL, "none", "torch's",
        "root mean squares: of the errors, and of Z'Z − n I and the mean of z", "none: no KL", math.nan,
        "a point",
    ),
    Package(
        "pyod", "3.6.7", NOTHING, "—", "`random_state`, but not of its scores",
        "reconstruction + KL clamped to [0, capacity], capacity 0", "0", 0.0, "a sample, in every score",
        "β is without effect while capacity is 0", ("pyod_vae_beta", "pyod_vae_scores"),
    ),
    Package(
        "easyvae", "1.3.3", NOTHING, "—", "NumPy's", "the mean's gradient is that of SSE/2 + KL; it shows means", "1",
        1.0, "a sample", "z has half of the standard deviation that the KL is computed from", ("easyvae_half_noise",),
    ),
    Package(
        "monai", "1.6.1", NOTHING, "—", "torch's", "none is given", NO_LOSS, math.nan,
        "mean, log-variance and a z, in eval mode mean + σ", "in eval mode each input is decoded one σ off its mean",
        ("monai_eval_shift",),
    ),
    Package(
        "diffusers", "0.42.1", NOTHING, "—", "the generator given, or torch's", "none is given", NO_LOSS, math.nan,
        "mean, σ, a sample; a call decodes the mean",
        "`kl()` is the KL of an image; of a video it is left in parts, of audio it is twice the KL",
        ("diffusers_video_kl", "diffusers_audio_kl"),
    ),
    Package(
        "vaes-ptorch", "0.0.1", NOTHING, "—", "torch's",
        "SSE/(2 D σ²) + ½ mean of log σ² + KL, its squared means summed over the batch", "at least D",
        float(DIMENSIONS), "mean and variance", "a decoder's σ² below 1 counts as 1", ("vaes_ptorch_kl",),
    ),
)  # fmt: skip


def predicted(s: float, eigenvalues: np.ndarray) -> dict[str, float]:
    """What the rule says of a Gaussian VAE with noise variance `s` on the reference.

    Args:
        s: noise variance; NaN where there is none.
        eigenvalues: `[k]`, of the covariance of the reference's training examples, the largest first; k ≥ `LATENTS`.

    Returns:
        `rate`, of a linear VAE, in nats, and the shares `posteriors`, `mixture` and `copied`. All are NaN without a
        positive s; the shares also where the rate is so small that nothing is encoded.
    """
    rate = linear_rate(eigenvalues, s=s, latent_dim=LATENTS) if s > 0 else math.nan
    x = np.asarray(rate / math.log(ROWS))
    shares: dict[str, float] = {
        name: float(RULE[name, "s"].at(x)) if rate > LEAST_RATE else math.nan for name in QUANTITIES
    }
    return {"rate": rate, **shares}


def package_table(spectra: pd.DataFrame) -> pd.DataFrame:
    """The columns of `schemas.PACKAGES`, a row for each package.

    Args:
        spectra: the columns dataset, rank and eigenvalue; without enough of the reference's there is no prediction.
    """
    own = spectra[spectra["dataset"] == FITTED_ON].sort_values("rank")["eigenvalue"].to_numpy(float)
    rows = [_row(package, own) for package in PACKAGES]
    return schemas.conform(pd.DataFrame(rows, columns=[*schemas.PACKAGES]), "packages")


def _row(package: Package, eigenvalues: np.ndarray) -> Mapping[str, Any]:
    s = package.s if len(eigenvalues) >= LATENTS else math.nan
    facts = {field.name: getattr(package, field.name) for field in dataclasses.fields(package)}
    facts["package"], facts["confirmed_by"] = facts.pop("name"), " ".join(package.confirmed_by)
    del facts["findings"]
    return {**facts, **predicted(s, eigenvalues)}
