package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.testing.Golden;

/**
 * Texts of a million characters without word boundaries, or with nothing else. Their encoding takes a second; an encoder that
 * is quadratic in the length of a word or of a run of spaces would take hours.
 */
class LongTextsTest {
    private static final int CHARS = 1_000_000;

    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "e_spm/tokenizer.model,a",
                "e_spm/tokenizer.model,theofand",
                "e_spm/tokenizer.model,\u2581",
                "e_spm/tokenizer.model,\uD83D\uDC68\u200D",
                "e_spm/tokenizer.model,</s>",
                "j_transformers5/llama,a",
                "j_transformers5/llama,theofand",
                "j_transformers5/llama,\u2581",
                "j_transformers5/llama,\uD83D\uDC68\u200D",
                "j_transformers5/llama,</s>"
            })
    void encodeTakesLinearWork(String tokenizer, String unit) {
        Path model = Golden.path(tokenizer);
        LlamaTokenizer encoder = LlamaTokenizer.load(model);
        int small = encoder.encodeText(unit.repeat(1000), false).length;
        int[] ids = encoder.encodeText(unit.repeat(CHARS / unit.length()), false);
        double expected = (double) small * CHARS / unit.length() / 1000;
        assertThat((double) ids.length).isBetween(0.9 * expected, 1.1 * expected);
    }
}
