package org.llava4j.model;

import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.memory.MappedArray;
import org.llava4j.model.memory.WeightMemory;
import org.llava4j.model.ops.Alias;
import org.llava4j.model.ops.DropClassToken;
import org.llava4j.model.ops.MergeImageFeatures;
import org.llava4j.model.ops.OpRegistry;
import org.llava4j.model.samediff.ActivationCheckpointing;
import org.llava4j.model.samediff.ActivationCheckpointing.Segment;
import org.llava4j.model.samediff.GraphHooks;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LLaVA (Liu et al. 2023, section 4.1) as one SameDiff graph:
 *
 * <pre>
 * pixel_values -> VisionTower -> vision.features -> Projector -> projected ---------------+
 * input_ids    -> embed_tokens ----------------------------------------- MergeImageFeatures -> inputs_embeds
 * inputs_embeds -> Decoder -> hidden_states.k -> logits, loss
 * </pre>
 *
 * <p>Placeholders: {@code pixel_values float32[N, 3, S, S]} (or {@code image_features float32[N*P, Dv]}),
 * {@code input_ids int32[B, T]}, {@code image_rows int32[N*P]} (row of B*T that each image token replaces, -1 for
 * none), {@code positions int32[B*T]}, {@code row_starts int32[B]} (first non-padding position; the
 * samples of a packed batch),
 * {@code target_rows int32[M]}, {@code targets int32[M]}. Variables have the tensor names of Hugging Face checkpoints,
 * except {@link ImageStartEndEmbeddings}. All weights are frozen until {@link #setTrainable(Predicate)}. Not
 * thread-safe.
 */
public final class Llava {
    /** Prefix of the vision tower's tensor names in LLaVA checkpoints. */
    public static final String TOWER_PREFIX = "model.vision_tower.vision_tower.";

    /** Placeholder of the images, {@code float32[N, 3, S, S]}. */
    public static final String PIXEL_VALUES = "pixel_values";
    /** Placeholder of precomputed image features, {@code float32[N*P, Dv]}. */
    public static final String IMAGE_FEATURES = "image_features";
    /** Placeholder of the token ids, {@code int32[B, T]}. */
    public static final String INPUT_IDS = "input_ids";
    /** Placeholder {@code int32[N*P]}: the row of B*T that each image token replaces, -1 for none. */
    public static final String IMAGE_ROWS = "image_rows";
    /** Placeholder of the positions for RoPE, {@code int32[B*T]}. */
    public static final String POSITIONS = "positions";
    /**
     * Placeholder {@code int32[B]}: the first position of each row that is not padding. Of a packed batch
     * ({@link org.llava4j.data.batch.BatchLayout.Packing}) {@code int32[S, 2]}: the first row of B*T of each of its
     * samples, and the row after its last.
     */
    public static final String ROW_STARTS = "row_starts";
    /** Placeholder {@code int32[M]}: the rows of B*T that predict a target token. */
    public static final String TARGET_ROWS = "target_rows";
    /** Placeholder of the target tokens, {@code int32[M]}. */
    public static final String TARGETS = "targets";
    /** Node of the image features that the tower computes, {@code float32[N*P, Dv]}. */
    public static final String FEATURES = "vision.features";
    /** Node of the mean cross-entropy over the target tokens, {@code float32[]}. */
    public static final String LOSS = "loss";

    /**
     * Placeholder {@code int64[1]} of a graph whose LoRA has dropout: seed of the dropout mask. Negative, or not given,
     * disables dropout.
     */
    public static final String DROPOUT_SEED = "dropout_seed";

    private final SameDiff sd;
    private final @Nullable ImageStartEndTokens imageStartEndTokens;
    private final List<Segment> checkpointSegments;
    private boolean gradientCheckpointing;

    /** Built when it is needed; null after the trainable weights or the checkpointing have changed. */
    private @Nullable GradientGraph gradientGraph;

    /** The graph of the backward pass from one loss. */
    private record GradientGraph(SameDiff graph, String loss) {

        /** Name of the gradient of a weight. */
        String node(String name) {
            SDVariable weight = graph.getVariable(name);
            SDVariable gradient = weight == null ? null : weight.gradient();
            if (gradient == null) {
                throw new BadInputException(
                        "the weight " + name + " is not connected to the loss " + loss + "; freeze it");
            }
            return gradient.name();
        }
    }

    private Llava(SameDiff sd, @Nullable ImageStartEndTokens imageStartEndTokens, List<Segment> checkpointSegments) {
        this.sd = sd;
        this.imageStartEndTokens = imageStartEndTokens;
        this.checkpointSegments = checkpointSegments;
    }

    private static Llava withoutDecoder(SameDiff sd) {
        return new Llava(sd, null, List.of());
    }

    /** The graph's image input. */
    public enum ImageInput {
        /** Pixels; the graph contains the vision tower. */
        PIXELS,
        /** Precomputed features of the frozen vision tower; the graph contains no tower. */
        FEATURES
    }

    /** Builds the whole model. */
    public static Llava build(LlavaConfig config, TensorSource source, ImageInput input) {
        return build(config, source, input, null);
    }

    /**
     * Builds the whole model with LoRA on its decoder.
     *
     * @param lora null for none
     * @throws BadInputException if a LoRA target matches no weight of the decoder
     */
    public static Llava build(LlavaConfig config, TensorSource source, ImageInput input, @Nullable Lora lora) {
        LoraLayers layers = new LoraLayers(lora, config.decoder());
        SameDiff sd = source.newGraph();
        SDVariable features = input == ImageInput.PIXELS
                ? features(sd, config, source)
                : sd.placeHolder(
                        IMAGE_FEATURES, DataType.FLOAT, -1, config.vision().hiddenSize());
        WeightScope weights = new WeightScope(sd, source, "");
        SDVariable projected = Projector.build(
                config.projector(),
                weights,
                features,
                config.vision().hiddenSize(),
                config.decoder().hiddenSize());
        Decoder decoder = new Decoder(config.decoder(), weights, layers);
        SDVariable ids = sd.placeHolder(INPUT_IDS, DataType.INT32, -1, -1);
        ImageStartEndTokens tokens = config.imageStartEndTokens();
        SDVariable text =
                tokens == null ? decoder.embed("text_embeds", ids) : decoder.embed("text_embeds", ids, tokens);
        SDVariable rows = sd.placeHolder(IMAGE_ROWS, DataType.INT32, -1);
        decoder.build(MergeImageFeatures.of("inputs_embeds", text, projected, rows), textInputs(sd));
        return new Llava(sd, tokens, Decoder.checkpointSegments(config.decoder()));
    }

    /** Names and shapes of all weights of the whole model, without reading or allocating any. */
    public static SortedMap<String, long[]> weightShapes(LlavaConfig config) {
        return TensorSource.shapes(source -> build(config, source, ImageInput.PIXELS));
    }

    /**
     * Builds the vision tower alone with LLaVA's feature selection: {@link #PIXEL_VALUES} in, {@link #FEATURES} out.
     */
    public static Llava buildTower(LlavaConfig config, TensorSource source) {
        SameDiff sd = source.newGraph();
        features(sd, config, source);
        return withoutDecoder(sd);
    }

    /** Builds a bare CLIP vision tower. */
    public static Llava buildClip(ClipConfig config, TensorSource source) {
        SameDiff sd = source.newGraph();
        SDVariable[] states = tower(sd, config, source, "");
        DropClassToken.of(FEATURES, states[config.layers() - 1], config.patches() + 1);
        return withoutDecoder(sd);
    }

    /** Builds a bare LLaMA decoder. */
    public static Llava buildLlama(LlamaConfig config, TensorSource source) {
        SameDiff sd = source.newGraph();
        Decoder decoder = new Decoder(config, new WeightScope(sd, source, ""), new LoraLayers(null, config));
        SDVariable ids = sd.placeHolder(INPUT_IDS, DataType.INT32, -1, -1);
        decoder.build(decoder.embed("inputs_embeds", ids), textInputs(sd));
        return new Llava(sd, null, Decoder.checkpointSegments(config));
    }

    /**
     * Loads a graph saved by {@code graph().save(file, saveUpdaterState)}. {@code SameDiff.load} reads it too, but
     * returns a graph without {@code fit}.
     *
     * @param loadUpdaterState whether to read the state of the updater, which continues training
     */
    public static SameDiff loadGraph(File file, boolean loadUpdaterState) {
        OpRegistry.register();
        return GraphHooks.load(file, loadUpdaterState);
    }

    private static SDVariable features(SameDiff sd, LlavaConfig config, TensorSource source) {
        SDVariable state = tower(sd, config.vision(), source, TOWER_PREFIX)[config.featureLayer()];
        return config.selectFeature() == SelectFeature.PATCH
                ? DropClassToken.of(FEATURES, state, config.vision().patches() + 1)
                : Alias.of(FEATURES, state);
    }

    private static SDVariable[] tower(SameDiff sd, ClipConfig config, TensorSource source, String prefix) {
        int size = config.imageSizePx();
        SDVariable pixels = sd.placeHolder(PIXEL_VALUES, DataType.FLOAT, -1, 3, size, size);
        return new VisionTower(config, new WeightScope(sd, source, prefix)).build(pixels);
    }

    private static Decoder.TextInputs textInputs(SameDiff sd) {
        return new Decoder.TextInputs(
                sd.placeHolder(POSITIONS, DataType.INT32, -1),
                // Without a shape: one axis, or two in a packed batch.
                sd.placeHolder(ROW_STARTS, DataType.INT32),
                sd.placeHolder(TARGET_ROWS, DataType.INT32, -1),
                sd.placeHolder(TARGETS, DataType.INT32, -1));
    }

    /**
     * The SameDiff graph, for reading any node, adding ops, or training with {@code setTrainingConfig} and {@code fit}.
     * {@code fit} trains the weights that {@link #setTrainable} selected and does not use gradient checkpointing.
     */
    public SameDiff graph() {
        return sd;
    }

    /** A configuration for {@code fit} that maps data sets of {@link org.llava4j.data.batch.BatchLayout} to the placeholders. */
    public TrainingConfig.Builder trainingConfig() {
        return Placeholders.trainingConfig(sd.hasVariable(IMAGE_FEATURES) ? ImageInput.FEATURES : ImageInput.PIXELS);
    }

    /** The image start and end tokens; null if the model has none. */
    public @Nullable ImageStartEndTokens imageStartEndTokens() {
        return imageStartEndTokens;
    }

    /** Names of all weights, in declaration order. */
    public List<String> weightNames() {
        List<String> names = new ArrayList<>();
        for (SDVariable variable : sd.variables()) {
            VariableType type = variable.getVariableType();
            if (type == VariableType.VARIABLE || type == VariableType.CONSTANT) {
                names.add(variable.name());
            }
        }
        return names;
    }

    /**
     * The array of a weight, by reference: writing to it changes the graph's weight. A mapped weight
     * ({@link MappedArray}) must not be written. Query and key projections that are mapped from a GGUF file have its row
     * order ({@link org.llava4j.model.kernels.RotaryOrder#PAIRS}).
     */
    public INDArray weight(String name) {
        return sd.getVariable(name).getArr();
    }

    /** The memory of all weights. */
    public WeightMemory weightMemory() {
        return WeightMemory.of(weightNames().stream().map(this::weight).toList());
    }

    /**
     * All weights under the names and shapes of a checkpoint: {@link ImageStartEndEmbeddings} are merged into a copy of
     * the token embeddings.
     */
    public Map<String, INDArray> stateDict() {
        Map<String, INDArray> byName = new LinkedHashMap<>();
        weightNames().forEach(name -> byName.put(name, weight(name)));
        return toStateDict(byName);
    }

    /** Converts weights or gradients by variable name to checkpoint names and shapes. Modifies and returns the map. */
    public Map<String, INDArray> toStateDict(Map<String, INDArray> byVariable) {
        if (imageStartEndTokens != null) {
            ImageStartEndEmbeddings.mergeIntoTable(byVariable, imageStartEndTokens);
        }
        return byVariable;
    }

    /** Names of the trainable weights, in declaration order. */
    public List<String> trainableNames() {
        return weightNames().stream()
                .filter(name -> sd.getVariable(name).getVariableType() == VariableType.VARIABLE)
                .toList();
    }

    /**
     * Makes the weights whose names match trainable and freezes all others. A training stage calls this once. Weights that
     * are mapped ({@link MappedArray}) are copied when they become trainable.
     *
     * @param trainable selects weight names
     * @throws BadInputException if a selected weight is in low precision
     */
    public void setTrainable(Predicate<String> trainable) {
        List<SDVariable> toUnfreeze = new ArrayList<>();
        List<SDVariable> toFreeze = new ArrayList<>();
        for (String name : weightNames()) {
            SDVariable weight = sd.getVariable(name);
            boolean isTrainable = weight.getVariableType() == VariableType.VARIABLE;
            if (trainable.test(name) && !isTrainable) {
                if (weight.dataType() != DataType.FLOAT) {
                    throw new BadInputException(
                            name + " has dtype " + weight.dataType() + " and cannot be trained; load it as"
                                    + " float32 (--frozen-dtype fp32, or declare it trainable when loading)");
                }
                toUnfreeze.add(weight);
            } else if (!trainable.test(name) && isTrainable) {
                toFreeze.add(weight);
            }
        }
        if (!toUnfreeze.isEmpty()) {
            toUnfreeze.forEach(GraphHooks::copyMapped);
            sd.convertToVariables(toUnfreeze);
        }
        if (!toFreeze.isEmpty()) {
            sd.convertToConstants(toFreeze);
        }
        gradientGraph = null;
    }

    /**
     * Enables or disables gradient (activation) checkpointing: the backward pass recomputes the activations inside the
     * decoder layers instead of storing them. It uses less memory and more time, and the gradients are bit-identical.
     * Disabled by default.
     */
    public void setGradientCheckpointing(boolean enabled) {
        gradientCheckpointing = enabled;
        gradientGraph = null;
    }

    /**
     * Evaluates graph nodes by name, without dropout. The caller owns the returned arrays.
     *
     * @throws BadInputException if a placeholder is missing, or an array has another shape or data type
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, List<String> nodes) {
        return GraphHooks.output(sd, withoutDropout(placeholders), nodes);
    }

    /** Adds to the placeholders, if the graph has dropout and they have no seed, one that disables it. */
    public Map<String, INDArray> withoutDropout(Map<String, INDArray> placeholders) {
        return LoraLayers.withDropoutSeed(sd, placeholders, LoraLayers.NO_DROPOUT);
    }

    /** As {@link #output(Map, List)}, for one node. */
    public INDArray output(Map<String, INDArray> placeholders, String node) {
        return Objects.requireNonNull(output(placeholders, List.of(node)).get(node), node);
    }

    /**
     * Computes the loss and the gradients of trainable weights in one forward and backward pass, without dropout. The
     * loss is the model's own, or the one set by {@code graph().setLossVariables(...)}.
     *
     * @param names trainable weights
     * @return {@link #LOSS} as float32[1], and the gradient of each of {@code names} under its name
     * @throws BadInputException if a weight is not connected to the loss, or the graph has several losses
     */
    public Map<String, INDArray> gradients(Map<String, INDArray> placeholders, List<String> names) {
        return gradients(placeholders, names, LoraLayers.NO_DROPOUT);
    }

    /**
     * As {@link #gradients(Map, List)}, with dropout if the model has any.
     *
     * @param dropoutSeed seed of the dropout mask, 0 or more; the same seed drops the same elements
     */
    public Map<String, INDArray> gradients(Map<String, INDArray> placeholders, List<String> names, long dropoutSeed) {
        GradientPass pass = gradientPass(names);
        Map<String, INDArray> raw = GraphHooks.output(
                pass.graph(), LoraLayers.withDropoutSeed(sd, placeholders, dropoutSeed), pass.outputs());
        Map<String, INDArray> byName = new LinkedHashMap<>();
        byName.put(LOSS, raw.get(pass.outputs().get(0)));
        for (int i = 0; i < names.size(); i++) {
            byName.put(names.get(i), raw.get(pass.outputs().get(i + 1)));
        }
        return byName;
    }

    /**
     * A forward and backward pass.
     *
     * @param graph the gradient graph, with gradient checkpointing if enabled
     * @param outputs names of its nodes: the loss, then the gradient of each weight
     */
    public record GradientPass(SameDiff graph, List<String> outputs) {}

    /**
     * Returns the graph that {@link #gradients(Map, List)} evaluates.
     *
     * @param names trainable weights
     * @throws BadInputException if a weight is not connected to the loss, or the graph has several losses
     */
    public GradientPass gradientPass(List<String> names) {
        GradientGraph backward = gradientGraph();
        List<String> outputs = new ArrayList<>(List.of(backward.loss()));
        names.forEach(name -> outputs.add(backward.node(name)));
        return new GradientPass(backward.graph(), outputs);
    }

    private GradientGraph gradientGraph() {
        String loss = loss();
        if (gradientGraph == null || !loss.equals(gradientGraph.loss())) {
            SameDiff graph = GraphHooks.gradientGraph(sd);
            if (gradientCheckpointing) {
                ActivationCheckpointing.apply(sd, graph, checkpointSegments);
            }
            gradientGraph = new GradientGraph(graph, loss);
        }
        return gradientGraph;
    }

    private String loss() {
        List<String> losses = sd.getLossVariables();
        if (losses.size() != 1) {
            throw new BadInputException("the graph has the losses " + losses
                    + "; set the one to train on, or their sum, with setLossVariables");
        }
        return losses.get(0);
    }
}
