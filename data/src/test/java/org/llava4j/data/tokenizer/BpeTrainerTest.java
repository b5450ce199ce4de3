package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

class BpeTrainerTest {
    private static final int SIZE = 300;

    @TempDir
    private Path temp;

    private static Stream<String> corpus() {
        return IntStream.range(0, 50).mapToObj(i -> "the warm water and the cold water weigh " + i * 7 + " grams");
    }

    private LlamaTokenizer written(SentencePieceModel model) throws IOException {
        return LlamaTokenizer.load(Files.write(temp.resolve("tokenizer.model"), SentencePieceWriter.bytes(model)));
    }

    @Test
    void trainedModelRoundTripsTexts() throws IOException {
        LlamaTokenizer tokenizer = written(BpeTrainer.train(corpus(), SIZE));
        assertThat(tokenizer.size()).isEqualTo(SIZE);
        for (String text :
                List.of("the cold water", "weigh 700 grams", "unseen: \u00e9\u4f60\ud83d\ude00 Z", "a  b\nc")) {
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void trainMergesFrequentWordsButNotDigits() throws IOException {
        LlamaTokenizer tokenizer = written(BpeTrainer.train(corpus(), SIZE));
        assertThat(tokenizer.encode("water")).hasSize(1);
        int[] digits = tokenizer.encode("343");
        assertThat(digits[digits.length - 1]).isEqualTo(digits[digits.length - 3]);
    }

    @Test
    void trainIsDeterministic() {
        assertThat(SentencePieceWriter.bytes(BpeTrainer.train(corpus(), SIZE)))
                .isEqualTo(SentencePieceWriter.bytes(BpeTrainer.train(corpus(), SIZE)));
    }

    @Test
    void trainRejectsImpossibleSize() {
        assertThatThrownBy(() -> BpeTrainer.train(corpus(), 260))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("use at least");
        assertThatThrownBy(() -> BpeTrainer.train(corpus(), 5000))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("more text");
    }
}
