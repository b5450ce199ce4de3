package org.llava4j.eval.predictions;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.data.AtomicFile;

/**
 * Result file of LLaVA's ScienceQA evaluation, which {@link ScienceQaPredictions} reads.
 *
 * @param correct number of correct answers
 * @param results predicted choice index by problem id, {@link #UNPARSED} for an unparsed answer
 * @param outputs generated text by problem id
 */
public record ScienceQaResult(int correct, Map<String, Integer> results, Map<String, String> outputs) {
    /** Index of an unparsed answer in {@code results}. */
    static final int UNPARSED = -1;

    public ScienceQaResult {
        results = Collections.unmodifiableMap(new LinkedHashMap<>(results));
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    }

    /** Accuracy in percent, as in the file; NaN without problems. */
    double accuracyPercent() {
        return 100.0 * correct / results.size();
    }

    /** Writes the file atomically. */
    public void write(Path file) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        if (results.isEmpty()) {
            root.putNull("acc");
        } else {
            root.put("acc", accuracyPercent());
        }
        root.put("correct", correct).put("count", results.size());
        ObjectNode indices = root.putObject("results");
        results.forEach(indices::put);
        ObjectNode texts = root.putObject("outputs");
        outputs.forEach(texts::put);
        AtomicFile.writeString(file, root.toPrettyString() + "\n");
    }
}
