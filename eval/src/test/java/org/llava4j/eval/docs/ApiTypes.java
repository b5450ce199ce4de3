package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The API types: those that the table of architecture.md lists. */
final class ApiTypes {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));

    private ApiTypes() {}

    /** Their full names. */
    static List<String> names() throws IOException {
        return files().keySet().stream().sorted().toList();
    }

    /** Their source files. */
    static List<Path> sources() throws IOException {
        return List.copyOf(files().values());
    }

    private static Map<String, Path> files() throws IOException {
        List<String> listed = listed();
        Map<String, Path> found = new TreeMap<>();
        for (String module : Checkout.current().modules()) {
            Path sources = ROOT.resolve(module).resolve("src/main/java");
            if (!Files.isDirectory(sources)) {
                continue;
            }
            try (Stream<Path> files = Files.walk(sources)) {
                files.filter(file ->
                                listed.contains(file.getFileName().toString().replace(".java", "")))
                        .forEach(file -> found.put(
                                sources.relativize(file)
                                        .toString()
                                        .replace('/', '.')
                                        .replace(".java", ""),
                                file));
            }
        }
        assertThat(found).hasSameSizeAs(listed);
        return found;
    }

    /** Simple names in the table of the API. */
    static List<String> listed() {
        String section =
                Checkout.read(ROOT.resolve("resources/docs/architecture.md")).split("## The API to build on\n")[1];
        return section.split("\n## ")[0]
                .lines()
                .filter(line -> line.startsWith("|"))
                .flatMap(line -> Pattern.compile("`([A-Z]\\w+)`").matcher(line).results())
                .map((MatchResult match) -> match.group(1))
                .toList();
    }
}
