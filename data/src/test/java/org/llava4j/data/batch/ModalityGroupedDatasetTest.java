package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileChangedException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.Golden;

class ModalityGroupedDatasetTest {
    private static final int BATCH = 3;
    private static final int ACCUMULATION = 2;
    private static final int MEGA_BATCH = BATCH * ACCUMULATION;
    private static final ConversationEncoder ENCODER = new ConversationEncoder(
            LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model")),
            ConversationTemplates.named("v1"),
            ImageMarkup.V1);

    @Test
    void everyMegaBatchButTheRestHasOneModality() {
        ConversationDataset samples = samples(100);
        int[] order = order(new ModalityGroupedDataset(samples, MEGA_BATCH, 1), 42, 0);
        assertThat(order).hasSize(100).doesNotHaveDuplicates();
        // 40 samples have an image: 6 mega-batches and 4 samples; 60 are text-only: 10 mega-batches.
        List<Boolean> modalities = new ArrayList<>();
        for (int from = 0; from < 96; from += MEGA_BATCH) {
            boolean first = samples.get(order[from]).hasImages();
            modalities.add(first);
            for (int i = from; i < from + MEGA_BATCH; i++) {
                assertThat(samples.get(order[i]).hasImages()).isEqualTo(first);
            }
        }
        assertThat(modalities).filteredOn(image -> image).hasSize(6);
        assertThat(modalities.subList(0, 6)).as("mega-batches are shuffled").contains(true, false);
        assertThat(IntStream.range(96, 100).allMatch(i -> samples.get(order[i]).hasImages()))
                .isTrue();
    }

    @Test
    void largerPoolGivesMegaBatchesOfMoreSimilarLength() {
        ConversationDataset samples = samples(300);
        int ofMegaBatches = spread(samples, order(new ModalityGroupedDataset(samples, MEGA_BATCH, 1), 42, 0));
        int ofPools = spread(samples, order(new ModalityGroupedDataset(samples, MEGA_BATCH, 10 * MEGA_BATCH), 42, 0));
        assertThat(ofPools).isGreaterThan(0).isLessThan(ofMegaBatches / 3);
    }

    /** Sum of the differences between the longest and the shortest sample of each mega-batch. */
    private static int spread(ConversationDataset samples, int[] order) {
        int sum = 0;
        for (int from = 0; from + MEGA_BATCH <= order.length; from += MEGA_BATCH) {
            int[] lengths = IntStream.range(from, from + MEGA_BATCH)
                    .map(i -> Math.abs(samples.modalityLength(order[i])))
                    .sorted()
                    .toArray();
            sum += lengths[MEGA_BATCH - 1] - lengths[0];
        }
        return sum;
    }

    @Test
    void seedAndEpochDetermineOrder() {
        int[] order = order(new ModalityGroupedDataset(samples(100), MEGA_BATCH, 30), 42, 1);
        assertThat(order(new ModalityGroupedDataset(samples(100), MEGA_BATCH, 30), 42, 1))
                .isEqualTo(order);
        assertThat(order(new ModalityGroupedDataset(samples(100), MEGA_BATCH, 30), 42, 2))
                .isNotEqualTo(order);
        assertThat(order(new ModalityGroupedDataset(samples(100), MEGA_BATCH, 30), 43, 1))
                .isNotEqualTo(order);
    }

    @Test
    void dataLoaderResumesInTheMiddleOfAnEpoch() {
        LlavaBatchIterator whole = loader(samples(50));
        whole.reset();
        List<BatchCursor> cursors = new ArrayList<>();
        List<List<Integer>> batches = new ArrayList<>();
        while (whole.hasNext()) {
            cursors.add(whole.cursor());
            batches.add(whole.nextPlan().rows());
        }
        assertThat(batches).hasSize(whole.batchesPerEpoch());
        for (int i = 0; i < batches.size(); i++) {
            LlavaBatchIterator resumed = loader(samples(50));
            resumed.seek(cursors.get(i));
            List<List<Integer>> rest = new ArrayList<>();
            while (resumed.hasNext()) {
                rest.add(resumed.nextPlan().rows());
            }
            assertThat(rest).isEqualTo(batches.subList(i, batches.size()));
        }
    }

