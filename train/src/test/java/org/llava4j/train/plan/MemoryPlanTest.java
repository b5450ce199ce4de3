package org.llava4j.train.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.memory.NativeMemory;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.train.plan.PlannedRun.TowerPlacement;

/** Memory plans of published models, from their configs alone. */
class MemoryPlanTest {
    private static final long GB = 1L << 30;
    private static final long TOWER = 303_179_776;
    private static final String CLIP = "openai/clip-vit-large-patch14";

    private static final String STAGE_1 = "model\\.(mm_projector\\..+|embed_tokens\\.image_slot)";
    private static final String STAGE_2 = "model\\.mm_projector\\..+|(model\\.(embed_tokens|layers|norm)|lm_head)\\..+";

    @TempDir
    private Path temp;

    private final MemoryPlanner planner = new MemoryPlanner();

    private LlavaConfig config(String name, boolean imageStartEnd) {
        ObjectNode config =
                (ObjectNode) Golden.json("g_layouts/" + name + ".json").get("config");
        config.put("mm_use_im_start_end", imageStartEnd);
        try {
            Path file = Files.writeString(temp.resolve(name + ".json"), config.toString());
            return LlavaConfig.readShapes(file, Path.of(CLIP));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private PlannedRun stage1(String name) {
        return run(config(name, false), STAGE_1);
    }

    private PlannedRun stage2(String name) {
        return run(config(name, false), STAGE_2);
    }

    private static PlannedRun run(LlavaConfig config, String trainable) {
        return new PlannedRun(
                config,
                null,
                name -> name.matches(trainable),
                TowerPlacement.SEPARATE,
                WeightDtype.FP32,
                4,
                512,
                0,
                1,
                false,
                8,
                GB / 4,
                GB,
                Map.of());
    }

    @ParameterizedTest
    @CsvSource({"vicuna-7b,6738415616,4198400", "vicuna-13b,13015864320,5248000"})
    void parameterCountsMatchPublishedModels(String name, long llama, long projector) {
        MemoryPlan first = planner.plan(stage1(name));
        assertThat(first.trainableParameters()).isEqualTo(projector);
        assertThat(first.frozenParameters()).isEqualTo(llama + TOWER);
        MemoryPlan second = planner.plan(stage2(name));
        assertThat(second.trainableParameters()).isEqualTo(llama + projector);
        assertThat(second.frozenParameters()).isEqualTo(TOWER);
        assertThat(second.weightBytes()).isEqualTo(4 * (llama + projector + TOWER));
        assertThat(second.gradientBytes()).isEqualTo(4 * (llama + projector));
        assertThat(second.optimizerBytes()).isEqualTo(8 * (llama + projector));
    }

    /** LLaVA-1.5's LoRA recipe on 7B: 320 million trainable parameters beside a decoder of 13 GB in 16 bits. */
    @Test
    void planCountsLoraBesideFrozenDecoder() {
        LoraConfig lora = new LoraConfig(128, 256, 0.05, LoraConfig.ALL_LINEAR);
        PlannedRun plain = stage1("vicuna-7b").withFrozenDtype(WeightDtype.BF16);
        MemoryPlan plan = planner.plan(new PlannedRun(
                plain.config(),
                lora,
                name -> name.matches(STAGE_1) || LoraConfig.isLora(name),
                TowerPlacement.SEPARATE,
                WeightDtype.BF16,
                4,
                512,
                0,
                1,
                false,
                8,
                GB / 4,
                GB,
                Map.of()));
        long added = 32L * 128 * (4 * 2 * 4096 + 3 * (4096 + 11008));
        MemoryPlan without = planner.plan(plain);
        assertThat(plan.trainableParameters()).isEqualTo(without.trainableParameters() + added);
        assertThat(plan.frozenParameters()).isEqualTo(without.frozenParameters());
        assertThat(plan.weightBytes()).isEqualTo(without.weightBytes() + 4 * added);
        assertThat(plan.optimizerBytes()).isEqualTo(without.optimizerBytes() + 8 * added);
        assertThat(plan.activationBytes()).isGreaterThan(without.activationBytes());
    }

    @Test
    void planCountsImageStartEndRowsOnce() {
        LlavaConfig plain = config("llava-13b-v0", false);
        LlavaConfig withRows = config("llava-13b-v0", true);
        MemoryPlan without = planner.plan(run(plain, STAGE_1));
        MemoryPlan with = planner.plan(run(withRows, STAGE_1));
        long rows = 2 * 5120;
        assertThat(with.trainableParameters()).isEqualTo(without.trainableParameters() + rows);
        assertThat(with.frozenParameters()).isEqualTo(without.frozenParameters() - rows);
        assertThat(with.weightBytes()).isEqualTo(without.weightBytes() + 4 * rows);
        assertThat(with.weightNames()).contains(ImageStartEndEmbeddings.NAME);
        MemoryPlan all = planner.plan(run(withRows, STAGE_2));
        assertThat(all.trainableParameters())
                .isEqualTo(planner.plan(run(plain, STAGE_2)).trainableParameters());
        assertThat(all.frozenParameters()).isEqualTo(TOWER);
        assertThat(all.gradientBytes()).isEqualTo(4 * (all.trainableParameters() + rows));
    }

    @Test
    void frozenMatricesIn16BitsTakeHalf() {
        PlannedRun run = stage1("vicuna-7b");
        long fp32 = planner.plan(run).weightBytes();
        long bf16 = planner.plan(run.withFrozenDtype(WeightDtype.BF16)).weightBytes();
        long projector = 4 * 4_198_400;
        long decoderNorms = 4 * 65 * 4096;
        // Patch embeddings have no bias, every other layer has one; class and position embeddings are not matrices.
        long towerVectors = 4L * (24 * (4 * 1024 + 4096 + 1024 + 4 * 1024) + 4 * 1024 + 1024 + 257 * 1024);
        long float32 = projector + decoderNorms + towerVectors;
        assertThat(bf16 - float32).isEqualTo((fp32 - float32) / 2);
        PlannedRun all = stage2("vicuna-7b");
        assertThat(planner.plan(all.withFrozenDtype(WeightDtype.BF16)).gradientBytes())
                .isEqualTo(planner.plan(all).gradientBytes());
    }

    /** Planned bytes are those of the arrays that a run loads. */
    @ParameterizedTest
    @EnumSource(names = {"BF16", "Q8", "Q4"})
    void weightBytesEqualThoseOfLoadedModel(WeightDtype type) {
        Path folder = Golden.path("c_llava_linear");
        Path tower = Golden.path("a_clip56");
        LlavaConfig config = LlavaConfig.read(folder, tower);
        long loaded;
        try (Checkpoint weights =
                Checkpoint.llava(folder, tower).withoutTower().withWeightDtype(type, name -> name.matches(STAGE_1))) {
            Llava model = Llava.build(config, weights, ImageInput.FEATURES);
            loaded = model.weightNames().stream()
                    .map(model::weight)
                    .mapToLong(weight -> weight.length() * weight.dataType().width())
                    .sum();
        }
        PlannedRun run = new PlannedRun(
                config,
                null,
                name -> name.matches(STAGE_1),
                TowerPlacement.NONE,
                type,
                4,
                512,
                0,
                1,
                false,
                8,
                GB / 4,
                GB,
                Map.of());
        assertThat(planner.plan(run).weightBytes()).isEqualTo(loaded);
    }

    @Test
    void quantizedDecoderIsSuggestedIfNothingElseFits() {
        MachineMemory machine = MachineMemory.of(12 * GB);
        MemoryPlan plan = planner.plan(stage1("vicuna-7b").withMaxLength(700));
        assertThat(Suggestion.thatFit(plan, machine))
                .isNotEmpty()
                .allSatisfy(suggestion -> assertThat(suggestion.description()).startsWith("--frozen-dtype q4"))
                .allSatisfy(suggestion ->
                        assertThat(planner.plan(suggestion.run()).fits(machine)).isTrue());
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void memoryGrowsWithBatchSizeAndLength(boolean trainDecoder) {
        PlannedRun run = trainDecoder ? stage2("vicuna-7b") : stage1("vicuna-7b");
        long before = 0;
        for (int batch = 1; batch <= 16; batch++) {
            MemoryPlan plan = planner.plan(run.withBatchSize(batch));
            assertThat(plan.activationBytes()).as("batch " + batch).isGreaterThan(before);
            assertThat(plan.peakBytes()).isGreaterThan(plan.neededBytes());
            before = plan.activationBytes();
        }
        before = 0;
        for (int length = 264; length <= 512; length += 8) {
            MemoryPlan plan = planner.plan(run.withMaxLength(length));
            assertThat(plan.neededBytes()).as("length " + length).isGreaterThan(before);
            before = plan.neededBytes();
        }
    }

    /**
     * Computed by hand for the 7B decoder with 4 sequences of 512: the arrays alive when the gradient of the last layer
     * begins.
     */
    @Test
    void activationsMatchArraysReadByGradients() {
        long rows = 4 * 512;
        long head = 2 * 4 * 256 * 32000L;
        long perLayer = rows * (5 * 4096 + 2 * 11008);
        long activations = planner.plan(stage1("vicuna-7b")).activationBytes();
        assertThat(activations).isBetween(4 * 32 * perLayer, 4 * (32 * perLayer + head + rows * 4 * 11008));
        long more = rows * (3 * 4096 + 11008);
        PlannedRun all = stage2("vicuna-7b");
        assertThat(planner.plan(all).activationBytes())
                .isBetween(4 * 32 * (perLayer + more), 4 * (32 * (perLayer + more) + head + rows * 4 * 11008));
    }

    @Test
    void gradientCheckpointingKeepsLayerInputsOnly() {
        for (PlannedRun run : List.of(stage1("vicuna-7b"), stage2("vicuna-7b"))) {
            MemoryPlan stored = planner.plan(run);
            MemoryPlan recomputed = planner.plan(run.withGradientCheckpointing(true));
            long rows = 4L * 512 * Float.BYTES;
            long inputs = 31 * rows * 4096;
            long oneLayer = rows * (16 * 4096 + 8 * 11008);
            assertThat(recomputed.activationBytes()).isBetween(inputs, inputs + oneLayer);
            assertThat(recomputed.activationBytes()).isLessThan(stored.activationBytes() / 4);
            assertThat(recomputed.weightBytes()).isEqualTo(stored.weightBytes());
            assertThat(recomputed.gradientBytes()).isEqualTo(stored.gradientBytes());
        }
    }

    @Test
    void suggestionsIncludeGradientCheckpointing() {
        PlannedRun run = stage1("vicuna-7b").withBatchSize(16).withMaxLength(2048);
        long between = (planner.plan(run).neededBytes()
                        + planner.plan(run.withGradientCheckpointing(true)).neededBytes())
                / 2;
        MachineMemory machine = MachineMemory.of((long) (between / NativeMemory.SHARE_OF_MACHINE));
        assertThat(planner.plan(run).fits(machine)).isFalse();
        assertThat(Suggestion.thatFit(planner.plan(run), machine))
                .extracting(Suggestion::description)
                .contains("--gradient-checkpointing");
    }

    @Test
    void gradientAccumulationDoublesGradients() {
        PlannedRun once = stage1("vicuna-7b");
        PlannedRun accumulated = new PlannedRun(
                once.config(),
                null,
                once.trainable(),
                TowerPlacement.SEPARATE,
                WeightDtype.FP32,
                4,
                512,
                0,
                8,
                false,
                8,
                GB / 4,
                GB,
                Map.of());
        assertThat(planner.plan(accumulated).gradientBytes())
                .isEqualTo(2 * planner.plan(once).gradientBytes());
    }

    @ParameterizedTest
    @CsvSource({"64", "36", "24", "20", "150"})
    void rejectionSuggestsChangesThatFit(int gb) {
        MachineMemory machine = MachineMemory.of(gb * GB);
        PlannedRun run = (gb == 150 ? stage2("vicuna-7b") : stage1("vicuna-7b"))
                .withBatchSize(16)
                .withMaxLength(2048);
        MemoryPlan plan = planner.plan(run);
        assertThat(plan.fits(machine)).isFalse();
        List<Suggestion> suggestions = Suggestion.thatFit(plan, machine);
        assertThat(suggestions).isNotEmpty();
        for (Suggestion suggestion : suggestions) {
            assertThat(planner.plan(suggestion.run()).fits(machine))
                    .as(suggestion.description())
                    .isTrue();
            planner.plan(suggestion.run()).requireFits(machine);
        }
        assertThatThrownBy(() -> plan.requireFits(machine))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(suggestions.get(0).description())
                .hasMessageContaining("but may use")
                .hasMessageNotContaining("\n");
    }

    @Test
    void suggestedBatchSizeIsLargest() {
        MachineMemory machine = MachineMemory.of(48 * GB);
        PlannedRun run = stage1("vicuna-7b").withBatchSize(64);
        int batch = Suggestion.thatFit(planner.plan(run), machine).get(0).run().batchSize();
        assertThat(batch).isBetween(1, 63);
        assertThat(planner.plan(run.withBatchSize(batch + 1)).fits(machine)).isFalse();
    }

    @Test
    void rejectionReportsThatNoChangeHelps() {
        assertThatThrownBy(() -> planner.plan(stage2("vicuna-13b")).requireFits(MachineMemory.of(32 * GB)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no batch size or length makes it fit");
    }
}
