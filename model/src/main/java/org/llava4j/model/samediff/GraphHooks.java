package org.llava4j.model.samediff;

import java.io.File;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.llava4j.model.memory.MappedArray;
import org.nd4j.autodiff.samediff.ArrayHolder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.imports.converters.ImportClassMapping;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Hooks into SameDiff's internals, all in one place:
 *
 * <ol>
 *   <li>custom operations are registered by name, because SameDiff clones every operation through FlatBuffers when it
 *       builds the gradient graph and silently drops one that it cannot look up;
 *   <li>graphs reference the arrays they are given, whereas M2.1's default holder keeps a second copy of every weight
 *       for other devices;
 *   <li>sessions are {@link GraphSession}s, which run the custom operations and pool memory;
 *   <li>the gradient graph is built without the copies of trainable weights that M2.1 makes, and without the line per
 *       operation that it prints on stdout;
 *   <li>{@code fit} gets a training graph that calls the gradient graph as one operation ({@link FitGraph}), because its
 *       own session cannot run the custom operations.
 * </ol>
 */
public final class GraphHooks {

    private GraphHooks() {}

    /** Registers operations and replaces the session factory of every SameDiff in this JVM; idempotent. */
    public static synchronized void install(GraphOp... operations) {
        for (GraphOp operation : operations) {
            ImportClassMapping.getOpNameMapping().put(operation.opName(), operation);
        }
        SameDiff.bindInferenceFactory(GraphSession::new);
    }

    /**
     * Creates a graph that keeps one copy of its weights and supports {@code fit}. It must be used by one thread at a
     * time.
     */
    public static SameDiff newGraph() {
        SameDiff sd = bareGraph();
        sd.addListeners(new FitGraph(sd, () -> gradientGraph(sd)));
        return sd;
    }

    /** Creates a graph that keeps one copy of its weights. */
    static SameDiff bareGraph() {
        SameDiff sd = SameDiff.create();
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
        return sd;
    }

    /**
     * Loads a graph that {@code SameDiff.save} wrote, with support for {@code fit}.
     *
     * @param loadUpdaterState whether to read the state of the updater, which continues training
     */
    public static SameDiff load(File file, boolean loadUpdaterState) {
        SameDiff sd = SameDiff.load(file, loadUpdaterState);
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), true);
        sd.addListeners(new FitGraph(sd, () -> gradientGraph(sd)));
        return sd;
    }

    /**
     * Validates the inputs of a graph and evaluates some of its nodes.
     *
     * @throws org.llava4j.data.BadInputException if an input is missing, unknown, or of another shape or data type than
     *     its placeholder
     */
    public static Map<String, INDArray> output(SameDiff sd, Map<String, INDArray> placeholders, List<String> nodes) {
        GraphInputValidator.requireMatchingTypes(sd, placeholders);
        return sd.output(placeholders, nodes);
    }

    /** Replaces the array of a constant by a copy if it is mapped, and therefore must not be written. */
    public static void copyMapped(SDVariable constant) {
        INDArray array = constant.getArr();
        if (MappedArray.isMapped(array)) {
            constant.getSameDiff().getConstantArrays().setArray(constant.name(), array.dup());
        }
    }

    /**
     * Builds the gradient graph, or rebuilds it after the set of trainable variables has changed. It references the
     * arrays of the graph. Meanwhile what this thread prints on stdout is discarded.
     */
    public static synchronized SameDiff gradientGraph(SameDiff sd) {
        PrintStream out = System.out;
        // M2.1 copies the array of every trainable variable and then drops the copy.
        ArrayHolder trainable = sd.getVariablesArrays();
        sd.setVariablesArrays(new SingleThreadArrayHolder());
        System.setOut(OtherThreadsOutput.of(out));
        try {
            sd.createGradFunction();
        } finally {
            System.setOut(out);
            sd.setVariablesArrays(trainable);
        }
        SameDiff gradients = sd.getFunction("grad");
        trainable.arrayNames().forEach(name -> gradients.getVariablesArrays().setArray(name, trainable.getArray(name)));
        return gradients;
    }
}
