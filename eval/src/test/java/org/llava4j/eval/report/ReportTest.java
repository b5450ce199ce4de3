package org.llava4j.eval.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.eval.TestProblems;
import org.llava4j.train.stage.RecipeTable;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

class ReportTest {
    /** A record as its default {@code toString} prints it. */
    private static final String RECORD = "[A-Z]\\w+\\[\\w+=";

    @TempDir
    Path folder;

    @Test
    void jsonHasHeadlineMetricsAsFractionsUnderOwnKeys() throws IOException {
        JsonNode json = json(fullReport());
        assertThat(json.get("accuracy").asDouble()).isEqualTo(0.94);
        assertThat(json.get("accuracy_before").asDouble()).isEqualTo(0.1);
        assertThat(json.get("chance").asDouble()).isEqualTo(0.38);
        assertThat(json.get("seconds").asDouble()).isEqualTo(412.5);
        assertThat(json.get("accuracy_by_category").get("read a thermometer").asDouble())
                .isEqualTo(0.9);
        assertThat(json.get("columns").get("G1-6").asDouble()).isEqualTo(0.75);
        assertThat(json.get("columns").get("LAN").isNull()).isTrue();
        assertThat(json.get("counts").get("accuracy"))
                .isEqualTo(new JsonMapper()
                        .readTree("{\"correct\":282,\"incorrect\":15,\"unparsed\":3,\"low\":"
                                + new AnswerCounts(282, 15, 3).wilson().low() + ",\"high\":"
                                + new AnswerCounts(282, 15, 3).wilson().high() + "}"));
        assertThat(json.get("counts").get("columns").get("NAT").get("incorrect").asInt())
                .isEqualTo(20);
        assertThat(json.get("run_configuration").get("seed").asText()).isEqualTo("42");
        assertThat(json.get("run_configuration_sha256").asText())
                .isEqualTo(fullReport().configuration().sha256())
                .hasSize(64);
        assertThat(json.get("timings").fieldNames()).toIterable().containsExactly("stage 1", "stage 2");
        assertThat(json.get("loss").get("Stage 2, questions").get(1)).hasToString("[2,null]");
    }

