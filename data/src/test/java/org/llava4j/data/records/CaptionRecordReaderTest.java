package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.captions.Caption;
import org.llava4j.data.captions.CaptionedImage;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

/** Captions and bounding boxes in their published formats. */
class CaptionRecordReaderTest {
    private static final String TSV = "a dog on grass\thttp://a/1\nétang bleu \thttp://a/2\n";
    private static final String METADATA = "[{\"id\":\"7\",\"image\":\"7.jpg\",\"caption\":\"a cat\",\"url\":\"u\"},\n"
            + "{\"image\":\"8.jpg\",\"caption\":\" two cats \"}]";
    private static final String CHAT = "[{\"id\":\"9\",\"image\":\"9.jpg\",\"conversations\":["
            + "{\"from\":\"human\",\"value\":\"<image>\\nWhat?\"},{\"from\":\"gpt\",\"value\":\"a red bus\"}]}]";
    private static final String COCO = "{\"info\":{\"annotations\":1},\"images\":["
            + "{\"id\":5,\"file_name\":\"five.jpg\",\"width\":200,\"height\":100},"
            + "{\"id\":4,\"file_name\":\"four.jpg\",\"width\":10,\"height\":20}],\n"
            + "\"annotations\":[{\"id\":1,\"image_id\":5,\"caption\":\"a man\"},\n"
            + "{\"id\":2,\"image_id\":4,\"caption\":\"a boat \"},{\"id\":3,\"image_id\":5,\"caption\":\"he sits\"}]}";
    private static final String INSTANCES = "{\"images\":[],\"annotations\":["
            + "{\"id\":1,\"image_id\":5,\"category_id\":2,\"bbox\":[50,25,100,50],\"segmentation\":[[1,2]]},"
            + "{\"id\":2,\"image_id\":5,\"category_id\":1,\"bbox\":[0,0,20,100]}],"
            + "\"categories\":[{\"id\":1,\"name\":\"man\"},{\"id\":2,\"name\":\"chair\"}]}";

