package org.llava4j.model.generate;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.batch.CollatorOptions.PaddingSide;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A model of the golden folders with what generation needs. */
record GoldenModel(Llava model, CollatorOptions options, PromptCollator collator) {
    static final int MAX_LENGTH = 2048;

    /** A LLaMA. */
    static GoldenModel text(String name, WeightDtype type) {
        LlamaConfig config = LlamaConfig.read(Golden.path(name));
        Llava model;
        try (Checkpoint weights = Checkpoint.bare(Golden.path(name)).withWeightDtype(type, any -> false)) {
            model = Llava.buildLlama(config, weights);
        }
        return new GoldenModel(model, options(1, config.vocabSize()), (layout, prompts) -> Placeholders.text(layout));
    }

    /** A model that reads images; image i of the golden inputs stands for a file whose name begins with i. */
    static GoldenModel images() {
        Path folder = Golden.path("c_llava_linear");
        LlavaConfig config = LlavaConfig.read(folder, null);
        Llava model;
        try (Checkpoint weights = Checkpoint.llava(folder, LlavaConfig.visionTowerPath(folder))) {
            model = Llava.build(config, weights, Llava.ImageInput.PIXELS);
        }
        INDArray all;
        try (SafetensorsFile io = SafetensorsFile.open(folder.resolve("io.safetensors"))) {
            all = io.read("images");
        }
        PromptCollator collator = (layout, prompts) -> {
            List<INDArray> images = prompts.stream()
                    .flatMap(prompt -> prompt.images().stream())
                    .map(image -> ((ImageRef.InFile) image).path().getFileName().toString())
                    .map(name -> Integer.parseInt(name.substring(0, 1)))
                    .map(i -> all.get(NDArrayIndex.interval(i, i + 1)).dup())
                    .toList();
            // A batch of text has one image, which is not placed.
            INDArray pixels = images.isEmpty()
                    ? all.get(NDArrayIndex.interval(0, 1)).dup()
                    : Nd4j.concat(0, images.toArray(INDArray[]::new));
            return Placeholders.pixels(layout, pixels);
        };
        return new GoldenModel(
                model, options(config.numImageTokens(), config.decoder().vocabSize()), collator);
    }

    private static CollatorOptions options(int imageTokens, int vocabulary) {
        return new CollatorOptions(imageTokens, vocabulary, MAX_LENGTH, PaddingSide.RIGHT, 16);
    }

    OutputTokens output() {
        return OutputTokens.of(options.vocabSize(), Set.of());
    }

    ContinuousBatchingScheduler scheduler(long maxCacheBytes) {
        ContinuousBatchingScheduler scheduler = new ContinuousBatchingScheduler(model, options, output(), collator);
        scheduler.setMaxCacheBytes(maxCacheBytes);
        return scheduler;
    }

    IncrementalDecoder decoder() {
        return new IncrementalDecoder(model, new PromptForwardPass(model, options, collator));
    }
}
