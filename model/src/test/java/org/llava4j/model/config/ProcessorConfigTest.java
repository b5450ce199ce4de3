package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.testing.Golden;

/** {@code processor_config.json} of transformers 5, and contradictions between it and the files beside it. */
class ProcessorConfigTest {
    private static final Path LLAVA = Golden.path("j_transformers5/llava");
    private static final String PROCESSOR = "processor_config.json";
    private static final String PREPROCESSOR = "preprocessor_config.json";
    private static final String CONFIG = "config.json";

    @TempDir
    private Path folder;

    @BeforeEach
    void copyConfigs() throws IOException {
        for (String name : new String[] {CONFIG, PROCESSOR}) {
            Files.copy(LLAVA.resolve(name), folder.resolve(name));
        }
    }

    /** Sets a key of a JSON file, with a dot for nested keys. */
    private void set(String name, String key, String value) throws IOException {
        ObjectNode json = (ObjectNode) JsonInput.readObject(folder.resolve(name));
        String[] path = key.split("\\.");
        JsonNode node = JsonInput.tree(value.getBytes(StandardCharsets.UTF_8));
        (path.length == 1 ? json : (ObjectNode) json.get(path[0])).set(path[path.length - 1], node);
        Files.writeString(folder.resolve(name), json.toString());
    }

    private void writePreprocessor() throws IOException {
        JsonNode nested = JsonInput.readObject(folder.resolve(PROCESSOR)).get("image_processor");
        Files.writeString(folder.resolve(PREPROCESSOR), nested.toString());
    }

    @Test
    void readTakesImageSettingsOfProcessorConfig() throws IOException {
        set(PROCESSOR, "image_processor.rescale_factor", "0.0078125");
        assertThat(ClipPreprocessing.read(folder).rescaleFactor()).isEqualTo(1 / 128.0);
        assertThat(LlavaConfig.read(folder, null)).isEqualTo(LlavaConfig.read(LLAVA, null));
        assertThat(ConfigWarnings.in(folder)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "patch_size                    | 16     | \"patch_size\" is 16",
                "patch_size                    | \"14\" | \"patch_size\" must be an integer, is \"14\"",
                "vision_feature_select_strategy | \"full\" | \"vision_feature_select_strategy\" is \"full\"",
                "num_additional_image_tokens   | 2      | \"num_additional_image_tokens\" is 2",
                "image_processor.crop_size     | {\"height\":28,\"width\":28} | \"image_processor.crop_size\" is 28",
                "image_processor               | \"CLIP\" | \"image_processor\" must be an object",
                "image_processor.do_resize     | false  | \"image_processor.do_resize\" is false"
            })
    void readRejectsProcessorThatContradictsConfig(String key, String value, String message) throws IOException {
        set(PROCESSOR, key, value);
        assertThatThrownBy(() -> LlavaConfig.read(folder, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(folder.resolve(PROCESSOR) + ": " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vision_config.image_size | 112 | image_size of 112",
                "vision_config.patch_size | 28  | has 28",
                "vision_feature_select_strategy | \"full\" | has \"full\""
            })
    void readRejectsConfigThatContradictsProcessor(String key, String value, String message) throws IOException {
        set(CONFIG, key, value);
        assertThatThrownBy(() -> LlavaConfig.read(folder, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(
                        folder.resolve(PROCESSOR).toString(),
                        folder.resolve(CONFIG).toString(),
                        message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "crop_size | 28 | crop_size",
                "size | 64 | size",
                "image_mean | [0.5,0.5,0.5] | image_mean",
                "image_std | [0.5,0.5,0.5] | image_std",
                "rescale_factor | 0.0078125 | rescale_factor"
            })
    void readRejectsPreprocessorBesideThatDiffers(String key, String value, String named) throws IOException {
        writePreprocessor();
        assertThat(LlavaConfig.read(folder, null)).isEqualTo(LlavaConfig.read(LLAVA, null));
        set(PREPROCESSOR, key, value);
        assertThatThrownBy(() -> LlavaConfig.read(folder, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(folder.resolve(PROCESSOR) + ": \"image_processor." + named + "\" is ")
                .hasMessageContaining(" but " + folder.resolve(PREPROCESSOR) + " has ");
    }

    /** As in folders of versions 4, whose image settings are in the other file. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"patch_size\":14,\"processor_class\":\"LlavaProcessor\",\"num_additional_image_tokens\":1}",
                "{\"patch_size\":null,\"vision_feature_select_strategy\":null,\"chat_template\":\"{{ messages }}\"}",
                "{\"image_token\":\"<image>\",\"image_processor\":null,\"num_additional_image_tokens\":0}"
            })
    void readAcceptsProcessorWithoutImageSettings(String processor) throws IOException {
        writePreprocessor();
        Files.writeString(folder.resolve(PROCESSOR), processor);
        assertThat(LlavaConfig.read(folder, null)).isEqualTo(LlavaConfig.read(LLAVA, null));
        assertThat(ConfigWarnings.in(folder)).isEmpty();
        set(PREPROCESSOR, "crop_size", "28");
        assertThatThrownBy(() -> LlavaConfig.read(folder, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(folder.resolve(PREPROCESSOR) + ": \"crop_size\" is 28 but "
                        + folder.resolve(CONFIG) + " has an image_size of 56");
    }

    @Test
    void readReportsUnknownKeysOfProcessorConfig() throws IOException {
        set(PROCESSOR, "novel", "1");
        set(PROCESSOR, "image_processor.newer", "1");
        LlavaConfig.read(folder, null);
        assertThat(ConfigWarnings.in(folder))
                .singleElement()
                .asString()
                .startsWith(folder.resolve(PROCESSOR) + ": unknown keys \"image_processor.newer\", \"novel\"");
    }

    /** A bare tower has no nested config; a processor of CLIP has no patch size. */
    @Test
    void bareTowerRejectsPreprocessorOfOtherSize() throws IOException {
        for (String name : new String[] {CONFIG, PREPROCESSOR}) {
            Files.deleteIfExists(folder.resolve(name));
            Files.copy(Golden.path("j_transformers5/clip").resolve(name), folder.resolve(name));
        }
        Files.delete(folder.resolve(PROCESSOR));
        assertThat(ClipConfig.read(folder)).isEqualTo(ClipConfig.read(Golden.path("j_transformers5/clip")));
        set(PREPROCESSOR, "crop_size", "28");
        assertThatThrownBy(() -> ClipConfig.read(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"crop_size\" is 28 but " + folder.resolve(CONFIG) + " has an image_size of 56");
    }

    @Test
    void eitherKeyTiesHead() throws IOException {
        assertThat(LlavaConfig.read(folder, null).decoder().tiedEmbeddings()).isFalse();
        set(CONFIG, "text_config.tie_word_embeddings", "true");
        assertThat(LlavaConfig.read(folder, null).decoder().tiedEmbeddings()).isTrue();
        set(CONFIG, "text_config.tie_word_embeddings", "false");
        set(CONFIG, "tie_word_embeddings", "true");
        assertThat(LlavaConfig.read(folder, null).decoder().tiedEmbeddings()).isTrue();
    }
}
