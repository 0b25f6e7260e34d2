"""The vectors of an index, in two files.

`building` writes the files, and `open_index` reads them.

Each row of `vectors.f32` is a vector of 32-bit floats. All processes map this file into memory and
thus share it. The same row of `vector_passages.i64` contains two 64-bit integers: the primary keys
of the vector's passage and page, or zeros if the passage was removed. `IndexMetadata.vectors` has
the number of complete rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sitechat.conf import conf
from sitechat.knowledge.index.index_metadata import VectorMetadata
from sitechat.models import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VECTORS = "vectors.f32"
VECTOR_PASSAGES = "vector_passages.i64"
_NEW = ".new"
"""The suffix of files with the vectors of another embedder, until they are complete."""


class VectorWriter:
    """A writer that adds the vectors of passages to an index and removes vectors of pages.

    Args:
        folder: The folder of the index.
        metadata: The metadata of the existing vectors of the current embedder.
        is_new: Whether to write new files, which replace the existing ones with `publish`.
    """

    def __init__(self, folder: Path, metadata: VectorMetadata, *, is_new: bool = False) -> None:
        import numpy as np

        self.metadata = metadata
        self._folder = folder
        self._suffix = _NEW if is_new else ""
        self._numpy = np
        self._passages_and_pages: NDArray[np.int64] | None = None
        self._removed_rows: set[int] = set()
        self._vectors: list[NDArray[np.float32]] = []
        self._added: list[tuple[int, int]] = []

    def remove_pages(self, pages: Iterable[int]) -> None:
        """Remove the vectors of pages with the next `write`."""
        if self._passages_and_pages is None:
            self._passages_and_pages = _passages_and_pages(
                self._path(VECTOR_PASSAGES), self.metadata.rows
            )
        rows = self._numpy.isin(self._passages_and_pages[:, 1], list(pages)).nonzero()[0]
        self._removed_rows.update(map(int, rows))

    def add(self, passage: Passage) -> None:
        """Add the passage's vector with the next `write`, if the current embedder computed it."""
        if passage.embedder != self.metadata.embedder or passage.vector is None:
            return
        vector = self._numpy.frombuffer(bytes(passage.vector), dtype="<f2")
        if len(vector) == self.metadata.dimensions:
            self._vectors.append(vector.astype(self._numpy.float32))
            self._added.append((passage.pk, passage.page_id))

    def write(self) -> VectorMetadata:
        """Write the changes and return the new metadata."""
        np, rows = self._numpy, self.metadata.rows
        with self._path(VECTORS).open("r+b") as file:
            file.seek(rows * self.metadata.dimensions * 4)  # overwrite incomplete rows
            for vector in self._vectors:
                file.write(vector.tobytes())
            file.truncate()
        with self._path(VECTOR_PASSAGES).open("r+b") as file:
            for row in self._removed_rows:
                file.seek(row * 16)
                file.write(bytes(16))
            file.seek(rows * 16)
            file.write(np.asarray(self._added, dtype=np.int64).tobytes())
            file.truncate()
        self.metadata = VectorMetadata(
            self.metadata.embedder, self.metadata.dimensions, rows + len(self._added)
        )
        self._passages_and_pages, self._vectors, self._added = None, [], []
        self._removed_rows.clear()
        return self.metadata

    def publish(self) -> None:
        """Replace the existing files with the new ones. Processes can still read the old ones."""
        for name in (VECTORS, VECTOR_PASSAGES) if self._suffix else ():
            self._path(name).replace(self._folder / name)
        self._suffix = ""

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{self._suffix}"


def open_writer(folder: Path, metadata: VectorMetadata | None) -> tuple[VectorWriter | None, bool]:
    """Return a writer of the current embedder's vectors.

    Args:
        folder: The folder of the index.
        metadata: The metadata of the index's vectors, which another embedder may have computed.

    Returns:
        The writer; None if no passage has a vector of the current embedder. The second value says
        whether all vectors must be added, because the index has none of this embedder yet.
    """
    if not conf.CHAT_EMBEDDER:
        return None, False
    # `embedder_name` is truncated to 200 characters. The last ones may be the dimensions.
    current = Passage.objects.filter(embedder__startswith=f"{conf.CHAT_EMBEDDER}:"[:190])
    newest = current.order_by("-pk").values_list("embedder", flat=True).first()
    if newest is None:
        return None, False
    if metadata is not None and metadata.embedder == newest:
        return VectorWriter(folder, metadata), False
    for name in (VECTORS, VECTOR_PASSAGES):
        (folder / f"{name}{_NEW}").write_bytes(b"")  # replaces the file of a killed update
    new = VectorMetadata(newest, int(newest.rpartition(":")[2]), 0)
    return VectorWriter(folder, new, is_new=True), True


def open_vectors(
    folder: Path, metadata: VectorMetadata
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the vectors, and the passage and page of each; see `Index.vectors`.

    Raises:
        OSError: The files do not exist or can't be read.
        ValueError: The files are damaged.
    """
    import numpy as np

    shape = (metadata.rows, metadata.dimensions)
    passages_and_pages = _passages_and_pages(folder / VECTOR_PASSAGES, metadata.rows)
    if not metadata.rows:
        return np.zeros(shape, dtype=np.float32), passages_and_pages
    return np.memmap(folder / VECTORS, dtype=np.float32, mode="r", shape=shape), passages_and_pages


def _passages_and_pages(file: Path, rows: int) -> NDArray[np.int64]:
    """Return the passage and page of each vector, as an array of shape (rows, 2)."""
    import numpy as np

    passages_and_pages = np.fromfile(file, dtype=np.int64, count=2 * rows)
    return passages_and_pages.reshape(rows, 2)
