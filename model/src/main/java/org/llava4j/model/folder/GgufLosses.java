package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.GgufSaveType;

/**
 * Check of what GGUF files cannot hold of a model, and of what llama.cpp computes differently: models that would be another
 * one are rejected, other differences are reported.
 *
 * @param model the model, for messages
 * @param notices receives one sentence for each difference
 */
record GgufLosses(Path model, Consumer<String> notices) {
    /** @throws BadInputException if GGUF cannot represent the model */
    void requireRepresentable(LlavaConfig config) {
        if (config.imageStartEndTokens() != null) {
            throw notRepresentable("image start and end tokens (\"mm_use_im_start_end\")");
        }
        if (config.selectFeature() != SelectFeature.PATCH) {
            throw notRepresentable("image features with the class token (\"mm_vision_select_feature\" cls_patch)");
        }
        if (config.featureLayer() == 0) {
            throw notRepresentable("image features in front of the first layer (\"mm_vision_select_layer\")");
        }
    }

    private BadInputException notRepresentable(String what) {
        return new BadInputException(model + " has " + what + ", which GGUF files cannot hold; export another layout");
    }

    /** Reports the matrices that are not quantized. */
    void reportTypes(GgufSaveType type, Collection<LazyTensor> written) {
        List<LazyTensor> narrow = written.stream()
                .filter(tensor -> tensor.info().type() == TensorType.F16)
                .toList();
        if (type == GgufSaveType.F16 || narrow.isEmpty()) {
            return;
        }
        String first = narrow.get(0).originalName();
        notices.accept(
                narrow.size() == 1
                        ? "1 matrix is f16 because its rows are not multiples of 32 values: " + first
                        : narrow.size() + " matrices are f16 because their rows are not multiples of 32 values: "
                                + first + " and others");
    }

    /** Reports differences of vision tower, projector and images. */
    void report(LlavaConfig config, ClipPreprocessing images) {
        reportTower(config);
        reportImages(config, images);
        if (config.projector() == ProjectorType.LINEAR) {
            notices.accept("llama.cpp applies GELU after a linear projector: its answers on images will be wrong;"
                    + " LLaVA4J reads the files correctly");
        }
    }

    private void reportTower(LlavaConfig config) {
        int layers = config.vision().layers();
        int behind = layers - config.featureLayer();
        if (behind > 0) {
            notices.accept("left out what LLaVA does not use of the vision tower: its last norm and " + behind
                    + " of its " + layers + " layers");
        } else if (!GgufHeader.isGguf(model)) {
            notices.accept("left out what LLaVA does not use of the vision tower: its last norm");
        }
    }

    private void reportImages(LlavaConfig config, ClipPreprocessing images) {
        if (images.shortestEdgePx() != images.cropPx() || images.rescaleFactor() != 1 / 255.0) {
            notices.accept(
                    "GGUF cannot hold \"size\" and \"rescale_factor\" of the image preprocessing: images are resized to "
                            + images.cropPx() + " pixels instead of " + images.shortestEdgePx()
                            + " and divided by 255");
        }
        if (!config.padToSquare()) {
            notices.accept("the model does not pad images to a square (\"image_aspect_ratio\" square); llama.cpp does");
        } else if (!floats(images.mean())
                .equals(floats(ClipPreprocessing.clip(images.cropPx()).mean()))) {
            notices.accept(
                    "llama.cpp pads images with the mean color of CLIP, not with that of the model (\"image_mean\")");
        }
    }

    /** Values as a file holds them. */
    private static List<Float> floats(List<Double> values) {
        return values.stream().map(Double::floatValue).toList();
    }

    /**
     * Reports a conversation template that a written decoder does not hold.
     *
     * @param chat null if the model names none
     */
    void reportChat(@Nullable ChatFormat chat, Path decoder) {
        if (chat != null && !(ChatFormat.isIn(decoder) && chat.equals(ChatFormat.of(decoder)))) {
            notices.accept("GGUF does not hold the conversation template \""
                    + chat.template().name() + "\": give LLaVA4J --conv-mode, and llama.cpp prompts in this format");
        }
    }
}
