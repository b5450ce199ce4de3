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

/**
 * Runs a command in a separate JVM, so that neither earlier code nor its memory affects it. The child has the class
 * path of this JVM and the Vector API; its stderr is forwarded to ours.
 *
 * @param label name of the command in messages
 * @param main a class with a {@code main} method
 * @param jvmFlags such as {@code -Xmx256m}
 */
public record ChildJvm(String label, Class<?> main, List<String> jvmFlags) {
    private static final String VECTOR_API_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector";

    /**
     * Runs the command and waits for it to end.
     *
     * @return its output on stdout
     * @throws BadInputException if it cannot be started or exits with an error
     */
    public String run(List<String> arguments) {
        Process process = null;
        try {
            process = new ProcessBuilder(command(arguments)).start();
            Thread errors = copyErrors(process);
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            errors.join();
            if (code != 0) {
                throw new BadInputException(
                        label + " exited with code " + process.exitValue() + "; see its messages above");
            }
            return out;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadInputException(label + " was interrupted", new InterruptedIOException());
        } catch (IOException e) {
            throw new BadInputException(label + " could not be run (" + e.getMessage() + ")", e);
        } finally {
            if (process != null) {
                process.destroy();
            }
        }
    }

    /**
     * Runs the command with the standard input and output of this process. The child ends when this process is asked to
     * end.
     *
     * @return the exit code
     * @throws BadInputException if it cannot be started
     */
    int runInForeground(List<String> arguments) {
        try {
            Process process = new ProcessBuilder(command(arguments))
                    .redirectInput(Redirect.INHERIT)
                    .redirectOutput(Redirect.INHERIT)
                    .start();
            Thread errors = copyErrors(process);
            Thread end = new Thread(() -> endAndWait(process, errors), "end-child-jvm");
            Runtime.getRuntime().addShutdownHook(end);
            int code = process.waitFor();
            errors.join();
            removeShutdownHook(end);
            return code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadInputException(label + " was interrupted", new InterruptedIOException());
        } catch (IOException e) {
            throw new BadInputException(label + " could not be run (" + e.getMessage() + ")", e);
        }
    }

    private static void removeShutdownHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // This JVM is shutting down: the hook runs.
        }
    }

    private static void endAndWait(Process process, Thread errors) {
        // Not Process.destroy: it closes the streams, and what the child prints while it ends would be lost.
        process.toHandle().destroy();
        try {
            process.waitFor();
            errors.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Thread copyErrors(Process process) {
        Thread thread = new Thread(
                () -> {
                    try {
                        new LineFilter(VECTOR_API_WARNING).copy(process.getErrorStream(), System.err);
                    } catch (IOException e) {
                        System.err.println("the rest of its stderr was lost (" + e.getMessage() + ")");
                    }
                },
                "child-jvm-errors");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Runs a command that prints one JSON object on a line, and returns the object; see {@link #run}. */
    public JsonNode json(List<String> arguments) {
        String last = run(arguments)
                .lines()
                .filter(text -> text.startsWith("{"))
                .reduce((a, b) -> b)
                .orElseThrow();
        try {
            return new JsonMapper().readTree(last);
        } catch (IOException e) {
            throw new IllegalStateException(label + " did not print JSON but " + last, e);
        }
    }

    private List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
        command.addAll(jvmFlags);
        command.addAll(List.of("--add-modules=jdk.incubator.vector", "-cp", classPath(), main.getName()));
        command.addAll(arguments);
        return command;
    }

    /** Inside Maven the class path is that of the class loader, not that of the JVM. */
    private String classPath() {
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
