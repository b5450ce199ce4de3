package org.llava4j.model.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlamaConfig;

class LoraConfigTest {
    private static final LlamaConfig DECODER = new LlamaConfig(60, 24, 2, 4, 2, 56, 1e-5, 10000, 1, false);

    @Test
    void defaultTargetsAreAllLinearLayersExceptHead() {
        assertThat(LoraConfig.LLAVA.targetsIn(DECODER))
                .hasSize(14)
                .contains("model.layers.1.mlp.down_proj.weight", "model.layers.0.self_attn.o_proj.weight");
        LoraConfig few = new LoraConfig(2, 4, 0, List.of("model\\.layers\\.1\\..*q_proj\\.weight"));
        assertThat(few.targetsIn(DECODER)).containsExactly("model.layers.1.self_attn.q_proj.weight");
        assertThat(few.scale()).isEqualTo(2);
    }

    @Test
    void targetsOfMatchExactlyTheWeights() {
        List<String> weights = List.of(
                "model.layers.0.self_attn.q_proj.weight",
                "model.layers.1.self_attn.q_proj.weight",
                "model.layers.1.mlp.up_proj.weight");
        List<String> targets = LoraConfig.targetsOf(weights, DECODER);
        assertThat(targets)
                .containsExactly(
                        "model\\.layers\\.\\d+\\.self_attn\\.q_proj\\.weight",
                        "model\\.layers\\.1\\.mlp\\.up_proj\\.weight");
        assertThat(new LoraConfig(1, 1, 0, targets).targetsIn(DECODER)).containsExactlyInAnyOrderElementsOf(weights);
    }

    @Test
    void loraNamesDeriveFromWeightNames() {
        String a = LoraConfig.nameOfA("model.layers.0.self_attn.q_proj.weight");
        assertThat(a).isEqualTo("model.layers.0.self_attn.q_proj.lora_A.weight");
        assertThat(LoraConfig.targetOf(a)).isEqualTo("model.layers.0.self_attn.q_proj.weight");
        assertThat(LoraConfig.isLora("model.norm.weight")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | 1 | 0 | .*weight | \"rank\" of \"lora\" is 0; give 1 or more",
                "1 | 0 | 0 | .*weight | \"alpha\" of \"lora\" is 0.0; give a number above 0",
                "1 | NaN | 0 | .*weight | \"alpha\" of \"lora\" is NaN",
                "1 | 1 | 1 | .*weight | \"dropout\" of \"lora\" is 1.0; give 0 or more, and less than 1",
                "1 | 1 | -0.1 | .*weight | \"dropout\" of \"lora\" is -0.1",
                "1 | 1 | 0 | (a | which is not a regular expression",
            })
    void constructorRejectsInvalidValues(int rank, double alpha, double dropout, String target, String message) {
        assertThatThrownBy(() -> new LoraConfig(rank, alpha, dropout, List.of(target)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({"lm_head.weight", "q_proj", "model.mm_projector.weight", "model.layers.9.self_attn.q_proj.weight"})
    void targetsInRejectsUnmatchedTarget(String target) {
        LoraConfig config = new LoraConfig(1, 1, 0, List.of(".*up_proj.weight", target));
        assertThatThrownBy(() -> config.targetsIn(DECODER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("has \"" + target + "\", which matches no linear layer");
    }

    @Test
    void constructorRejectsMissingTargets() {
        assertThatThrownBy(() -> new LoraConfig(1, 1, 0, List.of())).hasMessageContaining("\"targets\" of \"lora\"");
    }
}
