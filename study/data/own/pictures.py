"""A folder of PNG or JPEG pictures, its sub-folders as classes."""

import contextlib
import dataclasses
import math
import os
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from study.data.own.opening import listed_folder, open_regular, told_path
from study.data.own.table_file import one_line
from study.errors import StudyError
from study.runtime.checks import shown
from study.runtime.limits import MAX_BYTES, check_bytes

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = (".png", ".jpg", ".jpeg")
SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
_GREY = ("1", "L", "LA", "La")
_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_LARGEST = 1 << 28  # pixels of one picture before it is resized
_LARGER = 1 << 26  # bytes of a file
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)


@dataclasses.dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures `[N, H, W]` or `[N, H, W, 3]`, uint8, that are read when they are asked for.

    Attributes:
        paths: of the files.
        sides: height and width to which each is resized.
        colour: whether all are read in colour.
    """

    paths: tuple[Path, ...]
    sides: tuple[int, int]
    colour: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, H, W)` or `(N, H, W, 3)`."""
        return (len(self.paths), *self.sides, *((3,) if self.colour else ()))

    @property
    def dtype(self) -> np.dtype:
        """Type of a value."""
        return np.dtype(np.uint8)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """These pictures.

        Raises:
            StudyError: one cannot be read.
        """
        x = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for i, row in enumerate(rows):
            x[i] = _pixels(self.paths[row], colour=self.colour, sides=self.sides)
        return x


Found = dict[str, list[tuple[Path, str | None]]]  # by split, the pictures and their classes


def read_pictures(
    folder: Path, *, size: Sequence[int] = (), max_bytes: int = MAX_BYTES
) -> tuple[dict[str, np.ndarray], str]:
    """Pictures `[N, H, W]`, or `[N, H, W, 3]` if any is in colour, uint8, under the keys of `arrays.from_arrays`.

    Pictures lie in the folder itself, or in sub-folders, one for each class; sub-folders `train`, `test` and perhaps
    `validation` are splits, and hold pictures or classes likewise. Files are read in the order of their names; other
    files and hidden ones are left out. Opacity is left out, a photograph is turned as its camera says.

    Args:
        folder: of the pictures.
        size: height and width to resize to, or one number for both; empty if all have one size.
        max_bytes: the largest size of all pictures together, after resizing.

    Returns:
        The arrays, and a phrase about what was done to the pictures.

    Raises:
        StudyError: there are no pictures, they differ in size, one cannot be read, or they are too large.
    """
    from tqdm import tqdm

    pictures, found, said = _listed(folder, size)
    check_bytes(math.prod(pictures.shape), limit=max_bytes, where=told_path(folder), verb="of pictures takes")
    x = np.empty(pictures.shape, np.uint8)
    with tqdm(range(len(x)), desc=f"pictures of {folder.name}", unit="", disable=None) as progress:
        for i in progress:
            x[i : i + 1] = pictures.read(np.array([i]))
    arrays: dict[str, np.ndarray] = {}
    start = 0
    for split, own in found.items():
        key, labels = ("x", "y") if split == "" else (split, f"{split}_labels")
        arrays[key] = x[start : start + len(own)]
        if any(label is not None for _, label in own):
            arrays[labels] = np.array([label for _, label in own], object)
        start += len(own)
    return arrays, said


def picture_source(folder: Path, *, size: Sequence[int] = ()) -> tuple[Pictures, np.ndarray | None, str]:
    """Pictures that stay on disk, their classes `[N]`, and a phrase about what is done to them.

    Raises:
        StudyError: as `read_pictures`, or the folder has splits of its own.
    """
    pictures, found, said = _listed(folder, size)
    if list(found) != [""]:
        raise StudyError(
            f"{told_path(folder)}: pictures on disk are split here; give one folder, with classes as sub-folders"
        )
    classes = [label for _, label in found[""]]
    return pictures, None if None in classes else np.array(classes, object), said


def _listed(folder: Path, size: Sequence[int]) -> tuple[Pictures, Found, str]:
    """The pictures of a folder, where each belongs, and a phrase about what is done to them."""
    where = told_path(folder)
    found, others = _found(folder)
    paths = tuple(path for split in found.values() for path, _ in split)
    if not paths:
        raise StudyError(
            f"{where}: no PNG or JPEG pictures, and no IDX file such as train-images-idx3-ubyte.gz; give the folder "
            "that holds them"
        )
    sides = (tuple(size) * 2)[:2] if len(size) == 1 else tuple(size)
    height, width, colour, mixed = _measured(paths, sides, where)
    said = [
        f"{len(paths)} pictures",
        f"resized to {height}×{width}" if sides else "",
        "grey ones as colour" if mixed else "",
        f"{others} other files left out" if others else "",
    ]
    return Pictures(paths, (height, width), colour), found, ", ".join(part for part in said if part)


