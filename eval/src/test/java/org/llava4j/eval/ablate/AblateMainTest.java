package org.llava4j.eval.ablate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.Stages;

class AblateMainTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));

    @TempDir
    private Path temp;

    private Path plan(String variants) throws IOException {
        Path dataset = temp.resolve("dataset");
        if (!Files.exists(dataset)) {
            SyntheticDatasetWriter.write(new SyntheticDatasetConfig(7, 4, 0, 2, 24, false), dataset);
        }
        Path file = temp.resolve("plan.json");
        Files.writeString(file, """
                {"base": "%s", "captions": "%s", "captionImages": "%s", "data": "%s", "maxProblems": 6,
                 "stage1": {"recipe": "tiny-pretrain", "set": ["maxSteps=2", "batchSize=4"]},
                 "stage2": {"recipe": "%s", "set": ["maxSteps=2", "batchSize=4"]},
                 "variants": %s}
                """.formatted(
                        ROOT.resolve("resources/tiny/base"),
                        dataset.resolve("captions/chat.json"),
                        dataset.resolve("captions/images"),
                        dataset,
                        Files.writeString(temp.resolve("recipe.json"), Stages.json(Stages.named(Stages.TINY_FINETUNE))),
                        variants));
        return file;
    }

    private void ablate(Path plan) {
        AblateMain.main(new String[] {
            "--config",
            plan.toString(),
            "--max-new-tokens",
            "8",
            "--output-dir",
            temp.resolve("out").toString()
        });
    }

    private List<FileTime> stageTimes() throws IOException {
        List<FileTime> times = new ArrayList<>();
        try (Stream<Path> all = Files.list(temp.resolve("out"))) {
            for (Path folder : all.filter(each -> each.getFileName().toString().startsWith("stage-"))
                    .sorted()
                    .toList()) {
                times.add(Files.getLastModifiedTime(folder.resolve("llava4j.json")));
            }
        }
        assertThat(times).hasSize(8);
        return times;
    }

    @Test
    void ablateTrainsEachDistinctStageOnce() throws IOException {
        Path plan = plan("""
                [{"name": "all"}, {"name": "no stage 1", "withoutStage1": true},
                 {"name": "last layer", "config": {"mm_vision_select_layer": -1}},
                 {"name": "two layers", "config": {"mm_projector_type": "mlp2x_gelu"}},
                 {"name": "answer first", "stage2": ["answerFormat=ALE"]}]""");
        ablate(plan);
        JsonNode report =
                new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
        for (String input : List.of("plan", "base", "captions", "data", "images")) {
            assertThat(report.at("/run_configuration/" + input + " sha256").textValue())
                    .as(input)
                    .hasSize(64);
        }
        List<String> names = new ArrayList<>();
        report.at("/tables/0/rows").forEach(row -> names.add(row.get(0).textValue()));
        assertThat(names).containsExactly("all", "no stage 1", "last layer", "two layers", "answer first");
        report.at("/tables/0/rows")
                .forEach(row -> assertThat(row.get(3).textValue()).endsWith("of 6"));
        try (Stream<Path> all = Files.list(temp.resolve("out"))) {
            // "all" and "answer first" share their stage 1; "last layer" and "two layers" have their own.
            List<String> folders =
                    all.map(each -> each.getFileName().toString()).toList();
            assertThat(folders.stream().filter(name -> name.startsWith("stage-1")))
                    .hasSize(3);
            assertThat(folders.stream().filter(name -> name.startsWith("stage-2")))
                    .hasSize(5);
        }
        assertThat(temp.resolve("out/report.md"))
                .content()
                .containsPattern("\\| maxSteps \\| 2<br>\\(default \\d+\\) \\| 2<br>\\(default \\d+\\) \\|")
                .contains("| no stage 1 | not trained |  |  |", "| answer first |  | answerFormat=ALE |  |")
                .contains("| last layer |  |  | mm_vision_select_layer=-1 |")
                .doesNotContainPattern("[A-Z]\\w+\\[\\w+=");
        List<FileTime> before = stageTimes();
        ablate(plan);
        assertThat(stageTimes()).as("no stage is trained again").isEqualTo(before);
    }

    @Test
    void variantMixesDataSourcesByWeight() throws IOException {
        Path plan = plan("[{\"name\": \"all\"}]");
        Path chat = temp.resolve("dataset/captions/chat.json");
        Path images = temp.resolve("dataset/captions/images");
        Path other = Files.copy(chat, temp.resolve("other.json"));
        ablate(plan("""
                [{"name": "mixed", "stage2": ["dataFormat=conversations", "answerFormat=null", "split=null"],
                  "sources": [{"data": "%s", "images": "%s", "weight": 0.75},
                              {"data": "%s", "images": "%s", "weight": 0.25}]}]""".formatted(chat, images, other, images)));
        assertThat(plan).exists();
        JsonNode report =
                new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
        assertThat(report.at("/tables/0/rows/0/3").textValue()).endsWith("of 6");
        try (Stream<Path> all = Files.list(temp.resolve("out"))) {
            Path stage2 = all.filter(each -> each.getFileName().toString().startsWith("stage-2"))
                    .findFirst()
                    .orElseThrow();
            JsonNode run =
                    new ObjectMapper().readTree(stage2.resolve("run.json").toFile());
            assertThat(run.toString()).contains("other.json", "0.75");
        }
    }

    @Test
    void runKeepsAnswerJournalUntilDeleteJournals() throws IOException {
        AblationPlan plan = AblationPlan.read(plan("[{\"name\": \"all\", \"withoutStage1\": true}]"));
        Ablation ablation = new Ablation(plan, temp.resolve("out"), 4, TrainingListener.NONE);
        ablation.run(plan.variants().get(0));
        Path journal = temp.resolve("out/answers-all/answers.partial.jsonl");
        assertThat(Files.readAllLines(journal)).hasSizeGreaterThan(1);
        ablation.deleteJournals();
        assertThat(journal).doesNotExist();
    }

    @Test
    void ablateRejectsForeignFilesBeforeTraining() throws IOException {
        Path plan = plan("[{\"name\": \"all\", \"withoutStage1\": true}]");
        for (String name : new String[] {"report.html", "answers-all/result.json"}) {
            Path file = temp.resolve("out").resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "foreign file");
            assertThatThrownBy(() -> ablate(plan))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining(file.getFileName().toString());
            assertThat(file).hasContent("foreign file");
            Files.delete(file);
        }
        try (Stream<Path> all = Files.list(temp.resolve("out"))) {
            assertThat(all).allMatch(each -> each.endsWith("answers-all"));
        }
    }

    @Test
    void ablateRejectsStagesOfReplacedData() throws IOException {
        Path plan = plan("[{\"name\": \"all\"}]");
        ablate(plan);
        Path captions = temp.resolve("dataset/captions/chat.json");
        Files.writeString(captions, Files.readString(captions).replaceAll(" (map|picture) ", " drawing "));
        assertThatThrownBy(() -> ablate(plan))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("holds the output of another run");
    }

    @Test
    void ablateRejectsInvalidPlan() throws IOException {
        for (String[] planAndMessage : new String[][] {
            {"[]", "\"variants\" is missing"},
            {"[{\"name\": \"a b\"}, {\"name\": \"a-b\"}]", "two variants are called"},
            {"[{\"nme\": \"a\"}]", "nme"},
            {"[{\"name\": \"a\", \"stage2\": [\"rate=1\"]}]", "rate"}
        }) {
            Path plan = plan(planAndMessage[0]);
            assertThatThrownBy(() -> ablate(plan))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining(planAndMessage[1]);
        }
    }
}
