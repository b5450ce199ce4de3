package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class VocabularyGrowthTest {
    private static final Path LLAMA = Golden.path("f_e2e/base_llm");

    @TempDir
    private Path temp;

    private Path folder;
    private Path out;

    @BeforeEach
    void writeLlama() throws IOException {
        folder = Files.createDirectory(temp.resolve("llama"));
        out = Files.createDirectory(temp.resolve("out"));
        for (String name : new String[] {"config.json", "tokenizer_config.json", "special_tokens_map.json"}) {
            Files.copy(LLAMA.resolve(name), folder.resolve(name));
        }
        Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
    }

    @Test
    void newRowsAreMeanOfOldRows() {
        VocabularyGrowth growth = VocabularyGrowth.of(folder, true);
        assertThat(growth.addedTokens())
                .isEqualTo(Map.of(
                        ImageStartEndTokens.PATCH,
                        1000,
                        ImageStartEndTokens.START,
                        1001,
                        ImageStartEndTokens.END,
                        1002));
        assertThat(growth.vocabSize()).isEqualTo(1003);
        INDArray table = Nd4j.randn(DataType.FLOAT, 1000, 8);
        INDArray extended = growth.grow(table);
        assertThat(extended.shape()).containsExactly(1003, 8);
        assertThat(extended.get(NDArrayIndex.interval(0, 1000), NDArrayIndex.all()))
                .isEqualTo(table);
        INDArray mean = table.castTo(DataType.DOUBLE).mean(0).castTo(DataType.FLOAT);
        for (int id = 1000; id < 1003; id++) {
            assertThat(extended.getRow(id).distance2(mean)).isLessThan(1e-6);
        }
    }

    @Test
    void tokenizerKeepsOldTokensAndAddsNewOnes() throws IOException {
        Files.writeString(folder.resolve("added_tokens.json"), "{\"[PAD]\": 1000}");
        VocabularyGrowth growth = VocabularyGrowth.of(folder, false);
        growth.writeTokenizer(out);
        LlamaTokenizer extended = LlamaTokenizer.load(out);
        assertThat(extended.piece(1000)).isEqualTo("[PAD]");
        assertThat(ImageStartEndTokens.of(extended, out)).isEqualTo(new ImageStartEndTokens(1001, 1002));
        assertThat(extended.encodeWithImages("<im_start><image><im_end>").length)
                .isEqualTo(4);
        assertThat(JsonInput.readObject(out.resolve("added_tokens.json")))
                .isEqualTo(JsonNodeFactory.instance
                        .objectNode()
                        .put("[PAD]", 1000)
                        .put("<im_start>", 1001)
                        .put("<im_end>", 1002));
        assertThat(JsonInput.readObject(out.resolve("tokenizer_config.json"))
                        .at("/added_tokens_decoder/1002/content")
                        .textValue())
                .as("newer readers use only this key if it exists")
                .isEqualTo("<im_end>");
        // [PAD] had no row, so its row is initialized to the mean as well.
        assertThat(growth.vocabSize()).isEqualTo(1003);
        assertThat(growth.grow(Nd4j.ones(DataType.FLOAT, 1000, 2)).getRow(1000).toFloatVector())
                .containsExactly(1, 1);
    }

    @Test
    void folderWithTokensStaysUnchanged() {
        VocabularyGrowth.of(folder, false).writeTokenizer(out);
        ObjectNode config = (ObjectNode) JsonInput.readObject(folder.resolve("config.json"));
        write(
                out.resolve("config.json"),
                config.put("vocab_size", VocabularyGrowth.of(folder, false).vocabSize()));
        VocabularyGrowth again = VocabularyGrowth.of(out, false);
        assertThat(again.addedTokens()).isEmpty();
        INDArray table = Nd4j.randn(DataType.FLOAT, 1002, 4);
        assertThat(again.grow(table)).isEqualTo(table);
    }

    @Test
    void paddingRowsAreUsedFirst() {
        ObjectNode config = (ObjectNode) JsonInput.readObject(folder.resolve("config.json"));
        write(folder.resolve("config.json"), config.put("vocab_size", 1024));
        VocabularyGrowth growth = VocabularyGrowth.of(folder, true);
        assertThat(growth.vocabSize()).isEqualTo(1024);
        INDArray table = Nd4j.ones(DataType.FLOAT, 1024, 3);
        table.get(NDArrayIndex.interval(1000, 1024), NDArrayIndex.all()).assign(9);
        INDArray extended = growth.grow(table);
        assertThat(extended.getRow(1002).toFloatVector()).containsExactly(1, 1, 1);
        assertThat(extended.getRow(1003).toFloatVector()).containsExactly(9, 9, 9);
    }

    @Test
    void growRejectsTableOfOtherSize() {
        assertThatThrownBy(() -> VocabularyGrowth.of(folder, true).grow(Nd4j.ones(DataType.FLOAT, 999, 3)))
                .isInstanceOf(BadInputException.class)
                .hasMessage(folder + ": \"vocab_size\" is 1000 but a table has 999 rows; use the config.json that came"
                        + " with these weights");
    }

    private static void write(Path file, ObjectNode json) {
        try {
            Files.writeString(file, json.toString());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void tokenizerJsonGetsNewTokens() throws IOException {
        Files.copy(Golden.path("j_transformers5/older_tokenizer/tokenizer.json"), folder.resolve("tokenizer.json"));
        int size = LlamaTokenizer.load(folder).size();
        VocabularyGrowth.of(folder, false).writeTokenizer(out);
        LlamaTokenizer extended = LlamaTokenizer.load(out);
        assertThat(ImageStartEndTokens.of(extended, out)).isEqualTo(new ImageStartEndTokens(size, size + 1));
        assertThat(extended.encodeWithImages("<im_start><image><im_end>"))
                .containsExactly(extended.bosId(), size, LlamaTokenizer.IMAGE_TOKEN_ID, size + 1);
    }
}
