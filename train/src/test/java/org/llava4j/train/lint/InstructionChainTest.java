package org.llava4j.train.lint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.JsonInput;
import org.llava4j.data.instruct.GenerateInstructionsMain;
import org.llava4j.data.instruct.InstructionWriter;
import org.llava4j.data.records.CaptionRecordReader;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.testing.CocoFiles;
import org.llava4j.testing.CocoFiles.CocoImage;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stages;

/**
 * The paper's pipeline at a small scale: 200 synthetic scenes, each with two captions and three boxes, a local LLM endpoint that
 * answers by rules, parsing and validation of its answers, and a training stage.
 */
class InstructionChainTest {
    private static final int SCENES = 200;
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path temp;

    @Test
    void pipelineGeneratesInstructionsAndTrainsModel() throws IOException {
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(1, 0, 0, 0, SCENES, false), temp.resolve("scenes"));
        Path scenes = temp.resolve("scenes/captions");
        Path images = scenes.resolve("images");
        Path captions = temp.resolve("captions.json");
        Path instances = temp.resolve("instances.json");
        try (CaptionRecordReader reader = CaptionRecordReader.open(scenes.resolve("chat.json"))) {
            CocoFiles.write(
                    captions,
                    instances,
                    IntStream.range(0, reader.size())
                            .mapToObj(i -> new CocoImage(
                                    reader.get(i).image(),
                                    List.of(reader.get(i).text(), "a picture"),
                                    List.of("house", i % 2 == 0 ? "house" : "tree", "circle")))
                            .toList());
        }

        HttpServer teacher = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        teacher.createContext("/v1/chat/completions", InstructionChainTest::answer);
        teacher.start();
        Path instructions = temp.resolve("instructions");
        try {
            GenerateInstructionsMain.main(new String[] {
                "--captions", captions.toString(),
                "--instances", instances.toString(),
                "--output-dir", instructions.toString(),
                "--base-url", "http://127.0.0.1:" + teacher.getAddress().getPort() + "/v1",
                "--model", "rules"
            });
        } finally {
            teacher.stop(0);
        }
        Path data = instructions.resolve(InstructionWriter.MERGED);

        Path model = ModelFolders.llama(temp.resolve("model"));
        Path lint = temp.resolve("lint");
        LintDataMain.main(new String[] {
            "--model-path", model.toString(),
            "--vision-tower", ModelFolders.TOWER.toString(),
            "--data-path", data.toString(),
            "--image-folder", images.toString(),
            "--output-dir", lint.toString(),
            "--fail-on", "error"
        });
        assertThat(JsonInput.readObject(lint.resolve("lint.json")).get("valid").intValue())
                .isEqualTo(3 * SCENES);

        RunReport report = StageRunner.run(
                Stages.with(
                        Stages.named(Stages.FINETUNE),
                        Map.of(
                                "maxSteps",
                                20,
                                "perDeviceTrainBatchSize",
                                4,
                                "freshProjector",
                                true,
                                "learningRate",
                                3e-3)),
                RunPaths.of(model, data, images, temp.resolve("out")).withVisionTower(ModelFolders.TOWER),
                RunOptions.DEFAULT,
                TrainingListener.NONE);
        assertThat(report.summary().badSamples()).isZero();
        assertThat(report.steps().get(19).loss())
                .isLessThan(0.8 * report.steps().get(0).loss());
    }

    /** Answers from the captions and boxes in the last message only. */
    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode messages = JSON.readTree(exchange.getRequestBody()).get("messages");
            List<String> context = messages.get(messages.size() - 1)
                    .get("content")
                    .textValue()
                    .lines()
                    .toList();
            String caption = context.get(0);
            String system = messages.get(0).get("content").textValue();
            String answer = system.startsWith("You describe")
                    ? caption + " " + counted(context)
                    : "Question:\nWhat is to be seen?\n===\nAnswer:\n" + caption
                            + (system.startsWith("You write training conversations")
                                    ? "\n===\nQuestion:\nIs there a zebra?\n===\nAnswer:\nNo, there is no zebra."
                                    : " " + counted(context))
                            + "\n===";
            ObjectNode body = JSON.createObjectNode();
            body.put("id", "1")
                    .put("object", "chat.completion")
                    .put("created", 1)
                    .put("model", "rules");
            ObjectNode choice = body.putArray("choices").addObject();
            choice.put("index", 0).put("finish_reason", "stop");
            choice.putObject("message").put("role", "assistant").put("content", answer);
            byte[] bytes = JSON.writeValueAsBytes(body);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private static String counted(List<String> context) {
        Map<String, Long> counts = context.stream()
                .filter(line -> line.endsWith("]"))
                .collect(Collectors.groupingBy(
                        line -> line.substring(0, line.indexOf(':')), TreeMap::new, Collectors.counting()));
        return "Counted: "
                + counts.entrySet().stream()
                        .map(each -> each.getValue() + " times a " + each.getKey())
                        .collect(Collectors.joining(", "))
                + ".";
    }
}
