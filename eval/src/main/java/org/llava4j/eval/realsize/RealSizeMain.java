package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.ChildJvm;
import org.llava4j.data.cli.Command;
import org.llava4j.data.cli.ProcessMemory;
import org.llava4j.eval.inspect.InspectMain;

/**
 * {@code exec:java@real-size}: makes a model of a published size, inspects it in a JVM of its own, and in another loads
 * it in 16 bits and runs it. Loading may take at most 1.1 times its 16-bit size and 1 GB. MB and GB are 10^6 and 10^9 bytes.
 */
public final class RealSizeMain extends Command {
    private static final String KIND = "real-size";
    private static final double MB = 1e6;
    private static final double WEIGHT_BYTES_FACTOR = 1.1;
    private static final double OVERHEAD_BYTES = 1e9;
    /** What the disk needs beyond the numbers: headers, and the file system's own. */
    private static final double DISK_FACTOR = 1.01;

    private RealSizeMain() {
        super(
                KIND,
                "Makes a LLaVA of a published size with random BF16 weights, inspects it, loads it in 16 bits and runs"
                        + " it over one image and 64 words; ends with an error if loading takes more memory than 1.1"
                        + " times its 16-bit size and 1 GB.");
    }

    public static void main(String[] args) {
        new RealSizeMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(
                        flag("size", "NAME", "7b (default: 14 GB of disk), 13b (26 GB), or small to try the command"))
                .addOption(required("folder", "DIR", "where the model is made; removed at the end"))
                .addOption(toggle("keep", "leaves the model there"))
                .addOption(flag("json", "FILE", "where the figures go"))
                .addOption(toggle("in-this-jvm", "loads and runs the model that is there and prints one JSON line"));
    }

    @Override
    protected void run(CommandLine line) {
        PublishedModelSize size = PublishedModelSize.named(line.getOptionValue("size", "7b"));
        Path target = path(line, "folder");
        if (ProcessMemory.PEAK.bytes().isEmpty()) {
            throw new BadInputException("this system does not tell a process's memory; run this on Linux");
        }
        if (line.hasOption("in-this-jvm")) {
            System.out.println(LoadMeasurement.measure(target, size.textTokens()));
            return;
        }
        InputPaths.requireOutside("--json", path(line, "json"), target);
        ObjectNode found = new JsonMapper().createObjectNode();
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND)) {
            requireSpace(folder.path(), size);
            // Whoever stops this half-way must not find gigabytes left behind.
            Thread atTheEnd = new Thread(folder::close);
            Runtime.getRuntime().addShutdownHook(atTheEnd);
            measure(folder.path(), size, found);
            if (line.hasOption("keep")) {
                folder.commit();
            }
            Runtime.getRuntime().removeShutdownHook(atTheEnd);
        }
        if (line.hasOption("json")) {
            AtomicFile.writeString(path(line, "json"), found.toPrettyString() + "\n");
        }
        requireBound(found);
    }

    private static void requireSpace(Path folder, PublishedModelSize size) {
        try {
            double free = Files.getFileStore(folder).getUsableSpace();
            double needed = size.bytes16Bit() * DISK_FACTOR;
            if (free < needed) {
                throw new BadInputException(String.format(
                        Locale.ROOT,
                        "%s has %.0f MB free but --size %s needs %.0f MB; choose a --folder on another disk",
                        folder.getParent(),
                        free / MB,
                        size.name(),
                        needed / MB));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void measure(Path folder, PublishedModelSize size, ObjectNode found) {
        double bound = WEIGHT_BYTES_FACTOR * size.bytes16Bit() + OVERHEAD_BYTES;
        long machine = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        found.put("size", size.name());
        found.put("parameters", size.parameters());
        found.put("bytes_16_bit", size.bytes16Bit());
        found.put("machine_mb", machine / MB);
        print("%s: %d parameters, %.0f MB in 16 bits", size.name(), size.parameters(), size.bytes16Bit() / MB);
        found.put("make_s", seconds(() -> RandomWeightsModel.write(folder, size)));
        print("made       %7.1f s", found.get("make_s").doubleValue());
        ChildJvm inspect = new ChildJvm("inspect", InspectMain.class, List.of("-Xmx256m"));
        found.put("inspect_s", seconds(() -> inspect.run(List.of("--model-path", folder.toString()))));
        print(
                "inspected  %7.1f s, start of its JVM included",
                found.get("inspect_s").doubleValue());
        found.put("bound_mb", bound / MB);
        if (bound > machine) {
            print("not loaded: that may take %.0f MB, and the machine has %.0f MB", bound / MB, machine / MB);
            return;
        }
        found.setAll((ObjectNode) new ChildJvm("loading", RealSizeMain.class, List.of("-Xmx1g"))
                .json(List.of("--in-this-jvm", "--size", size.name(), "--folder", folder.toString())));
        found.put("positions", size.sequenceLength());
        print(
                "loaded     %7.1f s, peak %.0f MB of at most %.0f MB (%.0f MB of it is no file's)",
                found.get("load_s").doubleValue(),
                found.get("peak_load_mb").doubleValue(),
                bound / MB,
                found.get("anonymous_load_mb").doubleValue());
        print(
                "forward    %7.1f s (%.1f s of processor time) for %d positions, peak %.0f MB",
                found.get("forward_s").doubleValue(),
                found.get("forward_cpu_s").doubleValue(),
                size.sequenceLength(),
                found.get("peak_forward_mb").doubleValue());
    }

    /** Refuses figures of a run that took too much; one that loaded nothing has taken nothing. */
    static void requireBound(ObjectNode found) {
        double peak = found.path("peak_load_mb").doubleValue();
        double bound = found.get("bound_mb").doubleValue();
        if (peak > bound) {
            throw new BadInputException(String.format(
                    Locale.ROOT, "loading took %.0f MB at its peak, more than the %.0f MB it may", peak, bound));
        }
    }

    private static double seconds(Runnable work) {
        long begun = System.nanoTime();
        work.run();
        return (System.nanoTime() - begun) / 1e9;
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }
}
