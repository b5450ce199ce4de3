package org.llava4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionException;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

class OutOfMemoryTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Java heap space | -Xmx",
                "GC overhead limit exceeded | -Xmx",
                "unable to create native thread: possibly out of memory or process/resource limits reached | ulimit -u",
                "Cannot allocate new FloatPointer(1000): totalBytes = 1G, physicalBytes = 2G | ulimit -v"
            })
    void executeReportsErrorInOneLine(String message, String help) {
        assertThat(failing(new OutOfMemoryError(message)))
                .startsWith("greedy: out of memory (" + message)
                .contains(help)
                .hasLineCount(1);
    }

    /** Failures as worker threads, native code and file readers wrap them. */
    @Test
    void executeReportsWrappedError() {
        OutOfMemoryError error = new OutOfMemoryError("Java heap space");
        for (Throwable wrapped : new Throwable[] {
            new IllegalStateException("a worker failed", error),
            new CompletionException(error),
            new BadInputException("cannot read model.safetensors", new IOException("Map failed", error)),
            new RuntimeException("std::bad_alloc"),
            new ExceptionInInitializerError(
                    new UnsatisfiedLinkError("libx.so: failed to map segment from shared object")),
            new RuntimeException("[DEVICE] allocation failed; Error code: [2]")
        }) {
            assertThat(failing(wrapped)).contains("out of memory (").hasLineCount(1);
        }
        assertThat(failing(
                        new BadInputException("cannot read model.safetensors", new IOException("Map failed", error))))
                .startsWith("greedy: cannot read model.safetensors; out of memory");
        BadInputException reported = new BadInputException("out of memory, the plan said 1 GB", error);
        assertThat(failing(reported)).isEqualTo("greedy: out of memory, the plan said 1 GB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"the batch failed", "no such file"})
    void executePropagatesOtherFailures(String message) {
        IllegalStateException own = new IllegalStateException(message);
        assertThatThrownBy(() -> new Greedy(own).execute()).isSameAs(own);
        assertThat(OutOfMemory.report(new BadInputException(message))).isNull();
    }

    @Test
    void reportEndsOnCircularCauses() {
        IllegalStateException outer = new IllegalStateException("outer");
        IllegalStateException inner = new IllegalStateException("inner", outer);
        outer.initCause(inner);
        assertThat(OutOfMemory.report(outer)).isNull();
    }

    private static String failing(Throwable failure) {
        PrintStream before = System.err;
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            assertThatThrownBy(() -> new Greedy(failure).execute()).isInstanceOf(CommandFailedException.class);
        } finally {
            System.setErr(before);
        }
        return err.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    private static final class Greedy extends Command {
        private final Throwable failure;

        Greedy(Throwable failure) {
            super("greedy", "Takes all memory there is.");
            this.failure = failure;
        }

        @Override
        protected Options options() {
            return new Options();
        }

        @Override
        protected void run(CommandLine line) {
            if (failure instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) failure;
        }
    }
}
