package org.llava4j.data.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.llava4j.data.BadInputException;

/** A program of ours in a JVM of its own: what it takes in memory is then its own too. */
public final class ChildJvm {
    private ChildJvm() {}

    /**
     * Runs a {@code main} with this JVM's classes. What it says on stderr is heard here.
     *
     * @param label for messages
     * @param flags of the JVM, such as {@code -Xmx256m}
     * @return its last line of output that is a JSON object
     * @throws BadInputException if it ends with another exit code than 0
     */
    public static JsonNode run(String label, Class<?> main, List<String> flags, List<String> args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of(
                "--add-modules=jdk.incubator.vector",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                classPath(main),
                main.getName()));
        command.addAll(args);
        try {
            Process process =
                    new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new BadInputException(
                        label + " ended with exit code " + process.exitValue() + "; what it said is above");
            }
            String last = out.lines()
                    .filter(text -> text.startsWith("{"))
                    .reduce((a, b) -> b)
                    .orElseThrow(() -> new IllegalStateException(label + " told no result"));
            return new JsonMapper().readTree(last);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadInputException(label + " was interrupted", new InterruptedIOException());
        } catch (IOException e) {
            throw new BadInputException(label + " could not be run (" + e.getMessage() + ")", e);
        }
    }

    /** Inside Maven the class path is the class loader's, not the JVM's. */
    private static String classPath(Class<?> main) {
        if (main.getClassLoader() instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs()).map(ChildJvm::path).collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }

    private static String path(URL url) {
        try {
            return Path.of(url.toURI()).toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(url + " is in the class path", e);
        }
    }
}
