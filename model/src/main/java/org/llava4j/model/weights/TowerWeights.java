package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.SafetensorsFolder;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.data.tensors.TensorInfo;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The frozen tower's tensors as they lie on disk, by the names of a bare tower ({@code vision_model.*}): inside a
 * LLaVA folder, or in a folder of CLIP's own, where the text half of a full CLIP is passed over.
 */
public final class TowerWeights implements AutoCloseable {
    private static final String VISION = "vision_model.";

    private final TensorStore store;
    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();

    private TowerWeights(TensorStore store, String prefix) {
        this.store = store;
        Layout layout = Layout.of(store.tensors().keySet());
        store.tensors().forEach((stored, info) -> {
            String variable = layout.variable(stored);
            if (variable.startsWith(prefix + VISION)) {
                tensors.put(variable.substring(prefix.length()), info);
            }
        });
    }

    /**
     * The tower that {@link Checkpoint#llava} would read.
     *
     * @param folder the LLaVA (or LLaMA) folder
     * @param visionTower the tower's own folder, read where {@code folder} holds no tower
     */
    public static TowerWeights open(Path folder, Path visionTower) {
        TowerWeights own = new TowerWeights(SafetensorsFolder.open(folder), Llava.TOWER_PREFIX);
        if (!own.tensors.isEmpty()) {
            return own;
        }
        own.close();
        return new TowerWeights(openFolder(folder, visionTower), "");
    }

    /** The tower's own folder, for a model folder that holds no tower. */
    static TensorStore openFolder(Path folder, Path visionTower) {
        if (visionTower.equals(folder)) {
            throw new BadInputException(folder + " holds no weights of a vision tower and its config.json names no"
                    + " local one; give the CLIP folder (--vision-tower)");
        }
        return SafetensorsFolder.open(visionTower);
    }

    /** Writes the tensors as a bare tower, each in the type it was stored in. */
    public void writeTo(Path file) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        tensors.forEach((name, info) -> arrays.put(name, store.read(info.name())));
        SafetensorsWriter.write(file, arrays, name -> tensors.get(name).type());
        arrays.values().forEach(INDArray::close);
    }

    @Override
    public void close() {
        store.close();
    }
}
