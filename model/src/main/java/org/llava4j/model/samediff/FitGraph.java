package org.llava4j.model.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.ListenerVariables;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ops.custom.Invoke;
import org.nd4j.linalg.api.ops.impl.transforms.IdentityN;

/**
 * Support for {@code SameDiff.fit}: a listener of the graph that gives {@code fit} a training graph that it can run.
 *
 * <p>{@code fit} runs the graph's function {@code "grad"} in a {@code TrainingSession}, which cannot run a {@link
 * GraphOp} and updates each weight as soon as its gradient is available, in the middle of the backward pass. The
 * training graph built here has the same placeholders, trainable weights (by reference) and loss, and calls the
 * gradient graph as one {@link Invoke} operation. That operation runs in a {@link GraphSession}, and all weights are
 * updated after it. Updaters, regularization, schedules, listeners and history are SameDiff's own.
 */
final class FitGraph extends BaseListener {
    private static final String GRADIENT_FUNCTION = "grad";
    private static final String BACKWARD_PASS = "backward_pass";

    private final SameDiff graph;
    private final Supplier<SameDiff> gradientGraph;
    private @Nullable SameDiff installed;

    /**
     * @param graph the graph to fit
     * @param gradientGraph builds the gradient graph of its current loss and trainable weights
     */
    FitGraph(SameDiff graph, Supplier<SameDiff> gradientGraph) {
        this.graph = graph;
        this.gradientGraph = gradientGraph;
    }

    @Override
    public boolean isActive(Operation operation) {
        return operation == Operation.TRAINING;
    }

    /** Installs the training graph: {@code fit} calls this before it reads the function {@code "grad"}. */
    @Override
    public ListenerVariables requiredVariables(SameDiff calling) {
        if (calling != graph) {
            // A gradient graph inherits the listeners of its graph.
            return ListenerVariables.empty();
        }
        SameDiff training = installed;
        if (training == null || graph.getFunction(GRADIENT_FUNCTION) != training) {
            training = trainingGraph(graph, gradientGraph.get());
            // A function cannot be replaced; setting the loss removes this one.
            graph.setLossVariables(graph.getLossVariables().toArray(String[]::new));
            graph.putSubFunction(GRADIENT_FUNCTION, training);
            installed = training;
        }
        TrainingConfig config = graph.getTrainingConfig();
        requireNoTrainEvaluations(config);
        requireMapped(training, config);
        return ListenerVariables.empty();
    }

    private static void requireNoTrainEvaluations(TrainingConfig config) {
        if (config.getTrainEvaluations() != null
                && !config.getTrainEvaluations().isEmpty()) {
            throw new BadInputException("fit does not evaluate on the training data, because a step returns only the"
                    + " loss and the gradients; call graph.evaluate(iterator, ...) after fit, or pass fit a validation"
                    + " set");
        }
    }

    private static void requireMapped(SameDiff training, TrainingConfig config) {
        Set<String> mapped = new HashSet<>();
        for (List<String> names : Arrays.asList(
                config.getDataSetFeatureMapping(),
                config.getDataSetLabelMapping(),
                config.getDataSetFeatureMaskMapping(),
                config.getDataSetLabelMaskMapping())) {
            if (names != null) {
                mapped.addAll(names);
            }
        }
        List<String> missing = training.placeHolders().stream()
                .map(SDVariable::name)
                .filter(name -> !mapped.contains(name))
                .sorted()
                .toList();
        if (!missing.isEmpty()) {
            throw new BadInputException("the training configuration maps no array of the data set to "
                    + String.join(", ", missing) + "; add the name to dataSetFeatureMapping, and its array to the data"
                    + " set (MultiDataSetPreProcessor)");
        }
    }

    private static SameDiff trainingGraph(SameDiff graph, SameDiff gradients) {
        Map<String, String> gradientNodes = gradientNodes(graph, gradients);
        List<String> results = new ArrayList<>(graph.getLossVariables());
        results.addAll(gradientNodes.values());

        SameDiff training = GraphHooks.bareGraph();
        training.putSubFunction(BACKWARD_PASS, gradients);
        Map<String, SDVariable> inputs = new LinkedHashMap<>();
        Set<String> read = GraphInputValidator.ancestors(gradients, results);
        for (SDVariable placeholder : graph.placeHolders()) {
            if (read.contains(placeholder.name())) {
                SDVariable fed = training.placeHolder(
                        placeholder.name(), placeholder.dataType(), placeholder.placeholderShape());
                // Invoke accepts only results of operations as inputs.
                inputs.put(placeholder.name(), training.identity("fed." + placeholder.name(), fed));
            }
        }
        gradientNodes
                .keySet()
                .forEach(name -> training.var(name, graph.getVariable(name).getArr()));
        SDVariable[] returned = new Invoke(
                        training,
                        Invoke.InvokeParams.builder()
                                .functionName(BACKWARD_PASS)
                                .inputs(inputs.values().toArray(SDVariable[]::new))
                                .inputVarNames(inputs.values().stream()
                                        .map(SDVariable::name)
                                        .toArray(String[]::new))
                                .subGraphInputVarNames(inputs.keySet().toArray(String[]::new))
                                .subGraphOutputVarNames(results.toArray(String[]::new))
                                .build())
                .outputVariables();
        // One operation for all, so that the loss is computed wherever a gradient is requested.
        SDVariable[] outputs = new IdentityN(training, returned).outputVariables();
        int output = 0;
        for (String loss : graph.getLossVariables()) {
            outputs[output++].rename(loss);
        }
        for (String weight : gradientNodes.keySet()) {
            training.setGradientForVariableName(weight, outputs[output++].rename(weight + "-grad"));
        }
        return training;
    }

    /** Gradient node of each trainable weight, by its name. */
    private static Map<String, String> gradientNodes(SameDiff graph, SameDiff gradients) {
        Map<String, String> nodes = new LinkedHashMap<>();
        for (SDVariable variable : graph.variables()) {
            if (variable.getVariableType() == VariableType.VARIABLE) {
                SDVariable gradient = gradients.getVariable(variable.name()).gradient();
                if (gradient == null) {
                    throw new BadInputException("the weight " + variable.name() + " is not connected to the loss "
                            + String.join(", ", graph.getLossVariables()) + "; freeze it");
                }
                nodes.put(variable.name(), gradient.name());
            }
        }
        if (nodes.isEmpty()) {
            throw new BadInputException("no weight is trainable; choose some with Llava.setTrainable");
        }
        return nodes;
    }
}
