package org.llava4j.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.data.batch.BatchLayout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Graph inputs of a batch, by placeholder name. */
public final class Placeholders {

    private Placeholders() {}

    /** Inputs of a text-only graph. */
    public static Map<String, INDArray> text(BatchLayout layout) {
        Map<String, INDArray> in = new LinkedHashMap<>();
        in.put(Llava.INPUT_IDS, ints(layout.inputIds()).reshape(layout.batchSize(), layout.sequenceLength()));
        in.put(Llava.POSITIONS, ints(layout.positions()));
        in.put(Llava.ROW_STARTS, ints(layout.rowStarts()));
        if (layout.targets().length > 0) {
            in.put(Llava.TARGET_ROWS, ints(layout.targetRows()));
            in.put(Llava.TARGETS, ints(layout.targets()));
        }
        return in;
    }

    /** Inputs of a graph that reads pixels {@code float32[N, 3, S, S]}. */
    public static Map<String, INDArray> pixels(BatchLayout layout, INDArray pixels) {
        return withImages(layout, Llava.PIXEL_VALUES, pixels);
    }

    /** Inputs of a graph that reads precomputed features {@code float32[N*P, Dv]}. */
    public static Map<String, INDArray> features(BatchLayout layout, INDArray features) {
        return withImages(layout, Llava.IMAGE_FEATURES, features);
    }

    private static Map<String, INDArray> withImages(BatchLayout layout, String name, INDArray images) {
        Map<String, INDArray> in = text(layout);
        in.put(name, images);
        in.put(Llava.IMAGE_ROWS, ints(layout.imageRows()));
        return in;
    }

    static INDArray ints(int... values) {
        return Nd4j.createFromArray(values);
    }
}