    @Test
    void renderRejectsMetricWithKeyOfAnotherPart() {
        Report twice = Report.titled("t").headlineMetric("seconds", "Seconds", AnswerCounts.NONE);
        assertThatThrownBy(() -> ReportJson.render(twice)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new HeadlineMetric("Not A Key", "x", AnswerCounts.NONE))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void htmlShowsSameValuesAsJson() {
        String page = new ReportHtml(fullReport()).render();
        assertThat(page)
                .contains("<td class=\"big\">94.0</td>")
                .contains("<td>282</td><td>15</td><td>3</td>")
                .contains("chance, 38.0 %")
                .contains("LLaVA 13B")
                .contains("<td>90.92</td>")
                .contains("6 min 53 s")
                .contains(fullReport().configuration().sha256())
                .contains("3.000 to 0.500 in 3 steps, 1 of them without a finite loss");
        assertThat(page).contains("<tr class=\"ours\"><th scope=\"row\">This run</th><td>80.00</td>");
    }

    @Test
    void htmlEscapesGeneratedText() {
        String page = new ReportHtml(fullReport()).render();
        assertThat(page)
                .contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; more\ufffd")
                .doesNotContain("<script");
    }

    @Test
    void htmlHasNoExternalResources() {
        String page = new ReportHtml(fullReport()).render();
        assertThat(page).doesNotContain("http:", "https:", "url(", "@import", "<link", "src=\"/");
        assertThat(page).contains("default-src 'none'").contains("src=\"data:image/png;base64,");
    }

    @Test
    void htmlIsWellFormed() throws Exception {
        String page = new ReportHtml(fullReport()).render();
        String body = page.substring(page.indexOf("<main>"), page.indexOf("</main>") + "</main>".length());
        // Images are the only elements of a page that are never closed.
        String xml = body.replaceAll("(<img [^>]*)>", "$1/>");
        var parsed = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
        assertThat(parsed.getElementsByTagName("article").getLength()).isEqualTo(3);
        assertThat(parsed.getElementsByTagName("figure").getLength()).isEqualTo(2);
        assertThat(parsed.getElementsByTagName("img").getLength()).isEqualTo(2);
    }

    @Test
    void htmlGivesReasonOfUnparsedAnswer() {
        String page = new ReportHtml(fullReport()).render();
        assertThat(page)
                .contains("Unparsed: the text contains no answer.")
                .contains("repel<span class=\"mark\">correct answer</span><span class=\"mark\">predicted</span>")
                .contains("Correct.")
                .contains("Incorrect.");
    }

    @Test
    void htmlOmitsMissingParts() {
        String page = new ReportHtml(Report.titled("Bare")).render();
        assertThat(page).contains("<h1>Bare</h1>").doesNotContain("Training loss", "ScienceQA categories", "Examples");
    }

    @Test
    void pageHasResultsBeforeSettingsAndExamples() {
        String page = new ReportHtml(fullReport()).render();
        assertThat(page)
                .containsSubsequence(
                        "<h2>Accuracy</h2>",
                        "<h2>Accuracy by category</h2>",
                        "ScienceQA categories",
                        "<h2>Run configuration</h2>",
                        "<h2>Time per part</h2>",
                        "<h2>Examples</h2>",
                        "<h2>Training loss</h2>",
                        "<h2>Notes</h2>");
    }

    @Test
    void leadTableComesFirstAndItsAccuraciesAreInTheJson() throws IOException {
        Report report = Report.titled("t")
                .lead(
                        new ReportTable("Ablation", List.of("", "x"), List.of(List.of("row", "1")), ""),
                        new HeadlineMetric("accuracy", "with", new AnswerCounts(3, 1, 0)))
                .headlineMetric("accuracy_before", "before", new AnswerCounts(1, 3, 0))
                .recipe("stage 1", RecipeTable.of(stage(Stages.PRETRAIN, "maxSteps=4")))
                .recipe("stage 2", RecipeTable.of(stage(Stages.FINETUNE_LORA, "maxSteps=5")))
                .data("mcnemar", Map.of("p", 0.25));
        assertThat(new ReportHtml(report).render())
                .containsSubsequence("<h2>Ablation</h2>", "<h2>Checks</h2>", "<h2>Training recipe</h2>")
                .contains("<th scope=\"row\">maxSteps</th><td>4<br/>(default 0)</td><td>5<br/>(default 0)</td>");
        assertThat(new ReportMarkdown(report).render()).containsSubsequence("## Ablation", "| before |");
        assertThat(new ReportLatex(report).render()).contains("row & 1");
        JsonNode json = json(report);
        assertThat(json.get("accuracy").asDouble()).isEqualTo(0.75);
        assertThat(json.at("/mcnemar/p").asDouble()).isEqualTo(0.25);
        assertThat(json.at("/tables/0/heading").asText()).isEqualTo("Ablation");
        assertThat(json.at("/run_configuration/stage 2.maxSteps").asText()).isEqualTo("5");
    }

    @Test
    void recipeIsOneTableInGroupsInAllFormats() {
        Report report = Report.titled("t")
                .recipe("stage 1", RecipeTable.of(stage(Stages.PRETRAIN, "learningRate=1e-5")))
                .recipe("LoRA", RecipeTable.of(stage(Stages.FINETUNE_LORA, "lora.rank=8")));
        String html = new ReportHtml(report).render();
        assertThat(html)
                .containsSubsequence(
                        "<th scope=\"col\">setting</th><th scope=\"col\">stage 1</th><th scope=\"col\">LoRA</th>",
                        ">data</th></tr>",
                        "<th scope=\"row\">convMode</th><td>plain</td><td>v1</td>",
                        ">model</th></tr>",
                        "model\\.mm_projector\\..+<br/>.+\\.lora_[AB]\\.weight</td>",
                        "<th scope=\"row\">lora.rank</th><td></td><td>8<br/>(default 128)</td>",
                        ">optimizer</th></tr>",
                        "<th scope=\"row\">learningRate</th><td>1e-5<br/>(default 0.002)</td><td>2e-4</td>",
                        "<th scope=\"row\">optimizer.beta1</th>",
                        ">schedule</th></tr>",
                        ">limits</th></tr>");
        String markdown = new ReportMarkdown(report).render();
        assertThat(markdown)
                .containsSubsequence(
                        "| setting | stage 1 | LoRA |",
                        "| **data** |  |  |",
                        "| trainable | `model\\.(mm_projector\\..+\\|embed_tokens\\.image_slot)` | `model\\.mm_projector\\..+`<br>`.+\\.lora_[AB]\\.weight` |",
                        "| learningRate | 1e-5<br>(default 0.002) | 2e-4 |");
        String latex = new ReportLatex(report).render();
        assertThat(latex)
                .containsSubsequence(
                        "% Training recipe",
                        "\\multicolumn{3}{l}{\\textit{model}}",
                        "model\\textbackslash{}.mm\\_projector\\textbackslash{}..+",
                        "learningRate & 1e-5 (default 0.002) & 2e-4 \\\\");
        for (String text : List.of(html, markdown, latex, ReportJson.render(report))) {
            assertThat(text).doesNotContainPattern(RECORD);
        }
    }

    @Test
    void settingRejectsRecord() {
        Report report = Report.titled("t");
        assertThatThrownBy(() -> report.setting("counts", AnswerCounts.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"counts\" is a record");
    }

    private static Stage stage(String name, String change) {
        return Stages.with(Stages.named(name), List.of(change));
    }

    @Test
    void numbersHaveDecimalPointInEveryLocale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            assertThat(new ReportHtml(fullReport()).render()).contains("<td class=\"big\">94.0</td>");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void sha256IsIndependentOfSettingOrder() {
        RunConfiguration one =
                Report.titled("a").setting("x", 1).setting("y", "2").configuration();
        RunConfiguration two =
                Report.titled("b").setting("y", 2).setting("x", "1").configuration();
        assertThat(one.sha256()).isEqualTo(two.sha256());
        assertThat(one.sha256())
                .isNotEqualTo(Report.titled("a").setting("x", 1).configuration().sha256());
    }

    @Test
    void durationsHaveReadableUnits() {
        assertThat(Html.duration(4.25)).isEqualTo("4.3 s");
        assertThat(Html.duration(48.2)).isEqualTo("48 s");
        assertThat(Html.duration(425)).isEqualTo("7 min 05 s");
        assertThat(Html.duration(7380)).isEqualTo("2 h 03 min");
    }

    @Test
    void writeCreatesFolderAndFiles() throws IOException {
        fullReport().write(folder.resolve("new/report"));
        assertThat(folder.resolve("new/report/report.html")).isNotEmptyFile();
        assertThat(folder.resolve("new/report/report.json")).isNotEmptyFile();
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> fullReport().write(file)).isInstanceOf(BadInputException.class);
    }

    @Test
    void readRejectsFilesThatAreNotImages() throws IOException {
        Path text = Files.writeString(folder.resolve("image.png"), "not an image");
        assertThatThrownBy(() -> ReportImage.read(text)).isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> ReportImage.read(folder.resolve("none.png"))).isInstanceOf(BadInputException.class);
        Files.write(text, png().bytes());
        assertThat(ReportImage.read(text).mediaType()).isEqualTo("image/png");
    }

