"""Mutations of bytes, text, JSON and files by name; every one is a function of its input and a random generator.

The result of a mutation depends only on the generator's seed, so an input can be stored as a list of seeds.
"""

import json
import random
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

Files = dict[str, bytes]
Mutation = Callable[[random.Random, bytes], bytes]

NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
MAGIC = (
    b"\x93NUMPY",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\x1f\x8b\x08",
    b"PAR1",
    b"\x00\x00\x08\x03",
)
WORDS = (
    *(
        "nan",
        "inf",
        "-inf",
        "1e999",
        "-1e999",
        "-0",
        "1e-400",
        "0",
        "-1",
        "1",
        "3",
        "1_0",
        "0x10",
        "NaN",
        "1.5",
    ),
    *(
        "9" * 400,
        str(2**63),
        str(2**64),
        str(10**12),
        "true",
        "null",
        "None",
        "",
        " ",
        '"',
        "'",
        ",",
        ";",
        "\t",
    ),
    *(
        "$",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "]]",
        "[" * 3000,
        '{"a":' * 3000,
        "#",
        "=",
        "\n",
        "\r",
        "\x00",
        "\x1b[31m",
    ),
    *(
        "α",
        "\u202e",
        "\ud7ff",
        "😀",
        "x" * 3000,
        "../..",
        ".",
        "label",
        "x",
        "date",
        "2020-01-01",
        "2020-13-45",
    ),
)


def of_bytes(rng: random.Random, content: bytes) -> bytes:
    """One change of a few bytes or a block, anywhere or, half of the time, near the beginning or the end."""
    if not content:
        return rng.choice(MAGIC)
    near = min(len(content), 200)
    at = rng.choice(
        (rng.randrange(len(content)), rng.randrange(near), len(content) - 1 - rng.randrange(near))
    )
    size = rng.choice((1, 2, 4, 8, 16, 64, 512))
    match rng.randrange(9):
        case 0:
            return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
        case 1:
            return content[:at] + rng.randbytes(min(size, 16)) + content[at + min(size, 16) :]
        case 2:
            return content[:at]
        case 3:
            return content[:at] + content[at + size :]
        case 4:
            other = rng.randrange(len(content))
            return content[:at] + content[other : other + size] + content[at:]
        case 5:
            other = rng.randrange(len(content))
            block = content[other : other + size]
            return content[:at] + block + content[at + len(block) :]
        case 6:
            packed = number(rng)
            return content[:at] + packed + content[at + len(packed) :]
        case 7:
            magic = rng.choice(MAGIC)
            return content[:at] + magic + content[at + len(magic) :]
    return content[:at] + content[at : at + size] * rng.choice((2, 50, 1000)) + content[at + size :]


def number(rng: random.Random) -> bytes:
    """An edge-case number in 1, 2, 4 or 8 bytes, in either byte order."""
    size = rng.choice("BHIQ")
    value = rng.choice(NUMBERS) % (1 << (8 * struct.calcsize(size)))
    return struct.pack(rng.choice("<>") + size, value)


def of_text(rng: random.Random, content: bytes) -> bytes:
    """One token or line replaced, deleted, duplicated or moved."""
    text = content.decode("utf-8", "surrogateescape")
    tokens = re.findall(r"[\w.+-]+|\n|[^\w\n]", text)
    if not tokens:
        return rng.choice(WORDS).encode()
    at = rng.randrange(len(tokens))
    match rng.randrange(6):
        case 0 | 1:
            tokens[at] = rng.choice(WORDS)
        case 2:
            del tokens[at]
        case 3:
            tokens.insert(at, rng.choice((tokens[at], *WORDS)))
        case 4:
            tokens[at] = rng.choice(tokens)
        case _:
            lines = text.split("\n")
            where = rng.randrange(len(lines))
            lines[where : where + 1] = [lines[where], rng.choice(lines)] if rng.random() < 0.5 else []
            tokens = ["\n".join(lines)]
    return "".join(tokens).encode("utf-8", "surrogateescape")


def of_value(rng: random.Random, value: Any) -> Any:
    """One place in a JSON value changed."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        name = rng.choice(list(value))
        if rng.random() < 0.12:
            return {k: v for k, v in value.items() if k != name}
        if rng.random() < 0.08:
            return {**value, rng.choice(WORDS): value[name]}
        return {**value, name: of_value(rng, value[name])}
    if isinstance(value, list) and value and rng.random() < 0.75:
        at = rng.randrange(len(value))
        match rng.randrange(4):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, value[at]]
        return [*value[:at], of_value(rng, value[at]), *value[at + 1 :]]
    return _value(rng)


def _value(rng: random.Random) -> Any:
    match rng.randrange(9):
        case 0:
            return rng.choice(NUMBERS) * rng.choice((1, -1, 10**300))
        case 1:
            return rng.choice((0.0, -1.0, 0.5, 1e300, 5e-324, float("nan"), float("inf"), -float("inf")))
        case 2:
            return rng.choice(WORDS)
        case 3:
            return rng.choice((None, True, False))
        case 4:
            return rng.choice(([], {}, [[]], [None], {"": None}, {"class": "Latents", "fields": {}}))
        case 5:
            return [rng.choice(NUMBERS)] * rng.choice((1, 2, 3, 40))
        case 6:
            return {rng.choice(("array", "jax", "scalar", "float", "map", "tuple")): rng.choice(WORDS)}
        case 7:
            return rng.choice(
                ("mlp", "conv", "gru", "tcn", "linear", "vae", "ae", "gan", "cvae", "bernoulli")
            )
    nested: Any = 1
    for _ in range(rng.choice((3, 600))):
        nested = [nested]
    return nested


def of_json(rng: random.Random, content: bytes) -> bytes:
    """One place in a JSON text changed; if the text is not JSON, one token."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return of_text(rng, content)
    try:
        return json.dumps(of_value(rng, value), ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return content


def splice(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """The beginning of one and the end of another."""
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


def of_files(
    rng: random.Random, files: Files, *, seeds: Sequence[Files], mutations: Sequence[tuple[str, Mutation]]
) -> Files:
    """One file changed by a mutation whose ending fits its name; now and then files are lost, swapped or spliced."""
    if not files:
        return dict(rng.choice(seeds))
    name = rng.choice(sorted(files))
    chance = rng.random()
    if chance < 0.03 and len(files) > 1:
        return {k: v for k, v in files.items() if k != name}
    if chance < 0.06:
        return {**files, name: files[rng.choice(sorted(files))]}
    if chance < 0.10:
        other = rng.choice(seeds)
        return {**files, name: splice(rng, files[name], other[rng.choice(sorted(other))])}
    changed = files[name]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        fitting = [mutation for ending, mutation in mutations if name.endswith(ending)]
        changed = rng.choice(fitting)(rng, changed)
    return {**files, name: changed[:MOST]}


MOST = 400_000  # bytes of one mutated file; what small files claim is the subject, not large files
