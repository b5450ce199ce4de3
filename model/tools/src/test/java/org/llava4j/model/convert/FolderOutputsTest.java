package org.llava4j.model.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;

/** Commands that write model folders never overwrite their inputs or files of the user. */
class FolderOutputsTest {
    private static final Path MLP = Golden.path("c_llava_mlp2x_gelu");

    @TempDir
    private Path temp;

    private Path model;
    private Path link;

    @BeforeEach
    void linkPreviousOutput() throws IOException {
        model = temp.resolve("real/m1");
        ExportMain.main(args("--model-path", MLP, "--output-dir", model));
        link = Files.createSymbolicLink(temp.resolve("link"), temp.resolve("real"));
    }

    @Test
    void commandsRejectInputBehindLinkAsOutput() {
        Path other = link.resolve("m1");
        assertOverlap(ExportMain::main, "--model-path", model, "--output-dir", other);
        assertOverlap(ExportMain::main, "--model-path", other, "--output-dir", model, "--only-projector");
        assertOverlap(
                AssembleMain::main,
                "--model-path",
                MLP,
                "--vision-tower",
                model.resolve("vision_tower"),
                "--output-dir",
                other);
        assertOverlap(MergeLoraMain::main, "--model-base", model, "--model-path", MLP, "--output-dir", other);
        assertOverlap(MergeLoraMain::main, "--model-base", MLP, "--model-path", model, "--output-dir", other);
        assertOverlap(
                MakeDeltaMain::main, "--base-model-path", MLP, "--target-model-path", model, "--delta-path", other);
        assertOverlap(
                ApplyDeltaMain::main, "--base-model-path", model, "--delta-path", MLP, "--target-model-path", other);
    }

    @Test
    void exportRejectsOutputThatContainsInputs() throws IOException {
        Path holder = temp.resolve("real");
        Path base = model.resolve("base");
        ExportMain.main(args("--model-path", MLP, "--output-dir", base));
        assertOverlap(ExportMain::main, "--model-path", base, "--output-dir", model);
        assertOverlap(ExportMain::main, "--model-path", base, "--output-dir", holder);
        assertOverlap(ExportMain::main, "--model-path", model, "--output-dir", model.resolve("new"));
        assertOverlap(
                ExportMain::main,
                "--model-path",
                MLP,
                "--pretrain-mm-mlp-adapter",
                model.resolve("mm_projector.safetensors"),
                "--output-dir",
                model);
    }

    @Test
    void exportRejectsOutputWithAddedOrChangedFile() throws IOException {
        Path notes = Files.writeString(model.resolve("my-notes.txt"), "mine");
        assertRejected(ExportMain::main, "my-notes.txt", "--model-path", MLP, "--output-dir", model);
        Files.delete(notes);
        Files.writeString(model.resolve("config.json"), Files.readString(model.resolve("config.json")) + " ");
        assertRejected(ExportMain::main, "config.json", "--model-path", MLP, "--output-dir", model);
    }

    @Test
    void exportRejectsDanglingLink() throws IOException {
        Path dangling = Files.createSymbolicLink(temp.resolve("dangling"), temp.resolve("absent"));
        assertRejected(ExportMain::main, "dangling symbolic link", "--model-path", MLP, "--output-dir", dangling);
    }

    private void assertOverlap(Consumer<String[]> main, Object... args) {
        assertRejected(main, "is also an input|contains|lies inside", args);
    }

    private void assertRejected(Consumer<String[]> main, String messages, Object... args) {
        Map<String, byte[]> before = ModelFolders.files(model);
        assertThatThrownBy(() -> main.accept(args(args)))
                .isInstanceOf(CommandFailedException.class)
                .message()
                .containsAnyOf(messages.split("[|]"))
                .doesNotContain("\n");
        Map<String, byte[]> after = ModelFolders.files(model);
        assertThat(after.keySet()).isEqualTo(before.keySet());
        before.forEach((name, bytes) -> assertThat(after.get(name)).as(name).isEqualTo(bytes));
    }

    private static String[] args(Object... args) {
        return Arrays.stream(args).map(Object::toString).toArray(String[]::new);
    }
}
