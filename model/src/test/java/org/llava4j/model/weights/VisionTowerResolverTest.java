package org.llava4j.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Choice of the vision tower for a model that contains one. */
class VisionTowerResolverTest {
    private static final String WEIGHT = "vision_model.pre_layrnorm.weight";

    @TempDir
    private Path temp;

    private Path model;
    private Path named;
    private Path other;

    /** Writes a model that contains a tower (the golden one) and names a second one, and a third tower. All differ. */
    @BeforeEach
    void writeThreeTowers() throws IOException {
        model = Files.createDirectory(temp.resolve("model"));
        Files.copy(Golden.path("c_llava_linear/model.safetensors"), model.resolve("model.safetensors"));
        named = tower("named", 2);
        other = tower("other", 4);
        config(null);
    }

    private Path tower(String name, double factor) throws IOException {
        Path folder = Files.createDirectory(temp.resolve(name));
        Path golden = Golden.path("a_clip56");
        for (String file : new String[] {"config.json", "preprocessor_config.json"}) {
            Files.copy(golden.resolve(file), folder.resolve(file));
        }
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(golden.resolve("model.safetensors"))) {
            file.tensors().keySet().forEach(tensor -> tensors.put(tensor, file.read(tensor)));
        }
        tensors.get(WEIGHT).muli(factor);
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
        return folder;
    }

    private void config(Boolean unfrozen) throws IOException {
        ObjectNode json =
                (ObjectNode) JsonInput.readObject(Golden.path("c_llava_linear").resolve("config.json"));
        json.put("mm_vision_tower", "../named");
        if (unfrozen != null) {
            json.put("unfreeze_mm_vision_tower", unfrozen);
        }
        Files.writeString(model.resolve("config.json"), json.toString());
    }

    /** Ratio of a tower weight to the one inside the model. */
    private double factorRead(Path given) {
        Path tower = VisionTowerResolver.resolve(model, given);
        LlavaConfig config = LlavaConfig.read(model, tower);
        try (Checkpoint weights = Checkpoint.tower(model, tower)) {
            Path copy = temp.resolve("copy.safetensors");
            SafetensorsWriter.write(
                    copy, weights.toLazyTensors(TensorSource.shapes(source -> Llava.buildTower(config, source)), null));
            Map<String, INDArray> read = new LinkedHashMap<>();
            try (SafetensorsFile file = SafetensorsFile.open(copy);
                    SafetensorsFile own = SafetensorsFile.open(model.resolve("model.safetensors"))) {
                String name = Llava.TOWER_PREFIX + WEIGHT;
                read.put("read", file.read(name));
                read.put("own", own.read(name));
            }
            return read.get("read").getDouble(5) / read.get("own").getDouble(5);
        }
    }

    @Test
    void frozenTowerIsNamedOneAndTrainedTowerIsInside() throws IOException {
        config(false);
        assertThat(factorRead(null)).isEqualTo(2);
        assertThat(factorRead(other)).isEqualTo(4);
        config(true);
        assertThat(factorRead(null)).isEqualTo(1);
        assertThat(ConfigWarnings.in(model)).isEmpty();
    }

    @Test
    void withoutKeyInnerTowerIsReadWithWarningUnlessFlagIsGiven() {
        assertThat(factorRead(null)).isEqualTo(1);
        assertThat(ConfigWarnings.in(model))
                .singleElement()
                .asString()
                .startsWith(model + ": contains a vision tower")
                .contains("unfreeze_mm_vision_tower");
        assertThat(factorRead(other)).isEqualTo(4);
        INDArray inner = features(null);
        assertThat(features(other)).isNotEqualTo(inner);
    }

    private INDArray features(Path given) {
        Map<String, INDArray> io = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(Golden.path("c_llava_linear/io.safetensors"))) {
            file.tensors().keySet().forEach(name -> io.put(name, file.read(name)));
        }
        return ForwardPassRecorder.open(model, given).run(io, null).tensors().get("features");
    }

    @Test
    void resolveRejectsReplacingTrainedTower() throws IOException {
        config(true);
        for (Path given : new Path[] {other, named}) {
            assertThatThrownBy(() -> VisionTowerResolver.resolve(model, given))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContainingAll(model.toString(), given.toString(), "leave out --vision-tower");
        }
        assertThatThrownBy(() -> Checkpoint.llava(model, other)).isInstanceOf(BadInputException.class);
        Path port = Golden.path("h_llava_hf");
        assertThatThrownBy(() -> ForwardPassRecorder.open(port, other))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("leave out --vision-tower");
        assertThat(VisionTowerResolver.resolve(port, port)).isEqualTo(port);
    }
}
