package org.llava4j.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A command in a JVM of its own, for tests that end it by signals. The JVM has this one's class path, and flags for short
 * processes. It has no Vector API, which is slow without the second compiler, and the command starts no other JVM. Its
 * output goes to a file, so that it never waits for a reader.
 *
 * @param main class with the main method
 * @param jvmFlags further flags of the JVM, such as system properties
 * @param log file for what the process prints; each start overwrites it
 */
public record ChildJvm(Class<?> main, List<String> jvmFlags, Path log) {
    /** Starts the command. */
    public Process start(List<String> args) {
        return start(List.of(), args);
    }

    /**
     * Starts the command through another one.
     *
     * @param wrapper command line that runs the command line after it, such as {@code env A=1}; may be empty
     */
    public Process start(List<String> wrapper, List<String> args) {
        List<String> command = new ArrayList<>(wrapper);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "-Xmx300m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dllava4j.inProcess=true",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"));
        command.addAll(jvmFlags);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(args);
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the last process has printed so far. */
    public String output() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Runs the command to its end.
     *
     * @throws AssertionError with what it printed, if it fails
     */
    public void run(List<String> args) throws InterruptedException {
        int status = start(args).waitFor();
        if (status != 0) {
            throw new AssertionError(main.getSimpleName() + " ended with status " + status + ": " + output());
        }
    }
}
