package org.llava4j.model.samediff;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.imports.converters.ImportClassMapping;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The one place where this project reaches into SameDiff:
 *
 * <ol>
 *   <li>our operations are known by name, because SameDiff clones every operation through FlatBuffers when it builds
 *       the gradient graph and silently loses one that it does not know;
 *   <li>graphs hold the arrays they are given: M2.1's own holder keeps a second copy of every weight, for other
 *       devices;
 *   <li>sessions are {@link GraphSession}s, which run them and pool memory;
 *   <li>the gradient graph is built without the line per operation that M2.1 prints on stdout.
 * </ol>
 */
public final class GraphHooks {

    private GraphHooks() {}

    /** Makes operations known and takes over the sessions of every SameDiff in this JVM; idempotent. */
    public static synchronized void install(GraphOp... operations) {
        for (GraphOp operation : operations) {
            ImportClassMapping.getOpNameMapping().put(operation.opName(), operation);
        }
        SameDiff.bindInferenceFactory(GraphSession::new);
    }

    /** A graph that keeps one copy of its weights, and in which the names of operations are known. One thread owns it. */
    public static SameDiff newGraph() {
        SameDiff sd = SameDiff.create();
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
        return sd;
    }

    /**
     * Evaluates nodes of a graph after a check of its inputs.
     *
     * @throws org.llava4j.data.BadInputException if an input is missing, unknown, or of another shape or data type than
     *     its placeholder
     */
    public static Map<String, INDArray> output(SameDiff sd, Map<String, INDArray> placeholders, List<String> nodes) {
        GraphInputValidator.requireMatchingTypes(sd, placeholders);
        return sd.output(placeholders, nodes);
    }

    /**
     * Builds (again, after a change of trainable variables) the gradient graph, quietly: for that moment nothing in
     * this JVM can write to stdout.
     */
    public static synchronized SameDiff gradientGraph(SameDiff sd) {
        PrintStream out = System.out;
        try (PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
            System.setOut(nowhere);
            sd.createGradFunction();
        } finally {
            System.setOut(out);
        }
        return sd.getFunction("grad");
    }
}
