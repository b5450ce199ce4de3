"""Writes blocks.safetensors beside it; needs the packages gguf 0.19.0 and numpy."""

import json

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

K = 768
# Positions of the fp16 numbers of a block.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}

rng = np.random.default_rng(20261129)


def scales(row, count):
    if row == 0:
        return (0.01 * rng.uniform(0.5, 1.5, count)).astype(np.float16)
    if row == 1:
        bits = rng.integers(0, 0x7c00, count, dtype=np.uint16) | rng.integers(0, 2, count, dtype=np.uint16) << 15
        bits[::4] &= 0x83ff  # subnormal
        return bits.view(np.float16)
    if row == 2:
        return (rng.integers(0, 2, count, dtype=np.uint16) << 15).view(np.float16)
    return (-0.01 * rng.uniform(0.5, 1.5, count)).astype(np.float16)


tensors = {}
for name, halves in HALVES.items():
    qtype = GGMLQuantizationType[name]
    block_size, type_size = GGML_QUANT_SIZES[qtype]
    count = K // block_size
    blocks = rng.integers(0, 256, (4, count, type_size), dtype=np.uint8)
    for row in range(4):
        for at in halves:
            blocks[row, :, at:at + 2] = scales(row, count).view(np.uint8).reshape(count, 2)
    try:
        blocks[3] = quantize(rng.standard_normal((1, K), dtype=np.float32), qtype).reshape(count, type_size)
    except NotImplementedError:
        pass
    tensors[name.lower() + ".blocks"] = blocks
    tensors[name.lower() + ".values"] = dequantize(blocks.reshape(4, -1), qtype)

header, data = {}, b""
for name, array in tensors.items():
    dtype = {"uint8": "U8", "float32": "F32"}[str(array.dtype)]
    header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
    data += array.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("blocks.safetensors", "wb") as file:
    file.write(len(text).to_bytes(8, "little") + text + data)
