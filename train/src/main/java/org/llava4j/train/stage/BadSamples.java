package org.llava4j.train.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.batch.BadSample;
import org.llava4j.train.watch.RunListener;

/**
 * The samples that a run passed over: {@code bad-samples.jsonl}, each once, in the order of their places.
 */
final class BadSamples implements Consumer<BadSample> {
    static final String FILE = "bad-samples.jsonl";

    private final RunListener listener;
    private final Map<String, BadSample> byPlace = new TreeMap<>();

    BadSamples(RunListener listener) {
        this.listener = listener;
    }

    @Override
    public void accept(BadSample sample) {
        if (byPlace.put(sample.where(), sample) == null) {
            listener.notice("passed over " + sample.where() + ": " + sample.reason());
        }
    }

    /** Adds what an earlier process of the run had met. */
    void addAll(List<BadSample> before) {
        before.forEach(sample -> byPlace.put(sample.where(), sample));
    }

    /** In the order of their places. */
    List<BadSample> all() {
        return List.copyOf(byPlace.values());
    }

    /** Writes the list, if there is anything in it. */
    void write(Path folder) {
        if (byPlace.isEmpty()) {
            return;
        }
        StringBuilder lines = new StringBuilder();
        try {
            for (BadSample sample : byPlace.values()) {
                lines.append(new JsonMapper().writeValueAsString(sample)).append('\n');
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts are always JSON", e);
        }
        AtomicFile.writeString(folder.resolve(FILE), lines.toString());
    }
}
