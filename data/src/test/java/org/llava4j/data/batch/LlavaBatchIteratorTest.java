package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.conversation.NoTargetTokensException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

class LlavaBatchIteratorTest {
    private static final int SIZE_PX = 2;
    private static final LlamaTokenizer TOKENIZER = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));
    private static final ConversationEncoder ENCODER =
            new ConversationEncoder(TOKENIZER, ConversationTemplates.named("v1"), ImageMarkup.V1);
    private static final CollatorOptions SPLICE = new CollatorOptions(3, 1000, 400);

    /** The image "7.png" consists of sevens. */
    private static final ImageLoader IMAGES = images -> {
        INDArray pixels = Nd4j.zeros(DataType.FLOAT, Math.max(1, images.size()), 3, SIZE_PX, SIZE_PX);
        for (int i = 0; i < images.size(); i++) {
            pixels.slice(i).assign(number(images.get(i)));
        }
        return pixels;
    };

    private static float number(Path image) {
        return Float.parseFloat(image.getFileName().toString().replace(".png", ""));
    }

    @Test
    void epochContainsEverySampleOnce() {
        LlavaBatchIterator iterator = iterator(samples(23), 4, 3, 0);
        assertThat(iterator.batchesPerEpoch()).isEqualTo(6);
        List<List<String>> batches = epoch(iterator);
        assertThat(batches).hasSize(6);
        TreeSet<String> seen = new TreeSet<>();
        batches.forEach(seen::addAll);
        assertThat(seen).hasSize(23);
        assertThat(batches.stream().mapToInt(List::size).sum()).isEqualTo(23);
    }

    @Test
    void seedDeterminesBatchesOfEachEpoch() {
        LlavaBatchIterator iterator = iterator(samples(23), 4, 3, 0);
        List<List<String>> first = epoch(iterator);
        assertThat(epoch(iterator(samples(23), 4, 3, 0))).isEqualTo(first);
        iterator.reset();
        assertThat(iterator.cursor().epoch()).isEqualTo(1);
        assertThat(epoch(iterator)).isNotEqualTo(first);
    }

    @Test
    void seekResumesFromCursor() {
        LlavaBatchIterator whole = iterator(samples(23), 4, 2, 0);
        whole.reset();
        List<BatchCursor> cursors = new ArrayList<>();
        List<List<String>> batches = new ArrayList<>();
        while (whole.hasNext()) {
            cursors.add(whole.cursor());
            batches.add(names(whole));
        }
        for (int i = 0; i < batches.size(); i++) {
            LlavaBatchIterator resumed = iterator(samples(23), 4, 2, 0);
            resumed.seek(cursors.get(i));
            assertThat(epoch(resumed)).isEqualTo(batches.subList(i, batches.size()));
        }
    }

    @Test
    void lengthGroupingReducesPadding() {
        int mixed = paddedPositions(iterator(samples(64), 4, 1, 0));
        int sorted = paddedPositions(iterator(samples(64), 4, 16, 0));
        assertThat(sorted).isGreaterThan(0).isLessThan(mixed / 3);
    }

    private static int paddedPositions(LlavaBatchIterator iterator) {
        int padded = 0;
        while (iterator.hasNext()) {
            padded += iterator.nextPlan().layout().paddedPositions();
        }
        return padded;
    }

    @Test
    void nextReturnsArraysInDocumentedOrder() {
        LlavaBatchIterator iterator = iterator(samples(8), 4, 2, 0);
        MultiDataSet batch = iterator.next();
        BatchPlan plan = iterator.lastPlan();
        BatchLayout layout = plan.layout();
        assertThat(batch.numFeatureArrays()).isEqualTo(6);
        assertThat(batch.getFeatures(0).shape())
                .containsExactly(Math.max(1, plan.images().size()), 3, SIZE_PX, SIZE_PX);
        for (int i = 0; i < plan.images().size(); i++) {
            assertThat(batch.getFeatures(0).getFloat(i, 2, 1, 1))
                    .isEqualTo(number(plan.images().get(i)));
        }
        assertThat(batch.getFeatures(1).shape()).containsExactly(4, layout.sequenceLength());
        List<int[]> expected = List.of(
                layout.inputIds(), layout.imageRows(), layout.positions(), layout.rowStarts(), layout.targetRows());
        for (int i = 0; i < expected.size(); i++) {
            INDArray feature = batch.getFeatures(1 + i);
            assertThat(feature.dataType()).isEqualTo(DataType.INT32);
            assertThat(feature.ravel().toIntVector()).isEqualTo(expected.get(i));
        }
        assertThat(batch.numLabelsArrays()).isEqualTo(1);
        assertThat(batch.getLabels(0).toIntVector()).isEqualTo(layout.targets()).isNotEmpty();
        BatchPlan same = iterator(samples(8), 4, 2, 0).nextPlan();
        assertThat(same.images()).isEqualTo(plan.images());
        assertThat(same.layout().inputIds()).isEqualTo(layout.inputIds());
    }

    @Test
    void textOnlyBatchHasOneBlankImage() {
        LlavaBatchIterator iterator = iterator(List.of(text("1", "A word.")), 4, 1, 0);
        MultiDataSet batch = iterator.next();
        assertThat(iterator.lastPlan().images()).isEmpty();
        assertThat(batch.getFeatures(0)).isEqualTo(Nd4j.zeros(DataType.FLOAT, 1, 3, SIZE_PX, SIZE_PX));
        assertThat(batch.getFeatures(2).toIntVector())
                .containsOnly(BatchLayout.NOT_PLACED)
                .hasSize(3);
    }

    @Test
    void preprocessorChangesBatch() {
        LlavaBatchIterator iterator = iterator(samples(8), 4, 2, 0);
        INDArray plain = iterator.next().getFeatures(0);
        iterator.seek(BatchCursor.START);
        iterator.setPreProcessor(batch -> batch.getFeatures(0).addi(1));
        assertThat(iterator.next().getFeatures(0)).isEqualTo(plain.add(1));
    }

    @Test
    void samplesWithoutTargetsAreSkippedUpToLimit() {
        List<Conversation> samples = new ArrayList<>(samples(9));
        samples.add(new Conversation("empty", List.of(), List.of(Turn.human("q"), Turn.gpt(" "))));
        samples.add(text("long", "A word.").withTurns(List.of(Turn.human("word ".repeat(500)), Turn.gpt("late"))));
        LlavaBatchIterator tolerant = iterator(samples, 4, 2, 2);
        assertThat(epoch(tolerant).stream().mapToInt(List::size).sum()).isEqualTo(9);
        assertThat(tolerant.skippedSamples()).isEqualTo(2);
        tolerant.reset();
        assertThat(epoch(tolerant).stream().mapToInt(List::size).sum())
                .as("each epoch has its own count")
                .isEqualTo(9);
        assertThatThrownBy(() -> epoch(iterator(samples, 4, 2, 1)))
                .isInstanceOf(NoTargetTokensException.class)
                .hasMessageMatching("sample (9|10): .*");
    }

    @Test
    void truncatedSamplesAreCountedOnce() {
        List<Conversation> samples = new ArrayList<>(samples(9));
        samples.add(text("long", "word ".repeat(500)));
        samples.add(text("longer", "word ".repeat(600)));
        LlavaBatchIterator iterator = iterator(samples, 4, 2, 0);
        epoch(iterator);
        iterator.reset();
        epoch(iterator);
        assertThat(iterator.truncatedSamples()).isEqualTo(2);
        LlavaBatchIterator whole = iterator(samples(9), 4, 2, 0);
        epoch(whole);
        assertThat(whole.truncatedSamples()).isZero();
    }

    /** A small source that is sampled often repeats its invalid sample, which counts once per epoch. */
    @Test
    void repeatedInvalidSampleCountsOncePerEpoch() {
        Conversation empty = new Conversation("empty", List.of(), List.of(Turn.human("q"), Turn.gpt(" ")));
        ConversationDataset large = ConversationDataset.of(samples(40), Path.of("images"));
        ConversationDataset small = ConversationDataset.of(List.of(text("one", "A word."), empty), Path.of("images"));
        List<BadSample> skipped = new ArrayList<>();
        LlavaBatchIterator iterator = new LlavaBatchIterator(
                new WeightedMixture(List.of(large, small), List.of(0.5, 0.5)),
                ENCODER,
                options(4, 2, 1),
                image -> {},
                skipped::add);
        iterator.setImageLoader(IMAGES);
        for (int epoch = 0; epoch < 3; epoch++) {
            epoch(iterator);
            assertThat(iterator.skippedSamples()).isEqualTo(1);
            iterator.reset();
        }
        assertThat(skipped).hasSizeGreaterThan(20);
    }

    @Test
    void seekResumesWeightedMixture() {
        List<List<String>> batches = new ArrayList<>();
        List<BatchCursor> cursors = new ArrayList<>();
        LlavaBatchIterator whole = weighted();
        for (int epoch = 0; epoch < 4; epoch++) {
            while (whole.hasNext()) {
                cursors.add(whole.cursor());
                batches.add(names(whole));
            }
            whole.reset();
        }
        for (int i = 0; i < batches.size(); i++) {
            LlavaBatchIterator resumed = weighted();
            resumed.seek(cursors.get(i));
            assertThat(resumed.hasNext()).isTrue();
            assertThat(names(resumed)).isEqualTo(batches.get(i));
        }
    }

    private static LlavaBatchIterator weighted() {
        List<Conversation> all = samples(23);
        return iterator(
                new WeightedMixture(
                        List.of(
                                ConversationDataset.of(all.subList(0, 19), Path.of("images")),
                                ConversationDataset.of(all.subList(19, 23), Path.of("images"))),
                        List.of(0.3, 0.7)),
                options(4, 2, 0));
    }

    @Test
    void corruptImageIsReported() {
        ConversationDataset source = ConversationDataset.of(samples(5), Path.of("images"));
        ImageLoader broken = images -> {
            throw new BadInputException(images.get(0) + ": is not an image; replace it");
        };
        LlavaBatchIterator iterator = iterator(source, options(4, 1, 0));
        iterator.setImageLoader(broken);
        assertThatThrownBy(() -> epoch(iterator))
                .isInstanceOf(BadInputException.class)
                .hasMessageMatching("images/\\d.png: is not an image; replace it");
    }

    @Test
    void constructorRejectsEmptyDatasetAndNextRejectsOtherBatchSize() {
        assertThatThrownBy(() -> iterator(List.of(), 4, 1, 0)).isInstanceOf(BadInputException.class);
        LlavaBatchIterator iterator = iterator(samples(5), 4, 1, 0);
        assertThatThrownBy(() -> iterator.next(3)).isInstanceOf(UnsupportedOperationException.class);
        assertThat(iterator.next(4).getFeatures(1).size(0)).isEqualTo(4);
        assertThatThrownBy(() -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(iterator))
                .isInstanceOf(NotSerializableException.class);
    }

    /** Samples of various lengths; two of three have an image. */
    private static List<Conversation> samples(int count) {
        List<Conversation> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String answer = i + " word".repeat(1 + i * 7 % 40);
            samples.add(
                    i % 3 == 0
                            ? text("" + i, answer)
                            : new Conversation(
                                    "" + i,
                                    List.of(i + ".png"),
                                    List.of(Turn.human("What?\n<image>"), Turn.gpt(answer))));
        }
        return samples;
    }

    private static Conversation text(String id, String answer) {
        return new Conversation(id, List.of(), List.of(Turn.human("What?"), Turn.gpt(answer)));
    }

    private static LlavaBatchIterator iterator(List<Conversation> samples, int batch, int window, int bad) {
        return iterator(ConversationDataset.of(samples, Path.of("images")), options(batch, window, bad));
    }

    private static LlavaBatchIterator iterator(ConversationDataset samples, BatchOptions options) {
        LlavaBatchIterator iterator = new LlavaBatchIterator(samples, ENCODER, options, image -> {}, bad -> {});
        iterator.setImageLoader(IMAGES);
        return iterator;
    }

    private static BatchOptions options(int batch, int window, int bad) {
        return new BatchOptions(batch, window, 42, bad, SPLICE);
    }

    private static List<List<String>> epoch(LlavaBatchIterator iterator) {
        List<List<String>> batches = new ArrayList<>();
        while (iterator.hasNext()) {
            batches.add(names(iterator));
        }
        return batches;
    }

    /** Decodes the target tokens of each row of the next batch, which identify its sample. */
    private static List<String> names(LlavaBatchIterator iterator) {
        iterator.next();
        List<String> names = new ArrayList<>();
        BatchLayout layout = iterator.lastPlan().layout();
        for (int row = 0; row < layout.batchSize(); row++) {
            List<Integer> targets = new ArrayList<>();
            for (int t = 0; t < layout.sequenceLength(); t++) {
                int label = layout.labels()[row * layout.sequenceLength() + t];
                if (label >= 0) {
                    targets.add(label);
                }
            }
            names.add(TOKENIZER.decode(
                    targets.stream().mapToInt(Integer::intValue).toArray()));
        }
        return names;
    }
}
