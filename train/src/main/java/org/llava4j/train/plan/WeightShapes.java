package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.weights.TensorSource;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Names and sizes of all weights of a model, from its config alone: the graph is built without creating any weight. */
final class WeightShapes implements TensorSource {
    /** Number of image start/end rows. */
    static final int IMAGE_START_END_ROWS = 2;

    private final List<Weight> weights = new ArrayList<>();

    private WeightShapes() {}

    /**
     * A weight.
     *
     * @param length number of elements
     * @param matrix whether it may be stored in 16 bits when frozen
     */
    record Weight(String name, long length, boolean matrix) {
        /** Whether the weight is trainable; the weights of the tower never are. */
        boolean isTrainable(Predicate<String> trainable) {
            return !name.startsWith(Llava.TOWER_PREFIX) && trainable.test(name);
        }

        long bytes(Predicate<String> trainable, WeightDtype frozenDtype) {
            boolean lowPrecision = matrix && !isTrainable(trainable);
            return length * (lowPrecision ? frozenDtype.dataType().width() : Float.BYTES);
        }
    }

    /** Projector and decoder, including LoRA. */
    static List<Weight> model(PlannedRun run) {
        WeightShapes shapes = new WeightShapes();
        Llava.build(
                run.config(),
                shapes,
                ImageInput.FEATURES,
                Optional.ofNullable(run.lora()).map(lora -> new Lora(lora, 0)));
        return shapes.weights;
    }

    /** The vision tower. */
    static List<Weight> tower(LlavaConfig config) {
        WeightShapes shapes = new WeightShapes();
        Llava.buildTower(config, shapes);
        return shapes.weights;
    }

    static Set<String> names(List<Weight> weights) {
        Set<String> names = new LinkedHashSet<>();
        weights.forEach(weight -> names.add(weight.name()));
        return names;
    }

    @Override
    public INDArray tensor(String name, long... shape) {
        throw new IllegalStateException("values of " + name + " were requested, but only shapes are available");
    }

    @Override
    public SDVariable declare(SameDiff graph, String name, long... shape) {
        return declare(graph, name, false, shape);
    }

    @Override
    public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
        return declare(graph, name, true, shape);
    }

    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        return declare(graph, name, false, ids.length, shape[1]);
    }

    private SDVariable declare(SameDiff graph, String name, boolean matrix, long... shape) {
        weights.add(new Weight(name, Arrays.stream(shape).reduce(1, (a, b) -> a * b), matrix));
        return graph.placeHolder(name, DataType.FLOAT, shape);
    }
}
