package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The API of architecture.md and what the examples use: each names what the other has. */
class ApiExamplesTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Pattern IMPORT =
            Pattern.compile("(?m)^import (?!org\\.llava4j\\.testing\\.)org\\.llava4j\\.([a-z0-9]+\\.)*([A-Z]\\w*)");
    private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern TYPE = Pattern.compile("\\b[A-Z]\\w+\\b");
    private static final Pattern INLINE_CODE = Pattern.compile("`([^`\n]+)`");
    private static Set<String> listed;
    private static List<Path> sources;
    private static List<Path> documents;

    @BeforeAll
    static void read() throws IOException {
        listed = new TreeSet<>(ApiTypes.listed());
        sources = new ArrayList<>();
        for (String module : Checkout.current().modules()) {
            sources.addAll(files(ROOT.resolve(module).resolve("src"), ".java"));
        }
        documents = new ArrayList<>(files(ROOT.resolve("resources/docs"), ".md"));
        documents.add(ROOT.resolve("README.md"));
    }

    private static List<Path> files(Path folder, String suffix) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    private static Set<String> found(Pattern pattern, int group, String text) {
        return pattern.matcher(text)
                .results()
                .map(match -> match.group(group))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void examplesImportTypesOfTheApiOnly() throws IOException {
        List<Path> examples = new ArrayList<>(files(ROOT.resolve("resources/examples"), ".java"));
        sources.stream()
                .filter(file -> file.getParent().endsWith("example") || file.endsWith("DocumentedExamplesTest.java"))
                .forEach(examples::add);
        assertThat(examples).hasSizeGreaterThan(10);
        for (Path example : examples) {
            assertThat(listed).as(example.toString()).containsAll(found(IMPORT, 2, Checkout.read(example)));
        }
    }

    @Test
    void documentsShowTypesOfTheApiOnly() {
        Set<String> classes = sources.stream()
                .filter(file -> file.toString().contains("src/main/java"))
                .map(file -> file.getFileName().toString().replace(".java", ""))
                .collect(Collectors.toSet());
        int checked = 0;
        for (Path document : documents) {
            for (String example : found(EXAMPLE, 1, Checkout.read(document))) {
                Set<String> used = found(TYPE, 0, example);
                used.retainAll(classes);
                checked += used.size();
                assertThat(listed).as(document.toString()).containsAll(used);
            }
        }
        assertThat(checked).isGreaterThan(20);
    }

    /** A type that no document explains is not one that users need. */
    @Test
    void documentsNameEachTypeOfTheApi() {
        Set<String> named = new TreeSet<>();
        for (Path document : documents) {
            if (document.endsWith("architecture.md") || document.endsWith("CHANGELOG.md")) {
                continue;
            }
            String text = Checkout.read(document);
            found(INLINE_CODE, 1, text).forEach(code -> named.addAll(found(TYPE, 0, code)));
            found(EXAMPLE, 1, text).forEach(code -> named.addAll(found(TYPE, 0, code)));
        }
        assertThat(named).containsAll(listed);
    }
}
