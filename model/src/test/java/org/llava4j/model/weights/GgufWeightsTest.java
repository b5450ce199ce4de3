package org.llava4j.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.testing.GgufBuilder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class GgufWeightsTest {
    private static final String BLOCK = "blk.0.";
    private static final String LAYER = "model.layers.0.";
    private static final String TOWER = Llava.TOWER_PREFIX + "vision_model.";

    @TempDir
    private Path temp;

    private GgufWeights open(GgufBuilder builder) {
        return GgufWeights.open(builder.write(temp.resolve("model.gguf")));
    }

    private static GgufBuilder decoder() {
        return new GgufBuilder().integer("llama.attention.head_count", 2).integer("llama.attention.head_count_kv", 1);
    }

    private static float[] firstColumn(INDArray matrix) {
        return matrix.getColumn(0).castTo(DataType.FLOAT).toFloatVector();
    }

    @Test
    void tensorsHaveTheNamesOfLlava() {
        GgufBuilder builder = decoder().range("token_embd.weight", 1, 1).range("output_norm.weight", 1);
        for (String name :
                new String[] {"attn_norm", "ffn_norm", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
            builder.range(BLOCK + name + ".weight", 1, 1);
        }
        try (GgufWeights weights = open(builder.range("output.weight", 1, 1).range("rope_freqs.weight", 1))) {
            assertThat(weights.tensors())
                    .containsOnlyKeys(
                            "model.embed_tokens.weight",
                            "model.norm.weight",
                            "lm_head.weight",
                            LAYER + "input_layernorm.weight",
                            LAYER + "post_attention_layernorm.weight",
                            LAYER + "self_attn.v_proj.weight",
                            LAYER + "self_attn.o_proj.weight",
                            LAYER + "mlp.gate_proj.weight",
                            LAYER + "mlp.up_proj.weight",
                            LAYER + "mlp.down_proj.weight",
                            "rope_freqs.weight");
            assertThat(weights.tensors().values()).extracting(TensorInfo::name).contains("lm_head.weight");
        }
    }

    @Test
    void readRestoresTheRowsOfQueryAndKey() {
        try (GgufWeights weights = open(decoder()
                .range(BLOCK + "attn_q.weight", 8, 1)
                .range(BLOCK + "attn_k.weight", 8, 1)
                .range(BLOCK + "attn_v.weight", 8, 1))) {
            String query = LAYER + "self_attn.q_proj.weight";
            assertThat(firstColumn(weights.read(query))).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
            assertThat(firstColumn(weights.read(query, DataType.HALF))).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
            assertThat(firstColumn(weights.read(LAYER + "self_attn.k_proj.weight")))
                    .containsExactly(0, 2, 4, 6, 1, 3, 5, 7);
            assertThat(firstColumn(weights.read(LAYER + "self_attn.v_proj.weight")))
                    .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
            assertThat(weights.map(query, DataType.FLOAT)).isNull();
            assertThat(weights.map(LAYER + "self_attn.v_proj.weight", DataType.FLOAT))
                    .isNotNull();
        }
    }

    @Test
    void readMovesRowsOfBlocksWhole() {
        byte[] blocks = new byte[4 * 18];
        for (int row = 0; row < 4; row++) {
            blocks[row * 18 + 5] = (byte) row;
        }
        try (GgufWeights weights = open(decoder().tensor(BLOCK + "attn_k.weight", GgufBuilder.Q4_0, blocks, 4, 32))) {
            INDArray ordered = weights.read(LAYER + "self_attn.k_proj.weight");
            assertThat(ordered.shape()).containsExactly(4, 1, 18);
            int[] order = {0, 2, 1, 3};
            for (int row = 0; row < 4; row++) {
                assertThat(ordered.getInt(row, 0, 5)).isEqualTo(order[row]);
            }
        }
    }

    @Test
    void readRejectsRowsThatHeadsCannotShare() {
        try (GgufWeights weights = open(decoder().range(BLOCK + "attn_q.weight", 6, 1))) {
            assertThatThrownBy(() -> weights.read(LAYER + "self_attn.q_proj.weight"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContainingAll("blk.0.attn_q.weight", "6 rows", "2 heads");
        }
    }

    @Test
    void exchangedLayersOfTheMlpAreToldByShape() {
        for (boolean exchanged : new boolean[] {false, true}) {
            String first = exchanged ? "ffn_down" : "ffn_up";
            String second = exchanged ? "ffn_up" : "ffn_down";
            try (GgufWeights weights = open(new GgufBuilder()
                    .range("v.blk.1." + first + ".weight", 8, 2)
                    .range("v.blk.1." + first + ".bias", 8)
                    .range("v.blk.1." + second + ".weight", 2, 8)
                    .range("v.blk.1." + second + ".bias", 2))) {
                String mlp = TOWER + "encoder.layers.1.mlp.";
                assertThat(weights.tensors().get(mlp + "fc1.weight").shape()).containsExactly(8, 2);
                assertThat(weights.tensors().get(mlp + "fc1.bias").shape()).containsExactly(8);
                assertThat(weights.tensors().get(mlp + "fc2.weight").shape()).containsExactly(2, 8);
                assertThat(weights.tensors().get(mlp + "fc2.bias").shape()).containsExactly(2);
            }
        }
    }

    @Test
    void projectorHasOneOrTwoLayers() {
        try (GgufWeights two = open(new GgufBuilder().range("mm.0.weight", 2, 2).range("mm.2.weight", 2, 2))) {
            assertThat(two.tensors()).containsOnlyKeys("model.mm_projector.0.weight", "model.mm_projector.2.weight");
        }
        for (String name : new String[] {"mm.0.", "mm."}) {
            try (GgufWeights one =
                    open(new GgufBuilder().range(name + "weight", 2, 2).range(name + "bias", 2))) {
                assertThat(one.tensors()).containsOnlyKeys("model.mm_projector.weight", "model.mm_projector.bias");
            }
        }
    }

    @Test
    void openRejectsTwoTensorsOfOneWeight() {
        assertThatThrownBy(
                        () -> open(new GgufBuilder().range("mm.0.weight", 2, 2).range("mm.weight", 2, 2)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("model.gguf", "model.mm_projector.weight", "mm.weight");
    }
}
