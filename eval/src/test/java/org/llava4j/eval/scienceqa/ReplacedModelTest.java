package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.cli.RecordRun;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.AfterBatch;

/** Files of the model of a ScienceQA evaluation that change while it is loaded, during the run or before a resume. */
class ReplacedModelTest {
    private static final Path TINY = Path.of(System.getProperty("llava4j.root"), "resources/tiny");

    @TempDir
    private Path temp;

    private Path dataset;
    private Path model;
    private Path tower;
    private Path journal;

    @BeforeEach
    void copyModel() throws IOException {
        dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 1, 0, 2, 0, false), dataset);
        model = copy(TINY.resolve("llava"), temp.resolve("model"));
        tower = copy(TINY.resolve("base/vision_tower"), temp.resolve("tower"));
        journal = temp.resolve("out/answers.partial.jsonl");
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.model", "preprocessor_config.json")) {
            if (Files.exists(from.resolve(name))) {
                Files.copy(from.resolve(name), to.resolve(name));
            }
        }
        return to;
    }

    private void evaluate(Path folder, RecordExecutor executor, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path",
                folder.toString(),
                "--vision-tower",
                tower.toString(),
                "--data-path",
                dataset.toString(),
                "--output-dir",
                temp.resolve("out").toString(),
                "--prompt-format",
                "A",
                "--batch-size",
                "2",
                "--max-new-tokens",
                "4"));
        args.addAll(List.of(more));
        new ScienceQaMain(executor).execute(args.toArray(String[]::new));
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(
            Path folder, RecordExecutor executor, String... more) {
        AbstractThrowableAssert<?, ? extends Throwable> refused = assertThatThrownBy(
                        () -> evaluate(folder, executor, more))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageNotContaining("\n");
        assertThat(temp.resolve("out/predictions.jsonl")).doesNotExist();
        assertThat(temp.resolve("out/report.json")).doesNotExist();
        return refused;
    }

    private void interrupt(Path folder, String... more) {
        assertRefused(
                        folder,
                        new AfterBatch(1, () -> {
                            throw new BadInputException("interrupted");
                        }),
                        more)
                .hasMessageContaining("interrupted");
    }

    /** Replaces a file by another one with the same content but for its last byte, as downloads do. */
    private static void replace(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            // A space at the end of JSON, a bit of a weight, a byte of the tokenizer's last field.
            bytes[bytes.length - 1] ^= 1;
            if (file.toString().endsWith(".json")) {
                bytes = (Files.readString(file) + " ").getBytes(StandardCharsets.UTF_8);
            }
            Path other = Files.write(file.resolveSibling("." + file.getFileName()), bytes);
            Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model/model.safetensors",
                "model/config.json",
                "model/tokenizer.model",
                "tower/model.safetensors",
                "tower/preprocessor_config.json"
            })
    void answersOfModelReplacedDuringRunDoNotReachJournal(String name) throws IOException {
        Path file = temp.resolve(name);
        byte[] before = Files.readAllBytes(file);
        assertRefused(model, new AfterBatch(1, () -> replace(file)))
                .hasMessageContaining(file + " has changed since the command started");
        assertThat(Files.readAllLines(journal))
                .as("configuration, and one batch")
                .hasSize(2);
        // The journal has answers of the former model only, so restoring it is enough.
        Files.write(file, before);
        evaluate(model, RecordExecutor.LOCAL);
        assertThat(journal).doesNotExist();
    }

    @Test
    void fileAddedDuringRunIsRefused() throws IOException {
        Path added = model.resolve("generation_config.json");
        assertRefused(model, new AfterBatch(1, () -> {
                    try {
                        Files.writeString(added, "{\"eos_token_id\": 5}");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }))
                .hasMessageContaining(added + " was added since the command started");
        assertThat(Files.readAllLines(journal)).hasSize(2);
    }

    /** The hash in the run configuration would be that of another model than the loaded one. */
    @Test
    void modelReplacedBetweenHashAndLoadIsRefused() {
        RecordExecutor replacing = new RecordExecutor() {
            @Override
            public int chunkSize() {
                return LOCAL.chunkSize();
            }

            @Override
            public void prepare(RecordProcessor<?> records) {
                replace(model.resolve("model.safetensors"));
                LOCAL.prepare(records);
            }

            @Override
            public <R> void process(RecordRun<R> run, List<Integer> indices, ResultHandler<R> onResult) {
                LOCAL.process(run, indices, onResult);
            }
        };
        assertRefused(model, replacing)
                .hasMessageContaining(model.resolve("model.safetensors") + " has changed since the command started");
        assertThat(journal).as("no answers").doesNotExist();
    }

    @Test
    void resumeRefusesOtherModelBehindLink() throws IOException {
        Path other = copy(model, temp.resolve("other"));
        replace(other.resolve("model.safetensors"));
        Path link = Files.createSymbolicLink(temp.resolve("latest"), model);
        interrupt(link);
        Files.delete(link);
        Files.createSymbolicLink(link, other);
        assertRefused(link, RecordExecutor.LOCAL).hasMessageContaining("\"model sha256\" was ");
    }

    @Test
    void resumeRefusesChangedTemplateFile() throws IOException {
        Path template = temp.resolve("template.json");
        Files.writeString(template, ConversationTemplates.json(ConversationTemplates.named("tiny")));
        ObjectNode json = (ObjectNode) JsonInput.readObject(template);
        Files.writeString(template, json.put("name", "own").toString());
        interrupt(model, "--conv-mode", template.toString());
        Files.writeString(template, json.put("system", "Be kind.").toString());
        assertRefused(model, RecordExecutor.LOCAL, "--conv-mode", template.toString())
                .hasMessageContaining("\"template\" was own, sha256 ");
    }
}
