package org.llava4j.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.Fingerprint;

/** What batches of questions depend on, which a cluster compares between its machines. */
class QuestionBatchesTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));

    @TempDir
    private Path temp;

    private QuestionBatches batches(Path model, Path image, String questions) throws ParseException {
        Options options = ModelSpec.addFlags(new Options());
        CommandLine line = new DefaultParser().parse(options, new String[] {
            "--model-path",
            model.toString(),
            "--vision-tower",
            ROOT.resolve("resources/tiny/base/vision_tower").toString()
        });
        return new QuestionBatches(
                ModelSpec.of(line),
                new Fingerprint(Map.of("questions sha256", questions)),
                3,
                2,
                index -> index == 0 ? Map.of("1", image) : Map.of(),
                (loaded, index) -> Map.of());
    }

    private Path copyModel(String name) throws IOException {
        Path model = Files.createDirectories(temp.resolve(name));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.model")) {
            Files.copy(ROOT.resolve("resources/tiny/llava").resolve(file), model.resolve(file));
        }
        return model;
    }

    @Test
    void identityDependsOnModelAndQuestions() throws Exception {
        Path image = ROOT.resolve("resources/readme/map.png");
        Path model = copyModel("here/model");
        Fingerprint identity = batches(model, image, "a").identity();
        assertThat(identity.differences(
                        batches(copyModel("there/model"), image, "a").identity()))
                .as("another folder with the same content")
                .isEmpty();
        assertThat(identity.differences(batches(model, image, "b").identity()))
                .containsExactly("\"questions sha256\" was a and is b");
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"legacy\": true}");
        assertThat(identity.differences(batches(model, image, "a").identity()))
                .singleElement()
                .asString()
                .startsWith("\"model sha256\" was ");
    }

    @Test
    void contentHashDependsOnImagesOfBatch() throws Exception {
        Path image = Files.copy(ROOT.resolve("resources/readme/map.png"), temp.resolve("image.png"));
        QuestionBatches batches = batches(copyModel("model"), image, "a");
        String before = batches.contentHash(0);
        assertThat(batches.contentHash(1)).isNotEqualTo(before);
        String other = batches.contentHash(1);
        try (var images = Files.walk(ROOT.resolve("resources/golden/d_preproc"))) {
            Path another = images.filter(path -> path.toString().endsWith(".png"))
                    .findFirst()
                    .orElseThrow();
            Files.copy(another, image, StandardCopyOption.REPLACE_EXISTING);
        }
        assertThat(batches.contentHash(0)).isNotEqualTo(before);
        assertThat(batches.contentHash(1)).isEqualTo(other);
    }
}
