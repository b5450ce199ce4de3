package org.llava4j.train.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.batch.BadSample;
import org.llava4j.train.logging.TrainingListener;

/** Log of the invalid samples that a run skipped, {@code bad-samples.jsonl}: each once, sorted by index in the data. */
final class BadSampleLog implements Consumer<BadSample> {
    static final String FILE = "bad-samples.jsonl";

    private final TrainingListener listener;
    private final SortedSet<BadSample> samples = new TreeSet<>();

    BadSampleLog(TrainingListener listener) {
        this.listener = listener;
    }

    @Override
    public void accept(BadSample sample) {
        if (samples.add(sample)) {
            listener.notice("skipped " + sample.where() + ": " + sample.reason());
        }
    }

    /** Adds the samples skipped by an earlier process of the run. */
    void addAll(List<BadSample> before) {
        samples.addAll(before);
    }

    /** All samples, sorted by index. */
    List<BadSample> all() {
        return List.copyOf(samples);
    }

    /** Writes the log, unless it is empty. */
    void write(Path folder) {
        if (samples.isEmpty()) {
            return;
        }
        StringBuilder lines = new StringBuilder();
        try {
            for (BadSample sample : samples) {
                lines.append(new JsonMapper().writeValueAsString(sample)).append('\n');
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of strings is always valid JSON", e);
        }
        AtomicFile.writeString(folder.resolve(FILE), lines.toString());
    }
}
