package org.llava4j.data.pretraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.records.CaptionRecordReader;
import org.llava4j.data.records.ConversationRecordReader;

/** Commands that filter and expand captions, from files to files. */
class PretrainingMainsTest {
    private static final List<String> NOUNS = List.of("dog", "cat", "train", "house", "tree");

    @TempDir
    private Path temp;

    private Path captions;

    @BeforeEach
    void writeCaptions() throws IOException {
        StringBuilder lines = new StringBuilder("a zebra in the snow\thttp://0\n");
        for (int i = 0; i < 200; i++) {
            // The dog is in every other caption, the tree in few.
            String noun = NOUNS.get(Math.min(NOUNS.size() - 1, Integer.numberOfTrailingZeros(i + 1)));
            lines.append("a ")
                    .append(noun)
                    .append(" is here\thttp://")
                    .append(i + 1)
                    .append('\n');
        }
        captions = Files.writeString(temp.resolve("train.tsv"), lines);
    }

    private void filter(String... flags) {
        List<String> all = new ArrayList<>(List.of(
                "--data-path",
                captions.toString(),
                "--output-dir",
                temp.resolve("selected").toString()));
        all.addAll(List.of(flags));
        FilterConceptsMain.main(all.toArray(new String[0]));
    }

    private void expand(String... flags) {
        List<String> all = new ArrayList<>(List.of(
                "--data-path",
                captions.toString(),
                "--output",
                temp.resolve("chat.json").toString()));
        all.addAll(List.of(flags));
        ExpandCaptionsMain.main(all.toArray(new String[0]));
    }

    @Test
    void filterSelectsCaptionsByPhraseFrequency() throws IOException {
        filter("--max-per-phrase", "20");
        Path folder = temp.resolve("selected");
        JsonNode report = JsonInput.readObject(folder.resolve("report.json"));
        assertThat(report.get("captions").intValue()).isEqualTo(201);
        assertThat(report.get("phrases").intValue())
                .as("zebra and snow included")
                .isEqualTo(7);
        // Of 100 dog, 50 cat and 25 train captions 20 each; all 12 or 13 house captions, and the remaining tree
        // captions.
        assertThat(report.get("selected").intValue()).isEqualTo(3 * 20 + 25);
        assertThat(report.get("coverage").doubleValue()).isEqualTo(1);
        assertThat(report.get("selection").get("max_per_phrase").intValue()).isEqualTo(20);
        try (CaptionRecordReader reader = CaptionRecordReader.open(folder.resolve("captions.json"))) {
            assertThat(reader.size()).isEqualTo(85);
            assertThat(reader.get(0).image()).startsWith("GCC_train_0000");
        }
        String page = Files.readString(folder.resolve("report.html"));
        assertThat(page)
                .contains("class=\"line before\"", "class=\"line after\"", "zebra")
                .doesNotContain("http");
        byte[] first = Files.readAllBytes(folder.resolve("captions.json"));
        filter("--max-per-phrase", "20");
        assertThat(Files.readAllBytes(folder.resolve("captions.json"))).isEqualTo(first);
        filter("--max-per-phrase", "20", "--seed", "7");
        assertThat(Files.readAllBytes(folder.resolve("captions.json"))).isNotEqualTo(first);
    }

    @Test
    void expandWritesQuestionsAndAnswers() {
        expand();
        Set<String> questions = new HashSet<>();
        int before = 0;
        try (ConversationRecordReader reader = ConversationRecordReader.open(temp.resolve("chat.json"))) {
            assertThat(reader.size()).isEqualTo(201);
            for (int i = 0; i < reader.size(); i++) {
                Conversation sample = reader.get(i);
                String question = sample.turns().get(0).value();
                assertThat(question.split("<image>", -1)).hasSize(2);
                before += question.startsWith("<image>\n") ? 1 : 0;
                questions.add(question.replace("<image>", "").strip());
                assertThat(sample.images()).hasSize(1);
            }
            assertThat(reader.get(0).turns().get(1).value()).isEqualTo("a zebra in the snow");
        }
        assertThat(questions).hasSize(11);
        assertThat(before).isBetween(75, 125);
    }

    @Test
    void expandReadsInstructionsAndImagePosition() throws IOException {
        Path own = Files.writeString(temp.resolve("own.txt"), "# mine\n\nWas ist das?\n");
        expand("--instructions", own.toString(), "--image-position", "first");
        try (ConversationRecordReader reader = ConversationRecordReader.open(temp.resolve("chat.json"))) {
            assertThat(reader.get(7).turns().get(0).value()).isEqualTo("<image>\nWas ist das?");
        }
    }

    @Test
    void commandsRejectOutputThatIsInput() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link.tsv"), captions);
        byte[] before = Files.readAllBytes(captions);
        for (Path same : List.of(captions, link)) {
            assertThatThrownBy(() -> expand("--output", same.toString())).hasMessageContaining("is also an input");
        }
        Path own = Files.writeString(temp.resolve("own.txt"), "What is it?");
        assertThatThrownBy(() -> expand("--output", own.toString(), "--instructions", own.toString()))
                .hasMessageContaining("is also an input");
        assertThatThrownBy(() -> filter("--output-dir", temp.toString())).hasMessageContaining("contains " + captions);
        assertThat(captions).hasBinaryContent(before);
    }

    @Test
    void errorsAreOneLineAndWriteNothing() throws IOException {
        assertFails(() -> filter("--min-count", "0"), "--min-count is 0; it must be at least 1");
        assertFails(() -> filter("--ties", "random"), "--ties \"random\" is unknown");
        assertFails(() -> expand("--image-position", "left"), "--image-position \"left\" is unknown");
        assertFails(() -> expand("--instructions", "nowhere.txt"), "nowhere.txt: no such file");
        Path bad = Files.writeString(temp.resolve("bad.txt"), "fine\n<image> what?\n");
        assertFails(() -> expand("--instructions", bad.toString()), "bad.txt, line 2: leave out <image>");
        Files.writeString(bad, "# nothing\n");
        assertFails(() -> expand("--instructions", bad.toString()), "there are no instructions");
        captions = Files.writeString(temp.resolve("broken.tsv"), "a dog\thttp://1\na cat\n");
        assertFails(this::filter, "broken.tsv, line 2: has no tab");
        captions = Files.writeString(
                temp.resolve("late.json"), "[{\"image\":\"1\",\"caption\":\"a\"},\n{\"image\":\"2\"}]");
        assertFails(this::filter, "late.json, line 2, entry 1: caption : \"caption\" is missing");
        assertFails(this::expand, "late.json, line 2, entry 1: caption : \"caption\" is missing");
        captions = Files.writeString(temp.resolve("empty.json"), "[]");
        assertFails(this::filter, "has no captions");
        assertThat(temp.resolve("selected")).doesNotExist();
        assertThat(temp.resolve("chat.json")).doesNotExist();
    }

    private static void assertFails(Runnable work, String message) {
        assertThatThrownBy(work::run)
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }
}
