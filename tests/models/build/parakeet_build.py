"""Make stt-parakeet: a model in the real format of Parakeet TDT, as onnx-asr reads it, that knows six tones as words.

Files and contracts are those of `parakeet-tdt-0.6b-v3-onnx`: encoder-model.onnx (audio_signal float32 [b, 128, frames],
length int64 [b] -> outputs float32 [b, d, steps], encoded_lengths int64 [b]), decoder_joint-model.onnx (one step of
encoder, target and two states -> scores of words, blank and durations), vocab.txt, config.json. A tone of 0.3 s is a
word; it is found by the mel band in which it lies, and skipped by the duration head. Run with `onnx` and `onnx-asr`.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx_asr.preprocessors.numpy_preprocessor import NemoPreprocessorNumpy

FOLDER = Path(__file__).parents[1] / "stt-parakeet"
RATE_HZ = 16_000
MELS = 128
STEP = 8  # frames of 10 ms
TONES_HZ = {"hello": 400, "there": 700, "what": 1100, "time": 1700, "is": 2600, "it": 3900}
DURATIONS = 5
SKIP = 4  # steps of 80 ms: a tone of 0.3 s and the gap behind it


def bands() -> list[int]:
    """The mel band of each tone."""
    preprocess = NemoPreprocessorNumpy("nemo128")
    found = []
    for tone in TONES_HZ.values():
        time = np.arange(RATE_HZ) / RATE_HZ
        sound = np.where((time > 0.3) & (time < 0.6), np.sin(2 * np.pi * tone * time), 0).astype(np.float32) * 0.3
        features, _ = preprocess(sound[None], np.array([len(sound)]))
        found.append(int(features[0, :, 40:50].mean(axis=1).argmax()))
    assert len(set(found)) == len(found), found
    return found


def encoder() -> onnx.ModelProto:
    """Means over steps of 8 frames."""
    constants = {
        "step": np.array(STEP, np.int64),
        "one": np.array(1, np.int64),
    }
    nodes = [
        helper.make_node(
            "AveragePool", ["audio_signal"], ["outputs"], kernel_shape=[STEP], strides=[STEP], ceil_mode=1
        ),
        helper.make_node("Sub", ["length", "one"], ["before"]),
        helper.make_node("Div", ["before", "step"], ["steps"]),
        helper.make_node("Add", ["steps", "one"], ["encoded_lengths"]),
    ]
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["b", MELS, "frames"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["b"]),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["b", MELS, "steps"]),
        helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["b"]),
    ]
    return made("encoder", nodes, inputs, outputs, constants)


def decoder() -> onnx.ModelProto:
    """Scores: the band of each word, a bar for the blank, and a duration that follows from which of both is higher."""
    words = len(TONES_HZ)
    pick = np.zeros((words + 1, MELS), np.float32)
    for word, band in enumerate(bands()):
        pick[word, band] = 1.0
    bar = np.zeros(words + 1, np.float32)
    bar[words] = 1.2
    constants = {
        "pick": pick,
        "bar": bar,
        "flat": np.array([-1], np.int64),
        "shape": np.array([1, 1, 1, -1], np.int64),
        "words": np.arange(words, dtype=np.int64),
        "blank": np.array([words], np.int64),
        "low": np.full(1, -9.0, np.float32),
        "lows": np.full(SKIP - 2, -9.0, np.float32),
    }
    nodes = [
        helper.make_node("Reshape", ["encoder_outputs", "flat"], ["step"]),
        helper.make_node("MatMul", ["pick", "step"], ["raw"]),
        helper.make_node("Add", ["raw", "bar"], ["scores"]),
        helper.make_node("Gather", ["scores", "words"], ["of_words"]),
        helper.make_node("Gather", ["scores", "blank"], ["of_blank"]),
        helper.make_node("ReduceMax", ["of_words"], ["best"], keepdims=1),
        helper.make_node("Concat", ["low", "of_blank", "lows", "best"], ["durations"], axis=0),
        helper.make_node("Concat", ["scores", "durations"], ["all"], axis=0),
        helper.make_node("Reshape", ["all", "shape"], ["outputs"]),
        helper.make_node("Identity", ["input_states_1"], ["output_states_1"]),
        helper.make_node("Identity", ["input_states_2"], ["output_states_2"]),
        helper.make_node("Identity", ["target_length"], ["prednet_lengths"]),
        helper.make_node("Identity", ["targets"], ["unused"]),
    ]
    state = [2, "b", 4]
    inputs = [
        helper.make_tensor_value_info("encoder_outputs", TensorProto.FLOAT, ["b", MELS, 1]),
        helper.make_tensor_value_info("targets", TensorProto.INT32, ["b", 1]),
        helper.make_tensor_value_info("target_length", TensorProto.INT32, ["b"]),
        helper.make_tensor_value_info("input_states_1", TensorProto.FLOAT, state),
        helper.make_tensor_value_info("input_states_2", TensorProto.FLOAT, state),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, [1, 1, 1, words + 1 + DURATIONS]),
        helper.make_tensor_value_info("prednet_lengths", TensorProto.INT32, ["b"]),
        helper.make_tensor_value_info("output_states_1", TensorProto.FLOAT, state),
        helper.make_tensor_value_info("output_states_2", TensorProto.FLOAT, state),
    ]
    return made("decoder_joint", nodes, inputs, outputs, constants)


def made(name: str, nodes: list, inputs: list, outputs: list, constants: dict[str, np.ndarray]) -> onnx.ModelProto:
    """A checked model."""
    tensors = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Write the folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    onnx.save(encoder(), FOLDER / "encoder-model.onnx")
    onnx.save(decoder(), FOLDER / "decoder_joint-model.onnx")
    lines = [f"\u2581{word} {at}\n" for at, word in enumerate(TONES_HZ)] + [f"<blk> {len(TONES_HZ)}\n"]
    (FOLDER / "vocab.txt").write_text("".join(lines), encoding="utf-8")
    config = {"model_type": "nemo-conformer-tdt", "features_size": MELS, "subsampling_factor": STEP}
    (FOLDER / "config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
