package org.llava4j.data.tensors.torch;

/** What a pickle of weights may call. Nothing of Python is behind it: {@link PickleObjects} does what it stands for. */
enum PythonFunction {
    ORDERED_DICT("collections.OrderedDict"),
    SIZE("torch.Size"),
    TENSOR("torch._utils._rebuild_tensor_v2"),
    PARAMETER("torch._utils._rebuild_parameter");

    private final String pythonName;

    PythonFunction(String pythonName) {
        this.pythonName = pythonName;
    }

    String pythonName() {
        return pythonName;
    }
}
