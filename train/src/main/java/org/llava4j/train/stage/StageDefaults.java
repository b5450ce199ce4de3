package org.llava4j.train.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Keys that stage files of older versions do not have, with their defaults. */
public final class LaterKeys {
    private static final Map<String, JsonNode> DEFAULTS =
            Map.of("groupByModalityLength", BooleanNode.FALSE, "packing", BooleanNode.FALSE);

    private LaterKeys() {}

    /** Adds the defaults to a stage's file without them; returns whether one was added. */
    static boolean addTo(JsonNode tree) {
        boolean added = false;
        for (Map.Entry<String, JsonNode> later : DEFAULTS.entrySet()) {
            if (tree instanceof ObjectNode stage && !stage.has(later.getKey())) {
                stage.set(later.getKey(), later.getValue());
                added = true;
            }
        }
        return added;
    }

    /** Removes the keys that have their defaults, so that a run has the identity that older versions recorded. */
    public static void removeDefaultsFrom(ObjectNode stage) {
        DEFAULTS.forEach((key, value) -> {
            if (value.equals(stage.get(key))) {
                stage.remove(key);
            }
        });
    }
}
