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
    void requireNoOverlapRejectsOverlappingOutput() {
        assertRejected(InputPaths.of(model), model, "is also an input");
        assertRejected(InputPaths.of(file), file, "is also an input");
        assertRejected(InputPaths.of(model), temp.resolve("real"), "contains");
        assertRejected(InputPaths.of(file), model, "contains");
        assertRejected(InputPaths.of(model), model.resolve("new/out"), "lies inside");
        assertRejected(InputPaths.of().andWithoutLinks(model), model.resolve("new"), "lies inside");
        assertRejected(InputPaths.of(temp.resolve("absent"), null, file), file, "is also an input");
    }

    @Test
    void requireNoOverlapComparesRealPaths() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), temp.resolve("real"));
        assertRejected(InputPaths.of(model), link.resolve("model"), "is also an input");
        assertRejected(InputPaths.of(link.resolve("model")), model, "is also an input");
        assertRejected(InputPaths.of(model), link.resolve("./model/../model/new"), "lies inside");
        Path elsewhere = Files.createDirectories(temp.resolve("elsewhere"));
        Path away = Files.createSymbolicLink(temp.resolve("real/away"), elsewhere);
        assertRejected(InputPaths.of(model), away.resolve("../real/model"), "is also an input");
        Path hard = Files.createLink(temp.resolve("hard"), file);
        assertRejected(InputPaths.of(file), hard, "is also an input");
    }

    @Test
    void requireNoOverlapFollowsLinksInInput() throws IOException {
        Path snapshot = Files.createDirectories(temp.resolve("cache/snapshot"));
        Files.createSymbolicLink(snapshot.resolve("weights"), file);
        assertRejected(InputPaths.of(snapshot), model, "contains");
        assertRejected(InputPaths.of(snapshot), file, "is also an input");
        Path data = Files.createDirectories(temp.resolve("data"));
        Files.createSymbolicLink(data.resolve("all"), temp);
        assertThatCode(() -> InputPaths.of(data).requireNoOverlap(temp.resolve("out")))
                .doesNotThrowAnyException();
    }

    @Test
    void requireNoOverlapAcceptsSeparateOutput() {
        assertThatCode(() -> InputPaths.of(model, file)
                        .requireNoOverlap(
                                temp.resolve("real/model-2"), null, temp.resolve("out"), temp.resolve("real/x")))
                .doesNotThrowAnyException();
    }

    @Test
    void requireOutsideRejectsFolderInOutput() {
        Path output = temp.resolve("out");
        assertThatThrownBy(() -> InputPaths.requireOutside("--journal", output.resolve("a/../j"), output))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("--journal");
        assertThatThrownBy(() -> InputPaths.requireOutside("--checkpoint-dir", output, output))
                .isInstanceOf(BadInputException.class);
        assertThatCode(() -> InputPaths.requireOutside("--journal", temp.resolve("out.calls"), output))
                .doesNotThrowAnyException();
    }

    private static void assertRejected(InputPaths inputs, Path output, String why) {
        assertThatThrownBy(() -> inputs.requireNoOverlap(output))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("the output " + output + " " + why);
    }
}
