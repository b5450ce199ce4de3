package org.llava4j.data.batch;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileChangedException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.EncodedSample;
import org.llava4j.data.conversation.NoTargetTokensException;
import org.llava4j.data.records.SeededPermutation;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Data loader: iterates over the batches of a dataset, epoch after epoch. The same seed gives the same batches. The
 * dataset defines the order of the samples in an epoch, usually shuffled. For length-grouped batching, each bucketing
 * window is sorted by length and split into batches, which are shuffled. {@link #reset} advances to the next epoch,
 * whose order differs. Not thread-safe.
 */
public final class LlavaBatchIterator implements MultiDataSetIterator {
    private static final long serialVersionUID = 1L;

    private final ConversationDataset samples;
    private final ConversationEncoder encoder;
    private final BatchOptions options;
    private final Consumer<Path> imageValidator;
    private final Consumer<BadSample> onSkipped;
    private @Nullable ImageLoader imageLoader;
    private @Nullable MultiDataSetPreProcessor preProcessor;

    private IntUnaryOperator order;
    private BatchCursor cursor;
    private List<List<Row>> window = List.of();
    private @Nullable BatchPlan lastPlan;
    private int skippedInWindow;
    private final BitSet truncated = new BitSet();

    /** Encoded sample with its index in the dataset and its length, image tokens included. */
    private record Row(int number, Conversation conversation, EncodedSample encoded, int length) {}

    /**
     * Creates a data loader, which skips invalid samples. {@link #next} needs {@link #setImageLoader}.
     *
     * @param imageValidator throws a {@link BadInputException} for an invalid image; called when the bucketing
     *     window of its sample is loaded
     * @param onSkipped receives a skipped sample each time it is encountered
     */
    public LlavaBatchIterator(
            ConversationDataset samples,
            ConversationEncoder encoder,
            BatchOptions options,
            Consumer<Path> imageValidator,
            Consumer<BadSample> onSkipped) {
        if (samples.size() == 0) {
            throw new BadInputException("the dataset has no samples; check the data file");
        }
        this.samples = samples;
        this.encoder = encoder;
        this.imageValidator = imageValidator;
        this.onSkipped = onSkipped;
        this.options = options;
        seek(BatchCursor.START);
    }

    /** Returns the position of the next batch, for {@link #seek}. */
    public BatchCursor cursor() {
        return cursor;
    }

    /** Resumes from a position that {@link #cursor} returned, with the same dataset and options. */
    public void seek(BatchCursor position) {
        order = samples.order(options.seed(), position.epoch());
        cursor = position;
        loadWindow();
    }

    /** Returns the number of batches of an epoch if no sample is skipped. */
    public int batchesPerEpoch() {
        return (samples.size() + options.batchSize() - 1) / options.batchSize();
    }

    /** Returns the dataset. */
    public ConversationDataset samples() {
        return samples;
    }

    /** Returns the order of the first epoch: the index of the sample at each position. */
    public IntUnaryOperator firstEpochOrder() {
        return samples.order(options.seed(), 0);
    }

    /**
     * Returns an upper bound of the samples read until {@code validSamples} valid ones are found, if at least half of
     * the samples read are valid. It is rounded up to whole bucketing windows.
     */
    public int positionsForValid(long validSamples) {
        long windowSize = windowStart(1);
        long limit = Math.min(samples.size(), 2 * Math.min(samples.size(), validSamples));
        return (int) Math.min(samples.size(), (limit + windowSize - 1) / windowSize * windowSize);
    }

    /** Returns the location of a sample of {@link BatchPlan#rows}, for messages. */
    public String where(int number) {
        return samples.where(number);
    }

    /** Returns the number of source datasets. */
    public int sources() {
        return samples.sources();
    }

    /** Returns the source dataset of a sample of {@link BatchPlan#rows}. */
    public int sourceOf(int number) {
        return samples.sourceOf(number);
    }

    /** Returns the number of samples read so far that exceed the maximum length and are truncated. */
    public int truncatedSamples() {
        return truncated.cardinality();
    }

    /** Returns the number of skipped samples of this epoch, each counted once. */
    public int skippedSamples() {
        return cursor.bad() + skippedInWindow;
    }

    @Override
    public boolean hasNext() {
        while (cursor.batch() >= window.size() && windowStart(cursor.window() + 1) < samples.size()) {
            cursor = new BatchCursor(cursor.epoch(), cursor.window() + 1, 0, skippedSamples());
            loadWindow();
        }
        return cursor.batch() < window.size();
    }

    /** Sets the image loader that {@link #next} uses. */
    public void setImageLoader(ImageLoader loader) {
        imageLoader = loader;
    }

    /**
     * Returns the next batch without loading its images.
     *
     * @throws BadInputException if more samples of the epoch are invalid than {@link BatchOptions#maxBadSamples}; the
     *     message gives the location of the last one
     */
    public BatchPlan nextPlan() {
        if (!hasNext()) {
            throw new NoSuchElementException("the epoch has no more batches; call reset()");
        }
        List<Row> rows = window.get(cursor.batch());
        List<EncodedSample> encoded = new ArrayList<>();
        List<Path> images = new ArrayList<>();
        int[] imagesPerRow = new int[rows.size()];
        for (int i = 0; i < imagesPerRow.length; i++) {
            Row row = rows.get(i);
            encoded.add(row.encoded());
            imagesPerRow[i] = row.conversation().images().size();
            for (String name : row.conversation().images()) {
                images.add(samples.image(row.number(), name));
            }
        }
        BatchLayout layout = BatchLayout.collate(encoded, imagesPerRow, options.collator());
        cursor = new BatchCursor(cursor.epoch(), cursor.window(), cursor.batch() + 1, cursor.bad());
        lastPlan = new BatchPlan(layout, images, rows.stream().map(Row::number).toList());
        return lastPlan;
    }

    /** Returns the batch that {@link #next} or {@link #nextPlan} returned last. */
    public BatchPlan lastPlan() {
        if (lastPlan == null) {
            throw new IllegalStateException("no batch has been returned yet; call next()");
        }
        return lastPlan;
    }

    private long windowStart(int number) {
        return (long) number * options.bucketingWindowBatches() * options.batchSize();
    }

    private void loadWindow() {
        skippedInWindow = 0;
        List<Row> rows = new ArrayList<>();
        long end = Math.min(samples.size(), windowStart(cursor.window() + 1));
        for (int at = (int) windowStart(cursor.window()); at < end; at++) {
            int number = order.applyAsInt(at);
            try {
                rows.add(row(number));
            } catch (FileChangedException e) {
                throw e;
            } catch (BadInputException e) {
                skippedInWindow += isRepeated(number, at) ? 0 : 1;
                if (skippedSamples() > options.maxBadSamples()) {
                    throw e;
                }
                String where = samples.where(number);
                onSkipped.accept(new BadSample(number, where, e.getMessage().replace(where + ": ", "")));
            }
        }
        if (options.bucketingWindowBatches() > 1) {
            // List.sort is stable: samples of equal length keep their shuffled order.
            rows.sort(Comparator.comparingInt(Row::length));
        }
        List<List<Row>> batches = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += options.batchSize()) {
            batches.add(rows.subList(from, Math.min(rows.size(), from + options.batchSize())));
        }
        SeededPermutation shuffle =
                new SeededPermutation(batches.size(), options.seed() + 1 + cursor.window(), cursor.epoch());
        window = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            window.add(batches.get(options.bucketingWindowBatches() > 1 ? shuffle.get(i) : i));
        }
    }

    /**
     * Tests whether a sample occurred earlier in this epoch, as in a mixture that repeats a small dataset. A skipped
     * sample is counted once per epoch.
     */
    private boolean isRepeated(int number, int position) {
        return samples.repeats() && IntStream.range(0, position).anyMatch(at -> order.applyAsInt(at) == number);
    }

    private Row row(int number) {
        Conversation conversation = samples.get(number);
        EncodedSample encoded = located(number, () -> encode(number, conversation));
        for (String image : conversation.images()) {
            located(number, () -> check(samples.image(number, image)));
        }
        int length = BatchLayout.expandedLength(
                encoded.inputIds(), options.collator().numImageTokens());
        truncated.set(number, length > options.collator().maxLength());
        return new Row(number, conversation, encoded, length);
    }

    private EncodedSample encode(int number, Conversation conversation) {
        EncodedSample encoded = samples.encoded(number, conversation, encoder);
        if (!BatchLayout.hasTarget(encoded, options.collator())) {
            throw new NoTargetTokensException("sample " + conversation.id() + ": its target tokens are all beyond the"
                    + " maximum length of " + options.collator().maxLength()
                    + "; shorten the questions or raise the limit");
        }
        return encoded;
    }

    private Path check(Path image) {
        imageValidator.accept(image);
        return image;
    }

    /** Prepends the location of a sample to the message of an exception. */
    private <T> T located(int number, Supplier<T> task) {
        try {
            return task.get();
        } catch (NoTargetTokensException e) {
            throw new NoTargetTokensException(samples.where(number) + ": " + e.getMessage());
        } catch (BadInputException e) {
            throw new BadInputException(samples.where(number) + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns the next batch with its images loaded: the arrays of {@link BatchLayout#toMultiDataSet}, after the
     * preprocessor.
     *
     * @throws BadInputException if an image cannot be loaded, or as in {@link #nextPlan}; the message names the image
     *     file or the sample
     */
    @Override
    public MultiDataSet next() {
        if (imageLoader == null) {
            throw new IllegalStateException("the data loader has no image loader; call setImageLoader");
        }
        MultiDataSet batch = nextPlan().toMultiDataSet(imageLoader);
        if (preProcessor != null) {
            preProcessor.preProcess(batch);
        }
        return batch;
    }

    /** Accepts only the configured batch size: any other would make the order irreproducible. */
    @Override
    public MultiDataSet next(int num) {
        if (num != options.batchSize()) {
            throw new UnsupportedOperationException(
                    "requested batch size " + num + "; the data loader is configured for " + options.batchSize());
        }
        return next();
    }

    /** Advances to the start of the next epoch. */
    @Override
    public void reset() {
        seek(new BatchCursor(cursor.epoch() + 1, 0, 0, 0));
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    @Override
    public boolean asyncSupported() {
        return true;
    }

    /** Rejects serialization, although the interface is serializable, because the data loader holds open files. */
    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException(getClass().getName() + " is not serializable; save its cursor() instead");
    }

    @Override
    public void setPreProcessor(@Nullable MultiDataSetPreProcessor preProcessor) {
        this.preProcessor = preProcessor;
    }

    @Override
    public @Nullable MultiDataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }
}
