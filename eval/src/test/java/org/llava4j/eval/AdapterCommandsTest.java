package org.llava4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.chat.ChatMain;
import org.llava4j.eval.inspect.InspectMain;
import org.llava4j.eval.llavabench.LlavaBenchMain;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.probe.ProbeMain;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.eval.serve.ServeMain;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.Chat;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.folder.LoraMerge;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.testing.PeftAdapters;

/** Commands that ask a model, with a LoRA adapter that is not merged. */
class AdapterCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path BASE = ROOT.resolve("resources/tiny/llava");
    private static final Path MAP = ROOT.resolve("resources/readme/map.png");
    private static final String QUESTION = "Which way is it from the house to the tree?";

    @TempDir
    private Path temp;

    private Path adapter;

    @BeforeEach
    void writeAdapter() {
        adapter = PeftAdapters.write(temp.resolve("adapter"), BASE, 0.2);
    }

    private Path merged() {
        Path merged = temp.resolve("merged");
        new LoraMerge(BASE, adapter, null, new SaveType(TensorType.F32, null), Long.MAX_VALUE).writeTo(merged);
        return merged;
    }

    private static void run(Consumer<String[]> command, List<?>... flags) {
        List<String> all = new ArrayList<>();
        for (List<?> some : flags) {
            some.forEach(flag -> all.add(flag.toString()));
        }
        command.accept(all.toArray(String[]::new));
    }

    private List<Object> withAdapter() {
        return List.of("--model-path", BASE, "--adapter", adapter);
    }

    private JsonNode scienceQa(String output, List<?> flags, List<?> more) throws IOException {
        Path dataset = temp.resolve("dataset");
        if (!Files.exists(dataset)) {
            SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 0, 0, 1, 0, false), dataset);
        }
        run(
                ScienceQaMain::main,
                flags,
                more,
                List.of("--data-path", dataset, "--output-dir", temp.resolve(output), "--max-new-tokens", "12"));
        return new ObjectMapper()
                .readTree(temp.resolve(output).resolve("report.json").toFile());
    }

    private List<String> texts(String output) {
        return PredictionFile.read(temp.resolve(output).resolve("predictions.jsonl")).values().stream()
                .map(prediction -> prediction.text())
                .toList();
    }

    @Test
    void scienceQaPredictsAsMergedModelAndRecordsAdapter() throws IOException {
        JsonNode base = scienceQa("base", List.of("--model-path", BASE), List.of());
        JsonNode unmerged = scienceQa("unmerged", withAdapter(), List.of());
        scienceQa("whole", List.of("--model-path", merged()), List.of());
        assertThat(texts("unmerged")).isEqualTo(texts("whole")).isNotEqualTo(texts("base"));
        JsonNode settings = unmerged.get("run_configuration");
        assertThat(settings.get("model").textValue()).isEqualTo("llava");
        assertThat(settings.get("model sha256")).isEqualTo(base.at("/run_configuration/model sha256"));
        assertThat(settings.get("adapter").textValue()).isEqualTo("adapter");
        assertThat(settings.get("adapter sha256").textValue()).hasSize(64);
        assertThat(base.get("run_configuration").has("adapter")).isFalse();
        assertThat(unmerged.get("run_configuration_sha256")).isNotEqualTo(base.get("run_configuration_sha256"));
        // LLaVA's form of the flags is the same run.
        JsonNode llavaFlags = scienceQa("llava", List.of("--model-path", adapter, "--model-base", BASE), List.of());
        assertThat(llavaFlags.get("run_configuration_sha256")).isEqualTo(unmerged.get("run_configuration_sha256"));
        assertThat(texts("llava")).isEqualTo(texts("unmerged"));
        PeftAdapters.configure(adapter, JsonNodeFactory.instance.objectNode().put("lora_alpha", 1));
        assertThat(scienceQa("weaker", withAdapter(), List.of()).get("run_configuration_sha256"))
                .isNotEqualTo(unmerged.get("run_configuration_sha256"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bf16", "fp16", "q8", "q4"})
    void scienceQaRunsOnBaseInEveryDtype(String dtype) throws IOException {
        JsonNode report = scienceQa("out", withAdapter(), List.of("--dtype", dtype));
        assertThat(report.at("/run_configuration/dtype").textValue()).isEqualTo(dtype);
        assertThat(texts("out")).isNotEmpty();
    }

    @Test
    void benchAndProbeAcceptAdapter() throws IOException {
        Path questions = Files.writeString(
                temp.resolve("questions.jsonl"),
                "{\"question_id\": 1, \"image\": \"map.png\", \"text\": \"" + QUESTION
                        + "\", \"category\": \"conv\"}\n");
        Path bench = temp.resolve("bench");
        run(
                LlavaBenchMain::main,
                withAdapter(),
                List.of("--questions", questions, "--image-folder", MAP.getParent(), "--output-dir", bench));
        assertThat(Files.readString(bench.resolve("answers.jsonl"))).contains("\"adapter\"");
        run(ProbeMain::main, withAdapter(), List.of("--num-pairs", "2", "--output-dir", temp.resolve("probe")));
        assertThat(temp.resolve("probe/report.json")).content().contains("adapter sha256");
    }

    @Test
    void chatAnswersAsMergedModelAndReusesKvCache() throws ParseException {
        Options options = ModelSpec.addFlags(new Options()).addOption(ModelSpec.cacheFlag());
        CommandLine line = new DefaultParser()
                .parse(options, new String[] {"--model-path", BASE.toString(), "--adapter", adapter.toString()});
        try (LlavaModel unmerged = ModelSpec.of(line).loadForChat(line, text -> {});
                LlavaModel whole = LlavaModel.load(merged());
                LlavaModel base = LlavaModel.load(BASE)) {
            Chat chat = unmerged.chat(DecodingOptions.greedy(12)).setImage(ImageRef.of(MAP));
            Chat expected = whole.chat(DecodingOptions.greedy(12)).setImage(ImageRef.of(MAP));
            assertThat(chat.ask(QUESTION).text())
                    .isEqualTo(expected.ask(QUESTION).text())
                    .isNotEqualTo(base.answer(MAP, QUESTION, 12));
            Answer second = chat.ask("And back?");
            assertThat(second.text()).isEqualTo(expected.ask("And back?").text());
            assertThat(second.cachedTokens()).isPositive();
            assertThat(unmerged.source()).isEqualTo(ModelSource.withAdapter(BASE, adapter));
        }
    }

    @Test
    void serverNamesAdapterAndItsBase() throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Thread serve = new Thread(() -> run(ServeMain::main, withAdapter(), List.of("--port", "0")));
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            serve.start();
            Pattern address = Pattern.compile("serving adapter at (http://\\S+)");
            Matcher matcher = address.matcher(printed.toString(StandardCharsets.UTF_8));
            while (!matcher.find() && serve.isAlive()) {
                Thread.sleep(50);
                matcher = address.matcher(printed.toString(StandardCharsets.UTF_8));
            }
            URI server = URI.create(matcher.group(1));
            JsonNode model =
                    send(HttpRequest.newBuilder(server.resolve("/v1/models"))).at("/data/0");
            assertThat(model.get("id").textValue()).isEqualTo("adapter");
            assertThat(model.get("parent").textValue()).isEqualTo("llava");
            assertThat(send(HttpRequest.newBuilder(server.resolve("/model-info.json")))
                            .get("adapter")
                            .textValue())
                    .isEqualTo("adapter");
            JsonNode completion = send(HttpRequest.newBuilder(server.resolve("/v1/chat/completions"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"model\": \"adapter\", \"max_tokens\": 12, \"messages\":"
                            + " [{\"role\": \"user\", \"content\": \"" + QUESTION + "\"}]}")));
            try (LlavaModel whole = LlavaModel.load(merged())) {
                assertThat(completion.at("/choices/0/message/content").textValue())
                        .isEqualTo(whole.chat(DecodingOptions.greedy(12))
                                .ask(QUESTION)
                                .text());
            }
        } finally {
            System.setOut(out);
            serve.interrupt();
            serve.join();
        }
    }

    private static JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return new ObjectMapper()
                .readTree(HttpClient.newHttpClient()
                        .send(request.build(), BodyHandlers.ofString())
                        .body());
    }

    @Test
    void inspectDescribesAdapterWithItsBase() {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            run(InspectMain::main, withAdapter(), List.of("--verify"));
        } finally {
            System.setOut(out);
        }
        int layer = 4 * (128 + 128) + 3 * (128 + 344);
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("LoRA on 28 weights")
                .contains("56 tensors from " + adapter.resolve("adapter_model.safetensors"))
                .contains("LoRA             " + 4 * PeftAdapters.RANK * layer + " parameters");
        PeftAdapters.configure(adapter, JsonNodeFactory.instance.objectNode().put("r", 5));
        assertThatThrownBy(() -> run(InspectMain::main, withAdapter())).hasMessageContaining("must be [5, 128]");
        assertThatThrownBy(() -> run(InspectMain::main, List.of("--model-path", adapter)))
                .hasMessageContaining("is a LoRA adapter; merge it");
    }

    @Test
    void wrongFlagsAreRejected() {
        assertRejected("is not a LoRA adapter", "--model-path", BASE, "--adapter", BASE);
        assertRejected("is a LoRA adapter; merge it", "--model-path", adapter);
        assertRejected("is a LoRA adapter; merge it", "--model-path", adapter, "--adapter", adapter);
        assertRejected("is not a LoRA adapter", "--model-path", BASE, "--model-base", BASE);
        assertRejected("--model-base requires --model-path", "--model-base", BASE);
        assertRejected(
                "--adapter and --model-base exclude each other",
                "--model-path",
                BASE,
                "--model-base",
                BASE,
                "--adapter",
                adapter);
        PeftAdapters.configure(adapter, JsonNodeFactory.instance.objectNode().put("use_dora", true));
        assertRejected("DoRA is not supported", "--model-path", BASE, "--adapter", adapter);
        PeftAdapters.write(adapter, ROOT.resolve("resources/golden/c_llava_linear"), 0.2);
        assertRejected(
                "give the base model that the adapter was trained on", "--model-path", BASE, "--adapter", adapter);
    }

    private static void assertRejected(String message, Object... flags) {
        for (Consumer<String[]> command : List.<Consumer<String[]>>of(ChatMain::main, ServeMain::main)) {
            assertThatThrownBy(() -> run(command, List.of(flags)))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining(message)
                    .hasMessageNotContaining("\n");
        }
    }
}
