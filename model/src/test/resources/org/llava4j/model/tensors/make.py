"""Writes the PyTorch files beside it."""

import torch

f = torch.arange(24, dtype=torch.float32)

# Each type, with negative numbers where it has them.
dtypes = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
          "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8}
types = {name: (torch.arange(3) - int(name != "U8")).to(dtype) for name, dtype in dtypes.items()}
types["BOOL"] = torch.tensor([True, False, True])
torch.save(types, "types.bin")

# One storage under many views.
cube = f.reshape(2, 3, 4)
torch.save({
    "cube": cube,
    "transposed": cube.permute(2, 0, 1),
    "row": cube[1, 2],
    "column": cube[:, :, 1],
    "every_other": f[1::2],
    "expanded": f[3:5].reshape(2, 1).expand(2, 3),
    "diagonal": cube.diagonal(dim1=1, dim2=2),
    "scalar": f[7],
    "empty": f[:0].reshape(0, 3),
    "half_transposed": f.half().reshape(4, 6).t(),
    "bools_transposed": (f % 2 == 0).reshape(4, 6)[:, 1:3].t(),
    "bytes_transposed": f.to(torch.uint8).reshape(4, 6).t(),
    "shorts_transposed": f.to(torch.int16).reshape(4, 6).t(),
    "longs_transposed": f.to(torch.int64).reshape(4, 6).t(),
    "doubles_transposed": f.double().reshape(4, 6).t(),
}, "views.bin")

# A module's own dictionary, with its _metadata, and parameters that were not detached.
module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
with torch.no_grad():
    for parameter in module.parameters():
        parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape))
torch.save(module.state_dict(), "state_dict.bin")
torch.save({"weight": module[0].weight}, "parameter.bin")
torch.save({"weight": module[0].weight.data, "more": torch.zeros(300)}, "protocol4.bin",
           pickle_protocol=4)

# What is refused.
torch.save(module.state_dict(), "legacy.bin", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "model": module.state_dict()}, "training.bin")
torch.save(module, "module.bin")
torch.save({"x": torch.zeros(2, dtype=torch.uint16)}, "uint16.bin")
torch.save({"x": torch.zeros(2, dtype=torch.complex64).conj()}, "complex.bin")
