package org.llava4j.model.folder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.weights.WeightStore;

/**
 * Files of an adapter folder: PEFT's layout with LLaVA's additional files:
 *
 * <pre>
 * adapter_config.json              rank, alpha, dropout, targets
 * adapter_model.safetensors        A and B of each target
 * non_lora_trainables.safetensors  other trained weights: the projector
 * config.json                      config of the merged LLaVA
 * tokenizer.model, ...             copied from the base model
 * </pre>
 */
public final class AdapterFiles {
    static final String CONFIG = "adapter_config.json";
    static final String MODEL = "adapter_model";
    static final String NON_LORA_TRAINABLES = "non_lora_trainables";
    static final String SAFETENSORS = ".safetensors";
    static final String TORCH = ".bin";

    /** Prefix of tensor names in a model wrapped by PEFT. */
    static final String PREFIX = "base_model.model.";

    private AdapterFiles() {}

    /** Whether a folder is an adapter. */
    static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG));
    }

    /** @throws BadInputException if a folder is not an adapter */
    static void requireIn(Path folder) {
        if (!isIn(folder)) {
            throw new BadInputException(folder + " is not a LoRA adapter: it has no " + CONFIG
                    + "; give the folder that PEFT, LLaVA or LLaVA4J wrote");
        }
    }

    /** The weight files of an adapter that exist: A and B, and the other trained weights. */
    public static List<Path> weights(Path adapter) {
        return Stream.of(MODEL, NON_LORA_TRAINABLES)
                .map(name -> find(adapter, name))
                .filter(Objects::nonNull)
                .toList();
    }

    /** The file of a name without its ending; null if there is none. */
    static @Nullable Path find(Path folder, String name) {
        return Stream.of(SAFETENSORS, TORCH)
                .map(ending -> folder.resolve(name + ending))
                .filter(Files::isRegularFile)
                .findFirst()
                .orElse(null);
    }

    /**
     * Hash of the base model recorded in an adapter: of the decoder's weights as float32, independent of the file
     * format. The projector is excluded, since the adapter contains its own. A quantized model has the hash of the model
     * before it was quantized, if it records it: adapters of one run on the other.
     */
    public static String baseHash(Path base) {
        String quantizedFrom = WeightStore.quantizationOf(base) == null ? null : ModelManifest.readBase(base);
        return quantizedFrom == null ? weightHash(base) : quantizedFrom;
    }

    private static String weightHash(Path base) {
        try (NamedWeights weights = NamedWeights.open(base)) {
            return weights.sha256(name -> !NamedWeights.isLlavaOnly(name));
        }
    }

    /**
     * Checks an adapter's base model by its {@linkplain #baseHash hash}; reads the base's weights if the adapter records
     * one.
     *
     * @return whether the adapter records the hash of its base
     * @throws BadInputException if it records another one
     */
    static boolean requireBase(Path adapter, Path base) {
        String recordedHash = ModelManifest.readBase(adapter);
        if (recordedHash == null) {
            return false;
        }
        String hash = baseHash(base);
        if (!recordedHash.equals(hash)) {
            throw new BadInputException(adapter + " was trained on a base model whose decoder has hash " + recordedHash
                    + ", but the decoder of " + base + " has hash " + hash
                    + "; give the base model it was trained on");
        }
        return true;
    }
}
