package org.llava4j.data.tensors.torch;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.BadInputException;

/** What the calls in a pickle of weights stand for: checked by the number and kind of their arguments. */
final class PickleObjects {
    /** Versions of the modules that the weights are from; of no use without the modules. */
    private static final Set<String> IGNORED_STATE = Set.of("_metadata");

    private static final Map<String, Object> NAMES = names();

    private final PickleReader in;

    /** @param in for messages */
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

    /** The {@link PythonFunction} or {@link StorageType} of a name in Python. */
    Object global(String module, String name) {
        String whole = module + "." + name;
        Object known = NAMES.get(whole);
        if (known == null) {
            throw in.notWeights("asks for " + TorchFileErrors.abbreviated(whole) + ", which weights have no need of");
        }
        return known;
    }

    Object call(Object called, Object arguments) {
        if (!(called instanceof PythonFunction function) || !(arguments instanceof Object[] given)) {
            throw in.damaged("calls something that is no function, or with something that are no arguments");
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
            throw in.notWeights("holds a tensor that is yet to be negated or conjugated");
        }
        if (given.length != 6
                || !(given[0] instanceof PickledTensor.Storage storage)
                || !(given[4] instanceof Boolean)
                || !isEmptyDict(given[5])) {
            throw wrongArguments(PythonFunction.TENSOR);
        }
        long[] shape = naturals(given[2]);
        long[] strides = naturals(given[3]);
        if (shape.length != strides.length) {
            throw wrongArguments(PythonFunction.TENSOR);
        }
        return new PickledTensor(storage, natural(given[1]), shape, strides);
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

    /** The storage of a persistent id: ("storage", type, key, device, length). */
    PickledTensor.Storage storage(Object id) {
        if (id instanceof Object[] parts
                && parts.length == 5
                && "storage".equals(parts[0])
                && parts[1] instanceof StorageType type
                && parts[2] instanceof String key
                && parts[3] instanceof String) {
            return new PickledTensor.Storage(type, key, natural(parts[4]));
        }
        throw in.damaged("refers to something outside it that is no storage");
    }

    /** Only a dictionary may be given a state, and only one that has no meaning here. */
    void build(Object target, Object state) {
        if (!(target instanceof Map) || !(state instanceof Map<?, ?> values)) {
            throw in.notWeights("sets the state of an object by BUILD, which weights have no need of");
        }
        for (Object key : values.keySet()) {
            if (!(key instanceof String text) || !IGNORED_STATE.contains(text)) {
                throw in.notWeights("sets \"" + TorchFileErrors.abbreviated(String.valueOf(key))
                        + "\" of a dictionary by BUILD, which weights have no need of");
            }
        }
    }

    private static boolean isEmptyDict(Object value) {
        return value instanceof Map<?, ?> map && map.isEmpty();
    }

    private long[] naturals(Object value) {
        if (!(value instanceof Object[] items)) {
            throw wrongArguments(PythonFunction.TENSOR);
        }
        long[] numbers = new long[items.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = natural(items[i]);
        }
        return numbers;
    }

    private long natural(Object value) {
        if (!(value instanceof Long number) || number < 0) {
            throw in.damaged("gives a tensor a size, stride or offset that is no whole number from 0");
        }
        return number;
    }

    private BadInputException wrongArguments(PythonFunction function) {
        return in.damaged("calls " + function.pythonName() + " with other arguments than torch.save does");
    }
}
