package org.llava4j.model.tensors.torch;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.BadInputException;

/** Implementation of the calls in a pickle of weights, with checks of the number and types of their arguments. */
final class PickleObjects {
    /** State without effect: versions of the modules that the weights come from. */
    private static final Set<String> IGNORED_STATE = Set.of("_metadata");

    private static final Map<String, Object> NAMES = names();

    private final PickleReader in;

    /**
     * @param in creates the errors
     */
    PickleObjects(PickleReader in) {
        this.in = in;
    }

    private static Map<String, Object> names() {
        Map<String, Object> names = new LinkedHashMap<>();
        for (PythonFunction function : PythonFunction.values()) {
            names.put(function.pythonName(), function);
        }
        for (StorageType type : StorageType.values()) {
            names.put(type.pythonName(), type);
        }
        return names;
    }

    /** Resolves a Python name to a {@link PythonFunction} or {@link StorageType}. */
    Object global(String module, String name) {
        String qualifiedName = module + "." + name;
        Object known = NAMES.get(qualifiedName);
        if (known == null) {
            throw in.notWeights("refers to " + TorchFileErrors.abbreviated(qualifiedName)
                    + ", which is not allowed in a weights file");
        }
        return known;
    }

    Object call(Object called, Object arguments) {
        if (!(called instanceof PythonFunction function) || !(arguments instanceof Object[] given)) {
            throw in.damaged("calls an object that is not a function, or without a tuple of arguments");
        }
        return switch (function) {
            case ORDERED_DICT -> orderedDict(given);
            case SIZE -> size(given);
            case TENSOR -> tensor(given);
            case PARAMETER -> parameter(given);
        };
    }

    private Object orderedDict(Object[] given) {
        if (given.length != 0) {
            throw wrongArguments(PythonFunction.ORDERED_DICT);
        }
        return new LinkedHashMap<>();
    }

    private Object size(Object[] given) {
        if (given.length != 1 || !(given[0] instanceof Object[])) {
            throw wrongArguments(PythonFunction.SIZE);
        }
        return given[0];
    }

    /** (storage, offset, shape, strides, requires_grad, hooks) */
    private Object tensor(Object[] given) {
        if (given.length == 7) {
            throw in.notWeights("contains a tensor with a pending negation or conjugation");
        }
        if (given.length != 6
                || !(given[0] instanceof PickledTensor.Storage storage)
                || !(given[4] instanceof Boolean)
                || !isEmptyDict(given[5])) {
            throw wrongArguments(PythonFunction.TENSOR);
        }
        long[] shape = nonNegatives(given[2]);
        long[] strides = nonNegatives(given[3]);
        if (shape.length != strides.length) {
            throw wrongArguments(PythonFunction.TENSOR);
        }
        return new PickledTensor(storage, nonNegative(given[1]), shape, strides);
    }

    /** (tensor, requires_grad, hooks) */
    private Object parameter(Object[] given) {
        if (given.length != 3
                || !(given[0] instanceof PickledTensor)
                || !(given[1] instanceof Boolean)
                || !isEmptyDict(given[2])) {
            throw wrongArguments(PythonFunction.PARAMETER);
        }
        return given[0];
    }

    /** Resolves the persistent id of a storage: ("storage", type, key, device, length). */
    PickledTensor.Storage storage(Object id) {
        if (id instanceof Object[] parts
                && parts.length == 5
                && "storage".equals(parts[0])
                && parts[1] instanceof StorageType type
                && parts[2] instanceof String key
                && parts[3] instanceof String) {
            return new PickledTensor.Storage(type, key, nonNegative(parts[4]));
        }
        throw in.damaged("refers to an external object that is not a storage");
    }

    /** Sets the state of an object; only dictionaries may have state, and only state without effect. */
    void build(Object target, Object state) {
        if (!(target instanceof Map) || !(state instanceof Map<?, ?> values)) {
            throw in.notWeights("sets the state of an object with BUILD, which is not allowed in a weights file");
        }
        for (Object key : values.keySet()) {
            if (!(key instanceof String text) || !IGNORED_STATE.contains(text)) {
                throw in.notWeights("sets \"" + TorchFileErrors.abbreviated(String.valueOf(key))
                        + "\" of a dictionary with BUILD, which is not allowed in a weights file");
            }
        }
    }

    private static boolean isEmptyDict(Object value) {
        return value instanceof Map<?, ?> map && map.isEmpty();
    }

    private long[] nonNegatives(Object value) {
        if (!(value instanceof Object[] items)) {
            throw wrongArguments(PythonFunction.TENSOR);
        }
        long[] numbers = new long[items.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = nonNegative(items[i]);
        }
        return numbers;
    }

    private long nonNegative(Object value) {
        if (!(value instanceof Long number) || number < 0) {
            throw in.damaged("contains a tensor size, stride or offset that is not a non-negative integer");
        }
        return number;
    }

    private BadInputException wrongArguments(PythonFunction function) {
        return in.damaged("calls " + function.pythonName() + " with arguments that torch.save does not write");
    }
}
