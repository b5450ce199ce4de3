package org.llava4j.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.ops.DropClassToken;
import org.llava4j.model.ops.MergeImageFeatures;
import org.llava4j.model.ops.OpRegistry;
import org.llava4j.model.samediff.ActivationCheckpointing;
import org.llava4j.model.samediff.ActivationCheckpointing.Segment;
import org.llava4j.model.samediff.GraphHooks;
import org.llava4j.model.weights.TensorSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LLaVA (Liu et al. 2023, section 4.1) as one SameDiff graph:
 *
 * <pre>
 * pixel_values -> VisionTower -> vision.features -> Projector -> projected --+
 * input_ids    -> embed_tokens ------------------------------------------- splice -> inputs_embeds
 * inputs_embeds -> Decoder -> hidden_states.k -> logits, loss
 * </pre>
 *
 * <p>Placeholders: {@code pixel_values float32[N, 3, S, S]} (or {@code image_features float32[N*P, Dv]}),
 * {@code input_ids int32[B, T]}, {@code image_rows int32[N*P]} (the row of B*T that each image vector takes, -1 for
 * none), {@code positions int32[B*T]}, {@code row_starts int32[B]} (first real position), {@code target_rows
 * int32[M]}, {@code targets int32[M]}. Variables are named as Hugging Face names the tensors (and {@link ImageStartEndEmbeddings},
 * where the model has tokens around an image); all begin frozen, see {@link #setTrainable(Predicate)}. One thread owns a graph.
 */
public final class Llava {
    /** What LLaVA's own checkpoints put in front of the tower's names. */
    public static final String TOWER_PREFIX = "model.vision_tower.vision_tower.";

    public static final String PIXEL_VALUES = "pixel_values";
    public static final String IMAGE_FEATURES = "image_features";
    public static final String INPUT_IDS = "input_ids";
    public static final String IMAGE_ROWS = "image_rows";
    public static final String POSITIONS = "positions";
    public static final String ROW_STARTS = "row_starts";
    public static final String TARGET_ROWS = "target_rows";
    public static final String TARGETS = "targets";
    public static final String FEATURES = "vision.features";
    public static final String LOSS = "loss";

    /** {@code int64[1]}, only where LoRA has dropout: which elements are dropped; below 0, or not given, none. */
    public static final String DROPOUT_SEED = "dropout_draw";

    private final SameDiff sd;
    private final Optional<ImageStartEndTokens> imageStartEndTokens;
    private final List<Segment> checkpointSegments;
    private final Optional<LlamaConfig> decoderWithoutLora;
    private boolean gradientCheckpointing;
    private SameDiff gradientGraph;
    private String gradientGraphLoss;

    private Llava(
            SameDiff sd, Optional<ImageStartEndTokens> slot, List<Segment> layers, Optional<LlamaConfig> plainDecoder) {
        this.sd = sd;
        this.imageStartEndTokens = slot;
        this.checkpointSegments = layers;
        this.decoderWithoutLora = plainDecoder;
    }

    private static Llava withoutDecoder(SameDiff sd) {
        return new Llava(sd, Optional.empty(), List.of(), Optional.empty());
    }

    /** What the graph reads of an image. */
    public enum ImageInput {
        /** Pixels, through the vision tower. */
        PIXELS,
        /** The frozen tower's features, computed before; the graph then holds no tower. */
        FEATURES
    }

    /** The whole model. */
    public static Llava build(LlavaConfig config, TensorSource source, ImageInput input) {
        return build(config, source, input, Optional.empty());
    }

    /**
     * The whole model, with LoRA beside its decoder's weights.
     *
     * @throws BadInputException if a target of LoRA matches no weight of the decoder
     */
    public static Llava build(LlavaConfig config, TensorSource source, ImageInput input, Optional<Lora> lora) {
        LoraLayers layers = new LoraLayers(lora, config.decoder());
        SameDiff sd = newGraph();
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
        SDVariable text = config.imageStartEndTokens()
                .map(slot -> decoder.embed("text_embeds", ids, slot))
                .orElseGet(() -> decoder.embed("text_embeds", ids));
        SDVariable rows = sd.placeHolder(IMAGE_ROWS, DataType.INT32, -1);
        decoder.build(MergeImageFeatures.of("inputs_embeds", text, projected, rows), textInputs(sd));
        return new Llava(
                sd,
                config.imageStartEndTokens(),
                Decoder.checkpointSegments(config.decoder()),
                lora.isPresent() ? Optional.empty() : Optional.of(config.decoder()));
    }

    /** Name and shape of every weight of the whole model; none is read or made. */
    public static SortedMap<String, long[]> weightShapes(LlavaConfig config) {
        return TensorSource.shapes(source -> build(config, source, ImageInput.PIXELS));
    }

    /** The tower with the feature that LLaVA selects from it, alone: pixels in, {@link #FEATURES} out. */
    public static Llava buildTower(LlavaConfig config, TensorSource source) {
        SameDiff sd = newGraph();
        features(sd, config, source);
        return withoutDecoder(sd);
    }

    /** A bare CLIP tower. */
    public static Llava buildClip(ClipConfig config, TensorSource source) {
        SameDiff sd = newGraph();
        SDVariable[] states = tower(sd, config, source, "");
        DropClassToken.of(FEATURES, states[config.layers() - 1], config.patches() + 1);
        return withoutDecoder(sd);
    }

    /** A bare LLaMA. */
    public static Llava buildLlama(LlamaConfig config, TensorSource source) {
        SameDiff sd = newGraph();
        Decoder decoder =
                new Decoder(config, new WeightScope(sd, source, ""), new LoraLayers(Optional.empty(), config));
        SDVariable ids = sd.placeHolder(INPUT_IDS, DataType.INT32, -1, -1);
        decoder.build(decoder.embed("inputs_embeds", ids), textInputs(sd));
        return new Llava(sd, Optional.empty(), Decoder.checkpointSegments(config), Optional.of(config));
    }

    private static SameDiff newGraph() {
        OpRegistry.register();
        return GraphHooks.newGraph();
    }

    private static SDVariable features(SameDiff sd, LlavaConfig config, TensorSource source) {
        SDVariable state = tower(sd, config.vision(), source, TOWER_PREFIX)[config.featureLayer()];
        return config.selectFeature() == SelectFeature.PATCH
                ? DropClassToken.of(FEATURES, state, config.vision().patches() + 1)
                : sd.identity(FEATURES, state);
    }

    private static SDVariable[] tower(SameDiff sd, ClipConfig config, TensorSource source, String prefix) {
        int size = config.imageSizePx();
        SDVariable pixels = sd.placeHolder(PIXEL_VALUES, DataType.FLOAT, -1, 3, size, size);
        return new VisionTower(config, new WeightScope(sd, source, prefix)).build(pixels);
    }

    private static Decoder.TextInputs textInputs(SameDiff sd) {
        return new Decoder.TextInputs(
                sd.placeHolder(POSITIONS, DataType.INT32, -1),
                sd.placeHolder(ROW_STARTS, DataType.INT32, -1),
                sd.placeHolder(TARGET_ROWS, DataType.INT32, -1),
                sd.placeHolder(TARGETS, DataType.INT32, -1));
    }

    /** The graph itself, to read any node of, or to grow. */
    public SameDiff graph() {
        return sd;
    }

    /** The decoder, where its layers are their weights and nothing else. */
    public Optional<LlamaConfig> decoderWithoutLora() {
        return decoderWithoutLora;
    }

    /** The tokens around an image, if the model has any. */
    public Optional<ImageStartEndTokens> imageStartEndTokens() {
        return imageStartEndTokens;
    }

    /** Names of all weights, in the order of their declaration. */
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

    /** The array of a weight; by reference, so what is written there is what the graph reads. */
    public INDArray weight(String name) {
        return sd.getVariable(name).getArr();
    }

    /** The weights as files name and shape them; the rows of {@link ImageStartEndEmbeddings} are back in a copy of their table. */
    public Map<String, INDArray> stateDict() {
        Map<String, INDArray> byName = new LinkedHashMap<>();
        weightNames().forEach(name -> byName.put(name, weight(name)));
        return toStateDict(byName);
    }

    /** Weights or gradients of the graph's variables as files name and shape them. */
    Map<String, INDArray> toStateDict(Map<String, INDArray> byVariable) {
        imageStartEndTokens.ifPresent(s -> ImageStartEndEmbeddings.mergeIntoTable(byVariable, s));
        return byVariable;
    }

    /** Names of the weights that learn, in the order of their declaration. */
    public List<String> trainableNames() {
        return weightNames().stream()
                .filter(name -> sd.getVariable(name).getVariableType() == VariableType.VARIABLE)
                .toList();
    }

    /**
     * Thaws the weights whose names match and freezes all others: a stage of training.
     *
     * @throws BadInputException if one of them is kept in 16 bits
     */
    public void setTrainable(Predicate<String> learns) {
        List<SDVariable> thaw = new ArrayList<>();
        List<SDVariable> freeze = new ArrayList<>();
        for (String name : weightNames()) {
            SDVariable weight = sd.getVariable(name);
            boolean trainable = weight.getVariableType() == VariableType.VARIABLE;
            if (learns.test(name) && !trainable) {
                if (weight.dataType() != DataType.FLOAT) {
                    throw new BadInputException(name + " is kept as " + weight.dataType()
                            + " and cannot learn; load the model so that what learns is float32 (frozen type fp32, or"
                            + " name it as trainable when loading)");
                }
                thaw.add(weight);
            } else if (!learns.test(name) && trainable) {
                freeze.add(weight);
            }
        }
        if (!thaw.isEmpty()) {
            sd.convertToVariables(thaw);
        }
        if (!freeze.isEmpty()) {
            sd.convertToConstants(freeze);
        }
        gradientGraph = null;
    }

    /**
     * Whether a pass back makes the activations inside the decoder's layers again instead of keeping them: gradients
     * equal to the last bit, for less memory and more time. A model begins by keeping them.
     */
    public void setGradientCheckpointing(boolean again) {
        gradientCheckpointing = again;
        gradientGraph = null;
    }

    /**
     * Evaluates named nodes. The arrays are the caller's.
     *
     * @throws BadInputException if a placeholder is missing, or an array does not have its shape and data type
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, List<String> nodes) {
        return GraphHooks.output(sd, LoraLayers.withDropoutSeed(sd, placeholders, LoraLayers.NO_DROPOUT), nodes);
    }

    /**
     * The loss and its gradients to trainable weights: one forward and backward pass. The loss is the graph's own, or
     * the one that {@code graph().setLossVariables(...)} named.
     *
     * @throws BadInputException if a weight has no part in the loss, or there are several losses
     * @return {@link #LOSS} as float32[1], and the gradient of each of {@code names} under its name
     */
    public Map<String, INDArray> gradients(Map<String, INDArray> placeholders, List<String> names) {
        return gradients(placeholders, names, LoraLayers.NO_DROPOUT);
    }

    /**
     * The same with dropout, where the model has any.
     *
     * @param draw what is dropped, 0 or more; the same number drops the same elements
     */
    public Map<String, INDArray> gradients(Map<String, INDArray> placeholders, List<String> names, long draw) {
        String loss = loss();
        if (gradientGraph == null || !loss.equals(gradientGraphLoss)) {
            gradientGraph = GraphHooks.gradientGraph(sd);
            if (gradientCheckpointing) {
                ActivationCheckpointing.apply(sd, gradientGraph, checkpointSegments);
            }
            gradientGraphLoss = loss;
        }
        List<String> outputs = new ArrayList<>(List.of(loss));
        names.forEach(name -> outputs.add(gradientNode(name)));
        Map<String, INDArray> raw =
                GraphHooks.output(gradientGraph, LoraLayers.withDropoutSeed(sd, placeholders, draw), outputs);
        Map<String, INDArray> byName = new LinkedHashMap<>();
        byName.put(LOSS, raw.get(loss));
        names.forEach(name -> byName.put(name, raw.get(gradientNode(name))));
        return byName;
    }

    private String loss() {
        List<String> losses = sd.getLossVariables();
        if (losses.size() != 1) {
            throw new BadInputException("the graph has the losses " + losses + "; name the one to train on, or the sum"
                    + " of several, by setLossVariables");
        }
        return losses.get(0);
    }

    private String gradientNode(String name) {
        SDVariable weight = gradientGraph.getVariable(name);
        SDVariable gradient = weight == null ? null : weight.gradient();
        if (gradient == null) {
            throw new BadInputException(
                    "the weight " + name + " has no part in the loss " + gradientGraphLoss + "; do not let it learn");
        }
        return gradient.name();
    }
}
