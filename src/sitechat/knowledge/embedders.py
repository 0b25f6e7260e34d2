"""A local embedding model for `CHAT_EMBEDDER`, with neither network nor PyTorch."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OnnxEmbedder:
    """Runs a sentence-transformers model that was exported to ONNX, such as all-MiniLM-L6-v2.

        # myproject/embedding.py
        embed = OnnxEmbedder("/srv/models/minilm")
        # settings.py
        CHAT_EMBEDDER = "myproject.embedding.embed"

    The folder holds `model.onnx` and `tokenizer.json`. Nothing is loaded before the first text.
    `max_tokens` is what is read of a text; MiniLM was trained on 256. Vectors are the mean of the
    token vectors. Needs `django-sitechat[embeddings]`.
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, max_tokens: int = 256, threads: int = 0
    ) -> None:
        self.folder = Path(folder)
        self.max_tokens = max_tokens
        self.threads = threads
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector per text."""
        import numpy as np

        session, tokenizer = self._load()
        vectors: list[Any] = [None] * len(texts)
        encoded = tokenizer.encode_batch(list(texts))
        # Texts of like length together: padding is work too.
        order = sorted(range(len(texts)), key=lambda at: len(encoded[at].ids))
        inputs = {one.name for one in session.get_inputs()}
        for start in range(0, len(order), 16):
            some = order[start : start + 16]
            longest = max(len(encoded[at].ids) for at in some)
            ids = np.zeros((len(some), longest), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, at in enumerate(some):
                ids[row, : len(encoded[at].ids)] = encoded[at].ids
                mask[row, : len(encoded[at].ids)] = 1
            feed = {"input_ids": ids, "attention_mask": mask}
            if "token_type_ids" in inputs:
                feed["token_type_ids"] = np.zeros_like(ids)
            tokens = session.run(None, feed)[0]
            if tokens.ndim == 3:
                weights = mask[..., None].astype(np.float32)
                tokens = (tokens * weights).sum(axis=1) / weights.sum(axis=1)
            for row, at in enumerate(some):
                vectors[at] = tokens[row]
        return np.asarray(vectors, dtype=np.float32)

    def _load(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                import onnxruntime
                from tokenizers import Tokenizer

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self.threads
                options.enable_cpu_mem_arena = False  # it keeps the memory of the largest batch
                tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
                tokenizer.no_padding()
                tokenizer.enable_truncation(self.max_tokens)
                session = onnxruntime.InferenceSession(
                    str(self.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
                )
                self._loaded = (session, tokenizer)
        return self._loaded
