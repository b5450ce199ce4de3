package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.testing.Golden;

/** Parsing of LLaVA configs and rejection of unknown values. */
class LlavaConfigTest {
    private static final Path TOWER = Golden.path("a_clip56");

    @TempDir
    private Path temp;

    private LlavaConfig with(String key, String value) throws IOException {
        ObjectNode json =
                (ObjectNode) JsonInput.readObject(Golden.path("c_llava_linear").resolve("config.json"));
        json.put(key, value);
        Files.writeString(temp.resolve("config.json"), json.toString());
        return LlavaConfig.read(temp, TOWER);
    }

    @Test
    void readParsesAspectRatioAndPadding() throws IOException {
        assertThat(with("image_aspect_ratio", "pad").padToSquare()).isTrue();
        assertThat(with("image_aspect_ratio", "square").padToSquare()).isFalse();
        assertThat(with("tokenizer_padding_side", "left").padLeft()).isTrue();
        assertThat(with("tokenizer_padding_side", "right").padLeft()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "image_aspect_ratio, anyres",
        "tokenizer_padding_side, both",
        "mm_projector_type, mlp3x_gelu",
        "mm_vision_select_feature, cls"
    })
    void readRejectsUnknownValues(String key, String value) {
        assertThatThrownBy(() -> with(key, value))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(temp.resolve("config.json") + ": ")
                .hasMessageContaining(key)
                .hasMessageContaining(value)
                .hasMessageNotContaining("\n");
    }
}
