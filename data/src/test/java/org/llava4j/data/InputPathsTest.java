package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputPathsTest {
    @TempDir
    Path temp;

    private Path model;
    private Path file;

    @BeforeEach
    void write() throws IOException {
        model = Files.createDirectories(temp.resolve("real/model"));
        file = Files.writeString(model.resolve("weights"), "numbers");
    }

    @Test
    void outputThatIsHoldsOrLiesInsideAnInputIsRefused() {
        assertRefused(InputPaths.of(model), model, "is one that is read");
        assertRefused(InputPaths.of(file), file, "is one that is read");
        assertRefused(InputPaths.of(model), temp.resolve("real"), "holds");
        assertRefused(InputPaths.of(file), model, "holds");
        assertRefused(InputPaths.of(model), model.resolve("new/out"), "lies inside");
        assertRefused(InputPaths.of().andWithoutLinks(model), model.resolve("new"), "lies inside");
        assertRefused(InputPaths.of(temp.resolve("absent"), null, file), file, "is one that is read");
    }

    @Test
    void outputIsComparedByItsRealPath() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), temp.resolve("real"));
        assertRefused(InputPaths.of(model), link.resolve("model"), "is one that is read");
        assertRefused(InputPaths.of(link.resolve("model")), model, "is one that is read");
        assertRefused(InputPaths.of(model), link.resolve("./model/../model/new"), "lies inside");
        Path elsewhere = Files.createDirectories(temp.resolve("elsewhere"));
        Path away = Files.createSymbolicLink(temp.resolve("real/away"), elsewhere);
        assertRefused(InputPaths.of(model), away.resolve("../real/model"), "is one that is read");
        Path hard = Files.createLink(temp.resolve("hard"), file);
        assertRefused(InputPaths.of(file), hard, "is one that is read");
    }

    @Test
    void filesBehindLinksInAnInputAreInputs() throws IOException {
        Path snapshot = Files.createDirectories(temp.resolve("cache/snapshot"));
        Files.createSymbolicLink(snapshot.resolve("weights"), file);
        assertRefused(InputPaths.of(snapshot), model, "holds");
        assertRefused(InputPaths.of(snapshot), file, "is one that is read");
        Path data = Files.createDirectories(temp.resolve("data"));
        Files.createSymbolicLink(data.resolve("all"), temp);
        assertThatCode(() -> InputPaths.of(data).requireNoOverlap(temp.resolve("out")))
                .doesNotThrowAnyException();
    }

    @Test
    void otherOutputIsAccepted() {
        assertThatCode(() -> InputPaths.of(model, file)
                        .requireNoOverlap(
                                temp.resolve("real/model-2"), null, temp.resolve("out"), temp.resolve("real/x")))
                .doesNotThrowAnyException();
    }

    @Test
    void folderThatLiesInTheOutputIsRefused() {
        Path output = temp.resolve("out");
        assertThatThrownBy(() -> InputPaths.requireOutside("--journal", output.resolve("a/../j"), output))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("--journal");
        assertThatThrownBy(() -> InputPaths.requireOutside("--checkpoint-dir", output, output))
                .isInstanceOf(BadInputException.class);
        assertThatCode(() -> InputPaths.requireOutside("--journal", temp.resolve("out.calls"), output))
                .doesNotThrowAnyException();
    }

    private static void assertRefused(InputPaths inputs, Path output, String why) {
        assertThatThrownBy(() -> inputs.requireNoOverlap(output))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("the output " + output + " " + why);
    }
}
