package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.JsonInput;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.eval.AfterBatch;

/** Files of the model of a ScienceQA evaluation that change while it is loaded, during the run or before a resume. */
class ReplacedModelTest {
    private static final Path TINY = Path.of(System.getProperty("llava4j.root"), "resources/tiny");

    @TempDir
    private Path temp;

    private SmallEvaluation evaluation;
    private Path model;
    private Path tower;
    private Path journal;

    @BeforeEach
    void copyModel() throws IOException {
        evaluation = SmallEvaluation.in(temp);
        model = copy(TINY.resolve("llava"), temp.resolve("model"));
        tower = copy(TINY.resolve("base/vision_tower"), temp.resolve("tower"));
        journal = evaluation.journal();
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

    private void evaluate() {
        evaluation.run(RecordExecutor.LOCAL, model, "--vision-tower", tower.toString());
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(RecordExecutor executor) {
        return evaluation.assertRefused(executor, model, "--vision-tower", tower.toString());
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
        assertRefused(new AfterBatch(1, () -> replace(file)))
                .hasMessageContaining(file + " has changed since the command started");
        assertThat(Files.readAllLines(journal))
                .as("configuration, and one batch")
                .hasSize(2);
        // The journal has answers of the former model only, so restoring it is enough.
        Files.write(file, before);
        evaluate();
        assertThat(journal).doesNotExist();
    }

    @Test
    void fileAddedDuringRunIsRefused() throws IOException {
        Path added = model.resolve("generation_config.json");
        assertRefused(new AfterBatch(1, () -> {
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
            public <R> void process(
                    CommandLine line, RecordProcessor<R> records, List<Integer> indices, ResultHandler<R> onResult) {
                LOCAL.process(line, records, indices, onResult);
            }
        };
        assertRefused(replacing)
                .hasMessageContaining(model.resolve("model.safetensors") + " has changed since the command started");
        assertThat(journal).as("no answers").doesNotExist();
    }

    @Test
    void resumeRefusesOtherModelBehindLink() throws IOException {
        Path other = copy(model, temp.resolve("other"));
        replace(other.resolve("model.safetensors"));
        Path link = Files.createSymbolicLink(temp.resolve("latest"), model);
        evaluation.interrupt(link, "--vision-tower", tower.toString());
        Files.delete(link);
        Files.createSymbolicLink(link, other);
        evaluation
                .assertRefused(RecordExecutor.LOCAL, link, "--vision-tower", tower.toString())
                .hasMessageContaining("\"model sha256\" was ");
    }

    @Test
    void resumeRefusesChangedTemplateFile() throws IOException {
        Path template = temp.resolve("template.json");
        Files.writeString(template, ConversationTemplates.json(ConversationTemplates.named("tiny")));
        ObjectNode json = (ObjectNode) JsonInput.readObject(template);
        Files.writeString(template, json.put("name", "own").toString());
        String[] flags = {"--vision-tower", tower.toString(), "--conv-mode", template.toString()};
        evaluation.interrupt(model, flags);
        Files.writeString(template, json.put("system", "Be kind.").toString());
        evaluation
                .assertRefused(RecordExecutor.LOCAL, model, flags)
                .hasMessageContaining("\"template\" was own, sha256 ");
    }
}
