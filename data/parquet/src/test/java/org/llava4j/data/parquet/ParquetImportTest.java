package org.llava4j.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.image.RgbImage;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/** What {@code import-parquet} writes is what the readers of JSON files read. */
class ParquetImportTest {
    @TempDir
    Path folder;

    private Path importOf(Path data) {
        Path output = folder.resolve("out");
        new ImportParquetMain().invoke("--data-path", data.toString(), "--output-dir", output.toString());
        return output;
    }

    private static List<Conversation> conversations(Path file) {
        try (ConversationRecordReader reader = ConversationRecordReader.open(file)) {
            return IntStream.range(0, reader.size()).mapToObj(reader::get).toList();
        }
    }

    private static int red(Path image) {
        RgbImage pixels = ImageFiles.read(image);
        assertThat(pixels.width()).isEqualTo(2);
        return pixels.toBytes()[0] & 0xff;
    }

    /** Snappy with two row groups and dictionaries, and gzip. */
    @Test
    void importsScienceQaWithItsSplits() {
        Path output = importOf(Fixtures.of("scienceqa"));
        List<ScienceQaProblem> train = ScienceQaRecordReader.problems(output, "train");
        assertThat(train).hasSize(7);
        assertThat(train.get(4))
                .isEqualTo(new ScienceQaProblem(
                        "train-4",
                        "Question 4?",
                        List.of("choice 0", "choice 1", "choice 2"),
                        0,
                        "Look at the picture.",
                        "",
                        "closed choice",
                        "grade5",
                        "social science",
                        "physics",
                        "Magnets",
                        "Compare",
                        "A magnet attracts iron.",
                        "",
                        "train"));
        List<ScienceQaProblem> val = ScienceQaRecordReader.problems(output, "val");
        assertThat(val).extracting(ScienceQaProblem::id).containsExactly("val-0", "val-1", "val-2");
        assertThat(val.get(2).question()).isEqualTo("Question 9?");
        for (ScienceQaProblem problem :
                Stream.concat(train.stream(), val.stream()).toList()) {
            int number = Integer.parseInt(problem.question().replaceAll("\\D", ""));
            assertThat(problem.hasImage()).isEqualTo(number % 3 != 1);
            if (problem.hasImage()) {
                assertThat(red(ScienceQaRecordReader.image(output.resolve("images"), problem)))
                        .isEqualTo(number);
            }
        }
    }

