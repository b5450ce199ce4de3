package org.llava4j.train.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.kernels.QuantizedFormat;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.TensorHash;

/**
 * Frozen-weight check: compares hashes of all weight groups before and after a stage, to verify that trainable weights
 * changed and frozen weights did not.
 */
final class FrozenWeightCheck {
    private static final String TOWER = "vision_tower";
    private static final String LORA = "lora";

    private final Llava model;
    private final TowerFeatures tower;
    private final List<Group> groups = new ArrayList<>();
    private final TensorHash.TensorDigest towerBefore;

    /** Key of a weight group: a part of the model, split into trainable and frozen weights. */
    private record GroupKey(String part, boolean trainable) {}

    /** Weight group with the names of its weights and their hash before the stage. */
    private record Group(GroupKey key, List<String> names, TensorHash.TensorDigest before) {}

    /** Hashes all weights before the stage; trainable weights are already selected. */
    FrozenWeightCheck(Llava model, TowerFeatures tower) {
        this.model = model;
        this.tower = tower;
        Set<String> trainable = Set.copyOf(model.trainableNames());
        Map<GroupKey, List<String>> namesByGroup = new LinkedHashMap<>();
        for (String name : model.weightNames()) {
            namesByGroup
                    .computeIfAbsent(new GroupKey(part(name), trainable.contains(name)), key -> new ArrayList<>())
                    .add(name);
        }
        namesByGroup.forEach((key, names) -> groups.add(new Group(key, names, mark(names))));
        towerBefore = tower.digest();
    }

    /** Hash of each group before the stage. */
    SortedMap<String, String> before() {
        SortedMap<String, String> hashes = new TreeMap<>();
        // Checkpoints of all versions have these keys.
        for (Group group : groups) {
            GroupKey key = group.key();
            hashes.put(
                    key.part() + (key.trainable() ? ", learns" : ", frozen"),
                    group.before().sha256());
        }
        hashes.put(TOWER, towerBefore.sha256());
        return hashes;
    }

    /**
     * Number of parameters. Rows of the embedding table that {@link ImageStartEndEmbeddings} replaces are not counted
     * twice.
     */
    private long parameters(String name) {
        boolean elsewhere = name.equals(ImageStartEndEmbeddings.TABLE)
                && model.weightNames().contains(ImageStartEndEmbeddings.NAME);
        return QuantizedFormat.length(model.weight(name))
                - (elsewhere ? model.weight(ImageStartEndEmbeddings.NAME).length() : 0);
    }

    /** The part of a weight: {@code layers} for {@code model.layers.3.mlp.up_proj.weight}. */
    private static String part(String name) {
        if (LoraConfig.isLora(name)) {
            return LORA;
        }
        String bare = name.startsWith("model.") ? name.substring("model.".length()) : name;
        return bare.substring(0, bare.indexOf('.'));
    }

    private TensorHash.TensorDigest mark(List<String> names) {
        TensorHash hash = new TensorHash();
        names.forEach(name -> hash.add(name, model.weight(name)));
        return hash.digest();
    }

    /**
     * Hashes all weights after the stage and compares.
     *
     * @throws IllegalStateException if a frozen group changed
     * @throws BadInputException if a trainable group did not change, because no gradient reached it
     */
    List<WeightGroup> check() {
        List<WeightGroup> result = new ArrayList<>();
        result.add(new WeightGroup(TOWER, false, tower.parameterCount(), towerBefore, tower.digest()));
        for (Group group : groups) {
            GroupKey key = group.key();
            long parameters = group.names().stream().mapToLong(this::parameters).sum();
            result.add(new WeightGroup(key.part(), key.trainable(), parameters, group.before(), mark(group.names())));
        }
        for (WeightGroup group : result) {
            if (!group.trainable() && group.changed()) {
                throw new IllegalStateException("frozen weights changed: " + group.name());
            }
            if (group.trainable() && !group.changed()) {
                throw new BadInputException(
                        "trainable weights did not change: " + group.name() + "; the data gave them no"
                                + " gradient (a projector needs samples with images); nothing was written");
            }
        }
        return result;
    }
}
