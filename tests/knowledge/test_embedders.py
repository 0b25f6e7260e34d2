"""Tests of the local embedder, with a model of four words and two dimensions."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from sitechat.knowledge.embedders import OnnxEmbedder

pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

# onnx.helper: one Gather of [[0, 0], [1, 0], [0, 1], [2, 2]] by `input_ids`; a second input,
# `attention_mask`, as every such model has it.
MODEL = base64.b64decode(
    "CAg6qQEKGQoBdAoJaW5wdXRfaWRzEgF5IgZHYXRoZXISAWcqKwgECAIQAUIBdEogAAAAAAAAAAAAAIA/AAAAAAAAAAAA"
    "AIA/AAAAQAAAAEBaHQoJaW5wdXRfaWRzEhAKDggHEgoKAxIBYgoDEgFzWiIKDmF0dGVudGlvbl9tYXNrEhAKDggHEgoK"
    "AxIBYgoDEgFzYhkKAXkSFAoSCAESDgoDEgFiCgMSAXMKAggCQgQKABAN"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    words = {"?": 0, "red": 1, "blue": 2, "wide": 3}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="?"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "model.onnx").write_bytes(MODEL)
    return tmp_path


def test_a_vector_is_the_mean_of_its_texts_words(folder: Path) -> None:
    vectors = OnnxEmbedder(folder)(["red", "red blue wide wide", "blue"])
    assert vectors.tolist() == [[1, 0], [1.25, 1.25], [0, 1]]


def test_many_texts_of_all_lengths_keep_their_order(folder: Path) -> None:
    texts = ["red " * (1 + n % 7) + "blue " * (n % 3) for n in range(40)]
    vectors = OnnxEmbedder(folder)(texts)
    alone = [OnnxEmbedder(folder)([text])[0].tolist() for text in texts]
    assert vectors.tolist() == alone


def test_only_the_beginning_of_a_long_text_is_read(folder: Path) -> None:
    assert OnnxEmbedder(folder, max_tokens=2)(["red red blue blue"]).tolist() == [[1, 0]]


def test_a_missing_model_is_reported_when_it_is_used(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(tmp_path / "nowhere")
    with pytest.raises(Exception, match=r"nowhere|No such file"):
        embedder(["red"])
