package org.llava4j.train.stage;

import java.util.List;
import java.util.Map;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Batches as the graph takes them, with the features of their pictures. */
record BatchAssembler(LlavaConfig config, FeatureSource features) {

    /** The arrays are the caller's to close. */
    Map<String, INDArray> placeholders(BatchPlan plan) {
        int width = config.vision().hiddenSize();
        int perImage = config.numImageTokens() * width;
        float[] vectors = new float[plan.layout().numImages(config.numImageTokens()) * perImage];
        List<float[]> each = features.features(plan.images());
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, vectors, i * perImage, perImage);
        }
        return Placeholders.features(
                plan.layout(), Nd4j.createFromArray(vectors).reshape(-1, width));
    }
}
