package org.llava4j.train.stage;

import java.util.List;
import java.util.Map;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Batch assembly: placeholders of the graph, with image features, for a batch plan. */
record BatchAssembler(LlavaConfig config, FeatureSource features) {

    /** Assembles a batch; the caller closes the arrays. */
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
