package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.FloatConversion;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.data.tensors.TensorFolder;
import org.llava4j.data.tensors.TensorInfo;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.weights.WeightPlan.StoredTensor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weights of a model folder, strictly: every variable has a source, every tensor a use. What does not fit is
 * collected while the graph is built, and {@link #close()} throws it all at once, with names and shapes.
 */
public final class Checkpoint implements TensorSource, AutoCloseable {
    /** How {@link AtomicFolder} knows a delta, whose numbers are no weights yet. */
    public static final String DELTA_KIND = "delta";

    /** What the names of the projector's weights begin with. */
    public static final String PROJECTOR_PREFIX = "model.mm_projector.";

    private static final int MAX_LISTED = 12;

    private final Path folder;
    private final List<OpenCheckpoint> sources = new ArrayList<>();
    private final Map<String, long[]> requested = new LinkedHashMap<>();
    private OptionalLong newProjectorSeed = OptionalLong.empty();
    private WeightDtype weightDtype = WeightDtype.FP32;
    private Predicate<String> trainable = name -> false;
    private boolean towerUnused;
    private String onlyPrefix = "";
    private boolean closed;

    private Checkpoint(Path folder) {
        this.folder = folder;
    }

    /** A bare CLIP tower or a bare LLaMA: tensor names are variable names. */
    public static Checkpoint bare(Path folder) {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.sources.add(OpenCheckpoint.of(TensorFolder.open(folder), folder, ""));
        return checkpoint;
    }

    /**
     * A LLaVA folder of either layout; the tower's weights from inside it, or from the tower's own folder.
     *
     * @param visionTower the tower's folder, see {@link VisionTowerResolver}
     * @throws BadInputException if the model was trained with the tower inside it and {@code visionTower} is another
     */
    public static Checkpoint llava(Path folder, Path visionTower) {
        FullModelCheck.requireFullModel(folder);
        Checkpoint checkpoint = new Checkpoint(folder);
        OpenCheckpoint own = OpenCheckpoint.of(TensorFolder.open(folder), folder, "");
        checkpoint.sources.add(own);
        boolean inside = own.tensors().keySet().stream().anyMatch(name -> name.startsWith(Llava.TOWER_PREFIX));
        if (inside && !VisionTowerResolver.isInside(folder, visionTower)) {
            own.tensors().keySet().removeIf(name -> name.startsWith(Llava.TOWER_PREFIX));
            inside = false;
        }
        if (!inside) {
            checkpoint.sources.add(
                    OpenCheckpoint.of(TowerWeights.openFolder(folder, visionTower), visionTower, Llava.TOWER_PREFIX));
        }
        return checkpoint;
    }

    /** Only the tower of a LLaVA folder. */
    public static Checkpoint tower(Path folder, Path visionTower) {
        Checkpoint checkpoint = llava(folder, visionTower);
        checkpoint.onlyPrefix = Llava.TOWER_PREFIX;
        return checkpoint;
    }

    /**
     * Takes the projector from a file of its own (what stage 1 wrote), before any in the folder. The embedding table
     * that is beside it where a model has tokens around an image is read for their rows alone.
     */
    public Checkpoint withProjector(Path file) {
        OpenCheckpoint place = OpenCheckpoint.of(TensorFolder.open(file), file, "");
        StoredTensor table = place.tensors().remove(ImageStartEndEmbeddings.TABLE);
        if (table != null) {
            place.tensors().put(ImageStartEndEmbeddings.NAME, table);
        }
        sources.add(0, place);
        return this;
    }

    /** Begins a new projector where no file has one. */
    public Checkpoint withNewProjector(long seed) {
        newProjectorSeed = OptionalLong.of(seed);
        return this;
    }

    /**
     * Keeps the matrices of frozen layers in a type of 16 bits, converted as they are read. Without this, all is
     * float32.
     *
     * @param learns names of weights that will be trained: they stay float32
     */
    public Checkpoint withWeightDtype(WeightDtype type, Predicate<String> learns) {
        weightDtype = type;
        this.trainable = learns;
        return this;
    }

    /** The tower's tensors may stay unread: the graph takes ready features. */
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
        WeightDtype type = trainable.test(name) ? WeightDtype.FP32 : weightDtype;
        if (type == WeightDtype.INT8) {
            return graph.constant(name, type.convert(name, tensor(DataType.FLOAT, name, shape)));
        }
        return graph.constant(name, tensor(type.dataType(), name, shape));
    }

    private INDArray tensor(DataType type, String name, long... shape) {
        requested.put(name, shape);
        // Of a head that is not tied and stored alone, close() tells that its table is missing.
        Optional<OpenCheckpoint.FoundTensor> source = OpenCheckpoint.find(name, sources);
        if (source.isPresent()) {
            // What does not fit is told by close(), with all else that does not.
            return Arrays.equals(source.get().stored().shape(), shape)
                    ? source.get().read(type)
                    : Nd4j.create(shape);
        }
        return mayInitialize(name) ? FloatConversion.cast(name, initialize(name, shape), type) : Nd4j.create(shape);
    }

    /** The rows of stage 1's result, where it has the table or, as the published code accepts too, these rows alone. */
    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        Optional<ProjectorTokenRows> rows = ProjectorTokenRows.find(sources);
        if (rows.isEmpty()) {
            return graph.constant(name, selectRows(tensor(table, shape), ids));
        }
        rows.get().requireFits(ids, shape);
        requested.put(name, rows.get().shape());
        return graph.constant(name, rows.get().read(ids));
    }

    private static INDArray selectRows(INDArray table, int[] ids) {
        try (table) {
            return TensorSource.selectRows(table, ids);
        }
    }

    private boolean mayInitialize(String name) {
        return newProjectorSeed.isPresent() && name.startsWith(PROJECTOR_PREFIX);
    }

    private INDArray initialize(String name, long... shape) {
        // Both begin within a bound that the width of the weight's input gives.
        long width = requested.get(name.replaceAll("bias$", "weight"))[1];
        return WeightInitializer.uniformLinear(newProjectorSeed.getAsLong(), name, width, shape);
    }

    /** Where all that was asked for came from, and why the rest was not read. */
    public WeightPlan plan() {
        return plan(requested);
    }

    /** Where variables of these names and shapes would come from; nothing is read. */
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
     * Why variables of these names and shapes cannot be read. Of a tied head that is stored beside its table, the values
     * of both are compared; nothing else is read.
     */
    public List<String> problems(Map<String, long[]> variables) {
        List<String> problems = new ArrayList<>(plan(variables).problems());
        if (TiedHead.isTied(variables)) {
            problems.addAll(TiedHead.problems(sources));
        }
        return problems;
    }

    /**
     * Every variable as it lies in its place, for a model that is written elsewhere and not built: one tensor at a time
     * is read when it is written, before this is closed.
     *
     * @param slot the model's tokens around an image, whose rows a projector's file may hold
     * @throws BadInputException if a variable has no tensor of its shape, or a tensor no use
     */
    public List<LazyTensor> toLazyTensors(Map<String, long[]> variables, Optional<ImageStartEndTokens> slot) {
        return toLazyTensors(variables, slot, UnaryOperator.identity());
    }

    /**
     * The same for a model whose token tables grow on the way, before the rows of a projector's file are put into them.
     *
     * @param variables as they are stored
     * @param slot with the ids of the grown vocabulary
     * @param growth what makes a grown tensor of a stored one
     */
    public List<LazyTensor> toLazyTensors(
            Map<String, long[]> variables, Optional<ImageStartEndTokens> slot, UnaryOperator<LazyTensor> growth) {
        requested.putAll(variables);
        Optional<ProjectorTokenRows> rows = slot.flatMap(tokens -> ProjectorTokenRows.find(sources));
        rows.ifPresent(found -> requested.put(ImageStartEndEmbeddings.NAME, found.shape()));
        requireAllRead();
        List<LazyTensor> all = new ArrayList<>();
        variables.forEach((name, shape) -> all.add(growth.apply(toLazyTensors(name, shape))));
        rows.ifPresent(found -> all.replaceAll(tensor -> tensor.name().equals(ImageStartEndEmbeddings.TABLE)
                ? withRows(tensor, found, ImageStartEndEmbeddings.ids(slot.orElseThrow()))
                : tensor));
        return all;
    }

    private LazyTensor toLazyTensors(String name, long... shape) {
        return OpenCheckpoint.find(name, sources)
                .map(source -> LazyTensor.fromStore(
                                source.checkpoint().store(), source.stored().name())
                        .withName(name))
                .orElseGet(() -> LazyTensor.computed(
                        new TensorInfo(name, TensorType.F32, shape), () -> initialize(name, shape)));
    }

    private static LazyTensor withRows(LazyTensor table, ProjectorTokenRows rows, int... ids) {
        rows.requireFits(ids, table.info().shape());
        return table.mapFloats(
                floats -> ImageStartEndEmbeddings.putRows(floats.dup('c'), rows.read(ids), ids),
                table.info().shape());
    }

    /** How the folder names its tensors. */
    public CheckpointLayout layout() {
        return CheckpointLayout.of(sources.get(0).store().tensors().keySet());
    }

    /** How many tensors of each type all places hold. */
    public SortedMap<TensorType, Long> tensorCountsByType() {
        SortedMap<TensorType, Long> types = new TreeMap<>();
        sources.forEach(
                place -> place.store().tensors().values().forEach(tensor -> types.merge(tensor.type(), 1L, Long::sum)));
        return types;
    }

    /** @throws BadInputException if a variable had no tensor of its shape, or a tensor no use */
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
            ProjectorTokenRows.find(sources).ifPresent(rows -> {
                throw rows.unusedRowsError();
            });
        }
        List<String> problems = problems(requested);
        if (!problems.isEmpty()) {
            throw new BadInputException(folder + ": weights and config do not fit: "
                    + String.join("; ", problems.subList(0, Math.min(MAX_LISTED, problems.size())))
                    + (problems.size() > MAX_LISTED ? "; and " + (problems.size() - MAX_LISTED) + " more" : "")
                    + "; use the config.json that came with these weights");
        }
    }
}
