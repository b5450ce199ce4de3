package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.ConfigFile;
import org.llava4j.model.memory.MappedArray;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.WeightPlan.StoredTensor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Checkpoint loader of a model folder. Loading is strict: every variable needs a tensor of its shape, and every tensor
 * must be used. Mismatches are collected while the graph is built, and {@link #close()} throws them together, with
 * names and shapes.
 */
public final class Checkpoint implements TensorSource, AutoCloseable {
    /** The {@link AtomicFolder} kind of a delta, whose values are differences and not weights. */
    public static final String DELTA_KIND = "delta";

    /** Prefix of the projector's tensor names. */
    public static final String PROJECTOR_PREFIX = "model.mm_projector.";

    private static final int MAX_LISTED = 12;

    private final Path folder;
    private final List<OpenCheckpoint> sources = new ArrayList<>();
    private final Map<String, long[]> requested = new LinkedHashMap<>();
    private boolean newProjector;
    private long newProjectorSeed;
    private WeightDtype weightDtype = WeightDtype.FP32;
    private Predicate<String> trainable = name -> false;
    private boolean mmap;
    private boolean towerUnused;
    private String onlyPrefix = "";
    private @Nullable WeightStore ownStore;
    private boolean closed;

    private Checkpoint(Path folder) {
        this.folder = folder;
    }

    /** Opens a bare CLIP vision tower or a bare LLaMA. */
    public static Checkpoint bare(Path folder) {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.ownStore = WeightStore.open(folder);
        checkpoint.sources.add(OpenCheckpoint.of(checkpoint.ownStore, folder, ""));
        return checkpoint;
    }

    /**
     * Opens a LLaVA folder of either layout. The vision tower's weights are read from inside it or from the tower's own
     * folder.
     *
     * @param visionTower the tower's folder, see {@link VisionTowerResolver}
     * @throws BadInputException if the model was trained with the tower inside it and {@code visionTower} is another
     *     one
     */
    public static Checkpoint llava(Path folder, Path visionTower) {
        FullModelCheck.requireFullModel(folder);
        if (ConfigFile.isMmproj(visionTower) && !GgufHeader.isGguf(folder)) {
            throw new BadInputException(visionTower + " belongs to a GGUF file, but " + folder
                    + " is none; give the GGUF file of the decoder, or the folder of a CLIP");
        }
        Checkpoint checkpoint = new Checkpoint(folder);
        OpenCheckpoint ownFolder = OpenCheckpoint.of(WeightStore.open(folder), folder, "");
        checkpoint.sources.add(ownFolder);
        checkpoint.ownStore = ownFolder.store();
        boolean inside = ownFolder.tensors().keySet().stream().anyMatch(name -> name.startsWith(Llava.TOWER_PREFIX));
        if (inside && !VisionTowerResolver.isInside(folder, visionTower)) {
            ownFolder.tensors().keySet().removeIf(name -> name.startsWith(Llava.TOWER_PREFIX));
            inside = false;
        }
        if (!inside) {
            checkpoint.sources.add(OpenCheckpoint.ofTower(folder, visionTower));
        }
        return checkpoint;
    }

    /** Opens only the vision tower of a LLaVA folder. */
    public static Checkpoint tower(Path folder, Path visionTower) {
        Checkpoint checkpoint = llava(folder, visionTower);
        checkpoint.onlyPrefix = Llava.TOWER_PREFIX;
        return checkpoint;
    }

    /**
     * Reads the projector from a separate file (the result of stage 1), which overrides one in the folder. An embedding
     * table in that file is read only for the rows of the image start and end tokens.
     */
    public Checkpoint withProjector(Path file) {
        OpenCheckpoint projector = OpenCheckpoint.of(WeightStore.open(file), file, "");
        StoredTensor table = projector.tensors().remove(ImageStartEndEmbeddings.TABLE);
        if (table != null) {
            projector.tensors().put(ImageStartEndEmbeddings.NAME, table);
        }
        sources.add(0, projector);
        return this;
    }

    /** Initializes a new projector if no file contains one. */
    public Checkpoint withNewProjector(long seed) {
        newProjector = true;
        newProjectorSeed = seed;
        return this;
    }

    /**
     * Converts the matrices of frozen layers to a low-precision dtype while loading. The default is float32.
     *
     * @param trainable selects names of weights that will be trained: they stay float32
     */
    public Checkpoint withWeightDtype(WeightDtype type, Predicate<String> trainable) {
        weightDtype = type;
        this.trainable = trainable;
        return this;
    }

    /**
     * Maps the frozen matrices whose stored dtype is the weight dtype, instead of reading them. They must not be written
     * ({@link MappedArray}); {@link Llava#setTrainable} copies those that it makes trainable. The default is reading.
     */
    public Checkpoint withMmap(boolean enabled) {
        mmap = enabled;
        return this;
    }

    /** Allows the vision tower's tensors to stay unread, for a graph that takes precomputed features. */
    public Checkpoint withoutTower() {
        towerUnused = true;
        return this;
    }

    @Override
    public INDArray tensor(String name, long... shape) {
        return tensor(DataType.FLOAT, name, shape);
    }

    @Override
    public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
        return graph.constant(name, matrix(name, shape));
    }

    /** Maps query and key projections of GGUF files, instead of copying their rows to Hugging Face's order. */
    @Override
    public @Nullable SDVariable declareRotaryPairs(SameDiff graph, String name, long... shape) {
        if (!mmap || weightDtype != WeightDtype.STORED || trainable.test(name) || !isReadable(name, shape)) {
            return null;
        }
        OpenCheckpoint.FoundTensor source = OpenCheckpoint.find(name, sources);
        INDArray mapped = source == null ? null : source.mapRotaryPairs();
        if (mapped == null) {
            return null;
        }
        requested.put(name, shape);
        return graph.constant(name, mapped);
    }

    private INDArray matrix(String name, long... shape) {
        WeightDtype type = trainable.test(name) ? WeightDtype.FP32 : weightDtype;
        INDArray stored = isReadable(name, shape) ? storedMatrix(type, name, shape) : null;
        if (stored != null) {
            requested.put(name, shape);
            return stored;
        }
        return type.quantizes(name, shape) && isReadable(name, shape)
                ? type.convert(name, tensor(DataType.FLOAT, name, shape))
                : tensor(type.dataType(), name, shape);
    }

    /** A matrix that is stored as it is in memory: mapped, or read if it is quantized or has any form; else null. */
    private @Nullable INDArray storedMatrix(WeightDtype type, String name, long... shape) {
        OpenCheckpoint.FoundTensor source = OpenCheckpoint.find(name, sources);
        if (source == null) {
            return null;
        }
        boolean mapsWeight = mmap && !trainable.test(name);
        if (type == WeightDtype.STORED) {
            INDArray mapped = mapsWeight ? source.map() : null;
            return mapped == null ? source.readStored() : mapped;
        }
        boolean quantized = type.quantizes(name, shape);
        INDArray mapped = mapsWeight ? source.map(type, quantized) : null;
        return mapped == null && quantized ? source.readQuantized(type) : mapped;
    }

    /** Whether a variable has values of its shape. */
    private boolean isReadable(String name, long... shape) {
        OpenCheckpoint.FoundTensor source = OpenCheckpoint.find(name, sources);
        return source == null
                ? mayInitialize(name)
                : Arrays.equals(source.stored().shape(), shape);
    }

    private INDArray tensor(DataType type, String name, long... shape) {
        requested.put(name, shape);
        if (!isReadable(name, shape)) {
            // close() reports this problem together with all others.
            return withoutValues(type, shape);
        }
        // An untied head stored without its table: close() reports the missing table.
        OpenCheckpoint.FoundTensor source = OpenCheckpoint.find(name, sources);
        return source == null ? FloatConversion.cast(name, initialize(name, shape), type) : source.read(type);
    }

    /** An array with one element of memory: a config of the wrong sizes may ask for more than the machine has. */
    private static INDArray withoutValues(DataType type, long... shape) {
        return Nd4j.create(Nd4j.createBuffer(type, 1, true), shape, new long[shape.length], 0, 'c', type);
    }

    /**
     * Declares the rows from the result of stage 1, if it has the table or, as the published code also accepts, these
     * rows alone.
     */
    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        ProjectorTokenRows rows = ProjectorTokenRows.find(sources);
        if (rows == null) {
            return graph.constant(name, selectRows(table, ids, shape));
        }
        rows.requireFits(ids, shape);
        requested.put(name, rows.shape());
        return graph.constant(name, rows.read(ids));
    }

    private INDArray selectRows(String table, int[] ids, long... shape) {
        OpenCheckpoint.FoundTensor source =
                mmap && isReadable(table, shape) ? OpenCheckpoint.find(table, sources) : null;
        INDArray mapped = source == null ? null : source.mapFloats();
        if (mapped != null) {
            requested.put(table, shape);
        }
        try (INDArray all = mapped == null ? tensor(table, shape) : mapped) {
            return FloatConversion.cast(table, TensorSource.selectRows(all, ids), DataType.FLOAT);
        }
    }

    /**
     * Whether a variable needs no stored tensor: a new projector, and the norm behind the features, which converters to GGUF
     * drop because LLaVA does not use its output.
     */
    private boolean mayInitialize(String name) {
        return (newProjector && name.startsWith(PROJECTOR_PREFIX))
                || (isPostNorm(name)
                        && sources.stream().anyMatch(source -> source.store().isGguf()));
    }

    private static boolean isPostNorm(String name) {
        return name.startsWith(Llava.TOWER_PREFIX) && name.contains(".post_layernorm.");
    }

    private INDArray initialize(String name, long... shape) {
        if (isPostNorm(name)) {
            return name.endsWith("weight") ? Nd4j.ones(DataType.FLOAT, shape) : Nd4j.zeros(DataType.FLOAT, shape);
        }
        // Weight and bias have the same bound, from the weight's input width.
        String weight = name.replaceAll("bias$", "weight");
        long width = Objects.requireNonNull(requested.get(weight), weight)[1];
        return WeightInitializer.uniformLinear(newProjectorSeed, name, width, shape);
    }

    /** The plan of the requested weights: the source of each, and why other tensors were not read. */
    public WeightPlan plan() {
        return plan(requested);
    }

    /** The plan for loading variables of these names and shapes; reads no values. */
    public WeightPlan plan(Map<String, long[]> variables) {
        return WeightPlan.of(
                variables,
                sources.stream().map(OpenCheckpoint::tensors).toList(),
                new WeightPlan.Exemptions(
                        this::mayInitialize,
                        variable -> !variable.startsWith(onlyPrefix)
                                || (towerUnused && variable.startsWith(Llava.TOWER_PREFIX))));
    }

    /**
     * Problems with loading variables of these names and shapes. If a tied head is stored in addition to its table, the
     * values of both are compared; no other values are read.
     */
    public List<String> problems(Map<String, long[]> variables) {
        List<String> problems = new ArrayList<>(plan(variables).problems());
        if (TiedHead.isTied(variables)) {
            problems.addAll(TiedHead.problems(sources));
        }
        return problems;
    }

    /**
     * Lazy tensors of all variables, for writing a model folder without building the graph: each tensor is read when it
     * is written, which must happen before {@link #close()}.
     *
     * @param imageTokens the model's image start and end tokens, whose rows a projector file may contain; null for none
     * @throws BadInputException if a variable has no tensor of its shape, or a tensor is unused
     */
    public List<LazyTensor> toLazyTensors(Map<String, long[]> variables, @Nullable ImageStartEndTokens imageTokens) {
        return toLazyTensors(variables, imageTokens, UnaryOperator.identity());
    }

    /**
     * As {@link #toLazyTensors(Map, ImageStartEndTokens)}, for a model whose embedding tables are resized before the rows of a
     * projector file are merged into them.
     *
     * @param variables names and shapes as stored
     * @param imageTokens with token ids of the extended vocabulary
     * @param growth resizes a stored tensor
     */
    public List<LazyTensor> toLazyTensors(
            Map<String, long[]> variables,
            @Nullable ImageStartEndTokens imageTokens,
            UnaryOperator<LazyTensor> growth) {
        requested.putAll(variables);
        ProjectorTokenRows rows = imageTokens == null ? null : ProjectorTokenRows.find(sources);
        if (rows != null) {
            requested.put(ImageStartEndEmbeddings.NAME, rows.shape());
        }
        requireAllRead();
        List<LazyTensor> all = new ArrayList<>();
        variables.forEach((name, shape) -> all.add(growth.apply(toLazyTensors(name, shape))));
        if (imageTokens != null && rows != null) {
            all.replaceAll(tensor -> tensor.name().equals(ImageStartEndEmbeddings.TABLE)
                    ? withRows(tensor, rows, ImageStartEndEmbeddings.ids(imageTokens))
                    : tensor);
        }
        return all;
    }

    private LazyTensor toLazyTensors(String name, long... shape) {
        OpenCheckpoint.FoundTensor source = OpenCheckpoint.find(name, sources);
        return source == null
                ? LazyTensor.computed(new TensorInfo(name, TensorType.F32, shape), () -> initialize(name, shape))
                : source.checkpoint().store().lazyTensor(source.stored().name()).withName(name);
    }

    private static LazyTensor withRows(LazyTensor table, ProjectorTokenRows rows, int... ids) {
        rows.requireFits(ids, table.info().shape());
        return table.mapFloats(
                floats -> ImageStartEndEmbeddings.putRows(floats.dup('c'), rows.read(ids), ids),
                table.info().shape());
    }

    /** The folder's tensor naming. */
    public CheckpointLayout layout() {
        return CheckpointLayout.of(sources.get(0).store().tensors().keySet());
    }

    /** The stored tensors of all files by the name of their dtype or block format. */
    public SortedMap<String, List<TensorInfo>> tensorsByType() {
        SortedMap<String, List<TensorInfo>> types = new TreeMap<>();
        sources.forEach(source -> source.store()
                .stored()
                .values()
                .forEach(tensor -> types.computeIfAbsent(source.store().typeName(tensor), type -> new ArrayList<>())
                        .add(tensor)));
        return types;
    }

    /** The size of each variable's tensor in its file, in bytes. */
    public Map<String, Long> storedBytes() {
        Map<String, Long> bytes = new TreeMap<>();
        sources.forEach(source -> source.tensors()
                .forEach((variable, stored) ->
                        bytes.putIfAbsent(variable, source.store().storedBytes(stored.name()))));
        return bytes;
    }

    /** Whether the model is in GGUF files. */
    public boolean isGguf() {
        return ownStore != null && ownStore.isGguf();
    }

    /** Whether the tensor of a variable is quantized. */
    public boolean isQuantized(String variable) {
        OpenCheckpoint.FoundTensor source = OpenCheckpoint.find(variable, sources);
        return source != null && source.isQuantized();
    }

    /** The dtype of a quantized folder; null if the folder is not quantized. */
    public @Nullable WeightDtype quantization() {
        return ownStore == null ? null : ownStore.quantization();
    }

    /** @throws BadInputException if a variable has no tensor of its shape, or a tensor is unused */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (!requested.isEmpty()) {
                requireAllRead();
            }
        } finally {
            sources.forEach(place -> place.store().close());
        }
    }

    private void requireAllRead() {
        if (requested.containsKey(ImageStartEndEmbeddings.TABLE)
                && !requested.containsKey(ImageStartEndEmbeddings.NAME)) {
            ProjectorTokenRows rows = ProjectorTokenRows.find(sources);
            if (rows != null) {
                throw rows.unusedRowsError();
            }
        }
        List<String> problems = problems(requested);
        if (!problems.isEmpty()) {
            throw new BadInputException(folder + ": weights and config do not match: "
                    + String.join("; ", problems.subList(0, Math.min(MAX_LISTED, problems.size())))
                    + (problems.size() > MAX_LISTED ? "; and " + (problems.size() - MAX_LISTED) + " more" : "")
                    + "; use the config.json that came with these weights");
        }
    }
}
