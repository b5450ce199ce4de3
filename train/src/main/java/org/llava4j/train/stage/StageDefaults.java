package org.llava4j.train.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Defaults of the keys that stage files of older versions do not have. */
public final class StageDefaults {
    private static final Map<String, JsonNode> BY_KEY =
            Map.of("groupByModalityLength", BooleanNode.FALSE, "packing", BooleanNode.FALSE);

    private StageDefaults() {}

    /** Adds the defaults to a stage's file without them; returns whether one was added. */
    static boolean addTo(JsonNode tree) {
        boolean changed = false;
        for (Map.Entry<String, JsonNode> added : BY_KEY.entrySet()) {
            if (tree instanceof ObjectNode stage && !stage.has(added.getKey())) {
                stage.set(added.getKey(), added.getValue());
                changed = true;
            }
        }
        return changed;
    }

    /** Removes the keys that have their defaults, so that a run has the identity that older versions recorded. */
    public static void removeFrom(ObjectNode stage) {
        BY_KEY.forEach((key, value) -> {
            if (value.equals(stage.get(key))) {
                stage.remove(key);
            }
        });
    }
}
