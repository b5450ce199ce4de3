package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.model.folder.CheckpointWriter;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.command.StageMain;
import org.llava4j.train.command.TrainAllMain;
import org.llava4j.train.lint.LintDataMain;
import org.llava4j.train.shards.TokenizeDataMain;

/** Training and data commands never overwrite their inputs or files of the user. */
class RunOutputsTest {
    @TempDir
    private Path temp;

    private Path model;
    private Path data;
    private Path output;

    @BeforeEach
    void createFormerOutput() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        data = Files.copy(Golden.path("f_e2e/pretrain.json"), temp.resolve("data.json"));
        output = temp.resolve("out");
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND)) {
            folder.commit();
        }
    }

    @Test
    void outputContainingDataIsRejected() throws IOException {
        Path chat = Files.copy(data, output.resolve("chat.json"));
        Path images = Files.createDirectory(output.resolve("imgs"));
        assertFails("--data-path", chat).hasMessageContaining("contains " + chat);
        assertFails("--image-folder", images).hasMessageContaining("contains " + images);
        assertFails("--eval-data-path", chat).hasMessageContaining("contains " + chat);
        assertFails("--pretrain-mm-mlp-adapter", chat).hasMessageContaining("contains " + chat);
        assertThat(chat).exists();
        assertThat(images).exists();
    }

    @Test
    void outputOverlappingModelIsRejected() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), temp);
        assertFails("--output-dir", link.resolve("model")).hasMessageContaining("is also an input");
        assertFails("--output-dir", model.resolve("new")).hasMessageContaining("lies inside " + model);
        Path template = Files.writeString(
                output.resolve("mine.json"), ConversationTemplates.json(ConversationTemplates.named("v1")));
        assertFails("--conv-mode", template).hasMessageContaining("contains " + template);
    }

    @Test
    void checkpointsCacheAndLogInsideOutputAreRejected() {
        assertFails("--checkpoint-dir", output).hasMessageContaining("checkpoint");
        assertFails("--checkpoint-dir", output.resolve("deep/checkpoints")).hasMessageContaining("checkpoint");
        assertFails("--feature-cache", output.resolve("features")).hasMessageContaining("feature cache");
        assertFails("--ui-log", output.resolve("ui.log")).hasMessageContaining("--ui-log");
    }

    @Test
    void outputWithUserFilesIsRejected() throws IOException {
        Files.writeString(output.resolve("my-notes.txt"), "mine");
        assertFails().hasMessageContaining("my-notes.txt");
        assertThat(output.resolve("my-notes.txt")).hasContent("mine");
    }

    @Test
    void secondRunOnSameOutputIsRejected() {
        try (AtomicFolder running = AtomicFolder.begin(output, CheckpointWriter.KIND)) {
            assertFails("--checkpoint-dir", temp.resolve("others")).hasMessageContaining("written by another run");
            assertThat(running.path()).exists();
        }
    }

    @Test
    void dataCommandsRejectOutputOverInput() throws IOException {
        Path inside = Files.createDirectories(temp.resolve("set"));
        Path chat = Files.copy(data, inside.resolve("chat.json"));
        String[] args = {
            "--model-path", model.toString(),
            "--vision-tower", ModelFolders.TOWER.toString(),
            "--data-path", chat.toString(),
            "--output-dir", inside.toString()
        };
        assertThatThrownBy(() -> TokenizeDataMain.main(args)).hasMessageContaining("contains " + chat);
        assertThatThrownBy(() -> LintDataMain.main(args)).hasMessageContaining("contains " + chat);
        assertThat(inside).isDirectoryContaining(chat::equals);
    }

    @Test
    void trainAllRejectsOutputContainingDataOfEarlierStage() throws IOException {
        Path later = Files.createDirectories(output.resolve("finetune"));
        Path captions = Files.copy(data, later.resolve("captions.json"));
        assertThatThrownBy(() -> TrainAllMain.main(new String[] {
                    "--model-path", model.toString(),
                    "--vision-tower", ModelFolders.TOWER.toString(),
                    "--output-dir", output.toString(),
                    "--pretrain-data", captions.toString(),
                    "--finetune-data", data.toString()
                }))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("contains " + captions);
        assertThat(output.resolve("pretrain")).doesNotExist();
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertFails(Object... more) {
        List<String> arguments = new ArrayList<>(ShortStage.pathFlags(model, data, output));
        arguments.addAll(List.of("--max-steps", "1"));
        Arrays.stream(more).map(Object::toString).forEach(arguments::add);
        return assertThatThrownBy(() -> new StageMain("pretrain").execute(arguments.toArray(String[]::new)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageNotContaining("\n");
    }
}
