"""Make tts/kokoro-tiny: a model and a voice in Kokoro's real formats, which hum one tone per phoneme.

Inputs and outputs are those of kokoro-onnx's v1.0 exports with durations: input_ids int64 [1, n], style float32
[1, 256], speed float32 [1] -> waveform float32 [samples], duration int64 [n]. Run with `onnx` and `kokoro-onnx`.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from kokoro_onnx.config import DEFAULT_VOCAB, SAMPLE_RATE
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parents[1] / "tts" / "kokoro-tiny"
STEP = 1200  # samples of a phoneme: 50 ms
TOKENS = 178
VOICES = ("af_heart", "bm_george")


def sounds() -> np.ndarray:
    """[token, sample] int8: letters hum with a soft edge, everything else is silent."""
    time = np.arange(STEP) / SAMPLE_RATE
    edge = np.minimum(1.0, np.minimum(np.arange(STEP), np.arange(STEP)[::-1]) / 100)
    table = np.zeros((TOKENS, STEP))
    for symbol, token in DEFAULT_VOCAB.items():
        if symbol.isalpha():
            pitch = 120 + 4 * token
            table[token] = 60 * edge * sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3))
    return np.clip(np.round(table), -127, 127).astype(np.int8)


def model() -> onnx.ModelProto:
    """The graph: a table of sounds, one row per token, stretched by 1 / speed."""
    constants = {
        "sounds": sounds(),
        "scale": np.array(1 / 127, np.float32),
        "row": np.array([1, 1, -1], np.int64),
        "flat": np.array([-1], np.int64),
        "ones": np.array([1.0, 1.0], np.float32),
        "one": np.array([1.0], np.float32),
        "frames": np.array(10, np.int64),
        "nothing": np.array(0.0, np.float32),
    }
    nodes = [
        helper.make_node("Reshape", ["input_ids", "flat"], ["ids"]),
        helper.make_node("Gather", ["sounds", "ids"], ["rows"]),
        helper.make_node("Cast", ["rows"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "scale"], ["loud"]),
        helper.make_node("Reshape", ["loud", "row"], ["line"]),
        helper.make_node("Div", ["one", "speed"], ["slowness"]),
        helper.make_node("Concat", ["ones", "slowness"], ["scales"], axis=0),
        helper.make_node("Resize", ["line", "", "scales"], ["stretched"], mode="linear"),
        helper.make_node("Reshape", ["stretched", "flat"], ["hum"]),
        helper.make_node("ReduceMean", ["style"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
        helper.make_node("Add", ["hum", "zero"], ["waveform"]),
        helper.make_node("Mul", ["ids", "nothing_int"], ["zeros"]),
        helper.make_node("Add", ["zeros", "frames"], ["duration"]),
    ]
    constants["nothing_int"] = np.array(0, np.int64)
    graph = helper.make_graph(
        nodes,
        "kokoro-tiny",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "n"]),
            helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
            helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("waveform", TensorProto.FLOAT, ["samples"]),
            helper.make_tensor_value_info("duration", TensorProto.INT64, ["n"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(made, {"kokoro_config": json.dumps({"vocab": DEFAULT_VOCAB})})
    onnx.checker.check_model(made)
    return made


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    onnx.save(model(), FOLDER / "kokoro-tiny.onnx")
    style = np.zeros((510, 1, 256), np.float32)
    with (FOLDER / "voices-tiny.bin").open("wb") as file:
        np.savez_compressed(file, **dict.fromkeys(VOICES, style))


if __name__ == "__main__":
    main()
