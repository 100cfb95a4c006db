"""Mutations that know a format: parts are changed and reassembled, with valid checksums."""

import hashlib
import io
import json
import lzma
import random
import re
import struct
import zipfile
from typing import Any

import numpy as np

from study.training.archive import Archive, digest
from tests.fuzz import mutate

DTYPES = (
    "<f4",
    ">f8",
    "|u1",
    "|b1",
    "<i8",
    "<U5",
    "|S3",
    "|O",
    "<c16",
    "<f2",
    "<M8[ns]",
    "|V8",
    "<f16",
    "<U99999999",
)


def npy(rng: random.Random, content: bytes) -> bytes:
    """Type, order or shape in the header changed; the length of the header is usually corrected."""
    found = re.match(rb"\x93NUMPY(.)(.)(..)(\{.*?\n)", content, re.DOTALL)
    if found is None:
        return mutate.of_bytes(rng, content)
    header, values = found[4].decode("latin1"), content[found.end() :]
    shape = [rng.choice((*mutate.NUMBERS, 10**12, -1, 3)) for _ in range(rng.choice((0, 1, 1, 2, 3, 40)))]
    match rng.randrange(5):
        case 0:
            header = re.sub(r"\(.*?\)", f"({', '.join(map(str, shape))},)" if shape else "()", header)
        case 1:
            header = re.sub(r"'[<>|]\w+'", lambda _: repr(rng.choice(DTYPES)), header)
        case 2:
            header = header.replace("False", rng.choice(("True", "None", "1")))
        case 3:
            header = mutate.of_text(rng, header.encode()).decode("utf-8", "replace")
        case _:
            values = mutate.of_bytes(rng, values)
    coded = header.encode("latin1", "replace")
    version, size = found[1] + found[2], struct.pack("<H", len(coded) % 65536)
    if rng.random() < 0.1:
        version, size = rng.choice((b"\x02\x00", b"\x03\x00", b"\x09\x00")), struct.pack("<I", len(coded))
    return b"\x93NUMPY" + version + size + coded + values


def zipped(rng: random.Random, content: bytes) -> bytes:
    """A member changed, renamed, doubled, dropped or compressed; or a field of the directory overwritten."""
    if rng.random() < 0.3:
        return directory(rng, content)
    try:
        members = unzip(content)
    except Exception:
        return mutate.of_bytes(rng, content)
    if not members:
        return mutate.of_bytes(rng, content)
    at = rng.randrange(len(members))
    name, body = members[at]
    match rng.randrange(7):
        case 0:
            members[at] = (
                rng.choice(("x.npy", "y.npy", "x", "../x.npy", "/x.npy", "train.npy", "a\n.npy")),
                body,
            )
        case 1:
            members.append((name, body))
        case 2:
            del members[at]
        case 3:
            members[at] = (name, bytes(rng.choice((0, 10**5, 3 * 10**7))))
        case 4:
            members[at] = (name, mutate.of_bytes(rng, body))
        case _:
            members[at] = (name, npy(rng, body))
    return rezip(members, compressed=rng.random() < 0.3)


