package org.llava4j.train.stage;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.SlotRows;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.TensorHash;

/** Proves that a stage moved what it trains and nothing else: hashes of every group of weights before and after. */
final class FreezeProof {
    private static final String TOWER = "vision_tower";
    private static final String LORA = "lora";

    private final Llava model;
    private final TowerFeatures tower;
    private final Map<Key, List<String>> groups = new LinkedHashMap<>();
    private final Map<Key, TensorHash.Mark> before = new LinkedHashMap<>();
    private final TensorHash.Mark towerBefore;

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
        groups.forEach((key, names) -> before.put(key, mark(names)));
        towerBefore = tower.mark();
    }

    /** The hash of each group before the stage. */
    SortedMap<String, String> before() {
        SortedMap<String, String> hashes = new TreeMap<>();
        before.forEach((key, mark) -> hashes.put(key.part() + (key.learns() ? ", learns" : ", frozen"), mark.sha256()));
        hashes.put(TOWER, towerBefore.sha256());
        return hashes;
    }

    /** The table's own rows of the image slot are not read: {@link SlotRows} are counted in their place. */
    private long parameters(String name) {
        boolean elsewhere = name.equals(SlotRows.TABLE) && model.weightNames().contains(SlotRows.NAME);
        return model.weight(name).length()
                - (elsewhere ? model.weight(SlotRows.NAME).length() : 0);
    }

    /** {@code model.layers.3.mlp.up_proj.weight} is of {@code layers}. */
    private static String part(String name) {
        if (LoraConfig.isLora(name)) {
            return LORA;
        }
        String bare = name.startsWith("model.") ? name.substring("model.".length()) : name;
        return bare.substring(0, bare.indexOf('.'));
    }

    private TensorHash.Mark mark(List<String> names) {
        TensorHash hash = new TensorHash();
        names.forEach(name -> hash.add(name, model.weight(name)));
        return hash.mark();
    }

    /**
     * Takes the hashes after the stage.
     *
     * @throws IllegalStateException if a frozen group moved
     * @throws BadInputException if one that learns did not: the data gave it nothing to learn from
     */
    List<WeightGroup> check() {
        List<WeightGroup> result = new ArrayList<>();
        result.add(new WeightGroup(TOWER, false, tower.parameters(), towerBefore, tower.mark()));
        groups.forEach((key, names) -> {
            long parameters = names.stream().mapToLong(this::parameters).sum();
            result.add(new WeightGroup(key.part(), key.learns(), parameters, before.get(key), mark(names)));
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
