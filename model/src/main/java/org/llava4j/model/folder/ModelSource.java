package org.llava4j.model.folder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FullModelCheck;
import org.llava4j.model.weights.VisionTowerResolver;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.model.weights.WeightStore;

/**
 * What a model for inference is loaded from: a LLaVA folder, or a base model and a LoRA adapter that stays unmerged.
 *
 * <p>A and B of the decoder's linear layers are float32 weights of the graph, beside the weights of the base in any dtype.
 * An adapter may also target linear layers of the vision tower and the projector, and the LM head: these are merged while
 * they are loaded, before they are converted to the dtype.
 *
 * @param folder the LLaVA folder; with an adapter, the LLaVA or LLaMA that the adapter was trained on
 * @param visionTower the vision tower's folder; may be {@code folder} itself
 * @param adapter the adapter's folder; null for none
 * @param config the model's configuration: that of the adapter if it has a LLaVA {@code config.json}, else that of the
 *     folder
 * @param mmap whether matrices whose stored dtype is the weight dtype are mapped instead of read
 */
public record ModelSource(
        Path folder, Path visionTower, @Nullable Path adapter, LlavaConfig config, boolean mmap) {

    /** A source whose weights are mapped where possible. */
    public ModelSource(Path folder, Path visionTower, @Nullable Path adapter, LlavaConfig config) {
        this(folder, visionTower, adapter, config, true);
    }

    /** A LLaVA folder with the vision tower that its config names. */
    public static ModelSource of(Path folder) {
        return of(folder, null);
    }

    /**
     * A LLaVA folder.
     *
     * @param visionTower the vision tower's folder; null for the one that the config names
     * @throws BadInputException if the folder is a delta or an adapter, or a config is missing or inconsistent
     */
    public static ModelSource of(Path folder, @Nullable Path visionTower) {
        FullModelCheck.requireFullModel(folder);
        Path tower = VisionTowerResolver.resolve(folder, visionTower);
        return new ModelSource(folder, tower, null, LlavaConfig.read(folder, tower));
    }

    /** A base model with an adapter, and the vision tower that their configs name. */
    public static ModelSource withAdapter(Path base, Path adapter) {
        return withAdapter(base, adapter, null);
    }

    /**
     * A base model with an adapter.
     *
     * @param base the LLaVA or LLaMA that the adapter was trained on
     * @param adapter an adapter of PEFT, LLaVA or LLaVA4J; its LLaVA {@code config.json}, if there is one, is used instead
     *     of the base's
     * @param visionTower the vision tower's folder; null for the one that the config names
     * @throws BadInputException if {@code adapter} is not an adapter, {@code base} is not a complete model, or neither has
     *     a LLaVA config
     */
    public static ModelSource withAdapter(Path base, Path adapter, @Nullable Path visionTower) {
        FullModelCheck.requireFullModel(base);
        AdapterFiles.requireIn(adapter);
        boolean adapterHasConfig = hasLlavaConfig(adapter);
        if (!adapterHasConfig && !LlavaConfig.isLlava(base)) {
            throw new BadInputException("neither " + base + " nor " + adapter + " has a LLaVA config.json; give the"
                    + " LLaVA that the adapter was trained on");
        }
        Path tower = VisionTowerResolver.resolve(LlavaConfig.isLlava(base) ? base : adapter, visionTower);
        return new ModelSource(base, tower, adapter, LlavaConfig.read(adapterHasConfig ? adapter : base, tower));
    }

    /**
     * Returns this source with mapping enabled, the default, or disabled. Mapped weights are read from their file when
     * they are first used, share memory with other processes, and must not be written; the file must not be changed in
     * place while the model is in use.
     */
    public ModelSource withMmap(boolean enabled) {
        return new ModelSource(folder, visionTower, adapter, config, enabled);
    }

    /** Whether an adapter has the config of a LLaVA. */
    static boolean hasLlavaConfig(Path adapter) {
        return Files.isRegularFile(adapter.resolve(FolderFiles.CONFIG)) && LlavaConfig.isLlava(adapter);
    }

    /** The folder whose {@code config.json} configures the model. */
    Path configFolder() {
        return adapter != null && hasLlavaConfig(adapter) ? adapter : folder;
    }

    /**
     * The default for loading: the dtype of the folder's matrices if it is quantized, else float32; for a GGUF file as it
     * stores them.
     */
    public WeightDtype storedDtype() {
        if (GgufHeader.isGguf(folder)) {
            return WeightDtype.STORED;
        }
        try (WeightStore weights = WeightStore.open(folder)) {
            return Objects.requireNonNullElse(weights.quantization(), WeightDtype.FP32);
        }
    }

    /** The folder that was trained last: the adapter if there is one. */
    public Path trainedFolder() {
        return adapter == null ? folder : adapter;
    }

    /** The model's name: that of {@link #trainedFolder}. */
    public String name() {
        return nameOf(trainedFolder());
    }

    /** The name of {@link #folder}: with an adapter, of the base model. */
    public String baseName() {
        return nameOf(folder);
    }

    private static String nameOf(Path folder) {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    /**
     * The chat format of the model's config.
     *
     * @param convMode another conversation template; null for the config's own
     * @throws BadInputException if there is none
     */
    public ChatFormat chatFormat(@Nullable String convMode) {
        return ChatFormat.of(configFolder(), convMode);
    }

    /**
     * Builds the graph of projector and decoder, which reads image features.
     *
     * @param type dtype of the base's matrices; A and B are float32
     * @throws BadInputException if the adapter was trained on another base model, or weights are missing or do not match
     */
    public Llava buildDecoder(WeightDtype type) {
        requireBase();
        if (type.isQuantized()) {
            warnOfRequantization(type);
        }
        return build(
                Checkpoint.llava(folder, visionTower).withoutTower(),
                type,
                (weights, lora) -> Llava.build(config, weights, Llava.ImageInput.FEATURES, lora));
    }

    private void warnOfRequantization(WeightDtype type) {
        try (WeightStore weights = WeightStore.open(folder)) {
            WeightDtype stored = weights.quantization();
            if (stored != type && weights.isQuantized()) {
                ConfigWarnings.report(
                        folder,
                        "holds " + (stored == null ? "quantized" : stored)
                                + " weights, which are dequantized and quantized again to " + type
                                + "; quantize the original model to lose less precision");
            }
        }
    }

    /** Builds the graph of the vision tower. */
    public Llava buildTower(WeightDtype type) {
        return build(Checkpoint.tower(folder, visionTower), type, (weights, lora) -> Llava.buildTower(config, weights));
    }

    private Llava build(Checkpoint base, WeightDtype type, BiFunction<TensorSource, @Nullable Lora, Llava> graph) {
        try (Checkpoint weights = base.withWeightDtype(type, name -> false).withMmap(mmap)) {
            if (adapter == null) {
                return graph.apply(weights, null);
            }
            try (LoraAdapter opened = openAdapter(adapter)) {
                opened.addOtherWeights(weights);
                Lora lora = opened.lora(config.decoder());
                Set<String> unmerged = lora == null ? Set.of() : lora.config().targetsIn(config.decoder());
                return graph.apply(new AdapterTensorSource(weights, opened, unmerged, type), lora);
            }
        }
    }

    private LoraAdapter openAdapter(Path adapterFolder) {
        LoraAdapter opened = LoraAdapter.open(adapterFolder);
        return CloseOnFailure.run(opened, () -> {
            opened.requireFits(Llava.weightShapes(config));
            if (opened.isTarget(ImageStartEndEmbeddings.TABLE)) {
                throw new BadInputException(opened + " changes " + ImageStartEndEmbeddings.TABLE
                        + ", which is not supported for an adapter that is not merged; merge it (merge-lora)");
            }
            return opened;
        });
    }

    /**
     * Checks that the adapter was trained on this base model, if it records which; reads the base's weights. Warns if it
     * records none.
     *
     * @throws BadInputException if the adapter was trained on another one
     */
    public void requireBase() {
        if (adapter != null && !AdapterFiles.requireBase(adapter, folder)) {
            ConfigWarnings.report(
                    adapter, "does not record its base model: only names and shapes were checked against " + folder);
        }
    }

    /** Opens the weights without A and B: those of the folder, and those that were trained beside A and B. */
    public Checkpoint open() {
        Checkpoint weights = Checkpoint.llava(folder, visionTower);
        if (adapter == null) {
            return weights;
        }
        return CloseOnFailure.run(weights, () -> {
            try (LoraAdapter opened = openAdapter(adapter)) {
                opened.addOtherWeights(weights);
                return weights;
            }
        });
    }

    /**
     * Names and shapes of A and B; none without an adapter. Reads no values.
     *
     * @throws BadInputException if the adapter does not match the model's configuration
     */
    public SortedMap<String, long[]> loraShapes() {
        if (adapter == null) {
            return new TreeMap<>();
        }
        try (LoraAdapter opened = openAdapter(adapter)) {
            return opened.shapes();
        }
    }
}
