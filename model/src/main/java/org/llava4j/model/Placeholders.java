package org.llava4j.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.model.Llava.ImageInput;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Graph inputs of a batch, by placeholder name: the one mapping from the arrays of {@link BatchLayout#toMultiDataSet} to
 * the placeholders of a {@link Llava}.
 */
public final class Placeholders {
    private static final List<String> TEXT_FEATURES =
            List.of(Llava.INPUT_IDS, Llava.IMAGE_ROWS, Llava.POSITIONS, Llava.ROW_STARTS, Llava.TARGET_ROWS);

    private Placeholders() {}

    /** Placeholder of each feature array of a data set, in order. */
    public static List<String> features(ImageInput images) {
        List<String> names = new ArrayList<>();
        names.add(images == ImageInput.PIXELS ? Llava.PIXEL_VALUES : Llava.IMAGE_FEATURES);
        names.addAll(TEXT_FEATURES);
        return names;
    }

    /** Placeholder of each label array of a data set, in order. */
    static List<String> labels() {
        return List.of(Llava.TARGETS);
    }

    /** See {@link Llava#trainingConfig}. */
    static TrainingConfig.Builder trainingConfig(ImageInput images) {
        return TrainingConfig.builder()
                .dataSetFeatureMapping(features(images).toArray(String[]::new))
                .dataSetLabelMapping(labels().toArray(String[]::new));
    }

    /** Inputs of a data set; empty arrays are left out. */
    public static Map<String, INDArray> of(MultiDataSet batch, ImageInput images) {
        Map<String, INDArray> in = new LinkedHashMap<>();
        put(in, features(images), batch.getFeatures());
        put(in, labels(), batch.getLabels());
        return in;
    }

    private static void put(Map<String, INDArray> in, List<String> names, INDArray... arrays) {
        for (int i = 0; i < arrays.length; i++) {
            if (!arrays[i].isEmpty()) {
                in.put(names.get(i), arrays[i]);
            }
        }
    }

    /** Inputs of a text-only graph. */
    public static Map<String, INDArray> text(BatchLayout layout) {
        Map<String, INDArray> in = of(layout.toMultiDataSet(Nd4j.empty(DataType.FLOAT)), ImageInput.PIXELS);
        in.remove(Llava.IMAGE_ROWS);
        return in;
    }

    /** Inputs of a graph that reads pixels {@code float32[N, 3, S, S]}. */
    public static Map<String, INDArray> pixels(BatchLayout layout, INDArray pixels) {
        return of(layout.toMultiDataSet(pixels), ImageInput.PIXELS);
    }

    /** Inputs of a graph that reads precomputed features {@code float32[N*P, Dv]}. */
    public static Map<String, INDArray> features(BatchLayout layout, INDArray features) {
        return of(layout.toMultiDataSet(features), ImageInput.FEATURES);
    }
}
