package org.llava4j.eval;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.llavabench.LlavaBenchMain;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.eval.serve.ServeMain;
import org.llava4j.model.chat.Chat;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.convert.ExportMain;
import org.llava4j.model.generate.DecodingOptions;

/** Commands that ask a pair of GGUF files answer like the model folder from which it was exported, in fp16. */
class GgufCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path FOLDER = ROOT.resolve("resources/tiny/llava");
    private static final Path MAP = ROOT.resolve("resources/readme/map.png");
    private static final String QUESTION = "Which way is it from the house to the tree?";

    @TempDir
    private Path temp;

    private List<Object> pair;

    @BeforeEach
    void exportPair() {
        Path out = temp.resolve("gguf");
        run(ExportMain::main, List.of("--model-path", FOLDER, "--layout", "gguf", "--output-dir", out));
        pair = List.of(
                "--model-path", out.resolve("model-f16.gguf"),
                "--mmproj", out.resolve("mmproj-model-f16.gguf"),
                "--conv-mode", "demo");
    }

    private static void run(Consumer<String[]> command, List<?>... flags) {
        List<String> all = new ArrayList<>();
        for (List<?> some : flags) {
            some.forEach(flag -> all.add(flag.toString()));
        }
        command.accept(all.toArray(String[]::new));
    }

    private static List<Object> folder() {
        return List.of("--model-path", FOLDER, "--dtype", "fp16");
    }

    private List<String> scienceQa(List<?> model, String output) {
        Path dataset = temp.resolve("dataset");
        if (!Files.exists(dataset)) {
            SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 0, 0, 1, 0, false), dataset);
        }
        Path out = temp.resolve(output);
        run(ScienceQaMain::main, model, List.of("--data-path", dataset, "--output-dir", out, "--max-new-tokens", "12"));
        return PredictionFile.read(out.resolve("predictions.jsonl")).values().stream()
                .map(prediction -> prediction.text())
                .toList();
    }

    @Test
    void scienceQaPredictsAsFolder() {
        List<String> texts = scienceQa(pair, "pair");
        assertThat(texts).isNotEmpty().isEqualTo(scienceQa(folder(), "folder"));
    }

    private List<String> bench(List<?> model, String output) throws IOException {
        Path questions = Files.writeString(
                temp.resolve("questions.jsonl"),
                "{\"question_id\": 1, \"image\": \"map.png\", \"text\": \"" + QUESTION
                        + "\", \"category\": \"conv\"}\n");
        Path out = temp.resolve(output);
        run(
                LlavaBenchMain::main,
                model,
                List.of("--questions", questions, "--image-folder", MAP.getParent(), "--output-dir", out),
                List.of("--max-new-tokens", "12"));
        List<String> texts = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve("answers.jsonl"))) {
            texts.add(new ObjectMapper().readTree(line).get("text").textValue());
        }
        return texts;
    }

    @Test
    void llavaBenchAnswersAsFolder() throws IOException {
        assertThat(bench(pair, "pair")).hasSize(1).isEqualTo(bench(folder(), "folder"));
    }

    private static LlavaModel load(List<?> flags) throws ParseException {
        Options options = ModelSpec.addFlags(new Options()).addOption(ModelSpec.cacheFlag());
        CommandLine line = new DefaultParser()
                .parse(options, flags.stream().map(Object::toString).toArray(String[]::new));
        return ModelSpec.of(line).loadForChat(line, text -> {});
    }

    @Test
    void chatAnswersAsFolder() throws ParseException {
        try (LlavaModel ofPair = load(pair);
                LlavaModel ofFolder = load(folder())) {
            Chat chat = ofPair.chat(DecodingOptions.greedy(12)).setImage(ImageRef.of(MAP));
            Chat expected = ofFolder.chat(DecodingOptions.greedy(12)).setImage(ImageRef.of(MAP));
            assertThat(chat.ask(QUESTION).text())
                    .isEqualTo(expected.ask(QUESTION).text());
            assertThat(chat.ask("And back?").text())
                    .isEqualTo(expected.ask("And back?").text());
        }
    }

    @Test
    void serverAnswersAsFolder() throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Thread serve = new Thread(() -> run(ServeMain::main, pair, List.of("--port", "0")));
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            serve.start();
            Pattern address = Pattern.compile("serving (\\S+) at (http://\\S+)");
            Matcher matcher = address.matcher(printed.toString(StandardCharsets.UTF_8));
            while (!matcher.find() && serve.isAlive()) {
                Thread.sleep(50);
                matcher = address.matcher(printed.toString(StandardCharsets.UTF_8));
            }
            String image = "data:image/png;base64," + Base64.getEncoder().encodeToString(Files.readAllBytes(MAP));
            JsonNode completion = post(URI.create(matcher.group(2)).resolve("/v1/chat/completions"), """
                    {"model": "%s", "max_tokens": 12, "messages": [{"role": "user", "content": [
                      {"type": "image_url", "image_url": {"url": "%s"}}, {"type": "text", "text": "%s"}]}]}
                    """.formatted(
                            matcher.group(1), image, QUESTION));
            try (LlavaModel folder = load(folder())) {
                assertThat(completion.at("/choices/0/message/content").textValue())
                        .isEqualTo(folder.answer(MAP, QUESTION, 12));
            }
        } finally {
            System.setOut(out);
            serve.interrupt();
            serve.join();
        }
    }

    private static JsonNode post(URI uri, String body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        return new ObjectMapper()
                .readTree(HttpClient.newHttpClient()
                        .send(request, BodyHandlers.ofString())
                        .body());
    }
}
