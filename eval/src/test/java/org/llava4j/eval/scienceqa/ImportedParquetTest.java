package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.JsonInput;
import org.llava4j.data.parquet.ImportParquetMain;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.train.lint.LintDataMain;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stages;

/** From Parquet files of the hub's form, imported by one command, to an evaluation and to a training run. */
class ImportedParquetTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path TINY = ROOT.resolve("resources/tiny/llava");
    private static final Path FILES = ROOT.resolve("data/parquet/src/test/resources/org/llava4j/data/parquet");

    @TempDir
    private Path temp;

    private Path imported(String data) {
        Path output = temp.resolve("imported");
        ImportParquetMain.main(new String[] {
            "--data-path", FILES.resolve(data).toString(), "--output-dir", output.toString(),
        });
        return output;
    }

    @Test
    void scienceQaIsEvaluated() throws IOException {
        Path output = temp.resolve("out");
        ScienceQaMain.main(new String[] {
            "--model-path",
            TINY.toString(),
            "--data-path",
            imported("scienceqa").toString(),
            "--split",
            "val",
            "--prompt-format",
            "A",
            "--max-new-tokens",
            "1",
            "--output-dir",
            output.toString(),
        });
        assertThat(PredictionFile.read(output.resolve("predictions.jsonl"))).hasSize(3);
    }

    @Test
    void conversationsAreLintedAndTrainedOn() {
        Path data = imported("conversations");
        Path output = temp.resolve("lint");
        LintDataMain.main(new String[] {
            "--model-path", TINY.toString(),
            "--data-path", data.resolve("train.jsonl").toString(),
            "--image-folder", data.resolve("images").toString(),
            "--output-dir", output.toString(),
        });
        assertThat(JsonInput.readObject(output.resolve("lint.json"))
                        .get("valid")
                        .intValue())
                .isEqualTo(4);
        RunReport report = StageRunner.run(
                Stages.with(
                        Stages.named(Stages.FINETUNE),
                        Map.of("perDeviceTrainBatchSize", 2, "maxSteps", 2, "modelMaxLength", 512)),
                RunPaths.of(TINY, data.resolve("train.jsonl"), data.resolve("images"), temp.resolve("out")),
                RunOptions.DEFAULT,
                TrainingListener.NONE);
        assertThat(report.requireFinished().sources().get(0).layouts()).isEqualTo(new LayoutCounts(4, 0));
    }
}
