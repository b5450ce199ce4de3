package org.llava4j.train.stage;

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
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.TensorHash;

/** Proves that a stage moved what it trains and nothing else: hashes of every group of weights before and after. */
final class FrozenWeightCheck {
    private static final String TOWER = "vision_tower";
    private static final String LORA = "lora";

    private final Llava model;
    private final TowerFeatures tower;
    private final Map<GroupKey, List<String>> groups = new LinkedHashMap<>();
    private final Map<GroupKey, TensorHash.TensorDigest> before = new LinkedHashMap<>();
    private final TensorHash.TensorDigest towerBefore;

    /** A part may be trained in places only (some layers, say): those are a group, the rest another. */
    private record GroupKey(String part, boolean trainable) {}

    /** Takes the hashes before the stage, with the weights that learn thawed already. */
    FrozenWeightCheck(Llava model, TowerFeatures tower) {
        this.model = model;
        this.tower = tower;
        Set<String> trainable = Set.copyOf(model.trainableNames());
        for (String name : model.weightNames()) {
            groups.computeIfAbsent(new GroupKey(part(name), trainable.contains(name)), key -> new ArrayList<>())
                    .add(name);
        }
        groups.forEach((key, names) -> before.put(key, mark(names)));
        towerBefore = tower.digest();
    }

    /** The hash of each group before the stage. */
    SortedMap<String, String> before() {
        SortedMap<String, String> hashes = new TreeMap<>();
        before.forEach(
                (key, mark) -> hashes.put(key.part() + (key.trainable() ? ", learns" : ", frozen"), mark.sha256()));
        hashes.put(TOWER, towerBefore.sha256());
        return hashes;
    }

    /** The table's own rows of the image slot are not read: {@link ImageStartEndEmbeddings} are counted in their place. */
    private long parameters(String name) {
        boolean elsewhere = name.equals(ImageStartEndEmbeddings.TABLE)
                && model.weightNames().contains(ImageStartEndEmbeddings.NAME);
        return model.weight(name).length()
                - (elsewhere ? model.weight(ImageStartEndEmbeddings.NAME).length() : 0);
    }

    /** {@code model.layers.3.mlp.up_proj.weight} is of {@code layers}. */
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
     * Takes the hashes after the stage.
     *
     * @throws IllegalStateException if a frozen group moved
     * @throws BadInputException if one that learns did not: the data gave it nothing to learn from
     */
    List<WeightGroup> check() {
        List<WeightGroup> result = new ArrayList<>();
        result.add(new WeightGroup(TOWER, false, tower.parameterCount(), towerBefore, tower.digest()));
        groups.forEach((key, names) -> {
            long parameters = names.stream().mapToLong(this::parameters).sum();
            result.add(new WeightGroup(key.part(), key.trainable(), parameters, before.get(key), mark(names)));
        });
        for (WeightGroup group : result) {
            if (!group.learns() && group.changed()) {
                throw new IllegalStateException("the frozen weights of " + group.name() + " have changed");
            }
            if (group.learns() && !group.changed()) {
                throw new BadInputException("the weights of " + group.name() + " should learn but did not move: the"
                        + " data never reached them (a projector learns from images only); nothing was written");
            }
        }
        return result;
    }
}
