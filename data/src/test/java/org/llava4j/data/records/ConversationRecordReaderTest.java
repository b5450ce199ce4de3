package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.datavec.api.records.Record;
import org.datavec.api.split.FileSplit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.testing.Golden;

class ConversationRecordReaderTest {
    @TempDir
    private Path folder;

    /** Keys of the turns inside other values, or twice in a sample, do not count. */
    @Test
    void layoutsAreCountedBySample() throws IOException {
        Path file = Files.writeString(folder.resolve("mixed.jsonl"), """
                {"id": 1, "messages": [], "extra": {"conversations": []}}
                {"id": 2, "conversations": []}
                {"id": 3, "messages": [], "messages": []}
                {"id": 4, "messages": [{"role": "user", "content": [{"messages": 1}]}]}
                {"id": 5}
                """);
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            assertThat(reader.layouts()).isEqualTo(new LayoutCounts(1, 3));
            assertThat(reader.layouts().phrase()).isEqualTo("1 samples have conversations, 3 have messages");
        }
        assertThat(new LayoutCounts(0, 1000).phrase()).isEqualTo("1,000 samples have messages");
    }

    @Test
    void nextValueReturnsSamplesOfFile() {
        JsonNode golden = Golden.json("f_e2e/finetune.json");
        try (ConversationRecordReader reader = ConversationRecordReader.open(Golden.path("f_e2e/finetune.json"))) {
            assertThat(reader.size()).isEqualTo(8);
            for (int i = 0; i < 8; i++) {
                Conversation sample = reader.nextValue();
                JsonNode expected = golden.get(i);
                assertThat(sample.id()).isEqualTo(expected.get("id").textValue());
                assertThat(sample.images())
                        .isEqualTo(
                                expected.has("image")
                                        ? List.of(expected.get("image").textValue())
                                        : List.of());
                List<Turn> turns = new ArrayList<>();
                expected.get("conversations")
                        .forEach(turn -> turns.add(new Turn(
                                turn.get("from").textValue(), turn.get("value").textValue())));
                assertThat(sample.turns()).isEqualTo(turns);
            }
            assertThat(reader.hasNext()).isFalse();
            reader.reset();
            assertThat(reader.hasNext()).isTrue();
        }
    }

    @Test
    void loadFromMetaDataReturnsRecord() throws IOException {
        Path file = Golden.path("f_e2e/finetune.json");
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            while (reader.hasNext()) {
                Record record = reader.nextRecord();
                JsonRecordMetaData location = (JsonRecordMetaData) record.getMetaData();
                assertThat(location.getURI()).isEqualTo(file.toUri());
                byte[] bytes = Files.readAllBytes(file);
                String from = new String(
                        bytes, (int) location.offset(), bytes.length - (int) location.offset(), StandardCharsets.UTF_8);
                String id = record.getRecord().get(0).toString();
                assertThat(from).startsWith("{\n  \"id\": \"" + id + "\"");
                assertThat(reader.loadFromMetaData(location).getRecord()).isEqualTo(record.getRecord());
                assertThat(reader.loadFromMetaData(List.of(location))).hasSize(1);
            }
        }
    }

    @Test
    void nextValueCoversAllFiles() throws IOException {
        for (int f = 0; f < 3; f++) {
            StringBuilder json = new StringBuilder("[");
            for (int i = 0; i < 40; i++) {
                json.append(i == 0 ? "" : ",\n").append(sample("" + (f * 40 + i), "é" + i));
            }
            Files.writeString(folder.resolve("part" + f + ".json"), json.append("]"));
        }
        try (ConversationRecordReader reader = new ConversationRecordReader()) {
            reader.initialize(new FileSplit(folder.toFile()));
            assertThat(reader.size()).isEqualTo(120);
            List<String> order = new ArrayList<>();
            while (reader.hasNext()) {
                order.add(reader.nextValue().id());
            }
            assertThat(order)
                    .as("each of the 120 samples once, whatever the order of the files")
                    .containsExactlyInAnyOrderElementsOf(
                            IntStream.range(0, 120).mapToObj(String::valueOf).toList());
        }
    }

    @Test
    void openReadsJsonl() throws IOException {
        Path file = folder.resolve("data.jsonl");
        Files.writeString(file, sample("a", "1") + "\n" + sample("b", "2") + "\n\n" + sample("c", "3") + "\n");
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            assertThat(reader.size()).isEqualTo(3);
            assertThat(reader.get(2).id()).isEqualTo("c");
            assertThat(reader.where(2)).isEqualTo(file + ", line 4, entry 2 (id c)");
        }
    }

    @Test
    void openAcceptsByteOrderMarkSeveralImagesAndNumericIds() throws IOException {
        Path file = folder.resolve("bom.json");
        Files.writeString(
                file,
                "\uFEFF[ {\"id\": 17, \"image\": [\"a.png\", \"b.png\"], \"extra\": {\"x\": [1]}, \"conversations\":"
                        + " [{\"from\": \"human\", \"value\": \"<image><image>\"}]} ]");
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            assertThat(reader.get(0).id()).isEqualTo("17");
            assertThat(reader.get(0).images()).containsExactly("a.png", "b.png");
        }
    }

    @Test
    void openAcceptsEmptyArray() throws IOException {
        Path file = folder.resolve("none.json");
        Files.writeString(file, "[]");
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            assertThat(reader.size()).isZero();
            assertThat(reader.hasNext()).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[{\"id\": 1,~ \"conversations\": [}]  | line 2: invalid JSON",
                "[{\"id\": 1} , 5]                      | line 1: entry 1 is not an object",
                "[{\"id\": 1}                           | invalid JSON",
                "[{\"id\": 1}] x                        | invalid JSON",
                "[{\"id\": 1}] [2]                      | has content after its array",
                "``                                     | is empty",
                "5                                      | entry 0 is not an object",
            })
    void openRejectsMalformedJsonWithLine(String content, String message) throws IOException {
        Path file = folder.resolve("broken.json");
        Files.writeString(file, content.replace('~', '\n'));
        assertThatThrownBy(() -> ConversationRecordReader.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"id\": \"x\"}                                      | \"conversations\" must be a list of turns",
                "{\"id\": \"x\", \"conversations\": []}               | \"conversations\" must be a list of turns",
                "{\"id\": [1]}                                        | \"id\" must be a string or a whole number",
                "{\"id\": \"x\", \"image\": 5}                        | \"image\" must be a text",
                "{\"id\": \"x\", \"image\": \"\"}                     | \"image\" is empty",
                "{\"id\": \"x\", \"conversations\": [3]}              | turn 0: must be an object",
                "{\"id\": \"x\", \"conversations\": [{\"from\": \"bot\", \"value\": \"y\"}]} | turn 0: the role (\"from\") of a turn is \"bot\"",
                "{\"id\": \"x\", \"conversations\": [{\"from\": \"gpt\", \"value\": 1}]} | turn 0: \"value\" must be a text",
                "{\"id\": \"x\", \"conversations\": [{\"from\": \"gpt\"}]} | turn 0: \"value\" is missing",
                "{\"id\": \"x\", \"conversations\": [], \"messages\": []} | has both \"conversations\" and \"messages\"",
                "{\"id\": \"x\", \"messages\": []}                    | \"messages\" must be a list of turns",
                "{\"id\": \"x\", \"messages\": [{\"role\": \"tool\", \"content\": \"y\"}]} | turn 0: the role (\"role\") of a turn is \"tool\"",
                "{\"id\": \"x\", \"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"audio\"}]}]} | turn 0, part 0: its type is \"audio\"",
                "{\"id\": \"x\", \"messages\": [{\"role\": \"user\", \"content\": \"y\"}, {\"role\": \"system\", \"content\": \"z\"}]} | turn 1: is from the system",
                "{\"id\": \"x\", \"image\": \"a\", \"images\": [\"b\"], \"messages\": []} | has both \"image\" and \"images\"",
                "{\"id\": \"x\", \"images\": [\"b\"], \"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\", \"image\": \"a\"}]}]} | both in parts and beside the turns",
                "{\"id\": \"x\", \"id\": \"y\"}                       | Duplicate field 'id'",
            })
    void getRejectsInvalidSampleWithLine(String entry, String message) throws IOException {
        Path file = folder.resolve("bad.json");
        Files.writeString(file, "[\n" + sample("ok", "1") + ",\n" + entry + "\n]");
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            assertThat(reader.get(0).id()).isEqualTo("ok");
            assertThatThrownBy(() -> reader.get(1))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(file + ", line 3, entry 1")
                    .hasMessageContaining(message)
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void openRejectsMissingFile() {
        assertThatThrownBy(() -> ConversationRecordReader.open(folder.resolve("no.json")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no.json: no such file");
    }

    @Test
    void getRejectsChangedFile() throws IOException {
        Path file = folder.resolve("data.json");
        Files.writeString(file, "[" + sample("a", "1") + "]");
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            Files.writeString(file, "[" + sample("a", "another length") + "]");
            assertThatThrownBy(() -> reader.get(0))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("was changed");
        }
    }

    private static String sample(String id, String answer) {
        return "{\"id\": \"" + id + "\", \"conversations\": [{\"from\": \"human\", \"value\": \"q\"}, {\"from\":"
                + " \"gpt\", \"value\": \"" + answer + "\"}]}";
    }

    @Test
    void bothLayoutsGiveTheSameSamples() throws IOException {
        Path llava = Files.writeString(
                folder.resolve("llava.json"),
                "[{\"id\": 1, \"image\": \"a.png\", \"conversations\": ["
                        + "{\"from\": \"system\", \"value\": \"Be brief.\"},"
                        + "{\"from\": \"human\", \"value\": \"<image>\\nWhat?\"},"
                        + "{\"from\": \"gpt\", \"value\": \"A cat.\"}]}]");
        Path text = Files.writeString(
                folder.resolve("text.jsonl"),
                "{\"id\": 1, \"images\": [\"a.png\"], \"messages\": ["
                        + "{\"role\": \"system\", \"content\": \"Be brief.\"},"
                        + "{\"role\": \"user\", \"content\": \"<image>\\nWhat?\"},"
                        + "{\"role\": \"assistant\", \"content\": \"A cat.\"}]}\n");
        Path parts = Files.writeString(
                folder.resolve("parts.jsonl"),
                "{\"id\": 1, \"messages\": ["
                        + "{\"role\": \"system\", \"content\": [{\"type\": \"text\", \"text\": \"Be brief.\"}]},"
                        + "{\"role\": \"user\", \"content\": [{\"type\": \"image\", \"image\": \"a.png\"},"
                        + " {\"type\": \"text\", \"text\": \"What?\"}]},"
                        + "{\"role\": \"assistant\", \"content\": \"A cat.\"}]}\n");
        Conversation expected = new Conversation(
                JsonId.of(IntNode.valueOf(1)),
                "Be brief.",
                List.of("a.png"),
                List.of(Turn.human("<image>\nWhat?"), Turn.gpt("A cat.")));
        for (Path file : List.of(llava, text, parts)) {
            try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
                assertThat(reader.get(0)).as(file.toString()).isEqualTo(expected);
                assertThat(ConversationRecordReader.conversation(reader.next(), "record"))
                        .as("as a DataVec record")
                        .isEqualTo(new Conversation("1", List.of("a.png"), expected.turns()).withSystem("Be brief."));
            }
            Path copy = folder.resolve("copy.json");
            try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
                RecordFiles.writeConversations(copy, List.of(reader.get(0)).iterator());
            }
            try (ConversationRecordReader reader = ConversationRecordReader.open(copy)) {
                assertThat(reader.get(0)).isEqualTo(expected);
            }
        }
    }
}
