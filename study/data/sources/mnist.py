"""MNIST :cite:`lecun1998`: 28x28 handwritten digits, 60,000 for training and 10,000 for test.

The original site no longer serves the files, so they come from the mirror of the PyTorch project. The SHA-256 of the
uncompressed content is checked at download and at every load.
"""

from study.data.base import Dataset
from study.data.sources.official import OfficialFile, load_official

SUMMARY = "MNIST: 28x28 handwritten digits, 60,000 + 10,000 (download of 11 MB)"
SOURCE = "LeCun, Cortes and Burges 1998, by the OSSCI mirror"
ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"
FILES = {
    "train": OfficialFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train_labels": OfficialFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "test": OfficialFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "test_labels": OfficialFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


def load(*, seed: int) -> Dataset:
    """MNIST in [0, 1]: train is the official 60,000; the official 10,000 give validation 2,000 and test 8,000.

    Args:
        seed: decides which test images become validation, stratified by class.

    Raises:
        StudyError: the download failed, or a file on disk is not the official one.
    """
    return load_official("mnist", files=FILES, address=ADDRESS, source=SOURCE, seed=seed)
