package org.llava4j.data.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.data.scienceqa.ScienceQaProblem;

class SyntheticDatasetWriterTest {
    private static final int TEST_PER_TYPE = 60;
    private static final SyntheticDatasetConfig CONFIG = new SyntheticDatasetConfig(5, 24, 3, TEST_PER_TYPE, 30, false);

    @TempDir
    static Path temp;

    private static Path dataset;

    @BeforeAll
    static void write() {
        dataset = temp.resolve("world");
        SyntheticDatasetWriter.write(CONFIG, dataset);
    }

    private static List<ScienceQaProblem> split(String name) throws IOException {
        List<ScienceQaProblem> problems = new ArrayList<>();
        try (ScienceQaRecordReader reader = ScienceQaRecordReader.open(dataset, name)) {
            for (int i = 0; i < reader.size(); i++) {
                problems.add(reader.get(i));
            }
        }
        return problems;
    }

    private static Map<String, byte[]> files(Path folder) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return files;
    }

    @Test
    void writeIsDeterministic() throws IOException {
        Path again = temp.resolve("again");
        SyntheticDatasetWriter.write(CONFIG, again);

        Map<String, byte[]> first = files(dataset);
        Map<String, byte[]> second = files(again);
        assertThat(second.keySet()).isEqualTo(first.keySet());
        first.forEach((name, bytes) -> assertThat(second.get(name)).as(name).isEqualTo(bytes));
    }

    @Test
    void seedChangesImages() throws IOException {
        Path other = temp.resolve("other");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(6, 2, 0, 0, 0, false), other);

        Set<Integer> here = new HashSet<>();
        files(dataset).values().forEach(bytes -> here.add(Arrays.hashCode(bytes)));
        files(other.resolve("images"))
                .forEach((name, bytes) -> assertThat(here).as(name).doesNotContain(Arrays.hashCode(bytes)));
    }

    @Test
    void imagesAreReadableAndDistinct() throws IOException {
        Map<Integer, String> seen = new HashMap<>();
        Map<String, Integer> extensions = new HashMap<>();
        for (String name : files(dataset).keySet()) {
            if (name.endsWith(".json")) {
                continue;
            }
            BufferedImage image = ImageIO.read(dataset.resolve(name).toFile());
            int size = image.getWidth();
            assertThat(size).as(name).isBetween(64, 96).isEqualTo(image.getHeight());
            int[] pixels = image.getRGB(0, 0, size, size, null, 0, size);
            assertThat(seen.put(Arrays.hashCode(pixels), name)).as(name).isNull();
            extensions.merge(name.substring(name.lastIndexOf('.') + 1), 1, Integer::sum);
        }
        int images = ProblemType.withImage().size() * (24 + 3 + TEST_PER_TYPE) + 30;
        assertThat(seen).hasSize(images);
        assertThat(extensions.get("png")).isBetween(images * 2 / 5, images * 3 / 5);
        assertThat(extensions.get("jpg")).isEqualTo(images - extensions.get("png"));
    }

    @Test
    void lettersAndAnswersAreBalancedByType() throws IOException {
        Map<ProblemType, List<ScienceQaProblem>> byType = new HashMap<>();
        split("test")
                .forEach(problem -> byType.computeIfAbsent(ProblemType.of(problem), type -> new ArrayList<>())
                        .add(problem));

        assertThat(byType.keySet()).containsExactlyInAnyOrder(ProblemType.values());
        byType.forEach((type, problems) -> {
            assertThat(problems).hasSize(TEST_PER_TYPE);
            int choices = problems.get(0).choices().size();
            Map<Integer, Integer> letters = new HashMap<>();
            Map<String, Integer> answers = new HashMap<>();
            Set<Set<String>> wordings = new HashSet<>();
            for (ScienceQaProblem problem : problems) {
                letters.merge(problem.answer(), 1, Integer::sum);
                answers.merge(problem.choices().get(problem.answer()), 1, Integer::sum);
                wordings.add(Set.copyOf(problem.choices()));
                assertThat(problem.choices()).doesNotHaveDuplicates().hasSize(choices);
            }
            assertThat(letters.values()).as("letters of " + type).containsOnly(TEST_PER_TYPE / choices);
            if (wordings.size() == 1) {
                assertThat(answers.values()).as("answers of " + type).containsOnly(TEST_PER_TYPE / choices);
            }
        });
    }

    @Test
    void mapsAreAskedFromTheHouse() throws IOException {
        List<String> questions = Stream.concat(split("train").stream(), split("test").stream())
                .filter(problem -> ProblemType.of(problem) == ProblemType.MAP)
                .map(ScienceQaProblem::question)
                .toList();

        assertThat(questions)
                .hasSize(24 + TEST_PER_TYPE)
                .allMatch(text -> text.startsWith("Which way is it from the house to the "));
    }

    @Test
    void writeFillsAllColumnsAndGrades() throws IOException {
        List<ScienceQaProblem> problems = split("test");

        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            assertThat(problems.stream().filter(column::includes))
                    .as(column.name())
                    .isNotEmpty();
        }
        assertThat(problems.stream().map(ScienceQaProblem::grade).distinct()).hasSize(12);
        assertThat(problems).allSatisfy(problem -> {
            assertThat(problem.lecture()).isNotBlank();
            assertThat(problem.solution()).isNotBlank();
            assertThat(problem.split()).isEqualTo("test");
        });
    }

    @Test
    void heldOutTextOnlyProblemsDifferFromTheTrainSplit() {
        Path folder = temp.resolve("many");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 300, 10, 30, 0, false), folder);
        Set<ScienceQaProblem.Wording> trained = new HashSet<>();
        ScienceQaRecordReader.problems(folder, "train").forEach(problem -> trained.add(problem.wording()));
        for (String heldOut : List.of("val", "test")) {
            assertThat(ScienceQaRecordReader.problems(folder, heldOut))
                    .filteredOn(problem -> !problem.hasImage())
                    .isNotEmpty()
                    .noneMatch(problem -> trained.contains(problem.wording()));
        }
    }

    @Test
    void miniSplitsAreATenth() throws IOException {
        assertThat(split("minitest")).hasSize(TEST_PER_TYPE / 10 * ProblemType.values().length);
        assertThat(split("train")).containsAll(split("minitrain"));
    }

    @Test
    void captionsAreConversationsAboutExistingImages() throws IOException {
        Path captions = dataset.resolve("captions");
        try (ConversationRecordReader reader = ConversationRecordReader.open(captions.resolve("chat.json"))) {
            assertThat(reader.size()).isEqualTo(30);
            for (int i = 0; i < reader.size(); i++) {
                assertThat(captions.resolve("images")
                                .resolve(reader.get(i).images().get(0)))
                        .isRegularFile();
                assertThat(reader.get(i).turns()).hasSize(2);
                assertThat(reader.get(i).turns().get(1).value()).endsWith(".");
            }
        }
    }

    @Test
    void writeRejectsFolderWithOtherFiles() throws IOException {
        Path full = Files.createDirectories(temp.resolve("full"));
        Files.writeString(full.resolve("mine.txt"), "mine");

        assertThatThrownBy(() -> SyntheticDatasetWriter.write(CONFIG, full))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("choose a new or empty folder");
        assertThat(files(full)).containsOnlyKeys("mine.txt");
    }

    @Test
    void writeRejectsUnwritableFolder() throws IOException {
        Path file = Files.writeString(temp.resolve("file.txt"), "a file, not a folder");

        assertThatThrownBy(() -> SyntheticDatasetWriter.write(CONFIG, file.resolve("world")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("choose a folder that can be written");
    }

    @Test
    void constructorRejectsNegativeCount() {
        assertThatThrownBy(() -> new SyntheticDatasetConfig(1, -1, 0, 0, 0, false))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("negative");
    }
}
