package org.llava4j.data.instruct;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.llm.StubEndpoint;
import org.llava4j.data.llm.StubEndpoint.Reply;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.testing.CocoFiles;
import org.llava4j.testing.CocoFiles.CocoImage;

/** Command from captions and bounding boxes to LLaVA's files, with a stub LLM on loopback. */
@Timeout(60)
class GenerateInstructionsTest {
    private static final int IMAGES = 12;
    private static final List<String> FILES = List.of(
            "conversation.json", "detail.json", "complex_reasoning.json", InstructionWriter.MERGED, "report.json");

    @TempDir
    private Path temp;

    private Path output;
    private Path journal;

    @BeforeEach
    void writeCoco() {
        output = temp.resolve("out");
        journal = temp.resolve("out.calls.jsonl");
        List<CocoImage> images = IntStream.rangeClosed(1, IMAGES)
                .mapToObj(i -> new CocoImage(
                        i + ".jpg",
                        // The last image has no caption, so no request is made for it.
                        i == IMAGES ? List.of() : List.of("number " + i + " on a wall", "a wall with a number")))
                .toList();
        CocoFiles.write(temp.resolve("captions.json"), temp.resolve("instances.json"), images);
    }

    /** Replies as an LLM in the format of the instruction type, based on the context. */
    private static Reply answer(JsonNode request, int time) {
        JsonNode messages = request.get("messages");
        String context = messages.get(messages.size() - 1).get("content").textValue();
        String first = context.lines().findFirst().orElseThrow();
        String system = messages.get(0).get("content").textValue();
        if (system.startsWith("You describe")) {
            return Reply.text(request, "There is " + first + ".");
        }
        if (first.startsWith("number 3 ")) {
            return Reply.text(request, "As an assistant I would say: it is a wall.");
        }
        boolean reasons = system.startsWith("You write questions that take thought");
        return Reply.text(
                request,
                (reasons ? "" : "Question:\nIs there a wall?\n===\nAnswer:\nYes.\n===\n")
                        + "Question:\nWhat is on it?\n===\n" + "Answer:\nIt is " + first + ".\n===");
    }

    private List<String> flags(String url, String... flags) {
        List<String> all = new ArrayList<>(List.of(
                "--captions", temp.resolve("captions.json").toString(),
                "--instances", temp.resolve("instances.json").toString(),
                "--output-dir", output.toString(),
                "--base-url", url,
                "--model", "m"));
        all.addAll(List.of(flags));
        return all;
    }

    private void generate(String url, String... flags) {
        GenerateInstructionsMain.main(flags(url, flags).toArray(new String[0]));
    }

    private List<String> files() throws IOException {
        List<String> texts = new ArrayList<>();
        for (String file : FILES) {
            texts.add(Files.readString(output.resolve(file)));
        }
        return texts;
    }

    @Test
    void runWritesAllFiles() throws IOException {
        try (StubEndpoint stub = StubEndpoint.start(GenerateInstructionsTest::answer)) {
            generate(stub.baseUrl());
            assertThat(stub.requests()).isEqualTo(3 * (IMAGES - 1));
        }
        JsonNode report = JsonInput.readObject(output.resolve("report.json"));
        assertThat(report.get("conversation").get("used").intValue()).isEqualTo(IMAGES - 2);
        assertThat(report.get("conversation")
                        .get("rejected")
                        .get(RejectionReason.MALFORMED.description())
                        .intValue())
                .isOne();
        assertThat(report.get("detail").get("used").intValue()).isEqualTo(IMAGES - 1);
        try (ConversationRecordReader talk = ConversationRecordReader.open(output.resolve("conversation.json"));
                ConversationRecordReader detail = ConversationRecordReader.open(output.resolve("detail.json"));
                ConversationRecordReader all =
                        ConversationRecordReader.open(output.resolve(InstructionWriter.MERGED))) {
            Conversation first = talk.get(0);
            assertThat(first.id()).isEqualTo("1");
            assertThat(first.images()).containsExactly("1.jpg");
            assertThat(first.turns()).hasSize(4);
            assertThat(first.turns().get(0).value()).contains("<image>").contains("Is there a wall?");
            assertThat(first.turns().get(2).value()).isEqualTo("What is on it?");
            assertThat(first.turns().get(3).value()).isEqualTo("It is number 1 on a wall.");
            assertThat(detail.get(0).turns().get(1).value()).isEqualTo("There is number 1 on a wall.");
            assertThat(InstructionPrompts.builtIn().questions())
                    .hasSize(16)
                    .contains(detail.get(0)
                            .turns()
                            .get(0)
                            .value()
                            .replace("<image>", "")
                            .strip());
            assertThat(all.size()).isEqualTo(3 * (IMAGES - 1) - 2);
            List<String> order = IntStream.range(0, all.size())
                    .mapToObj(i -> all.get(i).id())
                    .toList();
            assertThat(order)
                    .as("shuffled")
                    .isNotEqualTo(order.stream().sorted().toList());
        }
    }