    @TempDir
    private Path temp;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(temp.resolve(name), text);
    }

    private static List<Caption> all(Path file) {
        List<Caption> captions = new ArrayList<>();
        try (CaptionRecordReader reader = CaptionRecordReader.open(file)) {
            while (reader.hasNext()) {
                captions.add(reader.nextValue());
            }
        }
        return captions;
    }

    @Test
    void openDetectsFormat() throws IOException {
        assertThat(all(file("train.tsv", TSV)))
                .containsExactly(
                        new Caption("GCC_train_000000000", "GCC_train_000000000.jpg", "a dog on grass"),
                        new Caption("GCC_train_000000001", "GCC_train_000000001.jpg", "étang bleu"));
        List<Caption> metadata = List.of(new Caption("7", "7.jpg", "a cat"), new Caption("8.jpg", "8.jpg", "two cats"));
        assertThat(all(file("metadata.json", METADATA))).isEqualTo(metadata);
        String lines = METADATA.replaceAll("^\\[|\\]$", "").replace("},\n", "}\n");
        assertThat(all(file("metadata.jsonl", lines))).isEqualTo(metadata);
        assertThat(all(file("chat.json", CHAT))).containsExactly(new Caption("9", "9.jpg", "a red bus"));
        assertThat(all(file("captions.json", COCO)))
                .containsExactly(
                        new Caption(JsonId.of(1), "five.jpg", "a man"),
                        new Caption(JsonId.of(2), "four.jpg", "a boat"),
                        new Caption(JsonId.of(3), "five.jpg", "he sits"));
    }

    @Test
    void getJoinsCaptionsAndBoxes() throws IOException {
        try (CocoRecordReader reader = CocoRecordReader.open(file("c.json", COCO), file("i.json", INSTANCES))) {
            assertThat(reader.size()).isEqualTo(2);
            assertThat(reader.get(0))
                    .isEqualTo(new CaptionedImage(
                            "5",
                            "five.jpg",
                            200,
                            100,
                            List.of("a man", "he sits"),
                            List.of(
                                    new BoundingBox("chair", 0.25, 0.25, 0.75, 0.75),
                                    new BoundingBox("man", 0, 0, 0.1, 1))));
            assertThat(reader.get(1).boxes()).isEmpty();
            assertThat(reader.next()).hasSize(6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"out.json", "out.jsonl"})
    void writeAndReadRoundTrip(String name) {
        List<Caption> captions = List.of(new Caption("a", "a.jpg", "\"quoted\"\n"), new Caption("b", "b.jpg", "ü"));
        Path file = temp.resolve(name);
        RecordFiles.writeCaptions(file, captions.iterator());
        assertThat(all(file)).containsExactly(new Caption("a", "a.jpg", "\"quoted\""), captions.get(1));
        List<Conversation> samples = List.of(
                new Conversation("1", List.of("x.jpg"), List.of(Turn.human("<image>\nq"), Turn.gpt("a"))),
                new Conversation("2", List.of(), List.of(Turn.human("q"), Turn.gpt("a"))),
                new Conversation("3", List.of("x.jpg", "y.jpg"), List.of(Turn.human("q"), Turn.gpt("a"))));
        RecordFiles.writeConversations(file, samples.iterator());
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            assertThat(List.of(reader.get(0), reader.get(1), reader.get(2))).isEqualTo(samples);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x.tsv  | a b                                        | x.tsv, line 1: has no tab",
                "x.tsv  | a\thttp://u~\thttp://u                     | x.tsv, line 2, entry 1: the caption is empty",
                "x.json | [{\"image\": \"a\"}]                       | x.json, line 1, entry 0: caption : \"caption\" is missing",
                "x.json | [{\"caption\": \"a\"}]                     | \"image\" is missing",
                "x.json | [1]                                        | entry 0 is not an object",
                "x.json | ''                                         | is empty",
                "x.json | {\"annotations\": [], \"images\": 1}       | \"images\" is not a list",
                "x.json | {\"annotations\": []}                      | has no \"images\"; give a file in COCO's format",
                "x.json | {\"annotations\": [{}], \"images\": []}    | \"image\" is missing",
                "x.json | {\"annotations\": [{\"image_id\": 3}], \"images\": []} | is missing in \"images\"",
                "x.json | [{\"conversations\": [{\"from\": \"gpt\", \"value\": \"a\"}]}] | is not a caption of one image"
            })
    void errorsReportLocation(String name, String text, String message) throws IOException {
        Path file = file(name, text.replace('~', '\n').replace("\\t", "\t"));
        assertThatThrownBy(() -> all(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageContaining(file.toString())
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"bbox\":[50,25,100,50]  | \"bbox\":[50,25,100]         | i.json, entry 0: box of image 5: \"bbox\" must be",
                "\"category_id\":2        | \"category_id\":9            | category 9 is missing in \"categories\"",
                "\"image_id\":5           | \"image_id\":\"five\"        | \"image_id\" must be a whole number",
                "\"name\":\"man\"         | \"title\":\"man\"            | \"name\" is missing"
            })
    void invalidBoxIsReportedWithLocation(String what, String other, String message) throws IOException {
        Path captions = file("c.json", COCO);
        Path instances = file("i.json", INSTANCES.replace(what, other));
        assertThatThrownBy(() -> CocoRecordReader.open(captions, instances).get(0))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    /** Corrupt files are read as far as they are valid, or rejected in one line. */
    @ParameterizedTest
    @ValueSource(strings = {"x.tsv", "metadata.json", "chat.json", "coco.json"})
    void corruptFilesAreRejectedInOneLine(String name) throws IOException {
        byte[] sound = switch (name) {
            case "x.tsv" -> TSV.getBytes(StandardCharsets.UTF_8);
            case "metadata.json" -> METADATA.getBytes(StandardCharsets.UTF_8);
            case "chat.json" -> CHAT.getBytes(StandardCharsets.UTF_8);
            default -> COCO.getBytes(StandardCharsets.UTF_8);
        };
        Random random = new Random(5);
        for (int round = 0; round < 400; round++) {
            byte[] damaged = sound.clone();
            for (int i = 0; i <= random.nextInt(3); i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            Path file = temp.resolve(name);
            Files.write(file, damaged);
            try {
                all(file);
            } catch (BadInputException e) {
                assertThat(e.getMessage()).contains(name).doesNotContain("\n");
            }
        }
    }

    /** A record of a large file is read on its own. */
    @Test
    void getReadsSingleCaptionOfLargeFile() throws IOException {
        Path file = temp.resolve("many.tsv");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 200_000; i++) {
            lines.append("caption ")
                    .append(i)
                    .append("\thttp://images/")
                    .append(i)
                    .append('\n');
        }
        Files.writeString(file, lines);
        try (CaptionRecordReader reader = CaptionRecordReader.open(file)) {
            assertThat(reader.size()).isEqualTo(200_000);
            assertThat(reader.get(123_456).text()).isEqualTo("caption 123456");
            assertThat(reader.where(123_456)).isEqualTo(file + ", line 123457, entry 123456");
        }
    }
}
