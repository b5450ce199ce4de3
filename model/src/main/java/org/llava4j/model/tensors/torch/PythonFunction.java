package org.llava4j.model.tensors.torch;

/**
 * Python functions that a pickle of weights may call. No Python code is involved: {@link PickleObjects} implements
 * their effect.
 */
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
