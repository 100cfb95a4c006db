"""Many rows a block at a time, so that memory does not grow with their number."""


def slices(n: int, size: int) -> list[slice]:
    """Slices of n rows in their order, each of `size` rows but for the last, which has what is left."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
