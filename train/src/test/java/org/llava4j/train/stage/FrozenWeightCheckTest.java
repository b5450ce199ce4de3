package org.llava4j.train.stage;

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
import org.llava4j.train.GoldenValues;
import org.llava4j.train.TinyModelFolders;

class FrozenWeightCheckTest {
    private static final Path FOLDER = GoldenValues.path("c_llava_linear");
    private static final LlavaConfig CONFIG = LlavaConfig.read(FOLDER, TinyModelFolders.TOWER);

    private final TowerFeatures tower = TowerFeatures.load(FOLDER, TinyModelFolders.TOWER, CONFIG);
    private final Llava model = model();

    @Test
    void whatLearnsAndMovedIsToldFromWhatIsFrozenAndDidNot() {
        model.setTrainable(name -> name.matches("model\\.(mm_projector|layers\\.0)\\..+"));
        FrozenWeightCheck proof = new FrozenWeightCheck(model, tower);
        model.weight("model.mm_projector.bias").addi(1e-3f);
        model.weight("model.layers.0.mlp.up_proj.weight").addi(1e-3f);
        List<WeightGroup> groups = proof.check();
        assertThat(groups)
                .filteredOn(WeightGroup::learns)
                .extracting(WeightGroup::name)
                .containsExactlyInAnyOrder("mm_projector", "layers");
        assertThat(groups)
                .filteredOn(group -> !group.learns())
                .extracting(WeightGroup::name)
                .containsExactlyInAnyOrder("vision_tower", "embed_tokens", "layers", "norm", "lm_head");
        assertThat(groups).allMatch(group -> group.changed() == group.learns());
        assertThat(groups)
                .filteredOn(group -> group.name().equals("mm_projector"))
                .singleElement()
                .satisfies(group -> assertThat(group.parameters()).isEqualTo(64 * 64 + 64));
    }

    @Test
    void aFrozenWeightThatMovedByOneBitFailsTheRun() {
        model.setTrainable(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX));
        FrozenWeightCheck proof = new FrozenWeightCheck(model, tower);
        model.weight("model.mm_projector.bias").addi(1e-3f);
        float value = model.weight("model.norm.weight").getFloat(63);
        model.weight("model.norm.weight").putScalar(63, Math.nextUp(value));
        assertThatThrownBy(proof::check)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the frozen weights of norm have changed");
    }

    @Test
    void aGroupThatShouldLearnButDidNotFailsTheRun() {
        model.setTrainable(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX) || name.startsWith("lm_head"));
        FrozenWeightCheck proof = new FrozenWeightCheck(model, tower);
        model.weight("lm_head.weight").addi(1e-3f);
        assertThatThrownBy(proof::check)
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("the weights of mm_projector should learn but did not move");
    }

    private static Llava model() {
        try (Checkpoint checkpoint =
                Checkpoint.llava(FOLDER, TinyModelFolders.TOWER).withoutTower()) {
            return Llava.build(CONFIG, checkpoint, ImageInput.FEATURES);
        }
    }
}
