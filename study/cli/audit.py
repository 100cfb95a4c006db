"""`study audit`: the flags, and what is printed at the end."""

import argparse
from typing import Any

from study.cli.exits import DONE, SOME_FAILED
from study.cli.flags import add_limit, folder, max_bytes
from study.cli.parsing import Once, number, several, text, whole

LABELS = ("index", "one-hot")
READINGS = ("log-variance", "log-sd", "variance", "sd")


def add(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "audit", help="from which distribution to sample a VAE trained elsewhere, and what is wrong with it"
    )
    for flag, metavar, meaning, required in (
        ("--train", "A.npz", "training data as the model takes them: x [N, ...], optionally y [N]", True),
        ("--test", "B.npz", "test data, likewise", True),
        ("--decoder", "D.onnx", "codes [N, d] to data [N, ...]", True),
        ("--encoder", "E.onnx", "data to mean and log-variance", False),
        ("--latents", "L.npz", "instead of an encoder: train_mean, train_log_var, test_mean, test_log_var", False),
        ("--mu", "NAME", "name or number of the encoder's output that is the mean", False),
        ("--log-var", "NAME", "name or number of the output that is the log-variance", False),
        ("--features", "F.onnx", "a network that computes the features of data", False),
        ("--export", "FILE.npz", "write the fitted strategy, and beside it a script that draws from it", False),
    ):  # fmt: skip
        parser.add_argument(flag, action=Once, kind=text, metavar=metavar, help=meaning, required=required)
    for flag, choices, meaning in (
        ("--labels", LABELS, "how the model takes labels, if its input does not tell"),
        ("--layout", ("channels-first", "channels-last", "flat"), "where the channels of an example are"),
        ("--reading", READINGS, "what the encoder's second output is (default: found out)"),
    ):
        parser.add_argument(flag, choices=choices, help=meaning)
    parser.add_argument(
        "--strategies", action=Once, kind=several(text), nargs="+", metavar="NAME",
        help="names (`study list strategies`), the prior among them",
    )  # fmt: skip
    parser.add_argument(
        "--scaling-factor", action=Once, kind=number, default=1.0, metavar="S",
        help="codes are multiplied by S, and divided before they are decoded, as in latent diffusion",
    )  # fmt: skip
    parser.add_argument(
        "--fits", action=Once, kind=whole, metavar="N", help="fits and draws of each strategy"
    )
    parser.add_argument("--seed", action=Once, kind=whole, default=0, metavar="N", help="decides every draw")
    parser.add_argument(
        "--out", action=Once, kind=folder, metavar="DIR", help="the folder of the report", required=True
    )
    parser.add_argument(
        "--force", action="store_true", help="write into --out although it holds files of others"
    )
    add_limit(parser)
    parser.set_defaults(verb=_audit)


def _audit(arguments: argparse.Namespace) -> int:
    from study.runtime.environment import use_all_cores

    use_all_cores()
    from study.audit.files import Files, subject_of
    from study.audit.measuring import DEFAULT, FITS, Plan
    from study.audit.run import carry_out, check_places

    plan = Plan(
        arguments.strategies or DEFAULT,
        fits=FITS if arguments.fits is None else arguments.fits,
        features=arguments.features,
        seed=arguments.seed,
    )
    files = Files(
        **{
            name: getattr(arguments, name)
            for name in (
                "train",
                "test",
                "decoder",
                "encoder",
                "latents",
                "mu",
                "log_var",
                "labels",
                "layout",
            )
        },
        scaling_factor=arguments.scaling_factor,
        max_bytes=max_bytes(arguments),
    )
    check_places(arguments.export, arguments.out, force=arguments.force)
    found = carry_out(
        subject_of(files),
        plan,
        reading=arguments.reading,
        export_to=arguments.export,
        out=arguments.out,
        force=arguments.force,
    )
    wrong = found.diagnosis[found.diagnosis["found"] == "yes"]
    print(f"\n{found.answer}\n")
    for row in wrong.to_dict("records"):
        print(f"found: {row['name']}: {row['says']}; {row['mend']}")
    print(f"{'' if len(wrong) else 'nothing was found to be wrong'}\nreport: {found.page}".lstrip("\n"))
    return SOME_FAILED if (found.results.metrics["status"] == "failed").any() else DONE
