package org.llava4j.eval.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.Sha256;

/**
 * Every setting that the numbers depend on. Two reports with the same hash are of the same evaluation and may be
 * compared; two with different ones may not.
 */
public record Specification(SortedMap<String, String> settings) {
    public Specification {
        settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    }

    /** SHA-256 of the settings as one JSON object with sorted keys and no spaces, in hexadecimal. */
    public String sha256() {
        try {
            return new Sha256()
                    .add(new JsonMapper().writeValueAsString(settings))
                    .hex();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts are always JSON", e);
        }
    }
}
