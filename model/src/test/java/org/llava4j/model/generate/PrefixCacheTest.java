package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.weights.WeightDtype;

/** A prompt that begins like an earlier one gets the same tokens from the part that is new. */
class PrefixCacheTest {
    private static final long ENOUGH = 1L << 30;
    private static final int NEW_TOKENS = 20;

    private final Random random = new Random(4);

    @TempDir
    private Path temp;

    private static ContinuousBatchingScheduler text(String name, WeightDtype type, long maxCacheBytes) {
        return GoldenModel.text(name, type).scheduler(maxCacheBytes);
    }

    private static ContinuousBatchingScheduler images(long maxCacheBytes) {
        return GoldenModel.images().scheduler(maxCacheBytes);
    }

    private int[] tokens(int count) {
        return random.ints(count, 3, 128).toArray();
    }

    private static int[] join(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    private static Generation submit(ContinuousBatchingScheduler scheduler, int[] ids, ImageRef... images) {
        return scheduler.submit(new Prompt(ids, List.of(images)), TokenComparison.greedy(NEW_TOKENS), token -> true);
    }

    private static Generation generate(ContinuousBatchingScheduler scheduler, int[] ids, ImageRef... images) {
        Generation generation = submit(scheduler, ids, images);
        scheduler.await(generation);
        return generation;
    }

    private ImageRef image(String name) throws Exception {
        return ImageRef.of(Files.writeString(temp.resolve(name), name));
    }

    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void nextQuestionOfConversationGetsSameTokens(WeightDtype type) {
        for (String name : List.of("b_llama", "b_llama_gqa")) {
            ContinuousBatchingScheduler cached = text(name, type, ENOUGH);
            ContinuousBatchingScheduler whole = text(name, type, 0);
            int[] conversation = tokens(40);
            for (int question = 0; question < 4; question++) {
                Generation answer = generate(cached, conversation);
                new TokenComparison(type).check(answer, generate(whole, conversation), name + ", question " + question);
                // The last token of an answer is never fed to the model.
                int known = question == 0 ? 0 : conversation.length - 5 - 1;
                assertThat(answer.cachedTokens()).isEqualTo(known);
                conversation = join(conversation, answer.newTokenIds(), tokens(5));
            }
        }
    }

    @Test
    void samePromptIsReusedExceptItsLastToken() {
        ContinuousBatchingScheduler cached = text("b_llama", WeightDtype.FP32, ENOUGH);
        int[] prompt = tokens(30);
        int[] first = generate(cached, prompt).newTokenIds();
        Generation again = generate(cached, prompt);
        assertThat(again.newTokenIds()).isEqualTo(first);
        assertThat(again.cachedTokens()).isEqualTo(29);
    }

    @Test
    void branchesOfConversationReuseTheirCommonPart() {
        ContinuousBatchingScheduler cached = text("b_llama", WeightDtype.FP32, ENOUGH);
        ContinuousBatchingScheduler whole = text("b_llama", WeightDtype.FP32, 0);
        int[] common = tokens(50);
        generate(cached, join(common, tokens(9)));
        List<int[]> branches =
                IntStream.range(1, 6).mapToObj(i -> join(common, tokens(i * 3))).toList();
        List<Generation> together =
                branches.stream().map(ids -> submit(cached, ids)).toList();
        together.forEach(cached::await);
        for (int i = 0; i < branches.size(); i++) {
            assertThat(together.get(i).newTokenIds())
                    .isEqualTo(generate(whole, branches.get(i)).newTokenIds());
            assertThat(together.get(i).cachedTokens()).isGreaterThanOrEqualTo(common.length);
        }
    }

    @Test
    void shortPrefixIsNotReused() {
        ContinuousBatchingScheduler cached = text("b_llama", WeightDtype.FP32, ENOUGH);
        int[] common = tokens(15);
        generate(cached, join(common, new int[] {200}, tokens(9)));
        assertThat(generate(cached, join(common, new int[] {201}, tokens(9))).cachedTokens())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1000})
    void nothingIsCachedWithoutMemory(long maxBytes) {
        ContinuousBatchingScheduler scheduler = text("b_llama", WeightDtype.FP32, maxBytes);
        int[] prompt = tokens(30);
        generate(scheduler, prompt);
        assertThat(generate(scheduler, prompt).cachedTokens()).isZero();
    }

