package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.batch.CollatorOptions.PaddingSide;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Forward pass of a model folder (LLaVA, bare CLIP tower or bare LLaMA) on tensors in the Python code's format,
 * returning every intermediate tensor in the shapes of Hugging Face. It verifies ported weights against the reference
 * implementation.
 */
public final class ForwardPassRecorder {
    private final Llava model;
    private final @Nullable ClipConfig bareTower;
    private final @Nullable LlamaConfig bareDecoder;
    private final @Nullable LlavaConfig llava;

    /** One of the configurations is given. */
    private ForwardPassRecorder(
            Llava model,
            @Nullable ClipConfig bareTower,
            @Nullable LlamaConfig bareDecoder,
            @Nullable LlavaConfig llava) {
        this.model = model;
        this.bareTower = bareTower;
        this.bareDecoder = bareDecoder;
        this.llava = llava;
    }

    /** The weights whose gradients are computed: those of a training stage. */
    public enum Gradients {
        /** The projector. */
        STAGE1,
        /** The projector and the decoder, without the vision tower. */
        STAGE2;

        public Predicate<String> weights() {
            return this == STAGE1
                    ? name -> name.startsWith("model.mm_projector.")
                    : name -> !name.startsWith(Llava.TOWER_PREFIX);
        }
    }

    /**
     * Recorded tensors.
     *
     * @param tensors by name: {@code features}, {@code projected}, {@code inputs_embeds}, {@code hidden_states.k},
     *     {@code logits}, {@code loss}, {@code grad.<tensor>}
     * @param layout token layout of the batch, null for a bare tower
     */
    public record Outputs(
            Map<String, INDArray> tensors, @Nullable BatchLayout layout) {

        /**
         * Layout of a tensor that is [B, T, ...] per token, where only the non-padding positions are defined; null for
         * other tensors.
         */
        public @Nullable BatchLayout layoutOf(String name) {
            boolean isPerPosition =
                    name.equals("inputs_embeds") || name.equals("logits") || name.startsWith("hidden_states.");
            return isPerPosition ? layout : null;
        }
    }

    /** A recorder for a model built elsewhere that reads pixels. */
    public static ForwardPassRecorder of(Llava model, LlavaConfig config) {
        return new ForwardPassRecorder(model, null, null, config);
    }

    /**
     * Loads a model folder.
     *
     * @param visionTower the vision tower's folder, or null for the one that {@code config.json} names
     */
    public static ForwardPassRecorder open(Path folder, @Nullable Path visionTower) {
        if (LlavaConfig.isLlava(folder, visionTower)) {
            Path tower = VisionTowerResolver.resolve(folder, visionTower);
            LlavaConfig config = LlavaConfig.read(folder, tower);
            try (Checkpoint weights = Checkpoint.llava(folder, tower)) {
                return of(Llava.build(config, weights, Llava.ImageInput.PIXELS), config);
            }
        }
        FullModelCheck.requireFullModel(folder);
        try (Checkpoint weights = Checkpoint.bare(folder)) {
            if (LlavaConfig.isClip(folder)) {
                ClipConfig config = ClipConfig.read(folder);
                return new ForwardPassRecorder(Llava.buildClip(config, weights), config, null, null);
            }
            LlamaConfig config = LlamaConfig.read(folder);
            return new ForwardPassRecorder(Llava.buildLlama(config, weights), null, config, null);
        }
    }

    /**
     * Runs the model.
     *
     * @param inputs {@code pixel_values} or {@code images} float[N, 3, S, S]; {@code input_ids} [B, T] with -200 for an
     *     image; optional {@code labels} and {@code attention_mask} [B, T]
     * @param wanted null for no gradients
     */
    public Outputs run(Map<String, INDArray> inputs, @Nullable Gradients wanted) {
        if (bareTower != null) {
            Map<String, INDArray> in = Map.of(Llava.PIXEL_VALUES, pixels(inputs));
            return new Outputs(towerStates(in, bareTower), null);
        }
        BatchLayout layout = layout(inputs);
        boolean supervised = layout.targets().length > 0;
        Map<String, INDArray> in = placeholders(inputs, layout);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        if (llava != null) {
            long imageTokens = llava.numImageTokens();
            INDArray features = model.output(in, Llava.FEATURES);
            tensors.put(
                    "features", features.reshape(-1, imageTokens, llava.vision().hiddenSize()));
            INDArray projected = model.output(in, "projected");
            tensors.put(
                    "projected",
                    projected.reshape(-1, imageTokens, llava.decoder().hiddenSize()));
        }
        tensors.putAll(text(in, layout, supervised));
        if (wanted != null) {
            if (!supervised) {
                throw new BadInputException(
                        "gradients need labels: give a tensor \"labels\" with at least one that is" + " not -100");
            }
            model.setTrainable(wanted.weights());
            Map<String, INDArray> gradients = model.gradients(in, model.trainableNames());
            gradients.remove(Llava.LOSS);
            model.toStateDict(gradients).forEach((name, gradient) -> tensors.put("grad." + name, gradient));
        }
        return new Outputs(tensors, layout);
    }

    private LlamaConfig decoder() {
        return llava != null
                ? llava.decoder()
                : Objects.requireNonNull(bareDecoder, "a bare vision tower has no decoder");
    }

