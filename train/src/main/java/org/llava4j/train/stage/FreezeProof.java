package org.llava4j.train.stage;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.SlotRows;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.weights.TensorHash;

/** Proves that a stage moved what it trains and nothing else: hashes of every group of weights before and after. */
final class FreezeProof {
    private static final String TOWER = "vision_tower";

    private final Llava model;
    private final TowerFeatures tower;
    private final Map<Key, List<String>> groups = new LinkedHashMap<>();
    private final Map<Key, String> before = new LinkedHashMap<>();
    private final String towerBefore;

    /** A part may be trained in places only (some layers, say): those are a group, the rest another. */
    private record Key(String part, boolean learns) {}

    /** Takes the hashes before the stage, with the weights that learn thawed already. */
    FreezeProof(Llava model, TowerFeatures tower) {
        this.model = model;
        this.tower = tower;
        Set<String> trainable = Set.copyOf(model.trainableNames());
        for (String name : model.weightNames()) {
            groups.computeIfAbsent(new Key(part(name), trainable.contains(name)), key -> new ArrayList<>())
                    .add(name);
        }
        groups.forEach((key, names) -> before.put(key, hash(names)));
        towerBefore = tower.hash();
    }

    /** The table's own rows of the image slot are not read: {@link SlotRows} are counted in their place. */
    private long parameters(String name) {
        boolean elsewhere = name.equals(SlotRows.TABLE) && model.weightNames().contains(SlotRows.NAME);
        return model.weight(name).length()
                - (elsewhere ? model.weight(SlotRows.NAME).length() : 0);
    }

    /** {@code model.layers.3.mlp.up_proj.weight} is of {@code layers}. */
    private static String part(String name) {
        String bare = name.startsWith("model.") ? name.substring("model.".length()) : name;
        return bare.substring(0, bare.indexOf('.'));
    }

    private String hash(List<String> names) {
        TensorHash hash = new TensorHash();
        names.forEach(name -> hash.add(name, model.weight(name)));
        return hash.hex();
    }

    /**
     * Takes the hashes after the stage.
     *
     * @throws IllegalStateException if a frozen group moved
     * @throws BadInputException if one that learns did not: the data gave it nothing to learn from
     */
    List<WeightGroup> check() {
        List<WeightGroup> result = new ArrayList<>();
        result.add(new WeightGroup(TOWER, false, tower.parameters(), towerBefore, tower.hash()));
        groups.forEach((key, names) -> {
            long parameters = names.stream().mapToLong(this::parameters).sum();
            result.add(new WeightGroup(key.part(), key.learns(), parameters, before.get(key), hash(names)));
        });
        for (WeightGroup group : result) {
            if (!group.learns() && group.moved()) {
                throw new IllegalStateException("the frozen weights of " + group.name() + " have changed");
            }
            if (group.learns() && !group.moved()) {
                throw new BadInputException("the weights of " + group.name() + " should learn but did not move: the"
                        + " data never reached them (a projector learns from images only); nothing was written");
            }
        }
        return result;
    }
}