def unzip(content: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the members, at most 4 MB of each."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(one.filename, archive.open(one).read(1 << 22)) for one in archive.infolist()]


def rezip(members: list[tuple[str, bytes]], *, compressed: bool = False) -> bytes:
    """An archive of these members; names may be there twice."""
    buffer = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, body in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = kind
            if name in archive.NameToInfo:  # which zipfile warns of
                del archive.NameToInfo[name]
            archive.writestr(info, body)
    return buffer.getvalue()


def directory(rng: random.Random, content: bytes) -> bytes:
    """A number overwritten within a header of a zip archive: sizes, offsets, methods, lengths of names."""
    places = [one.start() for one in re.finditer(rb"PK(\x03\x04|\x01\x02|\x05\x06|\x07\x08)", content)]
    if not places:
        return mutate.of_bytes(rng, content)
    at, packed = rng.choice(places) + rng.randrange(4, 46), mutate.number(rng)
    return content[:at] + packed + content[at + len(packed) :]


def signed(archive: Archive) -> mutate.Mutation:
    """Header or arrays of a checkpoint or a fitted strategy changed, with a valid new checksum."""

    def change(rng: random.Random, content: bytes) -> bytes:
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            header = json.loads(str(arrays.pop(archive.header)))
            header.pop("sha256", None)
            if rng.random() < 0.7:
                header = mutate.of_value(rng, header)
            else:
                arrays = array_changed(rng, arrays)
            text = json.dumps({**header, "sha256": digest(header, arrays)}, allow_nan=False)
        except Exception:  # no such file any more, or values that JSON does not hold
            return mutate.of_bytes(rng, content)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **{archive.header: np.array(text)}, **arrays)
        return buffer.getvalue()

    return change


