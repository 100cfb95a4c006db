"""Fashion-MNIST :cite:`xiao2017`: 28x28 images of clothes, in MNIST's sizes and format.

Checks: only the checksums of the published .gz files are known, so a download must match them byte for byte. A file
that is already on disk may have been unpacked or compressed again; its exact size, type and shape are checked and, for
the training images and labels, the SHA-256 of the first 3,615 examples. This distinguishes Fashion-MNIST from other
data of the same format, but does not detect changes after these examples or in the test files.
"""

from study.data.base import Dataset
from study.data.sources.official import OfficialFile, load_official

SUMMARY = "Fashion-MNIST: 28x28 images of clothes, 60,000 + 10,000 (download of 30 MB)"
SOURCE = "Xiao, Rasul and Vollgraf 2017, Zalando Research"
ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_HEAD = 3_615
FILES = {
    "train": OfficialFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        sha256_gz="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        sha256_head=(
            _HEAD * 28 * 28,
            "a946fc9312c9880446757a540beb4503057b26dcbc5ab1c15a7e629ad93cb670",
        ),
    ),
    "train_labels": OfficialFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        sha256_gz="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        sha256_head=(_HEAD, "8bc55345e95162a58408bf9087aca81a10ee67d50b8b718a4e4e25a700d1214d"),
    ),
    "test": OfficialFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        sha256_gz="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    "test_labels": OfficialFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        sha256_gz="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
}


def load(*, seed: int) -> Dataset:
    """Fashion-MNIST in [0, 1]: train is the official 60,000; the official 10,000 give validation 2,000, test 8,000.

    Args:
        seed: decides which test images become validation, stratified by class.

    Raises:
        StudyError: the download failed, or a file on disk fails the checks above.
    """
    return load_official("fashion-mnist", files=FILES, address=ADDRESS, source=SOURCE, seed=seed)
