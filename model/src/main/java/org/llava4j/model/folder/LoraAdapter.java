package org.llava4j.model.folder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.lora.LoraPair;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A LoRA adapter folder written by PEFT, LLaVA or {@link AdapterWriter}. A and B are read when they are used. Tensor
 * names may contain PEFT's adapter name {@code .default}, and may be those of llava-hf.
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
    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();

    private LoraAdapter(Path folder) {
        this.folder = folder;
        config = AdapterConfig.read(folder);
        Path found = AdapterFiles.find(folder, AdapterFiles.MODEL);
        if (found == null) {
            throw new BadInputException(folder + " has an " + AdapterFiles.CONFIG + " but no " + AdapterFiles.MODEL
                    + AdapterFiles.SAFETENSORS + " or " + AdapterFiles.TORCH + "; download the complete adapter");
        }
        file = found;
        store = TensorFolder.open(file);
    }

    /** @throws BadInputException if the folder is not an adapter, or of an unsupported type */
    static LoraAdapter open(Path folder) {
        return new LoraAdapter(folder);
    }

    /** The files that are read, except for {@link #nonLoraWeights}. */
    List<Path> files() {
        return List.of(folder.resolve(AdapterFiles.CONFIG), file);
    }

    /** The file of trained weights other than LoRA; null if there is none. */
    @Nullable
    Path nonLoraWeights() {
        return AdapterFiles.find(folder, AdapterFiles.NON_LORA_TRAINABLES);
    }

    /** Makes a checkpoint of the base read the weights that were trained beside A and B, such as the projector. */
    void addOtherWeights(Checkpoint base) {
        Path others = nonLoraWeights();
        if (others != null) {
            base.withProjector(others);
        }
    }

    /**
     * Checks the adapter's tensors against a model.
     *
     * @param shapes shapes of all weights of the model
     * @throws BadInputException if a tensor is not an A or B of a weight, one of a pair is missing, or a shape differs
     */
    void requireFits(Map<String, long[]> shapes) {
        List<String> problems = new ArrayList<>();
        for (TensorInfo stored : store.tensors().values()) {
            String name = variable(stored.name());
            long[] shape = LoraConfig.isLora(name) ? shapes.get(LoraConfig.targetOf(name)) : null;
            if (shape == null) {
                problems.add(stored + " matches no weight of the model");
            } else if (tensors.putIfAbsent(name, stored) != null) {
                problems.add(stored.name() + " occurs twice");
            }
        }
        tensors.forEach((name, stored) -> {
            String weight = LoraConfig.targetOf(name);
            String other = LoraConfig.isA(name) ? LoraConfig.nameOfB(weight) : LoraConfig.nameOfA(weight);
            if (!tensors.containsKey(other)) {
                problems.add(stored.name() + " has no matching " + (LoraConfig.isA(name) ? "B" : "A"));
            }
            long[] shape = Objects.requireNonNull(shapes.get(weight), weight);
            long[] expected = LoraConfig.isA(name)
                    ? new long[] {config.rank(), shape[shape.length - 1]}
                    : new long[] {shape[0], config.rank()};
            if (shape.length != 2 || !Arrays.equals(stored.shape(), expected)) {
                problems.add(stored + " must be " + Arrays.toString(expected) + ", for rank " + config.rank()
                        + " and the weight " + Arrays.toString(shape));
            }
        });
        if (tensors.isEmpty() && problems.isEmpty()) {
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
                floats -> merge(weight.name(), floats), weight.info().shape());
    }

    /** Merges LoRA into a target, {@code float32[out, in]}; returns a new array. */
    INDArray merge(String weight, INDArray floats) {
        try (INDArray a = read(LoraConfig.nameOfA(weight));
                INDArray b = read(LoraConfig.nameOfB(weight))) {
            return new LoraPair(a, b, config.scale()).mergeInto(floats);
        }
    }

    /** Whether the adapter targets a weight. */
    boolean isTarget(String weight) {
        return weight.endsWith(".weight") && tensors.containsKey(LoraConfig.nameOfA(weight));
    }

    /** The targets in a decoder's linear layers as LoRA of a graph, without dropout; null if there are none. */
    @Nullable
    Lora lora(LlamaConfig decoder) {
        Set<String> targets = targets();
        targets.retainAll(LoraConfig.linearWeights(decoder));
        return targets.isEmpty() ? null : new Lora(loraConfig(targets, decoder), 0);
    }

    /** Rank, alpha and the given targets, without dropout. */
    LoraConfig loraConfig(Set<String> targets, LlamaConfig decoder) {
        return new LoraConfig(config.rank(), config.alpha(), 0, LoraConfig.targetsOf(targets, decoder));
    }

    /** Names of all weights that the adapter targets, as a new set. */
    Set<String> targets() {
        return tensors.keySet().stream().map(LoraConfig::targetOf).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The folder of the base model that the adapter's config names; null if it names none of this machine. */
    @Nullable
    Path namedBase() {
        Path base = config.base();
        return base != null && base.isAbsolute() && Files.isDirectory(base) && TensorFolder.isIn(base) ? base : null;
    }

    /** Names and shapes of A and B. */
    SortedMap<String, long[]> shapes() {
        SortedMap<String, long[]> shapes = new TreeMap<>();
        tensors.forEach((name, stored) -> shapes.put(name, stored.shape()));
        return shapes;
    }

    /** File and tensor of each A and B, by variable. */
    SortedMap<String, String> sources() {
        SortedMap<String, String> sources = new TreeMap<>();
        tensors.forEach((name, stored) -> sources.put(name, file + ":" + stored.name()));
        return sources;
    }

    /** Reads an A or a B by its variable name, as float32. */
    INDArray read(String name) {
        TensorInfo stored = Objects.requireNonNull(tensors.get(name), name);
        return store.read(stored.name(), DataType.FLOAT);
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
