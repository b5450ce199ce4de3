package org.llava4j.eval.serve;

import java.util.Arrays;
import java.util.Locale;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.WeightDtype;

/**
 * What the page tells of the model.
 *
 * @param id what clients call it
 * @param parameters of tower, projector and decoder together
 * @param dtype how its matrices are kept
 * @param positions of a conversation, images among them
 * @param imagePixels side of the square that the tower looks at
 * @param imagePositions that an image takes
 * @param maxNewTokens longest answer
 * @param keyWanted whether requests must bring a key
 */
record ModelInfo(
        String id,
        long parameters,
        String dtype,
        String decoder,
        String tower,
        String projector,
        String template,
        int positions,
        int imagePixels,
        int imagePositions,
        int maxNewTokens,
        boolean keyWanted) {

    static ModelInfo of(LlavaConfig config, ChatFormat chat, WeightDtype type, ServeOptions options) {
        long parameters = Llava.weightShapes(config).values().stream()
                .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
                .sum();
        return new ModelInfo(
                options.modelId(),
                parameters,
                type.toString(),
                config.decoder().layers() + " layers of " + config.decoder().hiddenSize(),
                config.vision().layers() + " layers of " + config.vision().hiddenSize(),
                config.projector().toString().toLowerCase(Locale.ROOT),
                chat.template().name(),
                config.maxLength(),
                config.vision().imageSizePx(),
                config.numImageTokens(),
                options.maxNewTokens(),
                options.apiKey().isPresent());
    }
}
