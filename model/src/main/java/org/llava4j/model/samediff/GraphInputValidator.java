package org.llava4j.model.samediff;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Input validation of a graph: every input has the data type and the shape that its placeholder declares (-1 for a free
 * size), and no required input is missing. A placeholder without a shape, which SameDiff saves as an empty one, takes every
 * shape. SameDiff itself accepts other shapes and casts other types.
 */
final class GraphInputValidator {
    private GraphInputValidator() {}

    /**
     * Checks data types and shapes.
     *
     * @param fed arrays by placeholder name
     * @throws BadInputException if an array does not match its placeholder, or if the graph has no such placeholder
     */
    static void requireMatchingTypes(SameDiff graph, Map<String, INDArray> fed) {
        fed.forEach((name, array) -> {
            SDVariable placeholder = graph.getVariable(name);
            if (placeholder == null || !placeholder.isPlaceHolder()) {
                throw new BadInputException(
                        "the graph has no placeholder \"" + name + "\"; it has " + String.join(", ", names(graph)));
            }
            if (array == null) {
                throw new BadInputException("the placeholder \"" + name + "\" is null; pass " + declared(placeholder));
            }
            if (array.dataType() != placeholder.dataType() || !fits(placeholder.placeholderShape(), array.shape())) {
                throw new BadInputException("the placeholder \"" + name + "\" takes " + declared(placeholder)
                        + " but is given " + typed(array.dataType(), array.shape()));
            }
        });
    }

    /**
     * Checks that no input is missing.
     *
     * @throws BadInputException if a placeholder that one of the outputs depends on is not fed
     */
    static void requireComplete(SameDiff graph, Collection<String> outputs, Map<String, INDArray> fed) {
        if (fed.keySet().containsAll(names(graph))) {
            return;
        }
        Set<String> reached = ancestors(graph, outputs);
        List<SDVariable> missing = graph.placeHolders().stream()
                .filter(placeholder -> reached.contains(placeholder.name()) && !fed.containsKey(placeholder.name()))
                .toList();
        if (!missing.isEmpty()) {
            throw new BadInputException("no input for the "
                    + (missing.size() == 1 ? "placeholder " : "placeholders ")
                    + missing.stream()
                            .map(placeholder -> "\"" + placeholder.name() + "\" (" + declared(placeholder) + ")")
                            .collect(Collectors.joining(", ")));
        }
    }

    private static List<String> names(SameDiff graph) {
        return graph.placeHolders().stream().map(SDVariable::name).sorted().toList();
    }

    /** The outputs and all variables that they depend on. */
    static Set<String> ancestors(SameDiff graph, Collection<String> outputs) {
        Set<String> reached = new HashSet<>(outputs);
        Deque<String> open = new ArrayDeque<>(outputs);
        while (!open.isEmpty()) {
            Variable variable = graph.getVariables().get(open.pop());
            String name = variable == null ? null : variable.getOutputOfOp();
            SameDiffOp op = name == null ? null : graph.getOps().get(name);
            List<String> inputs = op == null ? null : op.getInputsToOp();
            for (String input : inputs == null ? List.<String>of() : inputs) {
                if (reached.add(input)) {
                    open.push(input);
                }
            }
        }
        return reached;
    }

    private static boolean fits(long @Nullable [] declared, long... given) {
        if (declared == null || declared.length == 0) {
            return true;
        }
        if (declared.length != given.length) {
            return false;
        }
        for (int axis = 0; axis < given.length; axis++) {
            if (declared[axis] != -1 && declared[axis] != given[axis]) {
                return false;
            }
        }
        return true;
    }

    private static String declared(SDVariable placeholder) {
        return typed(placeholder.dataType(), placeholder.placeholderShape());
    }

    private static String typed(DataType type, long @Nullable ... shape) {
        return type + (shape == null || shape.length == 0 ? "" : Arrays.toString(shape));
    }
}