def _found(folder: Path) -> tuple[Found, int]:
    """Pictures and their classes by split, the empty name if there are no splits; and the number of other files."""
    inside = _visible(folder)
    folders = [path for path in inside if path.is_dir()]
    if folders and {path.name.lower() for path in folders} <= set(SPLITS):
        splits: Found = {}
        others = len(inside) - len(folders)
        for part in folders:
            splits[SPLITS[part.name.lower()]], more = _classes(part)
            others += more
        return splits, others
    found, others = _classes(folder)
    return {"": found}, others


def _classes(folder: Path) -> tuple[list[tuple[Path, str | None]], int]:
    """The pictures of one split with their classes, and the number of other files.

    Raises:
        StudyError: some pictures lie in sub-folders and others do not, or folders are nested deeper.
    """
    inside = _visible(folder)
    folders = [path for path in inside if path.is_dir()]
    own = [path for path in inside if _is_picture(path)]
    others = len(inside) - len(folders) - len(own)
    if not folders:
        return [(path, None) for path in own], others
    if own:
        raise StudyError(
            f"{told_path(folder)}: holds pictures such as {shown(own[0].name)} beside sub-folders such as "
            f"{shown(folders[0].name)}; put each picture into the sub-folder of its class"
        )
    found: list[tuple[Path, str | None]] = []
    for part in folders:
        for path in _visible(part):
            if path.is_dir():
                raise StudyError(
                    f"{told_path(path)}: folders of pictures are nested too deep; give a folder whose sub-folders are "
                    "classes, or `train` and `test` with classes in each"
                )
            if _is_picture(path):
                found.append((path, part.name))
            else:
                others += 1
    return found, others


def _visible(folder: Path) -> list[Path]:
    return [path for path in listed_folder(folder) if not path.name.startswith(".")]


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()


def _measured(paths: Sequence[Path], sides: tuple[int, ...], where: str) -> tuple[int, int, bool, bool]:
    """Height, width, whether some picture is in colour, and whether others are not; from the headers of the files.

    Raises:
        StudyError: sizes differ and none was asked for, a picture has more than 8 bits per value, or is unreadable.
    """
    first: tuple[int, int] | None = None
    colours: set[bool] = set()
    for path in paths:
        with _opened(path) as image:
            own, mode = _upright(image), image.mode
        if mode in _DEEP:
            raise StudyError(
                f"{told_path(path)}: holds more than 8 bits per value; save it with 8 bits, or give arrays as .npz"
            )
        colours.add(mode not in _GREY)
        first = first or own
        if not sides and own != first:
            raise StudyError(
                f"{where}: {_told(paths[0])} is {first[0]}×{first[1]}, but {_told(path)} {own[0]}×{own[1]}; give "
                "--size HEIGHT WIDTH (in Python size=...) to resize all pictures"
            )
    height, width = sides or first or (0, 0)
    return height, width, True in colours, len(colours) > 1


def _told(path: Path) -> str:
    return told_path(os.path.join(path.parent.name, path.name))  # noqa: PTH118  a text for a message


@contextlib.contextmanager
def _opened(path: Path) -> Iterator["Image.Image"]:
    """A picture, open for reading.

    Raises:
        StudyError: it is not PNG or JPEG, damaged, or has too many pixels; also within the block.
    """
    from PIL import Image

    try:
        with open_regular(path) as (file, size), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes, which are checked here, and about damaged remarks
            if size > _LARGER:
                raise ValueError(f"{size} bytes, at most {_LARGER} are read")
            with Image.open(file, formats=("PNG", "JPEG")) as image:
                if image.size[0] * image.size[1] > _LARGEST:
                    raise ValueError(
                        f"{image.size[0]} by {image.size[1]} pixels, at most {_LARGEST} are read"
                    )
                yield image
    except StudyError:
        raise
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise StudyError(
            f"{told_path(path)}: cannot be read as PNG or JPEG ({one_line(error)}); save the picture again"
        ) from error


def _upright(image: "Image.Image") -> tuple[int, int]:
    """Height and width after a photograph is turned as its camera says."""
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return image.size if turned else (image.size[1], image.size[0])


def _pixels(path: Path, *, colour: bool, sides: tuple[int, int]) -> np.ndarray:
    from PIL import Image, ImageOps

    with _opened(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB" if colour else "L")
        if (upright.size[1], upright.size[0]) != sides:
            upright = upright.resize((sides[1], sides[0]), Image.Resampling.LANCZOS)
        return np.asarray(upright, np.uint8)
