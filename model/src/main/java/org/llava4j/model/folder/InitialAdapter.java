package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;

/**
 * A LoRA adapter folder of LLaVA4J, PEFT or LLaVA as the initial weights of a LoRA stage: its A and B, and the projector of
 * its {@code non_lora_trainables}. The base model stays as it is.
 */
public final class InitialAdapter implements AutoCloseable {
    private static final Set<String> IMAGE_TOKEN_ROWS =
            Set.of(ImageStartEndEmbeddings.TABLE, ImageStartEndEmbeddings.NAME);

    private final Path folder;
    private final LoraAdapter adapter;
    private final LoraConfig lora;

    private InitialAdapter(Path folder, LoraAdapter adapter, LoraConfig lora) {
        this.folder = folder;
        this.adapter = adapter;
        this.lora = lora;
    }

    /**
     * Opens an adapter that a stage is to train further; reads no values.
     *
     * @param config the model's configuration, see {@link #configFolder}
     * @throws BadInputException if the folder is not an adapter, does not match the model, or has weights that a LoRA stage
     *     does not train and its output would lose
     */
    public static InitialAdapter open(Path folder, LlavaConfig config) {
        AdapterFiles.requireIn(folder);
        LoraAdapter adapter = LoraAdapter.open(folder);
        return CloseOnFailure.run(adapter, () -> {
            adapter.requireFits(Llava.weightShapes(config));
            requireOnlyDecoderLayers(adapter, config);
            requireOnlyProjector(adapter.nonLoraWeights());
            return new InitialAdapter(folder, adapter, adapter.loraConfig(adapter.targets(), config.decoder()));
        });
    }

    private static void requireOnlyDecoderLayers(LoraAdapter adapter, LlavaConfig config) {
        Set<String> others = adapter.targets();
        LoraConfig.linearWeights(config.decoder()).forEach(others::remove);
        if (!others.isEmpty()) {
            throw new BadInputException(
                    adapter + " targets " + others.iterator().next()
                            + ", but a LoRA stage trains linear layers of the decoder only; merge the adapter (merge-lora) and"
                            + " train a new one on the result");
        }
    }

    private static void requireOnlyProjector(@Nullable Path others) {
        if (others == null) {
            return;
        }
        try (NamedWeights weights = NamedWeights.open(others)) {
            for (String name : weights.tensors().keySet()) {
                if (!IMAGE_TOKEN_ROWS.contains(name) && !name.startsWith(Checkpoint.PROJECTOR_PREFIX)) {
                    throw new BadInputException(others + " has " + name
                            + ", which a LoRA stage does not train, and its output would lose; merge the adapter"
                            + " (merge-lora) and train a new one on the result");
                }
            }
        }
    }

    /** Whether an adapter has weights beside A and B: the projector. */
    public static boolean hasProjector(Path folder) {
        return AdapterFiles.find(folder, AdapterFiles.NON_LORA_TRAINABLES) != null;
    }

    /** Makes a checkpoint of the base read the projector of an adapter, if it has one. */
    public static void addProjector(Path folder, Checkpoint base) {
        Path others = AdapterFiles.find(folder, AdapterFiles.NON_LORA_TRAINABLES);
        if (others != null) {
            base.withProjector(others);
        }
    }

    /** The folder whose {@code config.json} configures the model: the adapter if it has a LLaVA's, else the base. */
    public static Path configFolder(Path base, @Nullable Path folder) {
        return folder != null && ModelSource.hasLlavaConfig(folder) ? folder : base;
    }

    /** The weight files by description. */
    public static Map<String, Path> weightFiles(Path folder) {
        AdapterFiles.requireIn(folder);
        return named("adapter ", AdapterFiles.weights(folder));
    }

    /** The configs by description. */
    public static Map<String, Path> configFiles(Path folder) {
        return named(
                "file of the adapter ",
                InputSnapshot.existing(folder, List.of(AdapterFiles.CONFIG, FolderFiles.CONFIG)));
    }

    private static Map<String, Path> named(String prefix, List<Path> files) {
        Map<String, Path> named = new LinkedHashMap<>();
        files.forEach(file -> named.put(prefix + file.getFileName(), file));
        return named;
    }

    /** Rank, alpha and targets of the adapter, without dropout. */
    public LoraConfig lora() {
        return lora;
    }

    /**
     * Checks that the adapter was trained on a base model: by the hash that it records, else by comparing the weights with
     * those of the base that {@code base_model_name_or_path} names, if that is a folder of this machine. Warns if it records
     * neither. Reads the weights of the base.
     *
     * @throws BadInputException if it was trained on another base
     */
    public void requireBase(Path base) {
        if (AdapterFiles.requireBase(folder, base)) {
            return;
        }
        Path named = adapter.namedBase();
        if (named == null) {
            ConfigWarnings.report(
                    folder, "does not record its base model: only names and shapes were checked against " + base);
        } else if (!named.equals(base.toAbsolutePath().normalize())
                && !AdapterFiles.baseHash(named).equals(AdapterFiles.baseHash(base))) {
            throw new BadInputException(
                    folder + " was trained on " + named + " (base_model_name_or_path), whose decoder"
                            + " is not that of " + base + "; give the base model it was trained on");
        }
    }

    /** A tensor source with the adapter's A and B, which reads until the adapter is closed. */
    public TensorSource weights(Checkpoint base) {
        return new AdapterTensorSource(base, adapter, adapter.targets(), WeightDtype.FP32);
    }

    /** File and tensor of each A and B, by variable. */
    public SortedMap<String, String> sources() {
        return adapter.sources();
    }

    @Override
    public void close() {
        adapter.close();
    }
}
