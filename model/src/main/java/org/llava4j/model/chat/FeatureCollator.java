package org.llava4j.model.chat;

import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.RecentImageFeatures;
import org.llava4j.model.generate.Prompt;
import org.llava4j.model.generate.PromptCollator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Collator of prompts whose images enter the graph as features of the vision tower. */
final class FeatureCollator implements PromptCollator {
    private final LlavaConfig config;
    private final RecentImageFeatures imageFeatures;

    FeatureCollator(LlavaConfig config, RecentImageFeatures imageFeatures) {
        this.config = config;
        this.imageFeatures = imageFeatures;
    }

    @Override
    public Map<String, INDArray> collate(BatchLayout layout, List<Prompt> prompts) {
        return Placeholders.features(layout, batchFeatures(prompts));
    }

    @Override
    public boolean prepare(Prompt prompt, BooleanSupplier pause) {
        return imageFeatures.prepare(prompt.images(), pause);
    }

    private INDArray batchFeatures(List<Prompt> prompts) {
        List<ImageRef> images =
                prompts.stream().flatMap(prompt -> prompt.images().stream()).toList();
        int perImage = config.numImageTokens() * config.vision().hiddenSize();
        // A batch without images still needs one dummy image, which image_rows does not reference.
        float[] features = new float[Math.max(1, images.size()) * perImage];
        List<float[]> each = images.isEmpty() ? List.of() : imageFeatures.features(images);
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, features, i * perImage, perImage);
        }
        return Nd4j.createFromArray(features).reshape(-1, config.vision().hiddenSize());
    }
}