    private static JsonNode json(Report report) throws IOException {
        return new JsonMapper().readTree(ReportJson.render(report));
    }

    private static Report fullReport() {
        Map<ScienceQaColumn, AnswerCounts> columns = new EnumMap<>(ScienceQaColumn.class);
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            columns.put(column, column == ScienceQaColumn.LAN ? AnswerCounts.NONE : new AnswerCounts(60, 20, 0));
        }
        columns.put(ScienceQaColumn.NAT, new AnswerCounts(80, 20, 0));
        return Report.titled("A tiny LLaVA on synthetic science questions")
                .summary(
                        "Trained in two stages from a base that had seen neither a question nor an answer of this set.")
                .setting("prompt", "QCM-LEA")
                .setting("seed", 42)
                .setting("decoding", "greedy, at most 96 tokens")
                .headlineMetric("accuracy_before", "Before training", new AnswerCounts(30, 20, 250))
                .headlineMetric("accuracy_after_stage1", "After stage 1", new AnswerCounts(96, 150, 54))
                .headlineMetric("accuracy", "After stage 2", new AnswerCounts(282, 15, 3))
                .headlineMetric("accuracy_shuffled_images", "The same, images exchanged", new AnswerCounts(118, 180, 2))
                .headlineMetric("accuracy_without_stage1", "Stage 2 without stage 1", new AnswerCounts(240, 58, 2))
                .chance(0.38)
                .columns(columns, "This run is on drawn problems, so its row and theirs are not of the same test.")
                .categories(Map.of(
                        "read a thermometer", new AnswerCounts(45, 5, 0),
                        "magnets", new AnswerCounts(49, 1, 0),
                        "count and compare", new AnswerCounts(47, 3, 0)))
                .curve(curve("Stage 1, captions", 900))
                .curve(new LossCurve(
                        "Stage 2, questions",
                        List.of(
                                new LossCurve.Point(1, 3),
                                new LossCurve.Point(2, Double.NaN),
                                new LossCurve.Point(3, 0.5))))
                .example(new Example(
                        TestProblems.magnets("1"),
                        "Poles that are alike repel each other. The answer is B.",
                        new Predicted(1),
                        png()))
                .example(new Example(TestProblems.magnets("2"), "The answer is A.", new Predicted(0), png()))
                .example(new Example(
                        TestProblems.magnets("3"),
                        "<script>alert('x')</script> & more\u0007",
                        new Unparsed(Reason.NO_ANSWER),
                        null))
                .timing("stage 1", 101)
                .timing("stage 2", 250)
                .seconds(412.5)
                .note(
                        "Accuracy below chance before training is that of a model that does not answer in the form asked.");
    }

    private static LossCurve curve(String name, int steps) {
        return new LossCurve(
                name,
                IntStream.rangeClosed(1, steps)
                        .mapToObj(s -> new LossCurve.Point(s, 4 * Math.exp(-s / 200.0) + 0.3 * Math.abs(Math.sin(s))))
                        .toList());
    }

    private static ReportImage png() {
        BufferedImage image = new BufferedImage(160, 100, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, 160, 100);
        g.setStroke(new BasicStroke(3));
        g.setColor(Color.RED);
        g.fillRect(20, 35, 50, 30);
        g.setColor(Color.BLUE);
        g.fillRect(90, 35, 50, 30);
        g.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return new ReportImage("image/png", bytes.toByteArray());
    }
}