    /** Graph placeholders for inputs as in {@link #run}. */
    public Map<String, INDArray> placeholders(Map<String, INDArray> inputs) {
        return placeholders(inputs, layout(inputs));
    }

    private Map<String, INDArray> placeholders(Map<String, INDArray> inputs, BatchLayout layout) {
        return llava == null ? Placeholders.text(layout) : Placeholders.pixels(layout, pixels(inputs));
    }

    /** Features and hidden states of a bare tower. In a whole model, hidden_states.k are the decoder's. */
    private Map<String, INDArray> towerStates(Map<String, INDArray> in, ClipConfig tower) {
        List<String> nodes = new ArrayList<>(List.of(Llava.FEATURES));
        for (int k = 0; k <= tower.layers(); k++) {
            nodes.add("vision.hidden_states." + k);
        }
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        model.output(in, nodes).forEach((node, value) -> {
            int rows = node.equals(Llava.FEATURES) ? tower.patches() : tower.patches() + 1;
            tensors.put(node.substring("vision.".length()), value.reshape(-1, rows, tower.hiddenSize()));
        });
        return tensors;
    }

    private Map<String, INDArray> text(Map<String, INDArray> in, BatchLayout layout, boolean supervised) {
        List<String> nodes = new ArrayList<>(List.of("inputs_embeds", "logits"));
        for (int k = 0; k <= decoder().layers(); k++) {
            nodes.add("hidden_states." + k);
        }
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        model.output(in, nodes)
                .forEach((node, value) ->
                        tensors.put(node, value.reshape(layout.batchSize(), layout.sequenceLength(), value.size(1))));
        if (supervised) {
            tensors.put("loss", model.output(in, Llava.LOSS));
        }
        return tensors;
    }

    private static INDArray pixels(Map<String, INDArray> inputs) {
        INDArray pixels = inputs.containsKey("pixel_values") ? inputs.get("pixel_values") : inputs.get("images");
        if (pixels == null) {
            throw new BadInputException("the inputs hold no images; give a tensor \"pixel_values\" [N, 3, S, S]");
        }
        return pixels.castTo(DataType.FLOAT);
    }

    private BatchLayout layout(Map<String, INDArray> inputs) {
        INDArray ids = inputs.get("input_ids");
        if (ids == null || ids.rank() != 2) {
            throw new BadInputException("the inputs hold no text; give a tensor \"input_ids\" [B, T]");
        }
        INDArray labels = sameShape(inputs, "labels", ids);
        INDArray mask = sameShape(inputs, "attention_mask", ids);
        boolean left = false;
        List<EncodedSample> samples = new ArrayList<>();
        int[] references = new int[Math.toIntExact(ids.size(0))];
        for (int b = 0; b < references.length; b++) {
            left |= mask != null && mask.getLong(b, 0) == 0;
            samples.add(unpadded(ids, labels, mask, b));
            for (int id : samples.get(b).inputIds()) {
                references[b] += id == LlamaTokenizer.IMAGE_TOKEN_ID ? 1 : 0;
            }
        }
        PaddingSide side = left || (llava != null && llava.padLeft()) ? PaddingSide.LEFT : PaddingSide.RIGHT;
        int length = Math.toIntExact(ids.size(1));
        CollatorOptions options = llava == null
                ? new CollatorOptions(1, decoder().vocabSize(), length, side, length)
                : new CollatorOptions(llava.numImageTokens(), decoder().vocabSize(), llava.maxLength(), side, 1);
        return BatchLayout.collate(samples, imagesPerRow(references, inputs), options);
    }

    private int[] imagesPerRow(int[] references, Map<String, INDArray> inputs) {
        if (llava == null) {
            return references;
        }
        // The published code expects an image for each text-only row too, and ignores it.
        long images = pixels(inputs).size(0);
        int[] withUnused = references.clone();
        for (int b = 0; b < withUnused.length; b++) {
            withUnused[b] = Math.max(1, references[b]);
        }
        for (int[] candidate : List.of(references, withUnused)) {
            if (IntStream.of(candidate).sum() == images) {
                return candidate;
            }
        }
        throw new BadInputException(
                "input_ids refer to " + IntStream.of(references).sum() + " images but " + images
                        + " are given; give one image for each -200");
    }

    private static EncodedSample unpadded(INDArray ids, @Nullable INDArray labels, @Nullable INDArray mask, int b) {
        int length = Math.toIntExact(ids.size(1));
        int[] rowIds = new int[length];
        int[] rowLabels = new int[length];
        int n = 0;
        for (int t = 0; t < length; t++) {
            if (mask == null || mask.getLong(b, t) != 0) {
                rowIds[n] = ids.getInt(b, t);
                rowLabels[n++] = labels == null ? EncodedSample.IGNORE_INDEX : labels.getInt(b, t);
            }
        }
        return new EncodedSample(Arrays.copyOf(rowIds, n), Arrays.copyOf(rowLabels, n));
    }

    private static @Nullable INDArray sameShape(Map<String, INDArray> inputs, String name, INDArray ids) {
        INDArray tensor = inputs.get(name);
        if (tensor != null && !Arrays.equals(tensor.shape(), ids.shape())) {
            throw new BadInputException("\"" + name + "\" is " + Arrays.toString(tensor.shape())
                    + " but \"input_ids\" is " + Arrays.toString(ids.shape()) + "; they must agree");
        }
        return tensor;
    }
}