    @Test
    void weightedMixtureIsGroupedWithItsRepetitions() {
        ConversationDataset mixture = new WeightedMixture(List.of(samples(90), samples(10)), List.of(0.5, 0.5));
        int[] plain = order(mixture, 42, 3);
        int[] grouped = order(new ModalityGroupedDataset(mixture, MEGA_BATCH, 1), 42, 3);
        assertThat(grouped).isNotEqualTo(plain);
        assertThat(IntStream.of(grouped).sorted().toArray())
                .isEqualTo(IntStream.of(plain).sorted().toArray());
    }

    @Test
    void lengthIsNumberOfWordsAndNegativeWithoutImage() {
        ConversationDataset samples = ConversationDataset.of(
                List.of(
                        sample("0", List.of("0.png"), "two words"),
                        sample("1", List.of(), "  three\nmore\twords "),
                        new Conversation("2", List.of(), List.of(Turn.human(" "), Turn.gpt("")))),
                Path.of("images"));
        assertThat(IntStream.range(0, 3).map(samples::modalityLength)).containsExactly(3, -4, -1);
        ConcatDataset twice = new ConcatDataset(List.of(samples, samples));
        assertThat(IntStream.range(0, 6).map(twice::modalityLength)).containsExactly(3, -4, -1, 3, -4, -1);
    }

    @Test
    void malformedSampleCountsAsTextAndChangedFileEndsTheRun() {
        Conversation valid = sample("0", List.of("0.png"), "word");
        ConversationDataset malformed = new ImageFolderDataset(
                3,
                number -> {
                    if (number == 1) {
                        throw new BadInputException("sample 1 is malformed");
                    }
                    return valid;
                },
                number -> "sample " + number,
                Path.of("images"));
        assertThat(order(new ModalityGroupedDataset(malformed, 1, 1), 42, 0)).contains(0, 1, 2);
        ConversationDataset changed = new ImageFolderDataset(
                1,
                number -> {
                    throw new FileChangedException("data.json was changed");
                },
                number -> "sample " + number,
                Path.of("images"));
        assertThatThrownBy(() -> new ModalityGroupedDataset(changed, 1, 1).order(42, 0))
                .isInstanceOf(FileChangedException.class);
        assertThatThrownBy(() -> new ModalityGroupedDataset(malformed, 0, 1)).isInstanceOf(BadInputException.class);
    }

    private static LlavaBatchIterator loader(ConversationDataset samples) {
        return new LlavaBatchIterator(
                new ModalityGroupedDataset(samples, MEGA_BATCH, 12),
                ENCODER,
                new BatchOptions(BATCH, ACCUMULATION, 42, 0, new CollatorOptions(3, 1000, 400)),
                image -> {},
                bad -> {});
    }

    private static int[] order(ConversationDataset samples, long seed, long epoch) {
        IntUnaryOperator order = samples.order(seed, epoch);
        return IntStream.range(0, samples.size()).map(order).toArray();
    }

    /** Samples of various lengths; two of five have an image. */
    private static ConversationDataset samples(int count) {
        List<Conversation> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<String> images = i % 5 < 2 ? List.of(i + ".png") : List.of();
            samples.add(sample("" + i, images, "word ".repeat(1 + i * 7 % 40)));
        }
        return ConversationDataset.of(samples, Path.of("images"));
    }

    private static Conversation sample(String id, List<String> images, String answer) {
        String question = images.isEmpty() ? "What?" : "<image>";
        return new Conversation(id, images, List.of(Turn.human(question), Turn.gpt(answer)));
    }
}