    /** Zstandard with two row groups, then an uncompressed file with version 2 pages and no dictionaries. */
    @Test
    void importsShardsOfConversationsInOrder() throws IOException {
        Path output = importOf(Fixtures.of("conversations"));
        List<Conversation> samples = conversations(output.resolve("train.jsonl"));
        assertThat(samples).extracting(Conversation::id).containsExactly("c0", "c1", "c2", "c3");
        assertThat(samples)
                .extracting(Conversation::images)
                .containsExactly(
                        List.of("train/00000/00000000.png"),
                        List.of("train/00000/00000001.png"),
                        List.of(),
                        List.of("train/00000/00000003.png"));
        assertThat(samples.get(3).turns())
                .containsExactly(Turn.human("<image>\nWhat is 3?"), Turn.gpt("It is 3 – élan."));
        assertThat(red(output.resolve("images").resolve(samples.get(3).images().get(0))))
                .isEqualTo(13);
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.filter(file -> file.toString().endsWith(".png"))).hasSize(3);
        }
    }

    /** Snappy with version 2 pages; messages with parts and two images, without ids. */
    @Test
    void importsMessagesWithPartsAndSeveralImages() {
        Path output = importOf(Fixtures.of("messages/test.parquet"));
        List<Conversation> samples = conversations(output.resolve("test.jsonl"));
        assertThat(samples).hasSize(2);
        assertThat(samples.get(1).id()).isEqualTo("test-1");
        assertThat(samples.get(1).images()).containsExactly("test/00000/00000001.png", "test/00000/00000001-1.png");
        assertThat(samples.get(1).turns())
                .containsExactly(Turn.human("<image>\n<image>\nWhich differ, 1?"), Turn.gpt("Both."));
        assertThat(output.resolve("images/test/00000/00000001-1.png")).isRegularFile();
    }

    @Test
    void importsWhatTheDatasetsLibraryWrites() {
        Path output = importOf(Fixtures.of("datasets"));
        List<Conversation> samples = conversations(output.resolve("train.jsonl"));
        assertThat(samples).extracting(Conversation::id).containsExactly("0", "1", "2");
        assertThat(samples.get(2).turns()).containsExactly(Turn.human("<image>\nColor?"), Turn.gpt("Blue 2."));
        assertThat(red(output.resolve("images").resolve(samples.get(2).images().get(0))))
                .isEqualTo(2);
    }

    @Test
    void aFailedImportLeavesNothing() throws IOException {
        Path data = Files.createDirectory(folder.resolve("data"));
        Path good = Files.copy(
                Fixtures.of("conversations/train-00000-of-00002.parquet"),
                data.resolve("train-00000-of-00002.parquet"));
        String content = Files.readString(
                Fixtures.of("conversations/train-00001-of-00002.parquet"), StandardCharsets.ISO_8859_1);
        Path bad = Files.writeString(
                data.resolve("train-00001-of-00002.parquet"),
                content.replace("human", "robot"),
                StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> importOf(data))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(bad + ", row 0: sample c3, turn 0")
                .hasMessageContaining("robot");
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)).containsExactlyInAnyOrder(good, bad);
        }
    }

    @Test
    void missingShardIsRefused() throws IOException {
        Path data = Files.createDirectory(folder.resolve("data"));
        Files.copy(
                Fixtures.of("conversations/train-00001-of-00002.parquet"),
                data.resolve("train-00001-of-00002.parquet"));
        assertThatThrownBy(() -> ParquetShards.bySplit(data))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("train-00001-of-00002.parquet")
                .hasMessageContaining("all shards");
    }

    @Test
    void splitInTwoFoldersIsRefused() throws IOException {
        for (String config : List.of("a", "b")) {
            Files.copy(
                    Fixtures.of("datasets/train.parquet"),
                    Files.createDirectory(folder.resolve(config)).resolve("train.parquet"));
        }
        assertThatThrownBy(() -> ParquetShards.bySplit(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("split train is in");
    }

    @Test
    void splitsComeFromNamesAndStayInTheFolder() {
        assertThat(Stream.of(
                                "train-00000-of-00004.parquet",
                                "test-00000-of-00001-0123456789abcdef.parquet",
                                "validation.parquet",
                                "default/train/0000.parquet",
                                "...parquet",
                                "a b/c d.parquet")
                        .map(name -> ParquetShards.split(Path.of(name))))
                .containsExactly("train", "test", "val", "train", "_", "c_d");
    }

    @Test
    void filesInHiddenFoldersAreNotShards() throws IOException {
        Path cache = Files.createDirectories(folder.resolve("data/.cache/huggingface"));
        Files.copy(Fixtures.of("datasets/train.parquet"), cache.resolve("train.parquet"));
        Path file = Files.copy(Fixtures.of("datasets/train.parquet"), folder.resolve("data/train.parquet"));
        assertThat(ParquetShards.bySplit(folder.resolve("data")))
                .containsExactlyEntriesOf(Map.of("train", List.of(file)));
    }

    @Test
    void otherFilesAreRefusedByWhatTheyAre() throws IOException {
        Path lfs = Files.writeString(
                folder.resolve("a.parquet"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        assertThatThrownBy(() -> importOf(lfs)).hasMessageContaining("Git LFS pointer");
        Path json = Files.writeString(folder.resolve("b.parquet"), "[{\"id\": 1, \"conversations\": []}]");
        assertThatThrownBy(() -> importOf(json)).hasMessageContaining("not a Parquet file");
        assertThatThrownBy(() -> importOf(folder.resolve("none"))).hasMessageContaining("no such file or folder");
    }
}