    /**
     * Requests have the system prompt, the few-shot examples, then captions, and bounding boxes where the type has
     * them.
     */
    @Test
    void requestsHaveFewShotExamplesAndContext() throws IOException {
        List<JsonNode> requests = new ArrayList<>();
        try (StubEndpoint stub = StubEndpoint.start((request, time) -> {
            synchronized (requests) {
                requests.add(request);
            }
            return answer(request, time);
        })) {
            generate(stub.baseUrl(), "--max-images", "1", "--concurrency", "1");
        }
        assertThat(requests)
                .extracting(request -> request.get("messages").size())
                .containsExactly(6, 8, 8);
        assertThat(requests.get(0).get("messages").get(5).get("content").textValue())
                .isEqualTo("number 1 on a wall\na wall with a number");
        assertThat(requests.get(1).get("messages").get(7).get("content").textValue())
                .isEqualTo("number 1 on a wall\na wall with a number\n\nwall: [0.000, 0.250, 1.000, 0.750]");
        assertThat(requests.get(0).get("messages"))
                .extracting(message -> message.get("role").textValue())
                .containsExactly("system", "user", "assistant", "user", "assistant", "user");
    }

    @Test
    void runResumesAndReplaysFromJournal() throws IOException {
        String url;
        List<String> whole;
        try (StubEndpoint stub = StubEndpoint.start(GenerateInstructionsTest::answer)) {
            url = stub.baseUrl();
            assertThatThrownBy(() -> generate(url, "--max-requests", "10"))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("all 10 requests of the budget are used")
                    .hasMessageNotContaining("\n");
            assertThat(output).doesNotExist();
            assertThat(stub.requests()).isEqualTo(10);
            generate(url, "--concurrency", "7");
            assertThat(stub.requests()).as("no request is sent twice").isEqualTo(3 * (IMAGES - 1));
            whole = files();
            generate(url);
            assertThat(stub.requests()).isEqualTo(3 * (IMAGES - 1));
        }
        Files.delete(output.resolve("detail.json"));
        generate(url, "--replay");
        assertThat(files()).isEqualTo(whole);
        generate(url, "--replay", "--seed", "1");
        assertThat(files()).isNotEqualTo(whole);
    }

    @Test
    void runRejectsOutputBeforeFirstRequest() throws IOException {
        try (StubEndpoint stub = StubEndpoint.start(GenerateInstructionsTest::answer)) {
            Files.createDirectories(output);
            Path foreign = Files.writeString(output.resolve("my-notes.txt"), "mine");
            assertRefused(stub, "no previous run wrote");
            Files.delete(foreign);
            Files.delete(output);
            Files.writeString(output, "a file");
            assertRefused(stub, "is a file");
            Files.delete(output);
            assertRefused(
                    stub,
                    "would be replaced with it",
                    "--journal",
                    output.resolve("j.jsonl").toString());
            assertRefused(stub, "cannot write", "--journal", temp.toString());
            assertThat(stub.requests()).isZero();
        }
    }

