package org.llava4j.train.stage;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Recipe of a stage as a table, for reports and pages: a row for each value under its key, in groups. Values that differ
 * from those of the shipped stage of the same name have them beside.
 *
 * @param shipped name of the shipped stage to which the values are compared; null if none has the name of the stage
 * @param rows rows in the order of their groups
 */
public record RecipeTable(@Nullable String shipped, List<Row> rows) {
    /** Groups in the order of the table: the components of {@link Stage}; the first has its values without a group. */
    private static final List<String> GROUPS = List.of("stage", "data", "model", "optimizer", "schedule", "limits");

    /** Group of each key of a stage's file that is in one. */
    private static final Map<String, String> GROUP_OF_KEY = groupOfKey();

    /** Keys whose values are lower case in stage files and flags. */
    private static final Set<String> LOWER_CASE = Set.of("dataFormat", "imageAspectRatio");

    private static final List<String> NONE = List.of("none");

    /**
     * A value.
     *
     * @param group {@code stage}, {@code data}, {@code model}, {@code optimizer}, {@code schedule} or {@code limits}
     * @param key key as {@code --set} takes it, as in {@code optimizer.beta1}
     * @param value the value, as in a stage's file; a list has several, an absent value is {@code none}
     * @param shippedValue value of the shipped stage; null if it is the same or there is no such stage
     */
    public record Row(
            String group,
            String key,
            List<String> value,
            @Nullable List<String> shippedValue) {
        public Row {
            value = List.copyOf(value);
            shippedValue = shippedValue == null ? null : List.copyOf(shippedValue);
        }

        /** The value in one line. */
        public String text() {
            return String.join(" ", value);
        }
    }

    public RecipeTable {
        rows = List.copyOf(rows);
    }

    /** The table of a stage. */
    public static RecipeTable of(Stage stage) {
        return of(Stages.tree(stage));
    }

    /** The table of a stage as {@link Stages#tree} gives it. */
    public static RecipeTable of(JsonNode stage) {
        String name = stage.path("name").asText();
        String shipped = Stages.isShipped(name) ? name : null;
        Map<String, List<String>> values = values(stage);
        Map<String, List<String>> defaults = shipped == null ? values : values(Stages.tree(Stages.named(shipped)));
        Set<String> keys = new LinkedHashSet<>(values.keySet());
        keys.addAll(defaults.keySet());
        List<Row> rows = new ArrayList<>();
        for (String group : GROUPS) {
            for (String key : keys) {
                if (group.equals(GROUP_OF_KEY.getOrDefault(key.split("\\.")[0], GROUPS.get(0)))) {
                    List<String> value = values.getOrDefault(key, NONE);
                    List<String> other = defaults.getOrDefault(key, NONE);
                    rows.add(new Row(group, key, value, value.equals(other) ? null : other));
                }
            }
        }
        return new RecipeTable(shipped, rows);
    }

    private static Map<String, String> groupOfKey() {
        Map<String, String> groups = new HashMap<>();
        for (RecordComponent component : Stage.class.getRecordComponents()) {
            if (component.getAccessor().isAnnotationPresent(JsonUnwrapped.class)) {
                Stages.keys(component.getType()).values().forEach(key -> groups.put(key, component.getName()));
            }
        }
        return groups;
    }

    private static Map<String, List<String>> values(JsonNode stage) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        stage.properties().forEach(entry -> {
            if (entry.getValue().isObject()) {
                values(entry.getValue()).forEach((inner, value) -> values.put(entry.getKey() + "." + inner, value));
            } else {
                List<String> lines = lines(entry.getValue());
                values.put(
                        entry.getKey(),
                        LOWER_CASE.contains(entry.getKey())
                                ? List.of(lines.get(0).toLowerCase(Locale.ROOT))
                                : lines);
            }
        });
        return values;
    }

    private static List<String> lines(JsonNode value) {
        if (!value.isArray()) {
            return List.of(text(value));
        }
        List<String> lines = new ArrayList<>();
        value.forEach(item -> lines.add(text(item)));
        return lines.isEmpty() ? NONE : lines;
    }

    /** Numbers are written as in the shipped stages: {@code 2e-4} for 2.0E-4, {@code 1} for 1.0. */
    private static String text(JsonNode value) {
        return value.isDouble()
                ? value.asText().replaceFirst("\\.0(?=$|E)", "").replace('E', 'e')
                : value.asText("none");
    }
}
