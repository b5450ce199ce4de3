package org.llava4j.cli;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;

/**
 * Child JVM with the Vector API, for a command whose own JVM started without it, as that of Maven. A JVM that starts
 * with the incubator module prints a warning, which only a parent process can filter out.
 */
final class VectorJvm {
    private static final String MODULE = "jdk.incubator.vector";
    private static final String PARENT = "llava4j.parentPid";

    /** System properties that are passed to the child. */
    private static final List<String> SHARED_PROPERTIES =
            List.of("llava4j.", "org.bytedeco.", "org.nd4j.", "org.slf4j.simpleLogger.", "java.awt.", "java.io.tmpdir");

    private VectorJvm() {}

    /** Whether this JVM has the Vector API. */
    static boolean isThis() {
        return ModuleLayer.boot().findModule(MODULE).isPresent();
    }

    /**
     * Runs a command on the terminal of this process and waits for it to end. A signal that ends this process is
     * forwarded.
     *
     * @param name name of the command in messages
     * @param main a class with a {@code main} method
     * @return the exit code
     * @throws BadInputException if the JVM cannot be started
     */
    static int run(String name, Class<?> main, List<String> arguments) {
        return new ChildJvm(name, main, flags()).runInForeground(arguments);
    }

    /** Makes this JVM exit when its parent process ends; without a parent it has no effect. */
    static void endWithParent() {
        Long parent = Long.getLong(PARENT);
        if (parent != null) {
            ProcessHandle.of(parent).ifPresent(handle -> handle.onExit().thenRun(() -> System.exit(1)));
        }
    }

    private static List<String> flags() {
        Stream<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-X") || argument.equals("-ea"));
        Stream<String> properties = System.getProperties().stringPropertyNames().stream()
                .filter(key -> SHARED_PROPERTIES.stream().anyMatch(key::startsWith))
                .sorted()
                .map(key -> "-D" + key + "=" + System.getProperty(key));
        List<String> flags = new ArrayList<>(Stream.concat(options, properties).toList());
        flags.add("-D" + PARENT + "=" + ProcessHandle.current().pid());
        return flags;
    }
}