def array_changed(rng: random.Random, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One array deleted, renamed, or with another shape, type or value."""
    if not arrays:
        return {"a": np.zeros(3)}
    name = rng.choice(sorted(arrays))
    array, rest = arrays[name], {k: v for k, v in arrays.items() if k != name}
    match rng.randrange(8):
        case 0:
            return rest
        case 1:
            return {**rest, rng.choice(("losses", "array/000", "parameter/999", "zz")): array}
        case 2:
            return {**rest, name: array.reshape(-1)}
        case 3:
            return {
                **rest,
                name: array.astype(rng.choice(("float64", "float16", "int8", "U7", "complex64", "bool"))),
            }
        case 4:
            return {**rest, name: array[:0] if array.ndim else array}
        case 5:
            return {**rest, name: array[None]}
        case 6:
            return {**rest, name: arrays[rng.choice(sorted(arrays))]}
    filled = np.array(array)
    if filled.size and filled.dtype.kind in "fiub":
        value = (
            rng.choice((0, 1, 100))
            if filled.dtype.kind != "f"
            else rng.choice((np.nan, np.inf, -1.0, 1e30, 0.0))
        )
        filled.reshape(-1)[rng.randrange(filled.size) :] = value
    return {**rest, name: filled}


def cell(rng: random.Random, content: bytes) -> bytes:
    """Facts or arrays of a cell of the store changed, with a valid new checksum."""
    head, _, body = content.partition(b"\n")
    try:
        header = json.loads(head)
        if rng.random() < 0.3:
            header = mutate.of_value(rng, header)
        else:
            body = zipped(rng, body)
        facts = json.dumps(header["facts"], sort_keys=True).encode()
        header["sha256"] = hashlib.sha256(facts + b"\n" + body).hexdigest()
        return json.dumps(header).encode() + b"\n" + body
    except Exception:
        return mutate.of_bytes(rng, content)


def protobuf(rng: random.Random, content: bytes, depth: int = 0) -> bytes:
    """One field of a protocol buffer message changed, duplicated or deleted, at any depth; lengths are corrected."""
    try:
        fields = _fields(content)
    except (IndexError, ValueError):
        return mutate.of_bytes(rng, content)
    if not fields:
        return mutate.of_bytes(rng, content)
    at = rng.randrange(len(fields))
    tag, value = fields[at]
    match rng.randrange(8) if depth else rng.randrange(3, 8):
        case 0:
            del fields[at]
        case 1:
            fields.insert(rng.randrange(len(fields)), fields[at])
        case 2:
            other = fields[rng.randrange(len(fields))][1]
            fields[at] = (tag, other if isinstance(other, type(value)) else value)
        case _ if isinstance(value, int):
            fields[at] = (tag, rng.choice((*mutate.NUMBERS, value + 1, *range(24))))
        case _:
            inner = rng.choice((protobuf, protobuf, protobuf, None))
            changed = inner(rng, value, depth + 1) if inner else mutate.of_text(rng, value)
            fields[at] = (tag, changed)
    return b"".join(_field(tag, value) for tag, value in fields)


def _fields(content: bytes) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        if tag & 7 == 0:
            value, at = _varint(content, at)
            found.append((tag, value))
            continue
        size = {1: 8, 5: 4}.get(tag & 7)
        if tag & 7 == 2:
            size, at = _varint(content, at)
        if size is None or at + size > len(content) or tag >> 3 == 0:
            raise ValueError
        found.append((tag, content[at : at + size]))
        at += size
    return found


def _field(tag: int, value: Any) -> bytes:
    if isinstance(value, int):
        return _coded(tag) + _coded(value)
    return _coded(tag) + (_coded(len(value)) if tag & 7 == 2 else b"") + value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError


def _coded(value: int) -> bytes:
    value %= 1 << 64
    coded = bytearray()
    while value > 127:
        coded.append(value & 127 | 128)
        value >>= 7
    return bytes([*coded, value])


def results(rng: random.Random, files: mutate.Files) -> mutate.Files:
    """A results folder with one file changed: table, archive or provenance; digests are usually corrected."""
    if not files:
        return files
    name = rng.choice([*sorted(files), *(one for one in files if one.endswith((".parquet", ".json")))])
    if rng.random() < 0.04:
        return {k: v for k, v in files.items() if k != name}
    content = files[name]
    match name.rpartition(".")[2]:
        case "parquet":
            changed = table(rng, content) if rng.random() < 0.6 else mutate.of_bytes(rng, content)
        case "json":
            changed = mutate.of_json(rng, content)
        case "xz":
            changed = packed(rng, content)
        case _:
            changed = mutate.of_text(rng, content)
    files = {**files, name: changed[: mutate.MOST]}
    return sealed(files) if rng.random() < 0.85 else files


def packed(rng: random.Random, content: bytes) -> bytes:
    """An xz file, or what it holds, changed."""
    try:
        inner = lzma.decompress(content)
    except lzma.LZMAError:
        return mutate.of_bytes(rng, content)
    return lzma.compress(zipped(rng, inner)) if rng.random() < 0.8 else mutate.of_bytes(rng, content)


def sealed(files: mutate.Files) -> mutate.Files:
    """The same files with their digests in the provenance, if the provenance can be parsed."""
    try:
        facts = json.loads(files["provenance.json"])
        recorded = facts["files"]
        for name, content in files.items():
            if name in recorded:
                recorded[name] = hashlib.sha256(content).hexdigest()
        return {**files, "provenance.json": json.dumps(facts).encode()}
    except (KeyError, TypeError, ValueError, RecursionError):
        return files


def table(rng: random.Random, content: bytes) -> bytes:
    """A parquet file with a column deleted, renamed, of another type or with an edge-case value, or with other rows."""
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except Exception:
        return mutate.of_bytes(rng, content)
    if not len(frame.columns):
        return mutate.of_bytes(rng, content)
    column = rng.choice(list(frame.columns))
    value = rng.choice(
        ("", "x", "done", "failed", "ok", "$", "x" * 300, 0, -1, 2**40, 1e300, float("nan"), None, True)
    )
    match rng.randrange(7):
        case 0:
            frame = frame.drop(columns=[column])
        case 1:
            frame = frame.rename(columns={column: rng.choice(("run_id", "other", ""))})
        case 2:
            frame = frame.iloc[: rng.choice((0, 1, 2))]
        case 3:
            frame = pd.concat([frame, frame.iloc[:1]], ignore_index=True)
        case 4:
            frame[column] = frame[column].astype(object).map(lambda _: value)
        case _:
            changed = frame[column].astype(object).tolist()
            if changed:
                changed[rng.randrange(len(changed))] = value
            frame[column] = pd.Series(changed, dtype=rng.choice((object, str, None)))
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except Exception:  # values of several types, or two columns of one name
        return mutate.of_bytes(rng, content)
    return buffer.getvalue()
