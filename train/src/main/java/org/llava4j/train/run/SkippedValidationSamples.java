package org.llava4j.train.run;

import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.llava4j.data.batch.BadSample;

/** Invalid samples of the validation set, which are reported once and together. */
final class SkippedValidationSamples implements Consumer<BadSample> {
    private final Consumer<String> notice;
    private final SortedSet<BadSample> samples = new TreeSet<>();
    private boolean reported;

    SkippedValidationSamples(Consumer<String> notice) {
        this.notice = notice;
    }

    @Override
    public void accept(BadSample sample) {
        samples.add(sample);
    }

    /** Reports the samples so far, the first time there are any. */
    void report() {
        if (reported || samples.isEmpty()) {
            return;
        }
        BadSample first = samples.first();
        notice.accept("skipped " + samples.size() + (samples.size() == 1 ? " sample" : " samples")
                + " of the validation set; the first: " + first.where() + ": " + first.reason());
        reported = true;
    }
}
