package org.llava4j.eval.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.Sha256;

/**
 * Run configuration: every setting that the results depend on. Only reports with the same hash are results of the same
 * evaluation.
 *
 * @param general settings of the evaluation
 * @param recipes recipe of each training stage, by stage name
 */
public record RunConfiguration(SortedMap<String, String> general, Map<String, Map<String, String>> recipes) {
    public RunConfiguration {
        general = Collections.unmodifiableSortedMap(new TreeMap<>(general));
        recipes = Collections.unmodifiableMap(new LinkedHashMap<>(recipes));
    }

    /** All settings; those of a recipe are prefixed by the stage name: {@code stage 1.learningRate}. */
    SortedMap<String, String> settings() {
        SortedMap<String, String> all = new TreeMap<>(general);
        recipes.forEach((recipe, values) -> values.forEach((key, value) -> all.put(recipe + "." + key, value)));
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

    /** The recipes side by side, one key per row; null if there are none. */
    @Nullable
    ReportTable recipeTable() {
        if (recipes.isEmpty()) {
            return null;
        }
        List<String> head = new ArrayList<>(List.of(""));
        head.addAll(recipes.keySet());
        Set<String> keys = new TreeSet<>();
        recipes.values().forEach(values -> keys.addAll(values.keySet()));
        List<List<String>> rows = new ArrayList<>();
        for (String key : keys) {
            List<String> row = new ArrayList<>(List.of(key));
            recipes.values().forEach(values -> row.add(values.getOrDefault(key, "")));
            rows.add(row);
        }
        return new ReportTable("Training recipe", head, rows, "");
    }
}
