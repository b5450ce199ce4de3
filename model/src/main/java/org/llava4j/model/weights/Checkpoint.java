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
import org.llava4j.model.Llava;
import org.llava4j.model.SlotRows;
import org.llava4j.model.weights.WeightPlan.Stored;
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

    private static final int MOST_LISTED = 12;

    private final Path folder;
    private final List<WeightPlace> places = new ArrayList<>();
    private final Map<String, long[]> asked = new LinkedHashMap<>();
    private OptionalLong freshProjectorSeed = OptionalLong.empty();
    private FrozenType frozenType = FrozenType.FP32;
    private Predicate<String> learns = name -> false;
    private boolean towerUnused;
    private String only = "";
    private boolean closed;

    private Checkpoint(Path folder) {
        this.folder = folder;
    }

    /** A bare CLIP tower or a bare LLaMA: tensor names are variable names. */
    public static Checkpoint bare(Path folder) {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.places.add(WeightPlace.of(TensorFolder.open(folder), folder, ""));
        return checkpoint;
    }

    /**
     * A LLaVA folder of either layout; the tower's weights from inside it, or from the tower's own folder.
     *
     * @param visionTower the tower's folder, see {@link TowerChoice}
     * @throws BadInputException if the model was trained with the tower inside it and {@code visionTower} is another
     */
    public static Checkpoint llava(Path folder, Path visionTower) {
        NoModel.refuse(folder);
        Checkpoint checkpoint = new Checkpoint(folder);
        WeightPlace own = WeightPlace.of(TensorFolder.open(folder), folder, "");
        checkpoint.places.add(own);
        boolean inside = own.tensors().keySet().stream().anyMatch(name -> name.startsWith(Llava.TOWER_PREFIX));
        if (inside && !TowerChoice.isInside(folder, visionTower)) {
            own.tensors().keySet().removeIf(name -> name.startsWith(Llava.TOWER_PREFIX));
            inside = false;
        }
        if (!inside) {
            checkpoint.places.add(
                    WeightPlace.of(TowerWeights.openFolder(folder, visionTower), visionTower, Llava.TOWER_PREFIX));
        }
        return checkpoint;
    }

    /** Only the tower of a LLaVA folder. */
    public static Checkpoint tower(Path folder, Path visionTower) {
        Checkpoint checkpoint = llava(folder, visionTower);
        checkpoint.only = Llava.TOWER_PREFIX;
        return checkpoint;
    }

    /**
     * Takes the projector from a file of its own (what stage 1 wrote), before any in the folder. The embedding table
     * that is beside it where a model has tokens around an image is read for their rows alone.
     */
    public Checkpoint withProjector(Path file) {
        WeightPlace place = WeightPlace.of(TensorFolder.open(file), file, "");
        Stored table = place.tensors().remove(SlotRows.TABLE);
        if (table != null) {
            place.tensors().put(SlotRows.NAME, table);
        }
        places.add(0, place);
        return this;
    }

    /** Begins a new projector where no file has one. */
    public Checkpoint withFreshProjector(long seed) {
        freshProjectorSeed = OptionalLong.of(seed);
        return this;
    }

    /**
     * Keeps the matrices of frozen layers in a type of 16 bits, converted as they are read. Without this, all is
     * float32.
     *
     * @param learns names of weights that will be trained: they stay float32
     */
    public Checkpoint withFrozenType(FrozenType type, Predicate<String> learns) {
        frozenType = type;
        this.learns = learns;
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
        FrozenType type = learns.test(name) ? FrozenType.FP32 : frozenType;
        if (type == FrozenType.INT8) {
            return graph.constant(name, type.keep(name, tensor(DataType.FLOAT, name, shape)));
        }
        return graph.constant(name, tensor(type.inMemory(), name, shape));
    }

    private INDArray tensor(DataType type, String name, long... shape) {
        asked.put(name, shape);
        // Of a head that is not tied and stored alone, close() tells that its table is missing.
        Optional<WeightPlace.Source> source = WeightPlace.find(name, places);
        if (source.isPresent()) {
            // What does not fit is told by close(), with all else that does not.
            return Arrays.equals(source.get().stored().shape(), shape)
                    ? source.get().read(type)
                    : Nd4j.create(shape);
        }
        return mayBeFresh(name) ? FloatConversion.cast(name, fresh(name, shape), type) : Nd4j.create(shape);
    }

    /** The rows of stage 1's result, where it has the table or, as the published code accepts too, these rows alone. */
    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        Optional<ProjectorRows> rows = ProjectorRows.in(places);
        if (rows.isEmpty()) {
            return graph.constant(name, picked(tensor(table, shape), ids));
        }
        rows.get().requireFit(ids, shape);
        asked.put(name, rows.get().shape());
        return graph.constant(name, rows.get().read(ids));
    }

    private static INDArray picked(INDArray table, int[] ids) {
        try (table) {
            return TensorSource.pick(table, ids);
        }
    }

    private boolean mayBeFresh(String name) {
        return freshProjectorSeed.isPresent() && name.startsWith(PROJECTOR_PREFIX);
    }

    private INDArray fresh(String name, long... shape) {
        // Both begin within a bound that the width of the weight's input gives.
        long width = asked.get(name.replaceAll("bias$", "weight"))[1];
        return FreshTensors.linear(freshProjectorSeed.getAsLong(), name, width, shape);
    }

    /** Where all that was asked for came from, and why the rest was not read. */
    public WeightPlan plan() {
        return plan(asked);
    }

    /** Where variables of these names and shapes would come from; nothing is read. */
    public WeightPlan plan(Map<String, long[]> variables) {
        return WeightPlan.of(
                variables,
                places.stream().map(WeightPlace::tensors).toList(),
                new WeightPlan.Allowance(
                        this::mayBeFresh,
                        variable -> !variable.startsWith(only)
                                || (towerUnused && variable.startsWith(Llava.TOWER_PREFIX))));
    }

    /**
     * Why variables of these names and shapes cannot be read. Of a tied head that is stored beside its table, the values
     * of both are compared; nothing else is read.
     */
    public List<String> problems(Map<String, long[]> variables) {
        List<String> problems = new ArrayList<>(plan(variables).problems());
        if (TiedHead.isIn(variables)) {
            problems.addAll(TiedHead.problems(places));
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
    public List<LazyTensor> outgoing(Map<String, long[]> variables, Optional<ImageStartEndTokens> slot) {
        return outgoing(variables, slot, UnaryOperator.identity());
    }

    /**
     * The same for a model whose token tables grow on the way, before the rows of a projector's file are put into them.
     *
     * @param variables as they are stored
     * @param slot with the ids of the grown vocabulary
     * @param growth what makes a grown tensor of a stored one
     */
    public List<LazyTensor> outgoing(
            Map<String, long[]> variables, Optional<ImageStartEndTokens> slot, UnaryOperator<LazyTensor> growth) {
        asked.putAll(variables);
        Optional<ProjectorRows> rows = slot.flatMap(tokens -> ProjectorRows.in(places));
        rows.ifPresent(found -> asked.put(SlotRows.NAME, found.shape()));
        requireAllRead();
        List<LazyTensor> all = new ArrayList<>();
        variables.forEach((name, shape) -> all.add(growth.apply(outgoing(name, shape))));
        rows.ifPresent(found -> all.replaceAll(tensor -> tensor.name().equals(SlotRows.TABLE)
                ? withRows(tensor, found, SlotRows.ids(slot.orElseThrow()))
                : tensor));
        return all;
    }

    private LazyTensor outgoing(String name, long... shape) {
        return WeightPlace.find(name, places)
                .map(source -> LazyTensor.fromStore(
                                source.place().store(), source.stored().name())
                        .withName(name))
                .orElseGet(() ->
                        LazyTensor.computed(new TensorInfo(name, TensorType.F32, shape), () -> fresh(name, shape)));
    }

    private static LazyTensor withRows(LazyTensor table, ProjectorRows rows, int... ids) {
        rows.requireFit(ids, table.info().shape());
        return table.mapFloats(
                floats -> SlotRows.put(floats.dup('c'), rows.read(ids), ids),
                table.info().shape());
    }

    /** How the folder names its tensors. */
    public Layout layout() {
        return Layout.of(places.get(0).store().tensors().keySet());
    }

    /** How many tensors of each type all places hold. */
    public SortedMap<TensorType, Long> types() {
        SortedMap<TensorType, Long> types = new TreeMap<>();
        places.forEach(
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
            if (!asked.isEmpty()) {
                requireAllRead();
            }
        } finally {
            places.forEach(place -> place.store().close());
        }
    }

    private void requireAllRead() {
        if (asked.containsKey(SlotRows.TABLE) && !asked.containsKey(SlotRows.NAME)) {
            ProjectorRows.in(places).ifPresent(rows -> {
                throw rows.unused();
            });
        }
        List<String> problems = problems(asked);
        if (!problems.isEmpty()) {
            throw new BadInputException(folder + ": weights and config do not fit: "
                    + String.join("; ", problems.subList(0, Math.min(MOST_LISTED, problems.size())))
                    + (problems.size() > MOST_LISTED ? "; and " + (problems.size() - MOST_LISTED) + " more" : "")
                    + "; use the config.json that came with these weights");
        }
    }
}
