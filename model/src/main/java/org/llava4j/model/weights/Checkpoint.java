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
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.FloatConversion;
import org.llava4j.data.tensors.OutgoingTensor;
import org.llava4j.data.tensors.TensorFolder;
import org.llava4j.data.tensors.TensorInfo;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.data.text.ImageSlot;
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
    private final List<Place> places = new ArrayList<>();
    private final Map<String, long[]> asked = new LinkedHashMap<>();
    private OptionalLong freshProjectorSeed = OptionalLong.empty();
    private FrozenType frozenType = FrozenType.FP32;
    private Predicate<String> learns = name -> false;
    private boolean towerUnused;
    private String only = "";
    private boolean closed;

    /** An open file or folder, and what it holds by variable. */
    private record Place(TensorStore store, Map<String, Stored> tensors) {

        /** @param prefix in front of the names that its layout gives */
        static Place of(TensorStore store, Path path, String prefix) {
            Layout layout = Layout.of(store.tensors().keySet());
            Map<String, Stored> byVariable = new LinkedHashMap<>();
            store.tensors()
                    .forEach((stored, info) -> byVariable.put(
                            prefix + layout.variable(stored), new Stored(path.toString(), stored, info.shape())));
            return new Place(store, byVariable);
        }
    }

    private Checkpoint(Path folder) {
        this.folder = folder;
    }

    /** A bare CLIP tower or a bare LLaMA: tensor names are variable names. */
    public static Checkpoint bare(Path folder) {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.places.add(Place.of(TensorFolder.open(folder), folder, ""));
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
        Place own = Place.of(TensorFolder.open(folder), folder, "");
        checkpoint.places.add(own);
        boolean inside = own.tensors.keySet().stream().anyMatch(name -> name.startsWith(Llava.TOWER_PREFIX));
        if (inside && !TowerChoice.isInside(folder, visionTower)) {
            own.tensors.keySet().removeIf(name -> name.startsWith(Llava.TOWER_PREFIX));
            inside = false;
        }
        if (!inside) {
            checkpoint.places.add(
                    Place.of(TowerWeights.openFolder(folder, visionTower), visionTower, Llava.TOWER_PREFIX));
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
        Place place = Place.of(TensorFolder.open(file), file, "");
        Stored table = place.tensors.remove(SlotRows.TABLE);
        if (table != null) {
            place.tensors.put(SlotRows.NAME, table);
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
        for (Place place : places) {
            Stored stored = place.tensors.get(name);
            if (stored != null) {
                // What does not fit is told by close(), with all else that does not.
                return Arrays.equals(stored.shape(), shape)
                        ? place.store.read(stored.name(), type)
                        : Nd4j.create(shape);
            }
        }
        return mayBeFresh(name) ? FloatConversion.of(name, fresh(name, shape), type) : Nd4j.create(shape);
    }

    /** The rows of stage 1's result, where it has the table or, as the published code accepts too, these rows alone. */
    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        for (Place place : places) {
            Stored stored = place.tensors.get(name);
            if (stored == null) {
                continue;
            }
            boolean alone = Arrays.equals(stored.shape(), new long[] {ids.length, shape[1]});
            boolean fits = alone || Arrays.equals(stored.shape(), shape);
            asked.put(name, fits ? stored.shape() : shape);
            if (!fits) {
                return graph.constant(name, Nd4j.create(ids.length, shape[1]));
            }
            INDArray read = place.store.read(stored.name(), DataType.FLOAT);
            return graph.constant(name, alone ? read : picked(read, ids));
        }
        return graph.constant(name, picked(tensor(table, shape), ids));
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
                places.stream().map(Place::tensors).toList(),
                new WeightPlan.Allowance(
                        this::mayBeFresh,
                        variable -> !variable.startsWith(only)
                                || (towerUnused && variable.startsWith(Llava.TOWER_PREFIX))));
    }

    /**
     * Every variable as it lies in its place, for a model that is written elsewhere and not built: one tensor at a time
     * is read when it is written, before this is closed.
     *
     * @param slot the model's tokens around an image, whose rows a projector's file may hold
     * @throws BadInputException if a variable has no tensor of its shape, or a tensor no use
     */
    public List<OutgoingTensor> outgoing(Map<String, long[]> variables, Optional<ImageSlot> slot) {
        asked.putAll(variables);
        Place rows = places.get(0);
        boolean rowsApart = slot.isPresent() && rows.tensors.containsKey(SlotRows.NAME);
        if (rowsApart) {
            asked.put(SlotRows.NAME, rows.tensors.get(SlotRows.NAME).shape());
        }
        require(plan());
        List<OutgoingTensor> all = new ArrayList<>();
        variables.forEach((name, shape) -> all.add(outgoing(name, shape)));
        if (rowsApart) {
            all.replaceAll(tensor -> tensor.name().equals(SlotRows.TABLE)
                    ? tensor.changedAsFloats(
                            table -> withRows(table, rows, SlotRows.ids(slot.get())),
                            tensor.info().shape())
                    : tensor);
        }
        return all;
    }

    private OutgoingTensor outgoing(String name, long... shape) {
        for (Place place : places) {
            Stored stored = place.tensors.get(name);
            if (stored != null) {
                return OutgoingTensor.stored(place.store, stored.name()).named(name);
            }
        }
        return OutgoingTensor.made(new TensorInfo(name, TensorType.F32, shape), () -> fresh(name, shape));
    }

    private static INDArray withRows(INDArray table, Place place, int... ids) {
        String stored = place.tensors.get(SlotRows.NAME).name();
        INDArray rows = place.store.read(stored, DataType.FLOAT);
        return SlotRows.put(table.dup('c'), rows.size(0) == ids.length ? rows : picked(rows, ids), ids);
    }

    /** How the folder names its tensors. */
    public Layout layout() {
        return Layout.of(places.get(0).store.tensors().keySet());
    }

    /** How many tensors of each type all places hold. */
    public SortedMap<TensorType, Long> types() {
        SortedMap<TensorType, Long> types = new TreeMap<>();
        places.forEach(
                place -> place.store.tensors().values().forEach(tensor -> types.merge(tensor.type(), 1L, Long::sum)));
        return types;
    }

    /** @throws BadInputException if a variable had no tensor of its shape, or a tensor no use */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        places.forEach(place -> place.store.close());
        if (asked.isEmpty()) {
            return;
        }
        require(plan());
    }

    private void require(WeightPlan plan) {
        List<String> problems = plan.problems();
        if (!problems.isEmpty()) {
            throw new BadInputException(folder + ": weights and config do not fit: "
                    + String.join("; ", problems.subList(0, Math.min(MOST_LISTED, problems.size())))
                    + (problems.size() > MOST_LISTED ? "; and " + (problems.size() - MOST_LISTED) + " more" : "")
                    + "; use the config.json that came with these weights");
        }
    }
}
