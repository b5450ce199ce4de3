package org.llava4j.train.shards;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.RecordCommand;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.TokenizedDatasetManifest;
import org.llava4j.data.batch.TokenizedDatasetWriter;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.data.records.TokenizedSample;
import org.llava4j.train.command.DataSourceFlags;
import org.llava4j.train.command.SampleEncodingFlags;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.OpenDataSource;
import org.llava4j.train.data.SampleEncoding;

/** {@code exec:java@tokenize-data}: tokenizes training data into shards by length, which the training commands read. */
public final class TokenizeDataMain extends RecordCommand<TokenizedSample> {
    private static final String KIND = "shards";
    private static final int SAMPLES_PER_SHARD = 8192;

    /** @param executor where samples are tokenized */
    public TokenizeDataMain(RecordExecutor executor) {
        super(
                "tokenize-data",
                "Tokenizes training data once, into shards by length that the training commands read.",
                executor);
    }

    public static void main(String[] args) {
        new TokenizeDataMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return SampleEncodingFlags.addTo(new Options())
                .addOption(required("output-dir", "DIR", "output folder of the shards; the --data-path of training"))
                .addOption(flag("samples-per-shard", "N", "maximum samples of a shard (default 8192)"));
    }

    @Override
    public TokenizeProcessor open(CommandLine line) {
        return new TokenizeProcessor(SampleEncodingFlags.of(line), source(line).data());
    }

    private static DataSource source(CommandLine line) {
        List<DataSource> sources = DataSourceFlags.singleStage().sources(line);
        if (sources.size() > 1) {
            throw new BadInputException(
                    "--data-path names " + sources.size() + " sources; tokenize each one separately");
        }
        return sources.get(0);
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, SampleEncodingFlags.inputs(line));
                TokenizeProcessor samples = open(line)) {
            SampleEncoding reading = SampleEncodingFlags.of(line);
            TokenizedDatasetManifest shards = new TokenizedDatasetWriter(
                            folder.path(), atLeast(1, line, "samples-per-shard", SAMPLES_PER_SHARD))
                    .write(
                            results(line, samples),
                            reading.identity(source(line)),
                            reading.stage().data().modelMaxLength(),
                            OpenDataSource.sha256(source(line)),
                            samples.layouts());
            folder.commit();
            int invalid = shards.shards().stream()
                    .filter(shard -> shard.bucket() == 0)
                    .mapToInt(shard -> shard.numbers().size())
                    .sum();
            LayoutCounts layouts = samples.layouts();
            if (layouts != null) {
                System.out.println(layouts.phrase());
            }
            System.out.printf(
                    Locale.ROOT,
                    "%,d samples in %d shards, %,d of them invalid%nwrote %s%n",
                    shards.samples(),
                    shards.shards().size(),
                    invalid,
                    output);
        }
    }
}
