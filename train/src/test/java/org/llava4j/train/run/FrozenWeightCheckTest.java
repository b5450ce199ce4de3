package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;

class FrozenWeightCheckTest {
    private static final Path FOLDER = Golden.path("c_llava_linear");
    private static final LlavaConfig CONFIG = LlavaConfig.read(FOLDER, ModelFolders.TOWER);

    private final TowerFeatures tower = TowerFeatures.load(FOLDER, ModelFolders.TOWER, CONFIG, WeightDtype.FP32);
    private final Llava model = model();

    @Test
    void checkReportsTrainedAndFrozenGroups() {
        model.setTrainable(name -> name.matches("model\\.(mm_projector|layers\\.0)\\..+"));
        FrozenWeightCheck check = new FrozenWeightCheck(model, tower);
        model.weight("model.mm_projector.bias").addi(1e-3f);
        model.weight("model.layers.0.mlp.up_proj.weight").addi(1e-3f);
        List<WeightGroup> groups = check.check();
        assertThat(groups)
                .filteredOn(WeightGroup::trainable)
                .extracting(WeightGroup::name)
                .containsExactlyInAnyOrder("mm_projector", "layers");
        assertThat(groups)
                .filteredOn(group -> !group.trainable())
                .extracting(WeightGroup::name)
                .containsExactlyInAnyOrder("vision_tower", "embed_tokens", "layers", "norm", "lm_head");
        assertThat(groups).allMatch(group -> group.changed() == group.trainable());
        assertThat(groups)
                .filteredOn(group -> group.name().equals("mm_projector"))
                .singleElement()
                .satisfies(group -> assertThat(group.parameters()).isEqualTo(64 * 64 + 64));
    }

    @Test
    void checkRejectsFrozenWeightWithOneChangedBit() {
        model.setTrainable(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX));
        FrozenWeightCheck check = new FrozenWeightCheck(model, tower);
        model.weight("model.mm_projector.bias").addi(1e-3f);
        float value = model.weight("model.norm.weight").getFloat(63);
        model.weight("model.norm.weight").putScalar(63, Math.nextUp(value));
        assertThatThrownBy(check::check)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("frozen weights changed: norm");
    }

    @Test
    void checkRejectsUnchangedTrainableGroup() {
        model.setTrainable(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX) || name.startsWith("lm_head"));
        FrozenWeightCheck check = new FrozenWeightCheck(model, tower);
        model.weight("lm_head.weight").addi(1e-3f);
        assertThatThrownBy(check::check)
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("trainable weights did not change: mm_projector");
    }

    private static Llava model() {
        try (Checkpoint checkpoint =
                Checkpoint.llava(FOLDER, ModelFolders.TOWER).withoutTower()) {
            return Llava.build(CONFIG, checkpoint, ImageInput.FEATURES);
        }
    }
}
