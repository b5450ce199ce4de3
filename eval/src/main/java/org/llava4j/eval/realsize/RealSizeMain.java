package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.ChildJvm;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.inspect.Inspection;

/**
 * {@code exec:java@real-size}: makes a model of the true shape out of random numbers, inspects it, loads it in a JVM of
 * its own and runs it once. Ends with an error if loading takes more than 1.1 times the weights' 16 bits and 1 GB.
 */
public final class RealSizeMain extends Command {
    private static final long SHARD_BYTES = 10_000_000_000L;
    private static final double SLACK = 1.1;
    private static final long FREE_BYTES = 1_000_000_000L;

    private RealSizeMain() {
        super("real-size", "Makes a LLaVA of the true shape, inspects, loads and runs it, and tells what that takes.");
    }

    public static void main(String[] args) {
        new RealSizeMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(flag("size", "NAME", "7b (default), 13b, or small to try the goal"))
                .addOption(required("folder", "DIR", "where the model is made: a new folder; 7b takes 14 GB"))
                .addOption(toggle("keep", "leave the model there"))
                .addOption(flag("json", "FILE", "the figures as JSON"));
    }

    @Override
    protected void run(CommandLine line) {
        RealSize size = RealSize.named(line.getOptionValue("size", "7b"));
        Path target = path(line, "folder");
        try (AtomicFolder folder = AtomicFolder.begin(target, "random-model")) {
            long begun = System.nanoTime();
            long bytes = RandomModel.write(size, folder.path(), SHARD_BYTES);
            double made = seconds(begun);
            print("made", String.format(Locale.ROOT, "%.1f GB of BF16 in %.0f s", bytes / 1e9, made));
            begun = System.nanoTime();
            Inspection found = Inspection.of(folder.path(), null);
            double inspected = seconds(begun);
            if (!found.problems().isEmpty()) {
                throw new BadInputException("the model would not load: " + found.problems());
            }
            print("inspected", String.format(Locale.ROOT, "%,d parameters in %.1f s", found.parameters(), inspected));
            ObjectNode result = (ObjectNode) ChildJvm.run(
                    "loading",
                    LoadAndRun.class,
                    List.of(
                            "-Xmx512m",
                            "-Dorg.bytedeco.javacpp.maxbytes=0",
                            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"),
                    List.of(folder.path().toString()));
            result.put("parameters", found.parameters());
            result.put("bytes_16_bit", bytes);
            result.put("make_s", made);
            result.put("inspect_s", inspected);
            long bound = (long) (SLACK * bytes + FREE_BYTES) >> 20;
            result.put("bound_mb", bound);
            tell(result);
            if (line.hasOption("json")) {
                AtomicFile.writeString(path(line, "json"), result.toPrettyString() + "\n");
            }
            require(result, bound);
            if (line.hasOption("keep")) {
                folder.commit();
            }
        }
    }

    private static void tell(ObjectNode result) {
        print(
                "loaded",
                String.format(
                        Locale.ROOT,
                        "in %.0f s, peak %d MB of the %d MB allowed",
                        result.get("load_s").doubleValue(),
                        result.get("peak_load_mb").longValue(),
                        result.get("bound_mb").longValue()));
        print(
                "forward",
                String.format(
                        Locale.ROOT,
                        "one picture and 64 words in %.1f s, peak %d MB",
                        result.get("forward_s").doubleValue(),
                        result.get("peak_forward_mb").longValue()));
    }

    private static void require(ObjectNode result, long bound) {
        if (!result.get("finite").booleanValue() || result.get("spread").doubleValue() == 0) {
            throw new BadInputException("the forward pass gave no usable logits: " + result);
        }
        if (result.get("peak_load_mb").longValue() > bound) {
            throw new BadInputException("loading took " + result.get("peak_load_mb") + " MB, more than the " + bound
                    + " MB that 1.1 times the weights' 16 bits and 1 GB are");
        }
    }

    private static double seconds(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    private static void print(String what, String value) {
        System.out.printf(Locale.ROOT, "  %-10s %s%n", what, value);
    }
}
