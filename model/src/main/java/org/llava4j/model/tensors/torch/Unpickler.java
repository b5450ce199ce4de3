package org.llava4j.model.tensors.torch;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Restricted interpreter for pickles of weights. Integers become Long, floats Double, strings String, None
 * {@link #NONE}, tuples Object[], lists List, dictionaries Map, tensors {@link PickledTensor}. Each instruction creates
 * at most one object and the number of instructions is limited. Objects are never traversed, compared or printed, so deep,
 * circular or repeated references cost nothing.
 */
final class Unpickler {
    static final Object NONE = new Object();
    /** Limit of the number of instructions; a tensor needs about 30. */
    static final int MAX_INSTRUCTIONS = 4_000_000;

    private static final int NEWEST_PROTOCOL = 5;
    private static final Object MARK = new Object();

    private final PickleReader in;
    private final PickleObjects objects;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    private Unpickler(PickleReader in) {
        this.in = in;
        this.objects = new PickleObjects(in);
    }

    /**
     * Reads the object in a pickle.
     *
     * @param file name of the file in messages
     * @throws org.llava4j.data.BadInputException if the pickle is damaged or contains anything that weights do not need
     */
    static Object read(ByteBuffer pickle, Object file) {
        PickleReader in = new PickleReader(pickle, file);
        return new Unpickler(in).run();
    }

    private Object run() {
        for (int count = 0; count < MAX_INSTRUCTIONS; count++) {
            int code = in.uint8();
            Opcode opcode = Opcode.of(code);
            if (opcode == null) {
                throw in.damaged("contains the byte " + code + " in place of an opcode");
            }
            if (opcode == Opcode.STOP) {
                Object result = pop();
                in.requireEnd();
                if (!stack.isEmpty()) {
                    throw in.damaged("ends with " + stack.size() + " extra values on the stack");
                }
                return result;
            }
            run(opcode);
        }
        throw in.damaged("has more than " + MAX_INSTRUCTIONS + " instructions");
    }

    private void run(Opcode opcode) {
        switch (opcode) {
            case PROTO -> requireProtocol(in.uint8());
            case FRAME -> in.int64(); // size of the frame; not needed, everything is in memory
            case MARK -> stack.add(MARK);
            case NONE -> stack.add(NONE);
            case NEWTRUE -> stack.add(true);
            case NEWFALSE -> stack.add(false);
            case BININT -> stack.add((long) in.int32());
            case BININT1 -> stack.add((long) in.uint8());
            case BININT2 -> stack.add((long) in.uint16());
            case LONG1 -> stack.add(in.integer(in.uint8()));
            case BINFLOAT -> stack.add(in.float64());
            case BINUNICODE -> stack.add(in.text(Integer.toUnsignedLong(in.int32())));
            case SHORT_BINUNICODE -> stack.add(in.text(in.uint8()));
            case BINUNICODE8 -> stack.add(in.text(in.int64()));
            case EMPTY_TUPLE -> stack.add(new Object[0]);
            case TUPLE1 -> stack.add(popLast(1));
            case TUPLE2 -> stack.add(popLast(2));
            case TUPLE3 -> stack.add(popLast(3));
            case TUPLE -> stack.add(popToMark());
            case EMPTY_LIST -> stack.add(new ArrayList<>());
            case APPEND -> append(popLast(1));
            case APPENDS -> append(popToMark());
            case EMPTY_DICT -> stack.add(new LinkedHashMap<>());
            case SETITEM -> setItems(popLast(2));
            case SETITEMS -> setItems(popToMark());
            case BINPUT -> memo.put(in.uint8(), peek());
            case LONG_BINPUT -> memo.put(in.int32(), peek());
            case MEMOIZE -> memo.put(memo.size(), peek());
            case BINGET -> stack.add(memoized(in.uint8()));
            case LONG_BINGET -> stack.add(memoized(in.int32()));
            case GLOBAL -> stack.add(objects.global(in.line(), in.line()));
            case STACK_GLOBAL -> stackGlobal(popLast(2));
            case BINPERSID -> stack.add(objects.storage(pop()));
            case REDUCE -> reduce(popLast(2));
            case BUILD -> objects.build(peekSecond(), pop());
            case INST ->
                throw in.notWeights("creates a " + TorchFileErrors.abbreviated(in.line() + "." + in.line())
                        + " with INST, which is not allowed in a weights file");
            default ->
                throw in.notWeights("contains the opcode " + opcode + ", which is not allowed in a weights file");
        }
    }

    private void requireProtocol(int protocol) {
        if (protocol > NEWEST_PROTOCOL) {
            throw in.damaged("has protocol " + protocol + ", supported are protocols up to " + NEWEST_PROTOCOL);
        }
    }

    private void stackGlobal(Object[] names) {
        if (!(names[0] instanceof String module) || !(names[1] instanceof String name)) {
            throw in.damaged("refers to a global whose name is not a string");
        }
        stack.add(objects.global(module, name));
    }

    private void reduce(Object[] call) {
        stack.add(objects.call(call[0], call[1]));
    }

    private void append(Object[] items) {
        if (!(peek() instanceof List<?> list)) {
            throw in.damaged("appends to an object that is not a list");
        }
        @SuppressWarnings("unchecked") // all lists are created above, for any object
        List<Object> target = (List<Object>) list;
        target.addAll(Arrays.asList(items));
    }

    private void setItems(Object[] items) {
        if (!(peek() instanceof Map<?, ?> map) || items.length % 2 != 0) {
            throw in.damaged("sets items of an object that is not a dictionary, or a key without a value");
        }
        @SuppressWarnings("unchecked") // all maps are created above, for any object
        Map<Object, Object> target = (Map<Object, Object>) map;
        for (int i = 0; i < items.length; i += 2) {
            // Other keys would have to be compared, which never ends for an object that contains itself.
            if (!(items[i] instanceof String || items[i] instanceof Long)) {
                throw in.notWeights("contains a dictionary with a key that is neither a string nor an integer");
            }
            if (target.put(items[i], items[i + 1]) != null) {
                throw in.damaged("sets the key \"" + TorchFileErrors.abbreviated(items[i].toString()) + "\" twice");
            }
        }
    }

    private Object memoized(int index) {
        Object value = memo.get(index);
        if (value == null) {
            throw in.damaged("reads memo entry " + Integer.toUnsignedString(index) + ", which was never written");
        }
        return value;
    }

    private Object peek() {
        Object top = stack.isEmpty() ? MARK : stack.get(stack.size() - 1);
        if (top == MARK) {
            throw in.damaged("pops a value from an empty stack");
        }
        return top;
    }

    /** The second value from the top of the stack. */
    private Object peekSecond() {
        Object top = pop();
        Object beneath = peek();
        stack.add(top);
        return beneath;
    }

    private Object pop() {
        Object top = peek();
        stack.remove(stack.size() - 1);
        return top;
    }

    private Object[] popLast(int count) {
        Object[] values = new Object[count];
        for (int i = count - 1; i >= 0; i--) {
            values[i] = pop();
        }
        return values;
    }

    /** Pops all values above the last mark, and the mark. */
    private Object[] popToMark() {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw in.damaged("has no matching MARK");
        }
        List<Object> above = stack.subList(mark + 1, stack.size());
        Object[] values = above.toArray();
        above.clear();
        stack.remove(mark);
        return values;
    }
}
