package org.llava4j.train.logging;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

class RunPageTest {
    private static final String REFRESH = "http-equiv=\"refresh\"";
    private static final JsonNode REPORT = JsonInput.parse(
            "run.json",
            ("{\"stage\": \"pretrain\", \"mean_loss\": 1.25, \"groups\": ["
                            + "{\"name\": \"vision_tower\", \"trainable\": false, \"parameters\": 1000, \"before\": {\"sha256\":"
                            + " \"aaaabbbbccccdddd\", \"norm\": 2.5}, \"after\": {\"sha256\": \"aaaabbbbccccdddd\","
                            + " \"norm\": 2.5}}, {\"name\": \"mm_projector\", \"trainable\": true, \"parameters\": 10,"
                            + " \"before\": {\"sha256\": \"11112222333344445\", \"norm\": 0.5}, \"after\": {\"sha256\":"
                            + " \"99998888777766665\", \"norm\": 0.625}}]}")
                    .getBytes(StandardCharsets.UTF_8));

    @TempDir
    private Path folder;

    private final RunPage page = new RunPage();

    @Test
    void pageRefreshesWhileRunning() throws IOException {
        run(0, 1, 120, 400);
        page.validated(100, new ValidationResult(1.5, 0.75));
        page.checkpointSaved(Path.of("run/checkpoint-00000100"));
        page.stepDone(ProgressSamples.progress(121, 400, 200_000));
        String html = read();
        assertThat(html)
                .contains(REFRESH, "Step 121 of 400: 4 min 39 s left", ">running</p>")
                .contains("<dt>last checkpoint</dt><dd>step 100</dd>", "<dt>validation accuracy</dt><dd>75.0 %</dd>")
                .contains("<th scope=\"row\">convMode</th><td>&lt;plain&gt;</td><td>plain</td>");
        assertSelfContained(html);
    }

    @Test
    void pageShowsStageAsTableInGroups() throws IOException {
        Stage stage = Stages.with(Stages.named("finetune-lora"), List.of("lora.rank=8"));
        RunStart start = ProgressSamples.start(folder, 10, 0);
        page.trainingStarted(new RunStart(
                stage.name(),
                Stages.tree(stage),
                10,
                start.before(),
                folder,
                start.graph(),
                start.schedule(),
                start.notices()));
        page.stepDone(ProgressSamples.progress(1, 10, 1000));
        String html = read();
        assertThat(html)
                .containsSubsequence(
                        "<th scope=\"col\">default of finetune-lora</th>",
                        ">data</th></tr>",
                        "<tr><th scope=\"row\">convMode</th><td>v1</td><td></td></tr>",
                        ">model</th></tr>",
                        "<td>model\\.mm_projector\\..+<br/>.+\\.lora_[AB]\\.weight</td>",
                        "<tr class=\"changed\"><th scope=\"row\">lora.rank</th><td>8</td><td>128</td></tr>",
                        ">optimizer</th></tr>",
                        "<th scope=\"row\">optimizer.beta1</th><td>0.9</td>",
                        ">schedule</th></tr>",
                        ">limits</th></tr>")
                .doesNotContainPattern("[A-Z]\\w+\\[\\w+=");
        assertSelfContained(html);
    }

    @Test
    void finishedPageShowsResultAndWeightGroups() throws IOException {
        run(0, 1, 30, 30);
        assertThat(read()).contains("training is finished, writing the model", REFRESH);
        page.runEnded(RunResult.finished(REPORT));
        String html = read();
        assertThat(html)
                .doesNotContain(REFRESH)
                .contains(">finished</p>", "Step 30 of 30: training is finished and the model is written")
                .containsPattern("vision_tower</th><td>1000</td>.*aaaabbbbcccc</code>.*frozen, bit-identical")
                .containsPattern("mm_projector</th><td>10</td>.*0\\.6250.*trained")
                .contains("<dt>mean_loss</dt><dd>1.25</dd>");
        assertSelfContained(html);
    }

    @Test
    void failedPageShowsMessage() throws IOException {
        run(0, 1, 3, 30);
        page.runEnded(RunResult.failed(new BadInputException("the loss of step 4 is <not> a number")));
        assertThat(read())
                .doesNotContain(REFRESH)
                .contains(">failed</p>", "Step 3 of 30: the loss of step 4 is &lt;not&gt; a number");
        page.runEnded(RunResult.stopped("stopped after step 3 of 30"));
        assertThat(read()).contains(">stopped</p>");
    }

    @Test
    void resumedPageShowsEarlierSteps() throws IOException {
        try (MetricsLog log = MetricsLog.of(folder.resolve(MetricsLog.FILE), line -> {})) {
            for (int step = 1; step <= 50; step++) {
                log.stepDone(ProgressSamples.progress(step, 100, 0));
            }
            log.validated(50, new ValidationResult(1.5, null));
        }
        run(50, 51, 51, 100);
        String html = read();
        assertThat(html).contains("Step 51 of 100", "Dots: validation set.");
        assertThat(points(html, "each")).isEqualTo(51);
    }

    @Test
    void pageWritesAreRateLimited() throws IOException {
        page.trainingStarted(ProgressSamples.start(folder, 100, 0));
        page.stepDone(ProgressSamples.progress(1, 100, 10));
        page.stepDone(ProgressSamples.progress(2, 100, 4_000));
        assertThat(read()).contains("Step 1 of 100");
        page.stepDone(ProgressSamples.progress(3, 100, 5_010));
        assertThat(read()).contains("Step 3 of 100");
    }

    @Test
    void failureBeforeFirstStepWritesNoPage() {
        page.runEnded(RunResult.failed(new BadInputException("no")));
        page.trainingStarted(ProgressSamples.start(folder, 100, 0));
        page.runEnded(RunResult.failed(new BadInputException("no")));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void longRunKeepsPageSmallAndPeaksVisible() throws IOException {
        int steps = 1_000_000;
        page.trainingStarted(ProgressSamples.start(folder, steps, 0));
        for (int step = 1; step <= steps; step++) {
            page.stepDone(ProgressSamples.progress(step, steps, step == steps ? 10_000 : 0));
        }
        page.runEnded(RunResult.finished(REPORT));
        String html = read();
        assertThat(html.length()).isBetween(40_000, 200_000);
        assertThat(points(html, "each")).isBetween(512, 1024);
        assertSelfContained(html);
    }

    private void run(int done, int first, int last, int total) {
        page.trainingStarted(ProgressSamples.start(folder, total, done));
        for (int step = first; step <= last; step++) {
            page.stepDone(ProgressSamples.progress(step, total, 1000L * step));
        }
    }

    private String read() throws IOException {
        return Files.readString(folder.resolve("run.html"));
    }

    private static int points(String html, String style) {
        var path =
                Pattern.compile("<path class=\"" + style + "\" d=\"([^\"]*)\"").matcher(html);
        assertThat(path.find()).isTrue();
        return path.group(1).split("[ML]").length - 1;
    }

    /** No external resource, no script, and well-formed SVG. */
    private static void assertSelfContained(String html) {
        assertThat(html).doesNotContain("http://", "https://", "<script", "src=", "href=", "url(", "NaN", "Infinity");
        var drawings = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(html);
        int count = 0;
        while (drawings.find()) {
            count++;
            byte[] svg = drawings.group().getBytes(StandardCharsets.UTF_8);
            try {
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(svg));
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
        assertThat(count).isEqualTo(5);
    }
}
