"""The vectors of a document as they are stored: 16 bits a number, one after the other."""

from typing import Any

from search.meaning.model import SIZE

BYTES = 2 * SIZE
"""Of one vector."""
_OFF = 0.05  # what rounding to 16 bits takes from a length of 1 is far less


def stored(vectors: Any) -> bytes:
    """As they are written."""
    return bytes(vectors.astype("<f2").tobytes())


def read(data: bytes, count: int) -> Any:
    """An array of (count, SIZE) float16; None where that is not what was written, but damaged."""
    import numpy

    if not count or len(data) != count * BYTES:
        return None
    vectors = numpy.frombuffer(data, dtype="<f2").reshape(count, SIZE)
    with numpy.errstate(all="ignore"):  # whatever is in there; what is no number compares with nothing
        lengths = numpy.linalg.norm(vectors.astype(numpy.float32), axis=1)
    return vectors if bool((abs(lengths - 1) < _OFF).all()) else None
