package org.llava4j.train.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.train.stage.RecipeTable.Row;

class RecipeTableTest {
    @ParameterizedTest
    @ValueSource(strings = {"pretrain", "finetune-lora", "finetune-scienceqa", "tiny-finetune"})
    void shippedStageHasARowForEachValueAndNoChange(String name) {
        Stage stage = Stages.named(name);
        RecipeTable table = RecipeTable.of(stage);
        assertThat(table.shipped()).isEqualTo(name);
        assertThat(table.rows()).extracting(Row::shippedValue).containsOnlyNulls();
        TreeSet<String> keys = new TreeSet<>();
        for (Map.Entry<String, JsonNode> entry : Stages.tree(stage).properties()) {
            if (entry.getValue().isObject()) {
                entry.getValue().fieldNames().forEachRemaining(inner -> keys.add(entry.getKey() + "." + inner));
            } else {
                keys.add(entry.getKey());
            }
        }
        assertThat(table.rows()).extracting(Row::key).containsExactlyInAnyOrderElementsOf(keys);
        assertThat(table.rows().stream().map(Row::group).distinct())
                .containsExactly("stage", "data", "model", "optimizer", "schedule", "limits");
        assertThat(table.rows().stream().filter(row -> row.group().equals("stage")))
                .extracting(Row::key)
                .containsExactly("name", "seed");
    }

    @Test
    void valuesReadAsInTheFile() {
        RecipeTable table = RecipeTable.of(Stages.named("finetune-lora"));
        assertThat(row(table, "trainable").value())
                .containsExactly("model\\.mm_projector\\..+", ".+\\.lora_[AB]\\.weight");
        assertThat(row(table, "learningRate").text()).isEqualTo("2e-4");
        assertThat(row(table, "optimizer.eps").text()).isEqualTo("1e-8");
        assertThat(row(table, "optimizer.maxGradNorm").text()).isEqualTo("1");
        assertThat(row(table, "lora.dropout").text()).isEqualTo("0.05");
        assertThat(row(table, "dataFormat").text()).isEqualTo("conversations");
        assertThat(row(table, "imageAspectRatio").text()).isEqualTo("pad");
        assertThat(row(table, "split").text()).isEqualTo("none");
        assertThat(row(table, "noDecay").text()).isEqualTo("none");
        assertThat(row(table, "optimizer.beta1").group()).isEqualTo("optimizer");
        assertThat(row(table, "lora.rank").group()).isEqualTo("model");
    }

    @Test
    void changedValuesHaveThoseOfTheShippedStageBeside() {
        RecipeTable table = RecipeTable.of(Stages.with(
                Stages.named("finetune"), List.of("learningRate=3e-5", "optimizer.beta2=0.95", "trainable=[\".+\"]")));
        assertThat(table.rows().stream().filter(row -> row.shippedValue() != null))
                .extracting(Row::key, Row::text)
                .containsExactly(
                        tuple("trainable", ".+"), tuple("learningRate", "3e-5"), tuple("optimizer.beta2", "0.95"));
        assertThat(row(table, "learningRate").shippedValue()).containsExactly("2e-5");
    }

    @Test
    void removedLoraIsAChangeOfEachOfItsValues() {
        RecipeTable table = RecipeTable.of(Stages.with(Stages.named("finetune-lora"), List.of("lora=null")));
        assertThat(row(table, "lora.rank").text()).isEqualTo("none");
        assertThat(row(table, "lora.rank").shippedValue()).containsExactly("128");
        assertThat(row(table, "lora").shippedValue()).isNull();
    }

    @Test
    void stageWithOwnNameIsComparedToNone() {
        RecipeTable table =
                RecipeTable.of(Stages.with(Stages.named("finetune"), List.of("name=mine", "learningRate=3e-5")));
        assertThat(table.shipped()).isNull();
        assertThat(table.rows()).extracting(Row::shippedValue).containsOnlyNulls();
    }

    private static Row row(RecipeTable table, String key) {
        return table.rows().stream()
                .filter(row -> row.key().equals(key))
                .findFirst()
                .orElseThrow();
    }
}
