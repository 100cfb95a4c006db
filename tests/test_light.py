"""`import study` loads neither JAX nor anything else that takes long; every public name is found."""

import subprocess
import sys

import study

CODE = "import sys, study; dir(study); print(*sys.modules)"


def test_importing_the_package_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    heavy = {"jax", "numpy", "pandas", "matplotlib", "flax", "study.notebook"}
    assert "study" in done.stdout.split() and not heavy & set(done.stdout.split())


def test_every_public_name_is_found() -> None:
    assert {"compare", "plot"} <= set(study.__all__)
    assert all(getattr(study, name) is not None for name in study.__all__)