    private void assertRefused(StubEndpoint stub, String message, String... flags) {
        assertThatThrownBy(() -> generate(stub.baseUrl(), flags))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message);
    }

    @Test
    void runRejectsFilteredAnswers() throws IOException {
        try (StubEndpoint stub = StubEndpoint.start(
                (request, time) -> Reply.finished(request, "There is a wall and", "content_filter"))) {
            generate(stub.baseUrl(), "--types", "detail");
        }
        JsonNode report = JsonInput.readObject(output.resolve("report.json"));
        assertThat(report.at("/detail/used").intValue()).isZero();
        assertThat(report.at("/detail/rejected")
                        .get(RejectionReason.FILTERED.description())
                        .intValue())
                .isEqualTo(IMAGES - 1);
    }

    /** The process gets SIGTERM while requests are in flight: their answers are journaled and not requested again. */
    @Test
    void sigtermJournalsRequestsInFlight() throws Exception {
        CompletableFuture<Process> child = new CompletableFuture<>();
        AtomicInteger asked = new AtomicInteger();
        try (StubEndpoint stub = StubEndpoint.start((request, time) -> {
            if (asked.incrementAndGet() == 6) {
                child.join().toHandle().destroy(); // unlike Process.destroy it leaves the streams open
            }
            if (asked.get() >= 6 && asked.get() <= 9) {
                Thread.sleep(700); // in flight while the JVM shuts down
            }
            return answer(request, time);
        })) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx200m",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    GenerateInstructionsMain.class.getName()));
            command.addAll(flags(stub.baseUrl(), "--concurrency", "3"));
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            child.complete(process);
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(printed).isNotZero();
            assertThat(printed).contains("stopping").contains("run the command again to resume");
            assertThat(output).doesNotExist();
            int sent = stub.requests();
            assertThat(sent).isLessThan(3 * (IMAGES - 1));
            try (RequestJournal written = RequestJournal.read(journal)) {
                assertThat(written.answers()).as(printed).isEqualTo(sent);
            }
            generate(stub.baseUrl());
            assertThat(stub.requests()).as("nothing is paid twice").isEqualTo(3 * (IMAGES - 1));
        }
    }

    @Test
    void dryRunPrintsRequestsAndEstimate() {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (StubEndpoint stub = StubEndpoint.start(GenerateInstructionsTest::answer);
                PrintStream print = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(print);
            generate(stub.baseUrl(), "--dry-run", "--price-in", "10", "--price-out", "30");
            assertThat(stub.requests()).isZero();
        } finally {
            System.setOut(out);
        }
        List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSize(3 * (IMAGES - 1) + 1);
        assertThat(JsonInput.parse("line", lines.get(0).getBytes(StandardCharsets.UTF_8))
                        .get("model")
                        .textValue())
                .isEqualTo("m");
        assertThat(lines.get(lines.size() - 1))
                .startsWith("33 requests: about ")
                .endsWith(" at the given prices");
        assertThat(journal).doesNotExist();
    }

    @Test
    void errorsAreOneLine() throws IOException {
        assertFails("--types \"poem\" is unknown", "--types", "poem");
        assertFails("--base-url ftp://x is not an HTTP URL", "--base-url", "ftp://x");
        assertFails("the temperature is 3.0", "--temperature", "3");
        Path empty = Files.createDirectory(temp.resolve("prompts"));
        assertFails("system.txt: cannot be read", "--prompts", empty.toString());
        assertFails("no such journal", "--replay");
        Files.writeString(temp.resolve("captions.json"), "{\"images\": [], \"annotations\": 3}");
        assertFails("\"annotations\" is not a list");
    }

    private void assertFails(String message, String... flags) {
        List<String> all = new ArrayList<>(List.of(flags));
        assertThatThrownBy(() -> {
                    if (all.contains("--base-url")) {
                        generate("ftp://x");
                    } else {
                        generate("http://127.0.0.1:9/v1", flags);
                    }
                })
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(output).doesNotExist();
    }
}
