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
 * Batches of a data set, epoch after epoch, the same for the same seed. Samples are shuffled as a whole, or
 * as their source orders them; each window of them is sorted by length and cut into batches, which come in shuffled order again. {@link #reset} goes on to the next
 * epoch, with an order of its own. One thread uses an iterator.
 */
public final class LlavaBatchIterator implements MultiDataSetIterator {
    private static final long serialVersionUID = 1L;

    private final ConversationDataset samples;
    private final ConversationEncoder encoder;
    private final ImageSource imageSource;
    private final BatchOptions options;
    private final Consumer<Path> imageValidator;
    private final Consumer<BadSample> onSkipped;
    private MultiDataSetPreProcessor preProcessor;

    private IntUnaryOperator order;
    private BatchCursor cursor;
    private List<List<Row>> window = List.of();
    private int skippedInWindow;
    private long positions;
    private long paddedPositions;
    private final BitSet truncated = new BitSet();

    /** A sample ready for a batch. */
    private record Row(int number, Conversation conversation, EncodedSample encoded, int length) {}

    public LlavaBatchIterator(
            ConversationDataset samples, ConversationEncoder encoder, ImageSource imageSource, BatchOptions options) {
        this(samples, encoder, imageSource, options, image -> {}, bad -> {});
    }

    /**
     * @param imageCheck throws a {@link BadInputException} for a picture that is no good; asked before a batch is made
     * @param passedOver is told of every sample that is no good, each time it is met
     */
    public LlavaBatchIterator(
            ConversationDataset samples,
            ConversationEncoder encoder,
            ImageSource imageSource,
            BatchOptions options,
            Consumer<Path> imageCheck,
            Consumer<BadSample> passedOver) {
        if (samples.size() == 0) {
            throw new BadInputException("there are no samples to make batches of; check the data file");
        }
        this.samples = samples;
        this.encoder = encoder;
        this.imageSource = imageSource;
        this.imageValidator = imageCheck;
        this.onSkipped = passedOver;
        this.options = options;
        seek(BatchCursor.START);
    }

    /** Where the next batch lies. */
    public BatchCursor cursor() {
        return cursor;
    }

    /** Goes on from a place that {@link #cursor} gave, with the same data and options. */
    public void seek(BatchCursor place) {
        order = samples.order(options.seed(), place.epoch());
        cursor = place;
        loadWindow();
    }

    /** Batches of an epoch, if every sample has something to learn. */
    public int batchesPerEpoch() {
        return (samples.size() + options.batchSize() - 1) / options.batchSize();
    }

    /** The samples, by number. */
    public ConversationDataset samples() {
        return samples;
    }

    /** The number of the sample at each position of the first epoch. */
    public IntUnaryOperator firstEpochOrder() {
        return samples.order(options.seed(), 0);
    }

    /** Positions of an epoch that are read until so many valid samples are found, if at least half of all are valid. */
    public int positionsForValid(long validSamples) {
        long window = windowStart(1);
        long most = Math.min(samples.size(), 2 * Math.min(samples.size(), validSamples));
        return (int) Math.min(samples.size(), (most + window - 1) / window * window);
    }

    /** Place of a sample of {@link BatchPlan#rows}. */
    public String where(int number) {
        return samples.where(number);
    }

    /** How many sources the samples are of. */
    public int sources() {
        return samples.sources();
    }

    /** Which source a sample of {@link BatchPlan#rows} is of. */
    public int sourceOf(int number) {
        return samples.sourceOf(number);
    }

    /** Share of all positions handed out so far that were padding, 0..1. */
    public double paddingShare() {
        return positions == 0 ? 0 : (double) paddedPositions / positions;
    }

    /** How many samples that were read so far are longer than the maximum length, so that their ends are cut off. */
    public int truncatedSamples() {
        return truncated.cardinality();
    }

    /** How many samples of this epoch were no good and were passed over, each counted once. */
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

    /** The next batch with its pictures. @throws BadInputException if a sample or picture is broken, with its place */
    public LlavaBatch nextBatch() {
        BatchPlan plan = nextPlan();
        List<float[]> pixels = new ArrayList<>();
        for (int i = 0; i < plan.images().size(); i++) {
            Path image = plan.images().get(i);
            pixels.add(located(plan.samples().get(i), () -> imageSource.pixels(image)));
        }
        return LlavaBatch.of(plan.layout(), plan.images(), pixels, options.imageSizePx());
    }

    /** The next batch, its pictures only named. @throws BadInputException if a sample is broken, with its place */
    public BatchPlan nextPlan() {
        if (!hasNext()) {
            throw new NoSuchElementException("the epoch is over; call reset()");
        }
        List<Row> rows = window.get(cursor.batch());
        List<EncodedSample> encoded = new ArrayList<>();
        List<Path> images = new ArrayList<>();
        List<Integer> numbers = new ArrayList<>();
        int[] imagesPerRow = new int[rows.size()];
        for (int i = 0; i < imagesPerRow.length; i++) {
            Row row = rows.get(i);
            encoded.add(row.encoded());
            imagesPerRow[i] = row.conversation().images().size();
            for (String name : row.conversation().images()) {
                images.add(samples.image(row.number(), name));
                numbers.add(row.number());
            }
        }
        BatchLayout layout = BatchLayout.collate(encoded, imagesPerRow, options.collator());
        positions += (long) layout.batchSize() * layout.sequenceLength();
        paddedPositions += layout.paddedPositions();
        cursor = new BatchCursor(cursor.epoch(), cursor.window(), cursor.batch() + 1, cursor.bad());
        return new BatchPlan(
                layout, images, numbers, rows.stream().map(Row::number).toList());
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
            // Stable, so that samples of equal length keep their shuffled order.
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

    /** Whether this epoch has had a sample before a position, as where a small source is drawn often; it counts once. */
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
            throw new NoTargetTokensException("sample " + conversation.id() + ": its answers begin beyond the maximum"
                    + " length of " + options.collator().maxLength() + "; shorten the questions or raise the limit");
        }
        return encoded;
    }

    private Path check(Path image) {
        imageValidator.accept(image);
        return image;
    }

    /** Adds a sample's place to what is wrong with it. */
    private <T> T located(int number, Supplier<T> work) {
        try {
            return work.get();
        } catch (NoTargetTokensException e) {
            throw new NoTargetTokensException(samples.where(number) + ": " + e.getMessage());
        } catch (BadInputException e) {
            throw new BadInputException(samples.where(number) + ": " + e.getMessage(), e);
        }
    }

    @Override
    public MultiDataSet next() {
        MultiDataSet batch = nextBatch().toMultiDataSet();
        if (preProcessor != null) {
            preProcessor.preProcess(batch);
        }
        return batch;
    }

    /** Only the size of batch this was made for: another would not keep the order reproducible. */
    @Override
    public MultiDataSet next(int num) {
        if (num != options.batchSize()) {
            throw new UnsupportedOperationException(
                    "asked for " + num + " samples of an iterator over batches of " + options.batchSize());
        }
        return next();
    }

    /** Goes to the start of the next epoch. */
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

    /** The interface wants iterators that can be sent elsewhere; this one stays with its files. */
    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException(getClass().getName() + ": save its cursor() instead");
    }

    @Override
    public void setPreProcessor(MultiDataSetPreProcessor preProcessor) {
        this.preProcessor = preProcessor;
    }

    @Override
    public MultiDataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }
}
