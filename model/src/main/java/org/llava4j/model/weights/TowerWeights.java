package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.model.Llava;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorInfo;

/**
 * Stored tensors of the vision tower by the names of a bare tower ({@code vision_model.*}), inside a LLaVA folder or in
 * a CLIP folder. The text model of a full CLIP is skipped.
 */
public final class TowerWeights implements AutoCloseable {
    private static final String VISION = "vision_model.";

    private final WeightStore store;
    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();

    private TowerWeights(WeightStore store, String prefix) {
        this.store = store;
        CheckpointLayout layout = CheckpointLayout.of(store.tensors().keySet());
        store.tensors().forEach((stored, info) -> {
            String variable = layout.toVariable(stored);
            if (variable.startsWith(prefix + VISION)) {
                tensors.put(variable.substring(prefix.length()), info);
            }
        });
    }

    /**
     * Opens the tower that {@link Checkpoint#llava} reads.
     *
     * @param folder the LLaVA or LLaMA folder
     * @param visionTower the tower's own folder, read if {@link VisionTowerResolver} resolves to it
     */
    public static TowerWeights open(Path folder, Path visionTower) {
        TowerWeights own = new TowerWeights(WeightStore.open(folder), Llava.TOWER_PREFIX);
        if (!own.tensors.isEmpty() && VisionTowerResolver.isInside(folder, visionTower)) {
            return own;
        }
        own.close();
        String inFile = Llava.TOWER_PREFIX.substring(prefix(visionTower).length());
        return new TowerWeights(openFolder(folder, visionTower), inFile);
    }

    /**
     * What the names in the tower's own folder lack of the model's variables: those of a GGUF file, which holds the projector
     * too, are complete.
     */
    static String prefix(Path visionTower) {
        return GgufHeader.isGguf(visionTower) ? "" : Llava.TOWER_PREFIX;
    }

    /** Opens the tower's own folder for a model folder without a tower. */
    static WeightStore openFolder(Path folder, Path visionTower) {
        if (visionTower.equals(folder)) {
            throw new BadInputException(folder + " contains no vision tower weights and its config.json names no"
                    + " local folder; give the CLIP folder (--vision-tower)");
        }
        return WeightStore.open(visionTower);
    }

    /** Lazy tensors under LLaVA's names in their stored dtypes. Write them before {@link #close()}. */
    public List<LazyTensor> toLazyTensors() {
        return tensors.entrySet().stream()
                .map(tensor ->
                        store.lazyTensor(tensor.getValue().name()).withName(Llava.TOWER_PREFIX + tensor.getKey()))
                .toList();
    }

    @Override
    public void close() {
        store.close();
    }
}