    @Test
    void leastRecentlyUsedIsRemovedFirst() {
        // Keys and values of 64 tokens in 4 layers of width 64.
        long one = 2L * 4 * 64 * 64 * Float.BYTES;
        ContinuousBatchingScheduler scheduler = text("b_llama", WeightDtype.FP32, 2 * one);
        int[] a = tokens(30);
        int[] b = tokens(30);
        int[] c = tokens(30);
        generate(scheduler, a);
        generate(scheduler, b);
        assertThat(generate(scheduler, a).cachedTokens()).isEqualTo(29);
        generate(scheduler, c);
        assertThat(generate(scheduler, a).cachedTokens()).isEqualTo(29);
        assertThat(generate(scheduler, c).cachedTokens()).isEqualTo(29);
        assertThat(generate(scheduler, b).cachedTokens()).isZero();
    }

    @Test
    void anotherQuestionAboutSameImageReusesIt() throws Exception {
        int[] begin = join(tokens(6), new int[] {LlamaTokenizer.IMAGE_TOKEN_ID}, tokens(3));
        int[] first = join(begin, tokens(4));
        int[] second = join(begin, tokens(7));
        ImageRef image = image("0.png");
        ContinuousBatchingScheduler cached = images(ENOUGH);
        int[] expected = generate(images(0), second, image).newTokenIds();
        generate(cached, first, image);
        Generation again = generate(cached, second, image);
        assertThat(again.newTokenIds()).isEqualTo(expected);
        assertThat(again.cachedTokens()).isEqualTo(6 + 16 + 3);

        ImageRef other = image("1.png");
        Generation others = generate(cached, second, other);
        assertThat(others.cachedTokens()).isZero();
        assertThat(others.newTokenIds())
                .isEqualTo(generate(images(0), second, other).newTokenIds())
                .isNotEqualTo(expected);
    }

    @Test
    void changedImageFileIsReadAgain() throws Exception {
        int[] prompt = join(tokens(6), new int[] {LlamaTokenizer.IMAGE_TOKEN_ID}, tokens(3));
        ContinuousBatchingScheduler cached = images(ENOUGH);
        ImageRef image = image("0.png");
        generate(cached, prompt, image);
        Files.writeString(temp.resolve("0.png"), "another image");
        assertThat(generate(cached, prompt, image).cachedTokens()).isZero();
    }

    @Test
    void imageAfterCachedTextIsPrefilledAtItsPosition() throws Exception {
        int[] text = tokens(20);
        int[] first = join(text, new int[] {LlamaTokenizer.IMAGE_TOKEN_ID}, tokens(3));
        int[] second = join(first, tokens(4), new int[] {LlamaTokenizer.IMAGE_TOKEN_ID}, tokens(5));
        ContinuousBatchingScheduler cached = images(ENOUGH);
        ImageRef one = image("0.png");
        ImageRef another = image("1.png");
        generate(cached, join(text, tokens(5)));
        Generation withImage = generate(cached, first, one);
        assertThat(withImage.cachedTokens()).isEqualTo(20);
        assertThat(withImage.newTokenIds())
                .isEqualTo(generate(images(0), first, one).newTokenIds());
        Generation withTwo = generate(cached, second, one, another);
        assertThat(withTwo.cachedTokens()).isEqualTo(20 + 16 + 3);
        assertThat(withTwo.newTokenIds())
                .isEqualTo(generate(images(0), second, one, another).newTokenIds());
    }
}
