package org.llava4j.cli;

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
 * Child process that runs a command in a separate JVM, isolated from the static state and the memory of this one. It
 * has the class path of this JVM and the Vector API. Its stderr is forwarded, except the Vector API warning.
 *
 * @param label name of the command in messages
 * @param main a class with a {@code main} method
 * @param jvmFlags JVM options, such as {@code -Xmx256m}
 */
public record ChildJvm(String label, Class<?> main, List<String> jvmFlags) {
    private static final String VECTOR_API_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector";

    /**
     * Runs the command and waits for it to end.
     *
     * @return the child's stdout
     * @throws BadInputException if the child cannot be started or exits with a nonzero code
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
                throw new BadInputException(label + " exited with code " + code + "; see its messages above");
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
     * Runs the command with the standard input and output of this process. The child is terminated when this process is
     * terminated, or this thread interrupted.
     *
     * @return the exit code
     * @throws BadInputException if the child cannot be started, or this thread is interrupted
     */
    int runInForeground(List<String> arguments) {
        Process process;
        try {
            process = new ProcessBuilder(command(arguments))
                    .redirectInput(Redirect.INHERIT)
                    .redirectOutput(Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new BadInputException(label + " could not be run (" + e.getMessage() + ")", e);
        }
        Thread errors = copyErrors(process);
        Thread hook = new Thread(() -> terminateAndWait(process, errors), "end-child-jvm");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            int code = process.waitFor();
            errors.join();
            return code;
        } catch (InterruptedException e) {
            terminateAndWait(process, errors);
            Thread.currentThread().interrupt();
            throw new BadInputException(label + " was interrupted", new InterruptedIOException());
        } finally {
            removeShutdownHook(hook);
        }
    }

    private static void removeShutdownHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // This JVM is already shutting down and runs the hook.
        }
    }

    private static void terminateAndWait(Process process, Thread errors) {
        // Not Process.destroy: it closes the streams, and the child's last messages would be lost.
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
                        System.err.println("the rest of the child JVM's stderr was lost (" + e.getMessage() + ")");
                    }
                },
                "child-jvm-errors");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /**
     * Calls {@link #run} and parses the last line of stdout that starts with a brace as JSON.
     *
     * @throws BadInputException as {@link #run}, or if the child prints no such line
     */
    public JsonNode json(List<String> arguments) {
        String lastJsonLine = run(arguments)
                .lines()
                .filter(text -> text.startsWith("{"))
                .reduce((earlier, later) -> later)
                .orElseThrow(() -> new BadInputException(label + " printed no result; see its messages above"));
        try {
            return new JsonMapper().readTree(lastJsonLine);
        } catch (IOException e) {
            throw new BadInputException(label + " printed an incomplete result: " + lastJsonLine, e);
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

    /** Returns the class path of {@link #main}; inside Maven, {@code java.class.path} does not contain it. */
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
            throw new IllegalStateException("the class path entry " + url + " is not a valid URI", e);
        }
    }
}
