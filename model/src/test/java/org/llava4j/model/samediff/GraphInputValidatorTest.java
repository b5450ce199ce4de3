package org.llava4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Invalid graph inputs, passed through {@link Llava} and through SameDiff itself. */
class GraphInputValidatorTest {
    private static Llava clip;
    private static Llava llama;

    @BeforeAll
    static void load() {
        Path tower = Golden.path("a_clip28");
        try (Checkpoint weights = Checkpoint.bare(tower)) {
            clip = Llava.buildClip(ClipConfig.read(tower), weights);
        }
        Path decoder = Golden.path("b_llama");
        try (Checkpoint weights = Checkpoint.bare(decoder)) {
            llama = Llava.buildLlama(LlamaConfig.read(decoder), weights);
        }
    }

    private static Map<String, INDArray> text() {
        Map<String, INDArray> in = new LinkedHashMap<>();
        in.put(Llava.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 5, 9}}));
        in.put(Llava.POSITIONS, Nd4j.createFromArray(0, 1, 2));
        in.put(Llava.ROW_STARTS, Nd4j.createFromArray(new int[] {0}));
        return in;
    }

    @Test
    void outputRejectsImageOfOtherSize() {
        Map<String, INDArray> in = Map.of(Llava.PIXEL_VALUES, Nd4j.ones(DataType.FLOAT, 1, 3, 56, 14));
        assertThatThrownBy(() -> clip.output(in, List.of(Llava.FEATURES)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"pixel_values\" takes FLOAT[-1, 3, 28, 28]")
                .hasMessageContaining("is given FLOAT[1, 3, 56, 14]");
        assertThatThrownBy(() -> clip.graph().output(in, Llava.FEATURES)).isInstanceOf(BadInputException.class);
        assertThat(clip.output(
                        Map.of(Llava.PIXEL_VALUES, Nd4j.ones(DataType.FLOAT, 2, 3, 28, 28)), List.of(Llava.FEATURES)))
                .containsKey(Llava.FEATURES);
    }

    /** The row starts have no declared shape, because those of a packed batch have two axes. */
    @Test
    void outputRejectsRowStartsOfOtherTypeAndShape() {
        Map<String, INDArray> in = text();
        in.put(Llava.ROW_STARTS, Nd4j.createFromArray(0f));
        assertThatThrownBy(() -> llama.output(in, List.of("logits")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"row_starts\" takes INT but is given FLOAT[1]");
        in.put(Llava.ROW_STARTS, Nd4j.createFromArray(0, 1, 2).reshape(1, 3));
        assertThatThrownBy(() -> llama.output(in, List.of("logits")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("segments of a packed batch are [S, 2], but are [1, 3]");
    }

    @Test
    void outputNamesMissingPlaceholderWithItsShape() {
        Map<String, INDArray> in = text();
        in.remove(Llava.INPUT_IDS);
        assertThatThrownBy(() -> llama.output(in, List.of("logits")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"input_ids\" (INT[-1, -1])");
        assertThat(llama.output(text(), List.of("logits")))
                .as("targets are needed only for the loss")
                .hasSize(1);
        assertThatThrownBy(() -> llama.output(text(), List.of(Llava.LOSS)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("target_rows")
                .hasMessageContaining("targets");
    }

    @Test
    void gradientsRejectMissingPlaceholder() {
        llama.setTrainable(name -> name.startsWith("lm_head"));
        assertThatThrownBy(() -> llama.gradients(text(), llama.trainableNames()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("target_rows");
        llama.setTrainable(name -> false);
    }

    /** SameDiff would cast an array of another type and close the caller's. */
    @Test
    void outputRejectsOtherDataTypeAndUnknownName() {
        Map<String, INDArray> in = text();
        in.put(Llava.INPUT_IDS, Nd4j.createFromArray(new float[][] {{1, 5, 9}}));
        assertThatThrownBy(() -> llama.output(in, List.of("logits")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"input_ids\" takes INT[-1, -1] but is given FLOAT[1, 3]");
        Map<String, INDArray> unknown = text();
        unknown.put("attention_mask", Nd4j.ones(1, 3));
        assertThatThrownBy(() -> llama.output(unknown, List.of("logits")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no placeholder \"attention_mask\"")
                .hasMessageContaining("input_ids, positions");
    }
}
