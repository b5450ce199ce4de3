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
 * An adapter that PEFT, LLaVA or {@link AdapterWriter} wrote; its A and B are read when their weight's turn comes. Names
 * may have the {@code .default} that PEFT keeps in memory, and be those of llava-hf.
 */
final class LoraAdapter implements AutoCloseable {
    private static final String DEFAULT = ".default";
    private static final int MAX_LISTED = 12;

    /** The parts of a llava-hf, all of which have linear layers to adapt. */
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
                        + "; fetch the whole adapter"));
        store = TensorFolder.open(file);
    }

    /** @throws BadInputException if it is no adapter, or one of another kind */
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

    /** The file of what else learned, if there is one. */
    Optional<Path> nonLoraWeights() {
        return find(folder, AdapterFiles.NON_LORA_TRAINABLES);
    }

    /**
     * Holds it against a model.
     *
     * @param shapes of all weights
     * @throws BadInputException if a name is no A or B of a weight, one is without the other, or a shape does not fit
     */
    void requireFits(Map<String, long[]> shapes) {
        List<String> problems = new ArrayList<>();
        for (String stored : store.tensors().keySet()) {
            String name = variable(stored);
            if (!LoraConfig.isLora(name) || !shapes.containsKey(LoraConfig.targetOf(name))) {
                problems.add(store.tensors().get(stored) + " belongs to no weight of the model");
            } else if (storedNames.putIfAbsent(name, stored) != null) {
                problems.add(stored + " is there twice");
            }
        }
        storedNames.forEach((name, stored) -> {
            String weight = LoraConfig.targetOf(name);
            String other = LoraConfig.isA(name) ? LoraConfig.nameOfB(weight) : LoraConfig.nameOfA(weight);
            if (!storedNames.containsKey(other)) {
                problems.add(stored + " is without its " + (LoraConfig.isA(name) ? "B" : "A"));
            }
            long[] whole = shapes.get(weight);
            long[] wanted = LoraConfig.isA(name)
                    ? new long[] {config.rank(), whole[whole.length - 1]}
                    : new long[] {whole[0], config.rank()};
            if (whole.length != 2 || !Arrays.equals(store.tensors().get(stored).shape(), wanted)) {
                problems.add(store.tensors().get(stored) + " should be " + Arrays.toString(wanted) + ", for rank "
                        + config.rank() + " and the weight " + Arrays.toString(whole));
            }
        });
        if (storedNames.isEmpty() && problems.isEmpty()) {
            problems.add("it holds nothing");
        }
        if (!problems.isEmpty()) {
            throw new BadInputException(file + " and the model do not fit: "
                    + String.join("; ", problems.subList(0, Math.min(MAX_LISTED, problems.size())))
                    + (problems.size() > MAX_LISTED ? "; and " + (problems.size() - MAX_LISTED) + " more" : "")
                    + "; give the base it was trained on");
        }
    }

    private static String variable(String stored) {
        String name = stored.startsWith(AdapterFiles.PREFIX) ? stored.substring(AdapterFiles.PREFIX.length()) : stored;
        String plain = name.replaceFirst("(\\.lora_[AB])\\" + DEFAULT + "\\.weight$", "$1.weight");
        return HF.matcher(plain).lookingAt() && !plain.startsWith(Llava.TOWER_PREFIX)
                ? CheckpointLayout.LLAVA_HF.toVariable(plain)
                : plain;
    }

    /** The weight with what was learned beside it, rounded once to its own type; others as they are. */
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

    /** Whether something was learned beside a weight. */
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
