package org.llava4j.model.folder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.data.tensors.TensorFolder;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.model.Llava;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.lora.LoraPair;
import org.llava4j.model.weights.CheckpointLayout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A LoRA adapter folder written by PEFT, LLaVA or {@link AdapterWriter}. A and B are read when their weight is merged.
 * Tensor names may contain PEFT's adapter name {@code .default}, and may be those of llava-hf.
 */
final class LoraAdapter implements AutoCloseable {
    private static final String DEFAULT = ".default";
    private static final int MAX_LISTED = 12;

    /** The submodules of a llava-hf model, all of which have linear layers that an adapter may target. */
    private static final Pattern HF =
            Pattern.compile("(model\\.)?(language_model|vision_tower|multi_modal_projector)\\.");

    private final Path folder;
    private final AdapterConfig config;
    private final Path file;
    private final TensorStore store;
    private final SortedMap<String, String> storedNames = new TreeMap<>();

    private LoraAdapter(Path folder) {
        this.folder = folder;
        config = AdapterConfig.read(folder);
        file = find(folder, AdapterFiles.MODEL)
                .orElseThrow(() -> new BadInputException(folder + " has an " + AdapterFiles.CONFIG + " but no "
                        + AdapterFiles.MODEL + AdapterFiles.SAFETENSORS + " or " + AdapterFiles.TORCH
                        + "; download the complete adapter"));
        store = TensorFolder.open(file);
    }

    /** @throws BadInputException if the folder is not an adapter, or of an unsupported type */
    static LoraAdapter open(Path folder) {
        return new LoraAdapter(folder);
    }

    private static Optional<Path> find(Path folder, String name) {
        return List.of(AdapterFiles.SAFETENSORS, AdapterFiles.TORCH).stream()
                .map(ending -> folder.resolve(name + ending))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /** The files that are read, except for {@link #nonLoraWeights}. */
    List<Path> files() {
        return List.of(folder.resolve(AdapterFiles.CONFIG), file);
    }

    /** The file of trained weights other than LoRA, if there is one. */
    Optional<Path> nonLoraWeights() {
        return find(folder, AdapterFiles.NON_LORA_TRAINABLES);
    }

    /**
     * Checks the adapter's tensors against a model.
     *
     * @param shapes shapes of all weights of the model
     * @throws BadInputException if a tensor is not an A or B of a weight, one of a pair is missing, or a shape differs
     */
    void requireFits(Map<String, long[]> shapes) {
        List<String> problems = new ArrayList<>();
        for (String stored : store.tensors().keySet()) {
            String name = variable(stored);
            if (!LoraConfig.isLora(name) || !shapes.containsKey(LoraConfig.targetOf(name))) {
                problems.add(store.tensors().get(stored) + " matches no weight of the model");
            } else if (storedNames.putIfAbsent(name, stored) != null) {
                problems.add(stored + " occurs twice");
            }
        }
        storedNames.forEach((name, stored) -> {
            String weight = LoraConfig.targetOf(name);
            String other = LoraConfig.isA(name) ? LoraConfig.nameOfB(weight) : LoraConfig.nameOfA(weight);
            if (!storedNames.containsKey(other)) {
                problems.add(stored + " has no matching " + (LoraConfig.isA(name) ? "B" : "A"));
            }
            long[] shape = shapes.get(weight);
            long[] expected = LoraConfig.isA(name)
                    ? new long[] {config.rank(), shape[shape.length - 1]}
                    : new long[] {shape[0], config.rank()};
            if (shape.length != 2 || !Arrays.equals(store.tensors().get(stored).shape(), expected)) {
                problems.add(store.tensors().get(stored) + " must be " + Arrays.toString(expected) + ", for rank "
                        + config.rank() + " and the weight " + Arrays.toString(shape));
            }
        });
        if (storedNames.isEmpty() && problems.isEmpty()) {
            problems.add("the adapter is empty");
        }
        if (!problems.isEmpty()) {
            throw new BadInputException(file + " and the model do not match: "
                    + String.join("; ", problems.subList(0, Math.min(MAX_LISTED, problems.size())))
                    + (problems.size() > MAX_LISTED ? "; and " + (problems.size() - MAX_LISTED) + " more" : "")
                    + "; give the base model that the adapter was trained on");
        }
    }

    private static String variable(String stored) {
        String name = stored.startsWith(AdapterFiles.PREFIX) ? stored.substring(AdapterFiles.PREFIX.length()) : stored;
        String plain = name.replaceFirst("(\\.lora_[AB])\\" + DEFAULT + "\\.weight$", "$1.weight");
        return HF.matcher(plain).lookingAt() && !plain.startsWith(Llava.TOWER_PREFIX)
                ? CheckpointLayout.LLAVA_HF.toVariable(plain)
                : plain;
    }

    /** Merges LoRA into a weight and rounds once to the weight's dtype; returns other weights unchanged. */
    LazyTensor merge(LazyTensor weight) {
        if (!isTarget(weight.name())) {
            return weight;
        }
        return weight.mapFloats(
                floats -> {
                    try (INDArray a = read(LoraConfig.nameOfA(weight.name()));
                            INDArray b = read(LoraConfig.nameOfB(weight.name()))) {
                        return new LoraPair(a, b, config.scale()).mergeInto(floats);
                    }
                },
                weight.info().shape());
    }

    /** Whether the adapter targets a weight. */
    boolean isTarget(String weight) {
        return weight.endsWith(".weight") && storedNames.containsKey(LoraConfig.nameOfA(weight));
    }

    private INDArray read(String name) {
        return store.read(storedNames.get(name), DataType.FLOAT);
    }

    @Override
    public String toString() {
        return file.toString();
    }

    @Override
    public void close() {
        store.close();
    }
}
