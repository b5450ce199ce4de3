package org.llava4j.server;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.ModelSource;

/**
 * Model information shown on the web page, served as {@code model-info.json}.
 *
 * @param id model id of the API
 * @param parameters total number of parameters of vision tower, projector and decoder, without LoRA
 * @param adapter name of the unmerged LoRA adapter; null for none
 * @param dtype weight dtype
 * @param contextLength maximum sequence length, image tokens included
 * @param imageSize input image size of the vision tower, in pixels
 * @param imageTokens number of tokens per image
 * @param maxNewTokens maximum number of generated tokens
 * @param apiKeyRequired whether requests need an API key
 */
record ModelInfo(
        String id,
        long parameters,
        @Nullable String adapter,
        String dtype,
        String decoder,
        String tower,
        String projector,
        String template,
        int contextLength,
        int imageSize,
        int imageTokens,
        int maxNewTokens,
        boolean apiKeyRequired) {

    static ModelInfo of(LlavaModel model, ServerOptions options) {
        LlavaConfig config = model.config();
        long parameters = Llava.weightShapes(config).values().stream()
                .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
                .sum();
        return new ModelInfo(
                options.modelId(),
                parameters,
                adapter(model.source()),
                model.weightDtype().toString(),
                config.decoder().layers() + " layers of " + config.decoder().hiddenSize(),
                config.vision().layers() + " layers of " + config.vision().hiddenSize(),
                config.projector().toString().toLowerCase(Locale.ROOT),
                model.chatFormat().template().name(),
                config.maxLength(),
                config.vision().imageSizePx(),
                config.numImageTokens(),
                options.maxNewTokens(),
                options.apiKey() != null);
    }

    private static @Nullable String adapter(@Nullable ModelSource source) {
        return source == null || source.adapter() == null ? null : source.name();
    }
}
