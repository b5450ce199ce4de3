package org.llava4j.model.features;

import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.samediff.GraphProgram;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A run of the vision tower on one image; each of the graph's operations is a step. */
final class TowerRun implements FeatureSteps {
    private final GraphProgram.Run run;
    private float @Nullable [] features;

    /** @param pixels {@code float32[1, 3, S, S]} */
    TowerRun(GraphProgram tower, INDArray pixels) {
        run = tower.start(Map.of(Llava.PIXEL_VALUES, pixels), (op, in, out) -> false);
    }

    @Override
    public boolean advance(BooleanSupplier pause) {
        if (!run.advance(pause)) {
            return false;
        }
        try (ArrayScope scope = new ArrayScope()) {
            features = NativeArray.rows(scope.own(run.result()), 1).get(0);
        }
        return true;
    }

    @Override
    public float[] features() {
        float[] complete = features;
        if (complete == null) {
            throw new IllegalStateException("the run of the vision tower is not complete");
        }
        return complete;
    }

    @Override
    public void close() {
        run.close();
    }
}
