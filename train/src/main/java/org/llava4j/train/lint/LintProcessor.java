package org.llava4j.train.lint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.batch.ConcatDataset;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.OpenDataSource;
import org.llava4j.train.data.SampleEncoding;

/** Record processor that lints the samples of one or more data sources. */
final class LintProcessor implements RecordProcessor<LintedSample> {
    private final SampleEncoding encoding;
    private final List<DataSource> sources;
    private final Linter linter;
    private final List<OpenDataSource> opened = new ArrayList<>();
    private final ConcatDataset samples;

    /**
     * @throws BadInputException if a source is missing, broken or empty
     */
    LintProcessor(SampleEncoding reading, List<DataSource> sources) {
        encoding = reading;
        this.sources = List.copyOf(sources);
        linter = new Linter(reading.encoder(), reading.collatorOptions());
        try {
            sources.forEach(source -> opened.add(OpenDataSource.of(reading, source)));
            samples = new ConcatDataset(
                    opened.stream().map(OpenDataSource::samples).toList());
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    Linter linter() {
        return linter;
    }

    /** Returns the layouts of all sources; null if none is a file of conversations. */
    @Nullable
    LayoutCounts layouts() {
        return opened.stream()
                .map(OpenDataSource::layouts)
                .filter(Objects::nonNull)
                .reduce(LayoutCounts::plus)
                .orElse(null);
    }

    @Override
    public String unit() {
        return "samples";
    }

    @Override
    public int size() {
        return samples.size();
    }

    @Override
    public Fingerprint identity() {
        return encoding.identity(sources);
    }

    @Override
    public LintedSample process(int number) {
        return linter.sample(samples, number);
    }

    @Override
    public List<Path> files(int number) {
        try {
            return samples.get(number).images().stream()
                    .map(image -> samples.image(number, image))
                    .toList();
        } catch (BadInputException e) {
            return List.of(); // reported by process()
        }
    }

    @Override
    public void close() {
        opened.forEach(OpenDataSource::close);
    }
}
