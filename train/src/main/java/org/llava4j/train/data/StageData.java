package org.llava4j.train.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchOptions;
import org.llava4j.data.batch.ConcatDataset;
import org.llava4j.data.batch.ConversationDataset;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.batch.ModalityGroupedDataset;
import org.llava4j.data.batch.WeightedMixture;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.train.stage.DataArguments.DataFormat;
import org.llava4j.train.stage.Stage;

/** Batches of a stage's data. */
public final class StageData implements AutoCloseable {
    private static final int MANY_SAMPLES = 20_000;

    private final Stage stage;
    private final List<DataSource> sources;
    private final List<OpenDataSource> opened;
    private final LlavaBatchIterator batches;

    private StageData(Stage stage, List<DataSource> sources, List<OpenDataSource> opened, LlavaBatchIterator batches) {
        this.stage = stage;
        this.sources = sources;
        this.opened = opened;
        this.batches = batches;
    }

    /**
     * Opens data sources.
     *
     * @param model folder with the tokenizer
     * @param config model configuration of the run
     * @param bad receives every skipped sample
     * @throws BadInputException if a source is missing, broken or empty, or does not fit the stage
     */
    public static StageData open(
            Stage stage, Path model, List<DataSource> sources, LlavaConfig config, Consumer<BadSample> bad) {
        ChatFormat chat = stage.data().chatFormat();
        if (stage.data().dataFormat() != DataFormat.CONVERSATIONS
                && chat.template().training().dropInstruction()) {
            throw new BadInputException(
                    "\"convMode\" is " + stage.data().convMode() + ", which drops the instructions, but"
                            + " \"dataFormat\" is " + stage.data().dataFormat() + "; use v1 or v0");
        }
        if (config.imageStartEndTokens() != null
                && chat.template().training().dropInstruction()
                && stage.model().isTrainable(ImageStartEndEmbeddings.NAME)
                && !stage.model().isTrainable(ImageStartEndEmbeddings.TABLE)) {
            throw new BadInputException(
                    "\"convMode\" is " + stage.data().convMode() + ", which drops the instructions and with"
                            + " them " + ImageStartEndTokens.START + " and " + ImageStartEndTokens.END
                            + ", whose embeddings \"trainable\" selects;"
                            + " use v0 or v1 (--conv-mode), as the paper's stage 1 does, or remove "
                            + ImageStartEndEmbeddings.NAME + " from it");
        }
        SampleEncoding reading = new SampleEncoding(stage, model, config);
        boolean grouped = stage.data().groupByModalityLength();
        BatchOptions options = new BatchOptions(
                stage.schedule().perDeviceTrainBatchSize(),
                // A grouped dataset is in the order of its mega-batches, which the data loader must not mix.
                grouped
                        ? stage.schedule().gradientAccumulationSteps()
                        : stage.data().bucketingWindowBatches(),
                stage.seed(),
                stage.limits().maxBadSamples(),
                reading.collatorOptions());
        List<OpenDataSource> opened = new ArrayList<>();
        return CloseOnFailure.run(() -> opened.forEach(OpenDataSource::close), () -> {
            for (DataSource source : sources) {
                opened.add(OpenDataSource.of(reading, source));
            }
            ConversationDataset samples = samples(opened, weights(sources));
            LlavaBatchIterator batches =
                    batches(grouped ? groupByModality(stage, samples) : samples, reading, options, bad);
            return new StageData(stage, sources, opened, batches);
        });
    }

    private static ConversationDataset groupByModality(Stage stage, ConversationDataset samples) {
        int batchSize = stage.schedule().perDeviceTrainBatchSize();
        return new ModalityGroupedDataset(
                samples,
                Math.multiplyExact(batchSize, stage.schedule().gradientAccumulationSteps()),
                Math.multiplyExact(batchSize, stage.data().bucketingWindowBatches()));
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

    /** Sampling weight of each source; empty if each sample is seen once per epoch. */
    private static List<Double> weights(List<DataSource> sources) {
        return sources.stream().map(DataSource::weight).filter(Objects::nonNull).toList();
    }

    /**
     * Adds the data to an identity by content: files, weights, and the images of the samples that are read.
     *
     * @param prefix prefix of the names
     * @param maxRead maximum number of valid samples that are read
     * @param notices receives a line if hashing takes long
     */
    public void addToIdentity(Fingerprint.Builder identity, String prefix, long maxRead, Consumer<String> notices) {
        ConversationDataset samples = batches.samples();
        int positions = batches.positionsForValid(maxRead);
        boolean all = positions == samples.size() && maxRead > positions;
        if (positions > MANY_SAMPLES) {
            notices.accept(String.format(
                    Locale.ROOT, "hashing the images of %,d samples for the identity of the run", positions));
        }
        for (int source = 0; source < opened.size(); source++) {
            String name = "data source " + (source + 1);
            identity.add(prefix + name, "sha256 " + OpenDataSource.sha256(sources.get(source)));
            if (stage.data().dataFormat() == DataFormat.MIXED) {
                identity.add(prefix + "format of " + name, format(source));
            }
            Double weight = sources.get(source).weight();
            if (weight != null) {
                identity.add(prefix + "weight of " + name, weight);
            }
            IntStream indices = IntStream.range(0, positions);
            IntStream numbers = all ? indices : indices.map(batches.firstEpochOrder());
            identity.add(prefix + "images of " + name, ImageHashes.of(samples, source, numbers));
        }
    }

    /** Hash over the content of all data sources, in order, without images. */
    public String sha256() {
        List<String> each = sources.stream().map(OpenDataSource::sha256).toList();
        return each.size() == 1
                ? each.get(0)
                : new Sha256().add(String.join("", each)).hex();
    }

    /** Format of a data source: conversations or ScienceQA. */
    public DataFormat format(int source) {
        return sources.get(source).format(stage);
    }

    /** Number of samples of a data source. */
    public int samples(int source) {
        return opened.get(source).samples().size();
    }

    /** Number of samples of a data source by layout; null if it is not a file of conversations. */
    public @Nullable LayoutCounts layouts(int source) {
        return opened.get(source).layouts();
    }

    /** Number of batches of an epoch if no sample is skipped. */
    public int batchesPerEpoch() {
        return batches.batchesPerEpoch();
    }

    /** The data loader; reading with images needs {@link LlavaBatchIterator#setImageLoader}. */
    public LlavaBatchIterator batches() {
        return batches;
    }

    @Override
    public void close() {
        opened.forEach(OpenDataSource::close);
    }
}
