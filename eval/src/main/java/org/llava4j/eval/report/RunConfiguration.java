package org.llava4j.eval.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.Sha256;
import org.llava4j.train.stage.RecipeTable;

/**
 * Run configuration: every setting that the results depend on. Only reports with the same hash are results of the same
 * evaluation.
 *
 * @param general settings of the evaluation
 * @param recipes recipe of each training stage, by stage name
 */
public record RunConfiguration(SortedMap<String, String> general, Map<String, RecipeTable> recipes) {
    private static final String CAPTION =
            "A default is the value of the built-in stage that the recipe has the name of, where the recipe differs from it.";

    public RunConfiguration {
        general = Collections.unmodifiableSortedMap(new TreeMap<>(general));
        recipes = Collections.unmodifiableMap(new LinkedHashMap<>(recipes));
    }

    /** All settings; those of a recipe are prefixed by the stage name: {@code stage 1.learningRate}. */
    public SortedMap<String, String> settings() {
        SortedMap<String, String> all = new TreeMap<>(general);
        recipes.forEach((name, recipe) -> recipe.rows().forEach(row -> all.put(name + "." + row.key(), row.text())));
        return Collections.unmodifiableSortedMap(all);
    }

    /** SHA-256 of the settings as one JSON object with sorted keys and no whitespace, in hexadecimal. */
    public String sha256() {
        try {
            return new Sha256()
                    .add(new JsonMapper().writeValueAsString(settings()))
                    .hex();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot serialize the run configuration", e);
        }
    }

    /**
     * The recipes side by side, one key per row, in groups; null if there are none. A value that differs from that of
     * the shipped stage has it beside.
     */
    @Nullable
    ReportTable recipeTable() {
        if (recipes.isEmpty()) {
            return null;
        }
        List<String> head = new ArrayList<>(List.of("setting"));
        head.addAll(recipes.keySet());
        Map<String, Map<String, List<String>>> groups = new LinkedHashMap<>();
        int column = 0;
        for (RecipeTable recipe : recipes.values()) {
            column++;
            for (RecipeTable.Row row : recipe.rows()) {
                groups.computeIfAbsent(row.group(), group -> new LinkedHashMap<>())
                        .computeIfAbsent(row.key(), key -> emptyRow(key, head.size()))
                        .set(column, cell(row));
            }
        }
        List<List<String>> rows = new ArrayList<>();
        Map<Integer, String> headings = new LinkedHashMap<>();
        groups.forEach((group, rowsOfGroup) -> {
            headings.put(rows.size(), group);
            rows.addAll(rowsOfGroup.values());
        });
        return new ReportTable("Training recipe", head, rows, CAPTION, headings);
    }

    private static List<String> emptyRow(String key, int columns) {
        List<String> row = new ArrayList<>(Collections.nCopies(columns, ""));
        row.set(0, key);
        return row;
    }

    private static String cell(RecipeTable.Row row) {
        String value = String.join("\n", row.value());
        List<String> shipped = row.shippedValue();
        return shipped == null ? value : value + "\n(default " + String.join(", ", shipped) + ")";
    }
}
