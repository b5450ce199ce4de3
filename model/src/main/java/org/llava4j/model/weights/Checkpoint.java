package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.SafetensorsFile;
import org.llava4j.data.tensors.SafetensorsFolder;
import org.llava4j.data.tensors.TensorInfo;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weights of a model folder, strictly: every variable has a source, every tensor a use. What does not fit is
 * collected while the graph is built, and {@link #close()} throws it all at once, with names and shapes.
 */
public final class Checkpoint implements TensorSource, AutoCloseable {
    /** Tensors that older writers left in files and that nothing needs. */
    private static final Pattern SKIPPED = Pattern.compile(".*(rotary_emb\\.inv_freq|position_ids)");

    /** Parts of a full CLIP that LLaVA has no use for. */
    private static final Pattern CLIP_TEXT =
            Pattern.compile("text_model\\..*|text_projection\\.weight|visual_projection\\.weight|logit_scale");

    /** What the names of the projector's weights begin with. */
    public static final String PROJECTOR_PREFIX = "model.mm_projector.";

    private static final int MOST_LISTED = 12;

    private final Path folder;
    private final List<Place> places = new ArrayList<>();
    private final Map<String, String> sources = new TreeMap<>();
    private final List<String> problems = new ArrayList<>();
    private OptionalLong freshProjectorSeed = OptionalLong.empty();
    private boolean towerUnused;
    private String only = "";

    /** @param adapter whether this is stage 1's result, which has the projector and at most rows of the embedding */
    private record Place(
            TensorStore store, Path path, String prefix, Map<String, TensorInfo> unused, boolean adapter) {}

    private Checkpoint(Path folder) {
        this.folder = folder;
    }

    /** A bare CLIP tower or a bare LLaMA: tensor names are variable names. */
    public static Checkpoint bare(Path folder) {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.add(SafetensorsFolder.open(folder), folder, "");
        return checkpoint;
    }

    /**
     * A LLaVA folder; the tower's weights from inside it, or from the tower's own folder.
     *
     * @param visionTower the tower's folder
     */
    public static Checkpoint llava(Path folder, Path visionTower) {
        Checkpoint checkpoint = new Checkpoint(folder);
        TensorStore own = SafetensorsFolder.open(folder);
        checkpoint.add(own, folder, "");
        if (!TowerWeights.holdsTower(own)) {
            checkpoint.add(SafetensorsFolder.open(visionTower), visionTower, Llava.TOWER_PREFIX);
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
     * Takes the projector from a file of its own (what stage 1 wrote), before any in the folder; and of the embedding
     * table in that file, if there is one, the rows that {@link #rows} is asked for.
     */
    public Checkpoint withProjector(Path file) {
        TensorStore store = SafetensorsFile.open(file);
        places.forEach(place -> place.unused.keySet().removeIf(name -> name.startsWith(PROJECTOR_PREFIX)));
        places.add(0, new Place(store, file, "", unusedOf(store), true));
        return this;
    }

    /** Begins a new projector where no file has one. */
    public Checkpoint withFreshProjector(long seed) {
        freshProjectorSeed = OptionalLong.of(seed);
        return this;
    }

    /** The tower's tensors may stay unread: the graph takes ready features. */
    public Checkpoint withoutTower() {
        towerUnused = true;
        return this;
    }

    private void add(TensorStore store, Path path, String prefix) {
        places.add(new Place(store, path, prefix, unusedOf(store), false));
    }

    private static Map<String, TensorInfo> unusedOf(TensorStore store) {
        return new LinkedHashMap<>(store.tensors());
    }

    @Override
    public INDArray tensor(String name, long... shape) {
        for (Place place : places) {
            String stored = stored(place, name);
            TensorInfo info = stored == null ? null : place.store.tensors().get(stored);
            if (info == null || (place.adapter && !name.startsWith(PROJECTOR_PREFIX))) {
                continue;
            }
            place.unused.remove(stored);
            sources.put(name, place.path.getFileName() + ":" + stored);
            if (!Arrays.equals(info.shape(), shape)) {
                problems.add(stored + " is " + Arrays.toString(info.shape()) + " in " + place.path
                        + " but the config asks for " + Arrays.toString(shape));
                return Nd4j.create(shape);
            }
            return place.store.read(stored);
        }
        if (freshProjectorSeed.isPresent() && name.startsWith(PROJECTOR_PREFIX)) {
            return fresh(name, shape);
        }
        problems.add(name + " " + Arrays.toString(shape) + " is missing");
        return Nd4j.create(shape);
    }

    /**
     * Rows of stage 1's result where it has the table, otherwise of the folder's. The former may hold these rows alone,
     * as the published code accepts as well.
     */
    @Override
    public INDArray rows(String table, int[] ids, long... shape) {
        for (Place place : places) {
            TensorInfo info = place.adapter ? place.store.tensors().get(table) : null;
            if (info == null) {
                continue;
            }
            place.unused.remove(table);
            boolean alone = Arrays.equals(info.shape(), new long[] {ids.length, shape[1]});
            if (alone || Arrays.equals(info.shape(), shape)) {
                if (alone) {
                    return place.store.read(table);
                }
                try (INDArray stored = place.store.read(table)) {
                    return TensorSource.pick(stored, ids);
                }
            }
            problems.add(table + " is " + Arrays.toString(info.shape()) + " in " + place.path + " but the model's has "
                    + Arrays.toString(shape));
        }
        try (INDArray whole = tensor(table, shape)) {
            return TensorSource.pick(whole, ids);
        }
    }

    private static String stored(Place place, String name) {
        return name.startsWith(place.prefix) ? name.substring(place.prefix.length()) : null;
    }

    private long lastWidth;

    private INDArray fresh(String name, long... shape) {
        // A bias comes right after its weight, whose input width is the bound of both.
        lastWidth = shape.length > 1 ? shape[1] : lastWidth;
        sources.put(name, "fresh");
        return FreshTensors.linear(freshProjectorSeed.getAsLong(), name, lastWidth, shape);
    }

    /** For each variable its file and tensor, or "fresh". */
    public Map<String, String> sources() {
        return Map.copyOf(sources);
    }

    /** @throws BadInputException if a variable had no tensor of its shape, or a tensor no use */
    @Override
    public void close() {
        for (Place place : places) {
            for (TensorInfo info : place.unused.values()) {
                if (!skipped(place, info.name())) {
                    problems.add(info.name() + " " + Arrays.toString(info.shape()) + " in " + place.path
                            + " is used by nothing");
                }
            }
            place.store.close();
        }
        // A table whose rows are asked for as well would be named twice.
        List<String> each = problems.stream().distinct().toList();
        if (!each.isEmpty()) {
            throw new BadInputException(folder + ": weights and config do not fit: "
                    + String.join("; ", each.subList(0, Math.min(MOST_LISTED, each.size())))
                    + (each.size() > MOST_LISTED ? "; and " + (each.size() - MOST_LISTED) + " more" : "")
                    + "; use the config.json that came with these weights");
        }
    }

    private boolean skipped(Place place, String name) {
        if (SKIPPED.matcher(name).matches() || CLIP_TEXT.matcher(name).matches()) {
            return true;
        }
        String variable = place.prefix + name;
        return !variable.startsWith(only) || (towerUnused && variable.startsWith(Llava.TOWER_PREFIX));
    }
}
