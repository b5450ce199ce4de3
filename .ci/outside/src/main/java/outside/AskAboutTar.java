package outside;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.llava4j.model.chat.LlavaModel;

/** Checks that a consumer runs with the library versions that LLaVA4J is tested with, and that a model answers. */
public final class AskAboutTar {
    private static final String QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";
    private static final String ANSWER = "The answer is C.";

    private AskAboutTar() {}

    /** @param args the checkout, the local repository that the library must come from, the class path of its module */
    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]);
        requireFrom(Path.of(args[1]));
        requireSameLibraries(Files.readString(root.resolve(args[2])));
        Path tar = Files.createTempFile("images", ".tar");
        try (LlavaModel model = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
            writeTar(tar, "map.png", Files.readAllBytes(root.resolve("resources/readme/map.png")));
            String answer = model.answer(tar.resolve("map.png"), QUESTION);
            require(answer.equals(ANSWER), "the answer is \"" + answer + "\" instead of \"" + ANSWER + "\"");
            System.out.println("outside project: " + answer);
        } finally {
            Files.delete(tar);
        }
    }

    /** A stale jar of the library from another repository would hide what this build does. */
    private static void requireFrom(Path repository) {
        Path jar = Path.of(LlavaModel.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        require(jar.startsWith(repository), "the library comes from " + jar + ", not from " + repository);
    }

    private static void requireSameLibraries(String tested) {
        Set<String> expected = libraries(tested);
        expected.removeIf(jar -> jar.startsWith("slf4j-simple-")); // optional: a consumer brings its own
        Set<String> actual = libraries(System.getProperty("java.class.path"));
        Set<String> missing = new TreeSet<>(expected);
        missing.removeAll(actual);
        Set<String> other = new TreeSet<>(actual);
        other.removeAll(expected);
        require(
                missing.isEmpty() && other.isEmpty(),
                "a consumer gets other libraries than LLaVA4J is tested with: " + other + " instead of " + missing);
    }

    private static Set<String> libraries(String classPath) {
        return Stream.of(classPath.strip().split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar"))
                .map(entry -> Path.of(entry).getFileName().toString())
                .filter(jar -> !jar.startsWith("llava4j-"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void writeTar(Path file, String name, byte[] content) throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
            TarArchiveEntry entry = new TarArchiveEntry(name);
            entry.setSize(content.length);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
        }
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalStateException(message);
        }
    }
}
