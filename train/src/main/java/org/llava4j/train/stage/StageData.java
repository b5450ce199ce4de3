package org.llava4j.train.stage;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchOptions;
import org.llava4j.data.batch.ConcatDataset;
import org.llava4j.data.batch.ConversationDataset;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.batch.WeightedMixture;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.train.stage.Stage.DataFormat;

/** Batches of a stage's data. */
final class StageData implements AutoCloseable {
    private static final int MANY_SAMPLES = 20_000;

    private final RunPaths paths;
    private final List<OpenDataSource> opened;
    private final LlavaBatchIterator batches;
    private @Nullable String sha256;

    private StageData(RunPaths paths, List<OpenDataSource> opened, LlavaBatchIterator batches) {
        this.paths = paths;
        this.opened = opened;
        this.batches = batches;
    }

    /** @param bad receives every skipped sample */
    static StageData open(Stage stage, RunPaths paths, LlavaConfig config, Consumer<BadSample> bad) {
        ChatFormat chat = stage.chatFormat();
        if (stage.dataFormat() == DataFormat.SCIENCEQA
                && chat.template().training().dropInstruction()) {
            throw new BadInputException("\"convMode\" is " + stage.convMode() + ", which drops the instructions, but"
                    + " \"dataFormat\" is " + stage.dataFormat() + "; use v1 or v0");
        }
        if (config.imageStartEndTokens() != null
                && chat.template().training().dropInstruction()
                && stage.isTrainable(ImageStartEndEmbeddings.NAME)
                && !stage.isTrainable(ImageStartEndEmbeddings.TABLE)) {
            throw new BadInputException(
                    "\"convMode\" is " + stage.convMode() + ", which drops the instructions and with"
                            + " them " + ImageStartEndTokens.START + " and " + ImageStartEndTokens.END
                            + ", whose embeddings \"trainable\" selects;"
                            + " use v0 or v1 (--conv-mode), as the paper's stage 1 does, or remove "
                            + ImageStartEndEmbeddings.NAME + " from it");
        }
        SampleEncoding reading = new SampleEncoding(stage, paths.model(), config);
        BatchOptions options = new BatchOptions(
                stage.perDeviceTrainBatchSize(),
                stage.bucketingWindowBatches(),
                stage.seed(),
                stage.maxBadSamples(),
                reading.collatorOptions());
        List<OpenDataSource> opened = new ArrayList<>();
        boolean done = false;
        try {
            for (DataSource source : paths.sources()) {
                opened.add(OpenDataSource.of(reading, source));
            }
            LlavaBatchIterator batches = batches(samples(opened, paths.weights()), reading, options, bad);
            done = true;
            return new StageData(paths, opened, batches);
        } finally {
            if (!done) {
                opened.forEach(OpenDataSource::close);
            }
        }
    }

    private static LlavaBatchIterator batches(
            ConversationDataset samples, SampleEncoding reading, BatchOptions options, Consumer<BadSample> bad) {
        return new LlavaBatchIterator(
                samples,
                reading.encoder(),
                options,
                // Only a run that skips invalid samples has to detect broken images in advance.
                options.maxBadSamples() > 0 ? ImageFiles::read : image -> {},
                bad);
    }

    private static ConversationDataset samples(List<OpenDataSource> opened, List<Double> weights) {
        List<ConversationDataset> each =
                opened.stream().map(OpenDataSource::samples).toList();
        return weights.isEmpty() ? new ConcatDataset(each) : new WeightedMixture(each, weights);
    }

    /** {@link #sha256(RunPaths)} of this data, computed once. */
    String sha256() {
        if (sha256 == null) {
            sha256 = sha256(paths);
        }
        return sha256;
    }

    /**
     * Adds the data to an identity by content: files, weights, and the images of the samples that are read.
     *
     * @param prefix prefix of the names
     * @param maxRead maximum number of valid samples that are read
     * @param notices receives a line if hashing takes long
     */
    void addToIdentity(Fingerprint.Builder identity, String prefix, long maxRead, Consumer<String> notices) {
        ConversationDataset samples = batches.samples();
        int positions = batches.positionsForValid(maxRead);
        boolean all = positions == samples.size() && maxRead > positions;
        if (positions > MANY_SAMPLES) {
            notices.accept(String.format(
                    Locale.ROOT, "hashing the images of %,d samples for the identity of the run", positions));
        }
        for (int source = 0; source < opened.size(); source++) {
            String name = "data source " + (source + 1);
            identity.add(
                    prefix + name,
                    "sha256 " + OpenDataSource.sha256(paths.sources().get(source)));
            if (!paths.weights().isEmpty()) {
                identity.add(prefix + "weight of " + name, paths.weights().get(source));
            }
            IntStream indices = IntStream.range(0, positions);
            IntStream numbers = all ? indices : indices.map(batches.firstEpochOrder());
            identity.add(prefix + "images of " + name, ImageHashes.of(samples, source, numbers));
        }
    }

    /** Hash over the content of all data sources, in order, without images. */
    static String sha256(RunPaths paths) {
        List<String> each = paths.sources().stream().map(OpenDataSource::sha256).toList();
        return each.size() == 1
                ? each.get(0)
                : new Sha256().add(String.join("", each)).hex();
    }

    /**
     * The sources for the report of a run.
     *
     * @param samplesSeen samples seen of each source
     */
    List<RunReport.Source> report(List<Long> samplesSeen) {
        long all = samplesSeen.stream().mapToLong(Long::longValue).sum();
        List<RunReport.Source> sources = new ArrayList<>();
        for (int i = 0; i < opened.size(); i++) {
            DataSource source = paths.sources().get(i);
            int samples = opened.get(i).samples().size();
            long seen = samplesSeen.get(i);
            sources.add(new RunReport.Source(
                    source.data().toString(), samples, source.weight(), seen, (double) seen / Math.max(1, all)));
        }
        return sources;
    }

    /** The data loader; reading with images needs {@link LlavaBatchIterator#setImageLoader}. */
    LlavaBatchIterator batches() {
        return batches;
    }

    @Override
    public void close() {
        opened.forEach(OpenDataSource::close);
    }
}
